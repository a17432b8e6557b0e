"""A forest is asked about measurements, what is not known of them being averaged over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from firstshell.prediction.channels import Channel
from firstshell.prediction.damping import AMOUNTS, Damping, undone
from firstshell.prediction.outputs import Outputs, told
from firstshell.study.splits import Codes
from firstshell.study.trees import Trees
from firstshell.types import Array, Target


@dataclass(frozen=True, eq=False)
class Told:
    """What a forest says of n measurements.

    outputs : (n, k) mean over trees and over the over-absorption that each may have
    spread : (n,) standard deviation over both, by target
    damping : (n,) mean over-absorption that was undone
    """

    outputs: Array
    spread: dict[Target, Array]
    damping: Array


@dataclass(frozen=True, eq=False)
class Undone:
    """Measurements with each over-absorption undone that they may have.

    rows : (m,) which measurement each is of, in order; shares : (m,) how likely its over-absorption, `amounts` (m,), is
    spectra : (m, p) by modality
    """

    rows: Codes
    shares: Array
    amounts: Array
    spectra: dict[str, Array]


def undo(damping: Damping | None, spectra: Mapping[str, Array]) -> Undone:
    """Undo the over-absorption of XANES among spectra (n, p), or one (p,), by modality; None leaves all as they are."""
    spectra = {name: np.atleast_2d(values) for name, values in spectra.items()}
    count = len(next(iter(spectra.values())))
    shares = np.ones((count, 1)) if damping is None else damping.likely(spectra["xanes"])
    rows, ways = np.nonzero(shares)
    seen = {name: values[rows] for name, values in spectra.items()}
    if damping is not None:
        seen["xanes"] = undone(seen["xanes"], AMOUNTS[ways])
    return Undone(rows, shares[rows, ways], AMOUNTS[ways], seen)


def ask(
    trees: Trees,
    outputs: Outputs,
    channels: Sequence[Channel],
    damping: Damping | None,
    spectra: Mapping[str, Array],
) -> Told:
    """Ask about spectra (n, p), or one (p,), by modality, each on its channel's footing.

    damping : what infers the over-absorption of XANES; None asks about them as they are
    """
    seen = undo(damping, spectra)
    rows, weight = seen.rows, seen.shares
    features = np.hstack([channel.features(seen.spectra[channel.name]) for channel in channels])
    each, apart = told(trees, features, outputs)

    def mean(values: Array) -> Array:
        total = np.zeros((rows[-1] + 1, *values.shape[1:]))
        np.add.at(total, rows, weight.reshape(-1, *([1] * (values.ndim - 1))) * values)
        return total

    found = mean(each)
    spread = {}
    for target in Target:
        off = outputs.averages(target, each) - outputs.averages(target, found)[rows]
        spread[target] = np.sqrt(mean(apart[target] ** 2 + off**2))
    return Told(found, spread, mean(seen.amounts))
