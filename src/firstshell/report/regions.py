"""Places on the axes of spectra, and how an importance divides between the named parts of an axis."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from firstshell import simulation as modalities
from firstshell.dataset.table import Dataset
from firstshell.runtime.console import true_minus
from firstshell.types import Array, Region, Target


@dataclass(frozen=True)
class Axis:
    """How places on a modality's axis are written.

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
        """Return a grid position with its unit: "−1.3 eV" from the edge, "1.9 Å"."""
        return f"{self.text(position)} {self.unit}"

    def text(self, position: float) -> str:
        """Return a grid position without its unit."""
        return true_minus(f"{position - self.origin:{'+' if self.signed else ''}.1f}")


def axis_of(samples: Dataset, modality: str) -> Axis:
    """Return the axis of a modality for these samples of one metal, its regions read from their mean spectrum."""
    grid, mean = samples.grids[modality], samples.spectra[modality].mean(axis=0)
    lengths = samples.frame[Target.BOND_LENGTH.value].dropna().to_numpy(np.float64)
    kind = modalities.get(modality)
    regions = () if kind.regions is None else kind.regions(grid, mean, lengths)
    origin = None if kind.origin is None else kind.origin(grid, mean)
    return Axis(grid.unit, origin or 0.0, origin is not None, regions)


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
