"""Which samples are held out. A split sees groups and labels only, so every input is scored on the same samples."""

from __future__ import annotations  # else numpy.random is loaded for its name

import numpy as np
from numpy.typing import NDArray

from firstshell.config import stable_hash
from firstshell.types import Array

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

BINS = 10


def hold_out(groups: Codes, strata: Codes, fraction: float, rng: np.random.Generator) -> Mask:
    """Return the (n,) mask of the held-out samples: whole groups, about `fraction` of every stratum.

    groups, strata : (n,) codes counted from 0; with every sample its own group this is the ordinary stratified split
    fraction : wanted share of held-out samples, at most 0.5

    Groups come in random order; one is taken when that brings the counts per stratum nearer to the aim (in χ²) and
    leaves every stratum a training sample. Sweeps in the same order then move single groups across while that helps.
    Random order, not the largest first, so that repeated splits differ.
    """
    counts = _counts(groups, strata)
    total = counts.sum(axis=0)
    aim = fraction * total
    held, taken = np.zeros_like(total), np.zeros(len(counts), dtype=bool)
    order, moved, slack = rng.permutation(len(counts)), True, 1e-9  # a tie is taken at first: small classes get tested
    while moved:
        moved = False
        for group in order:
            after = held - counts[group] if taken[group] else held + counts[group]
            worse = np.sum(((after - aim) ** 2 - (held - aim) ** 2) / aim)
            if worse <= slack and np.all(after < total):
                held, taken[group], moved = after, not taken[group], True
        slack = -1e-9
    return np.asarray(taken[groups])


def quantile_strata(values: Array) -> Codes:
    """Return (n,) codes of up to `BINS` equally filled bins of a continuous label, at least four samples in each."""
    bins = max(1, min(BINS, len(values) // 4))
    rank = np.empty(len(values), dtype=np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    return rank * bins // len(values)


def fold_of(groups: Codes, strata: Codes, folds: int, rng: np.random.Generator) -> Codes:
    """Return the (n,) cross-validation fold of each sample: whole groups, each stratum dealt out evenly.

    Every group goes, in random order, to the fold that holds fewest samples of the group's strata.
    """
    counts = _counts(groups, strata)
    held, fold = np.zeros((folds, counts.shape[1])), np.zeros(len(counts), dtype=np.int64)
    for group in rng.permutation(len(counts)):
        crowd = held @ counts[group]
        fold[group] = np.lexsort((held.sum(axis=1), crowd))[0]
        held[fold[group]] += counts[group]
    return fold[groups]


def _counts(groups: Codes, strata: Codes) -> Array:
    """Return (groups, strata) numbers of samples; every stratum must occur."""
    counts = np.zeros((groups.max() + 1, strata.max() + 1))
    np.add.at(counts, (groups, strata), 1.0)
    return counts


def seeded(*parts: object) -> np.random.Generator:
    """Return a generator that depends on `parts` only: the same in every process, on every machine."""
    return np.random.default_rng(int(stable_hash(list(parts))[:16], 16))
