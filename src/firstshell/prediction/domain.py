"""Whether a measurement is like anything a model was trained on, and what it is most like."""

from __future__ import annotations  # else numpy.random is loaded for its name

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
class Domain:
    """The training spectra, and how far from them a measurement may be.

    names : (n,) of the training samples
    reference : (n, …) what measurements are compared with, as the channel makes it
    limit : distance, in the channel's units, beyond which a measurement is outside the domain
    """

    names: list[str]
    reference: tuple[Array, ...]
    limit: float


def learn_domain(samples: Samples, channel: Channel, rng: np.random.Generator) -> Domain:
    """Return the domain of a set of samples; its limit is how far samples of different groups are apart."""
    reference = channel.reference(samples)
    rows = rng.choice(len(samples), min(DRAWS, len(samples)), replace=False)
    apart = []
    for row, mu in zip(rows, channel.disturbed(samples.take(rows), rng), strict=True):
        distance = channel.distances(reference, mu)
        apart.append(float(distance[samples.groups != samples.groups[row]].min()))
    limit = float(np.hypot(np.quantile(apart, QUANTILE), channel.misfit))
    return Domain(samples.names, reference, limit)
