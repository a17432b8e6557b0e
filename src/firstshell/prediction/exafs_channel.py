"""EXAFS: how it is disturbed for training, and its features for a forest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from firstshell.measured.exafs.extract import MeasuredExafs
from firstshell.prediction.training_set import Samples
from firstshell.simulation.waves.fourier import filtering
from firstshell.types import Array

if TYPE_CHECKING:
    from firstshell.simulation.exafs import Conditions

K_STEP = 0.05
"""Å⁻¹; χ(k) of measurements has the same."""
EVERY = 2
"""Points of the mesh to one that a forest sees: waves of shells within 4.2 Å need one every 0.37 Å⁻¹."""


@dataclass(frozen=True)
class ExafsChannel:
    """k²χ(k) on an even mesh, filtered to a range of R.

    kmin, kmax : Å⁻¹; phases of overlapped atoms are off below 3, and 7 are as good as 8 or 10, as
        docs/decisions/exafs-answers.md has it
    rmin, rmax : Å, of the filter, not corrected for the phase shifts
    conditions : number of variants of each sample, whose lengths, threshold and displacements differ
    e0 : mean and standard deviation of ΔE0 in eV, of fits of true structures to measurements
    s02 : the same of S0²
    sigma2, sigma2_far : Å², medians of the lognormal mean square displacements of near and far shells
    scatter : standard deviations of the logarithms of both
    stretch : standard deviation of the factor on all lengths, the label's as well
    noise : median of the standard deviation of k²χ(k) at 6 Å⁻¹, in Å⁻²
    background : standard deviation of the amplitude of what the background leaves below 1 Å, in Å⁻²
    """

    kmin: float = 3.0
    kmax: float = 7.0
    rmin: float = 1.0
    rmax: float = 4.2
    conditions: int = 16
    e0: tuple[float, ...] = (2.3, 1.0)
    s02: tuple[float, ...] = (0.7, 0.15)
    sigma2: float = 0.005
    sigma2_far: float = 0.0095
    scatter: tuple[float, ...] = (0.35, 0.3)
    stretch: float = 0.012
    noise: float = 0.06
    background: float = 0.25

    name = "exafs"
    unit = "Å⁻¹"
    distance_unit = "of the RMS of k²χ"
    whole = False
    doubt = 0.05
    misfit = 0.25
    """Of the RMS of k²χ: true structures fit measurements with R-factors of 0.02 to 0.06."""

    @property
    def k(self) -> Array:
        """The (q,) mesh of wave numbers in Å⁻¹."""
        return np.asarray(self.kmin + K_STEP * np.arange(round((self.kmax - self.kmin) / K_STEP) + 1))

    @property
    def still(self) -> ExafsChannel:
        """The same under mean conditions only, with neither noise nor a rest of the background."""
        return replace(
            self,
            conditions=1,
            e0=(self.e0[0], 0.0),
            s02=(self.s02[0], 0.0),
            scatter=(0.0, 0.0),
            stretch=0.0,
            noise=0.0,
            background=0.0,
        )

    def drawn(self, rng: np.random.Generator) -> Conditions:
        """Return the conditions of the variants of each sample."""
        from firstshell.simulation.exafs import Conditions

        near = self.sigma2 * np.exp(rng.normal(0, self.scatter[0], self.conditions))
        far = np.maximum(near, self.sigma2_far * np.exp(rng.normal(0, self.scatter[-1], self.conditions)))
        stretch = np.exp(rng.normal(0, self.stretch, self.conditions))
        return Conditions(rng.normal(self.e0[0], self.e0[-1], self.conditions), near, far, stretch)

    def disturbed(self, samples: Samples, rng: np.random.Generator) -> Array:
        """Return (n, q) k²χ(k) with an amplitude, noise that grows as k², and a rest of the background."""
        values, k = samples.spectra[self.name], self.k
        count = len(values), 1
        size = np.clip(rng.normal(self.s02[0], self.s02[-1], count), 0.25, 1.4)
        noise = self.noise * np.exp(rng.normal(0, 0.7, count)) * (k / 6.0) ** 2 * rng.normal(size=values.shape)
        rest = rng.normal(0, self.background, count) * np.sin(
            2 * rng.uniform(0.2, 1.0, count) * k + rng.uniform(0, 2 * np.pi, count)
        )
        return np.asarray(size * values + noise + rest)

    def features(self, values: Array) -> Array:
        """Return (n, m) k²χ(k) filtered to the range of R."""
        return np.asarray(np.atleast_2d(values) @ self._filter)

    @cached_property
    def _filter(self) -> Array:
        return filtering(self.k, self.rmin, self.rmax)[::EVERY].T

    def positions(self) -> Array:
        """Return the (m,) wave numbers in Å⁻¹ that features stand for."""
        return self.k[::EVERY]

    def reference(self, samples: Samples) -> tuple[Array, ...]:
        """Return (n, 1, m) filtered waves of unit RMS."""
        return (_scale_free(self.features(samples.spectra[self.name]))[:, None],)

    @property
    def reference_shape(self) -> tuple[int, int]:
        """Return 1, the number of arrays of a reference, and that of its wave numbers."""
        return 1, len(self.positions())

    def distances(self, reference: tuple[Array, ...], values: Array) -> Array:
        """Return the RMS differences from n samples at the best amplitude, of the RMS of the measurement."""
        measured = _scale_free(self.features(values))[0]
        overlap = np.clip(reference[0][:, 0] @ measured / len(measured), 0.0, 1.0)
        return np.asarray(np.sqrt(1.0 - overlap**2))

    def overlay(self, reference: tuple[Array, ...], index: int, values: Array) -> tuple[Array, Array, Array]:
        """Return wave numbers in Å⁻¹, the filtered measurement and a sample, both of unit RMS."""
        return self.positions(), _scale_free(self.features(values))[0], reference[0][index, 0]


def exafs_on_grid(measured: MeasuredExafs) -> Array:
    """Return k²χ(k) (q,) of a measurement on the mesh of the models."""
    return measured.weighted(ExafsChannel().k, 2)


def _scale_free(waves: Array) -> Array:
    return np.asarray(waves / np.sqrt(np.mean(waves**2, axis=-1, keepdims=True)))
