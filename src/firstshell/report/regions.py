"""What a place in a spectrum is, by rules that read the data: pre-edge, edge, white line; first shell, O–O, and so on.

XANES grids count from the tabulated K edge, but the absorption of a compound rises some eV above it. Energies are told
here from where the mean spectrum first reaches half its edge step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from firstshell.elements import half_step
from firstshell.types import Array, Target

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset

PRE_EDGE = 3.0
LEAST_WIDTH = 2.0
SHELL, PEAK = 0.25, 0.15
NO_PAIR = 1.2
SECOND_SHELL = 1.7


@dataclass(frozen=True)
class Region:
    """A named part of an axis, low to high on the grid (eV or Å); a border belongs to the lower of two neighbours."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Axis:
    """How places on a modality's axis are told.

    origin : grid position that places are counted from; signed : whether with a sign
    regions : in rising order, covering the grid; empty where no rule is known
    """

    unit: str
    origin: float
    signed: bool
    regions: tuple[Region, ...]

    def region(self, position: float) -> str:
        """Return the name of the region that a grid position lies in; empty without regions."""
        return next((r.name for r in self.regions if position <= r.high), self.regions[-1].name if self.regions else "")

    def place(self, position: float) -> str:
        """Return a grid position as told: "−1.3 eV" from the edge, "1.9 Å"."""
        return f"{self.told(position)} {self.unit}"

    def told(self, position: float) -> str:
        """Return a grid position as told, without its unit."""
        return f"{position - self.origin:{'+' if self.signed else ''}.1f}".replace("-", "−")


def axis_of(samples: Dataset, modality: str) -> Axis:
    """Return the axis of a modality for these samples of one metal, its regions read from their mean spectrum."""
    grid, mean = samples.grids[modality], samples.spectra[modality].mean(axis=0)
    if modality == "xanes" and np.isfinite(edge := float(half_step(grid.values, mean)[0])):
        return Axis(grid.unit, edge, True, xanes_regions(grid.values, mean, edge))
    lengths = samples.frame[Target.BOND_LENGTH.value].dropna().to_numpy(np.float64)
    if modality in ("pdf", "dpdf") and len(lengths):
        return Axis(grid.unit, 0.0, False, pair_regions(grid.values, mean, lengths, modality == "dpdf"))
    return Axis(grid.unit, 0.0, False, ())


def xanes_regions(energy: Array, mean: Array, edge: float) -> tuple[Region, ...]:
    """Cut an energy axis at 3 eV below the edge and around the first maximum beyond it, the white line.

    The white line reaches half-way down to the edge, at least 2 eV, and as far to the other side.
    """
    beyond = [i for i in maxima(mean) if energy[i] > edge]
    names = ["pre-edge", "edge", "white line", "post-edge oscillations"]
    if beyond:
        top = float(energy[beyond[0]])
        reach = max(LEAST_WIDTH, (top - edge) / 2)
        borders = [edge - PRE_EDGE, max(top - reach, edge - PRE_EDGE), top + reach]
    else:
        names, borders = ["pre-edge", "edge", "post-edge"], [edge - PRE_EDGE, edge + PRE_EDGE]
    return _cut(energy, names, borders)


def pair_regions(r: Array, mean: Array, lengths: Array, differential: bool) -> tuple[Region, ...]:
    """Cut an axis of distances by the metal's mean bond lengths (n,) in Å.

    The first shell is 0.25 Å to both sides of their mean, and begins no later than 0.15 Å, a peak's width, below the
    shortest. Below it the metal's own PDF has nothing but the density line; the total PDF has bonds of other elements,
    from 1.2 Å on. The second shell ends at the first minimum of the mean spectrum beyond 1.7 bond lengths, past the
    edges of the polyhedra.
    """
    middle = float(lengths.mean())
    start = min(middle - SHELL, float(lengths.min()) - PEAK)
    low = [float(r[i]) for i in maxima(-mean) if r[i] > SECOND_SHELL * middle]
    end = low[0] if low else float(r[-1])
    slope, second = "slope of the density line without a pair", "O–O and metal–metal, second shell"
    if differential:
        names, borders = [slope, "first shell", "metal–metal, second shell"], [start, middle + SHELL, end]
    else:
        names = [slope, "shorter bonds of other elements", "first shell", second]
        borders = [min(NO_PAIR, start), start, middle + SHELL, end]
    return _cut(r, [*names, "further shells"], borders)


def maxima(values: Array) -> list[int]:
    """Return the indices of the maxima of (n,) values; an end is none."""
    return [i for i in range(1, len(values) - 1) if values[i - 1] < values[i] >= values[i + 1]]


def shares(axis: Axis, position: Array, importance: Array) -> pd.DataFrame:
    """Return how an (n,) importance divides between regions: region, low, high, share, times_even.

    times_even : share over the share of the axis' points that lie there: above 1, more than an even spread would give
    """
    whole = float(importance.sum())
    names = np.array([axis.region(float(x)) for x in position])
    rows = []
    for region in axis.regions:
        inside = names == region.name
        if inside.any() and whole > 0:
            share = float(importance[inside].sum()) / whole
            rows.append((region.name, region.low, region.high, share, share / float(inside.mean())))
    return pd.DataFrame(rows, columns=["region", "low", "high", "share", "times_even"])


def _cut(grid: Array, names: Sequence[str], borders: Sequence[float]) -> tuple[Region, ...]:
    """Return the regions between borders, without those that lie outside the grid."""
    first, last = float(grid[0]), float(grid[-1])
    ends = [first, *(min(max(border, first), last) for border in borders), last]
    found = zip(names, ends[:-1], ends[1:], strict=True)
    return tuple(Region(name, low, high) for name, low, high in found if high > low)
