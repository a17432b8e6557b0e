"""A forest is asked about measurements, what is not known of them being averaged over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from firstshell.prediction.channels import Channel
from firstshell.prediction.damping import AMOUNTS, Damping, undone
from firstshell.prediction.outputs import Outputs, told
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
    spectra = {name: np.atleast_2d(values) for name, values in spectra.items()}
    count = len(next(iter(spectra.values())))
    shares = np.ones((count, 1)) if damping is None else damping.likely(spectra["xanes"])
    rows, ways = np.nonzero(shares)
    seen = {name: values[rows] for name, values in spectra.items()}
    if damping is not None:
        seen["xanes"] = undone(seen["xanes"], AMOUNTS[ways])
    features = np.hstack([channel.features(seen[channel.name]) for channel in channels])
    each, apart = told(trees, features, outputs)
    weight = shares[rows, ways]

    def mean(values: Array) -> Array:
        total = np.zeros((len(shares), *values.shape[1:]))
        np.add.at(total, rows, weight.reshape(-1, *([1] * (values.ndim - 1))) * values)
        return total

    found = mean(each)
    spread = {}
    for target in Target:
        off = outputs.averages(target, each) - outputs.averages(target, found)[rows]
        spread[target] = np.sqrt(mean(apart[target] ** 2 + off**2))
    return Told(found, spread, mean(AMOUNTS[ways]))
