"""PDFs and differential PDFs: how they are disturbed for training, and their features for a forest."""

from dataclasses import dataclass

import numpy as np

from firstshell.measured.pdf.match import as_measured, scale_free, window
from firstshell.prediction.training_set import Samples
from firstshell.types import Array, Grid

BLOCK = 24
"""PDFs that share the conditions of a measurement."""
NEAR = 3.2
"""Å up to which PDFs are compared: over the whole window those of different oxides differ by as much as other compounds
do from them (docs/explanation/answers.md)."""


@dataclass(frozen=True)
class PdfChannel:
    """PDFs on the grid of the dataset, without their scale.

    name : "pdf" or "dpdf"
    radiation : "xray" or "neutron", which the dataset's PDFs must be of
    qmax, qdamp, du : ranges that a training copy's conditions are drawn from: Å⁻¹, Å⁻¹, and Å² beyond the simulation's
        mean square displacements. None trains on simulations as they are
    noise : standard deviation at every point, of the RMS of G; it passes the transform, so that it has its Q-range
    """

    name: str = "pdf"
    radiation: str = "xray"
    qmax: tuple[float, ...] | None = (15.0, 30.0)
    qdamp: tuple[float, ...] = (0.0, 0.06)
    du: tuple[float, ...] = (-0.003, 0.012)
    noise: float = 0.06

    unit = "Å"
    distance_unit = "of the RMS of G"
    whole = True
    doubt = 0.08
    misfit = 0.25
    """Of the RMS of G: weights f(Q) instead of f(0) alone change it by 0.14 to 0.32."""

    def disturbed(self, samples: Samples, rng: np.random.Generator) -> Array:
        """Return (n, p) PDFs as measured under random conditions, with noise."""
        values, grid = samples.spectra[self.name], _grid(samples, self.name)
        if self.qmax is None:
            return values
        made, order = np.empty_like(values), rng.permutation(len(values))
        for start in range(0, len(order), BLOCK):
            rows = order[start : start + BLOCK]
            noisy = values[rows] + self.noise * _rms(values[rows]) * rng.normal(size=(len(rows), values.shape[1]))
            made[rows] = as_measured(
                noisy, grid, qmax=_draw(self.qmax, rng), qdamp=_draw(self.qdamp, rng), du=_draw(self.du, rng)
            )
        return made

    def features(self, values: Array) -> Array:
        """Return (n, m) PDFs over their RMS within the window."""
        return scale_free(values, self.grid)

    def positions(self) -> Array:
        """Return the (m,) distances in Å that features stand for."""
        return self.grid.values[window(self.grid.values)]

    @property
    def grid(self) -> Grid:
        """The grid of the dataset's PDFs."""
        from firstshell.simulation.pdf import PdfParams, grid

        return grid(PdfParams())

    def reference(self, samples: Samples) -> tuple[Array, ...]:
        """Return (n, v, m) scale-free PDFs at low and high Qmax and displacement."""
        return self.variants(samples.spectra[self.name], _grid(samples, self.name))

    def variants(self, values: Array, grid: Grid) -> tuple[Array, ...]:
        """Return the same for PDFs (n, p) on a grid."""
        found = [as_measured(values, grid, qmax=q, qdamp=0.03, du=du) for q in (17.0, 21.0, 26.0) for du in (0, 0.005)]
        return (np.stack([scale_free(each, grid) for each in found], axis=1),)

    @property
    def reference_shape(self) -> tuple[int, int]:
        """Return 1, the number of arrays of a reference, and that of the distances within the window."""
        return 1, len(self.positions())

    def distances(self, reference: tuple[Array, ...], values: Array) -> Array:
        """Return the RMS differences up to `NEAR` from n samples at the best scale and conditions, of the RMS of G."""
        near = self.positions() <= NEAR
        measured, known = self.features(values[None])[0][near], reference[0][..., near]
        overlap = (known @ measured / (np.linalg.norm(known, axis=-1) * np.linalg.norm(measured))).max(axis=1)
        return np.asarray(np.sqrt(1.0 - np.clip(overlap, 0.0, 1.0) ** 2))

    def overlay(self, reference: tuple[Array, ...], index: int, values: Array) -> tuple[Array, Array, Array]:
        """Return distances in Å, the scale-free measurement, and a sample under the conditions that suit it best."""
        measured = self.features(values[None])[0]
        best = int(np.argmax(reference[0][index] @ measured))
        return self.positions(), measured, reference[0][index, best]


def _draw(ends: tuple[float, ...], rng: np.random.Generator) -> float:
    return float(rng.uniform(ends[0], ends[-1]))


def _grid(samples: Samples, name: str) -> Grid:
    return Grid(samples.grids[name], "r", "Å")


def _rms(values: Array) -> Array:
    return np.asarray(np.sqrt(np.mean(values**2, axis=-1, keepdims=True)))
