"""The outputs of a forest for measurements, averaged over the over-absorption that is not known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from firstshell.prediction.channels import Channel
from firstshell.prediction.damping import AMOUNTS, Damping, remove_damping
from firstshell.prediction.outputs import Outputs, mean_and_spread
from firstshell.study.splits import Codes
from firstshell.study.trees import Trees
from firstshell.types import Array, Target

NEAREST = 0.5
"""Share of the oxidation state's answer that the likelihood of the training spectra has next to the forest."""


@dataclass(frozen=True, eq=False)
class ForestOutput:
    """The outputs of a model for n measurements.

    outputs : (n, k) mean over trees and over the over-absorption that each may have; that of the oxidation state is
        averaged with that by the likelihood of the training spectra
    spread : (n,) standard deviation over all of these, by target
    damping : (n,) mean over-absorption that was undone
    """

    outputs: Array
    spread: dict[Target, Array]
    damping: Array


@dataclass(frozen=True, eq=False)
class Corrected:
    """Measurements with each over-absorption undone that they may have.

    rows : (m,) which measurement each is of, in order; shares : (m,) how likely its over-absorption, `amounts` (m,), is
    spectra : (m, p) by modality
    states : (n, k) how likely each oxidation state of the n measurements is; None where that is not inferred
    """

    rows: Codes
    shares: Array
    amounts: Array
    spectra: dict[str, Array]
    states: Array | None


def correct(damping: Damping | None, spectra: Mapping[str, Array]) -> Corrected:
    """Undo the over-absorption of XANES among spectra (n, p), or one (p,), by modality; None leaves all as they are."""
    spectra = {name: np.atleast_2d(values) for name, values in spectra.items()}
    shares, states = np.ones((len(next(iter(spectra.values()))), 1)), None
    if damping is not None:
        shares, states = damping.infer(spectra["xanes"])
    rows, ways = np.nonzero(shares)
    corrected = {name: values[rows] for name, values in spectra.items()}
    if damping is not None:
        corrected["xanes"] = remove_damping(corrected["xanes"], AMOUNTS[ways])
    return Corrected(rows, shares[rows, ways], AMOUNTS[ways], corrected, states)


def evaluate_forest(
    trees: Trees,
    outputs: Outputs,
    channels: Sequence[Channel],
    damping: Damping | None,
    spectra: Mapping[str, Array],
) -> ForestOutput:
    """Evaluate a forest for spectra (n, p), or one (p,), by modality, each on the grid of its channel.

    damping : what infers the over-absorption of XANES; None takes them as they are
    """
    corrected = correct(damping, spectra)
    rows, weight = corrected.rows, corrected.shares
    features = np.hstack([channel.features(corrected.spectra[channel.name]) for channel in channels])
    each, apart = mean_and_spread(trees, features, outputs, by_class=damping is not None)

    def mean(values: Array) -> Array:
        total = np.zeros((rows[-1] + 1, *values.shape[1:]))
        np.add.at(total, rows, weight.reshape(-1, *([1] * (values.ndim - 1))) * values)
        return total

    found = mean(each)
    spread = {}
    for target in Target:
        off = outputs.averages(target, each) - outputs.averages(target, found)[rows]
        spread[target] = np.sqrt(mean(apart[target] ** 2 + off**2))
    if corrected.states is not None:
        spread[Target.OXIDATION_STATE] = _averaged(outputs, found, spread[Target.OXIDATION_STATE], corrected.states)
    return ForestOutput(found, spread, mean(corrected.amounts))


def _averaged(outputs: Outputs, found: Array, spread: Array, states: Array) -> Array:
    """Average the oxidation state of outputs (n, k) with probabilities `states` (n, c), and return its (n,) spread."""
    own, classes = outputs.columns(Target.OXIDATION_STATE), outputs.classes(Target.OXIDATION_STATE)
    one, two = found[:, own] @ classes, states @ classes
    found[:, own] = (1.0 - NEAREST) * found[:, own] + NEAREST * states
    middle = found[:, own] @ classes
    within = np.maximum(states @ classes**2 - two**2, 0.0)
    squares = (1.0 - NEAREST) * (spread**2 + (one - middle) ** 2) + NEAREST * (within + (two - middle) ** 2)
    return np.asarray(np.sqrt(squares))
