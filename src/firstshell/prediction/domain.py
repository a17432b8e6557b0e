"""Whether a measurement is like anything a model was trained on, and what it is most like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firstshell.prediction.channels import Channel
from firstshell.prediction.training_set import Samples
from firstshell.types import Array

DRAWS = 120
"""Held-out spectra that the limit is learned from, each compared with all samples of other groups."""
QUANTILE = 0.95
"""Part of what belongs to the domain that is recognised as such."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """What training spectra are like, and how unlike the right ones may be.

    names : (n,) of the training samples
    reference : (n, …) what measurements are compared with, as the channel makes it
    limit : distance, in the channel's units, beyond which a measurement is outside the domain
    """

    names: list[str]
    reference: tuple[Array, ...]
    limit: float


def learn(samples: Samples, channel: Channel, rng: np.random.Generator) -> Likeness:
    """Return the likeness to a set of samples; its limit is what samples of other groups are apart."""
    reference = channel.reference(samples)
    rows = rng.choice(len(samples), min(DRAWS, len(samples)), replace=False)
    apart = []
    for row, mu in zip(rows, channel.disturbed(samples.take(rows), rng), strict=True):
        distance = channel.distances(reference, mu)
        apart.append(float(distance[samples.groups != samples.groups[row]].min()))
    limit = float(np.hypot(np.quantile(apart, QUANTILE), channel.misfit))
    return Likeness(samples.names, reference, limit)
