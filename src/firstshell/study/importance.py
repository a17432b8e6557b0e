"""Where in the spectra the answer stands."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstshell.study.features import Block
from firstshell.study.forest import Forest, predict
from firstshell.study.scores import main_scores
from firstshell.types import Array, Target, main_metric

MAX_ROWS = 50_000


def block_importance(
    forest: Forest,
    features: Array,
    labels: NDArray[Any],
    blocks: Sequence[Block],
    target: Target,
    mean: float,
    permutations: int,
    rng: np.random.Generator,
) -> Array:
    """Return (blocks,) loss of the main metric when all columns of a block are permuted jointly, positive = it matters.

    features, labels : the held-out samples, (n, p) and (n,)
    mean : mean bond length in Å, for the RMSE in %
    permutations : row permutations averaged over, the same ones for every block

    Permuting a block whole keeps the correlations within it, which single-feature permutation breaks and impurity
    importance spreads over neighbours (Breiman 2001; Strobl et al., BMC Bioinformatics 9, 307 (2008)).
    """
    features = features.astype(np.float32)  # as trees compare them: half the memory, and no copy at every call
    orders = [rng.permutation(len(labels)) for _ in range(permutations)]
    base = main_scores(target, labels, predict(forest, features)[None], mean)[0]
    sign = 1.0 if main_metric(target).higher_is_better else -1.0
    losses = np.empty((len(blocks), permutations))
    chunk = max(1, MAX_ROWS // (len(labels) * permutations))  # one call for many blocks: trees are slow to start
    for first in range(0, len(blocks), chunk):
        part = blocks[first : first + chunk]
        stacked = np.tile(features, (len(part) * permutations, 1)).reshape(len(part), permutations, *features.shape)
        for k, block in enumerate(part):
            for p, order in enumerate(orders):
                stacked[k, p][:, block.columns] = features[order][:, block.columns]
        predicted = predict(forest, stacked.reshape(-1, features.shape[1])).reshape(-1, len(labels))
        losses[first : first + len(part)] = sign * (
            base - main_scores(target, labels, predicted, mean).reshape(len(part), permutations)
        )
    return np.asarray(losses.mean(axis=1))
