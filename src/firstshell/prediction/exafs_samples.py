"""What a model of EXAFS is trained on: every sample under several conditions, its lengths stretched with the labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from firstshell.prediction.training_set import Samples, collect
from firstshell.types import Array, Grid

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset
    from firstshell.prediction.exafs_channel import ExafsChannel


def collect_exafs(data: Dataset, metal: str, channel: ExafsChannel, rng: np.random.Generator) -> Samples:
    """Return the samples of a metal all of whose sites have scattering paths, each under all conditions of the channel.

    Raises InputError where the dataset has none, or too few.
    """
    from firstshell.dataset.exafs import spectra_under

    conditions, k = channel.drawn(rng), channel.k
    rows, chi = spectra_under(data, metal, k, conditions)
    waves = (k**2 * chi).reshape(len(rows), -1)
    grid = Grid(np.arange(waves.shape[1], dtype=float), "k", "Å⁻¹")
    part = replace(data.take(rows), spectra={channel.name: waves}, grids={channel.name: grid})
    return varied(collect(part, metal), channel, conditions.stretch)


def varied(samples: Samples, channel: ExafsChannel, stretch: Array) -> Samples:
    """Return d variants of each sample, one after the other, from rows that hold the spectra of all d side by side."""
    count, k = len(stretch), channel.k
    many = samples.take(np.repeat(np.arange(len(samples)), count))
    waves = samples.spectra[channel.name].reshape(len(samples) * count, len(k))
    return replace(
        many,
        spectra={channel.name: waves},
        grids={channel.name: k},
        weights=many.weights / count,
        bond_length=many.bond_length * np.tile(stretch, len(samples)),
    )
