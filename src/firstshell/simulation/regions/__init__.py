"""What a place in a spectrum is, by rules that read the data: pre-edge, edge, white line; first shell, O–O, and so on.

XANES grids count from the tabulated K edge, but the absorption of a compound rises some eV above it. Its energies count
here from where the mean spectrum first reaches half its edge step.
"""

from collections.abc import Sequence

import numpy as np

from firstshell.elements import half_step
from firstshell.types import Array, Grid, Region

PRE_EDGE = 3.0
LEAST_WIDTH = 2.0
SHELL, PEAK = 0.25, 0.15
NO_PAIR = 1.2
SECOND_SHELL = 1.7


def edge_of(grid: Grid, mean: Array) -> float | None:
    """Return the energy where a mean XANES first reaches half an edge step, None where it does not within the grid."""
    edge = float(half_step(grid.values, mean)[0])
    return edge if np.isfinite(edge) else None


def xanes_regions(grid: Grid, mean: Array, lengths: Array) -> tuple[Region, ...]:  # noqa: ARG001
    """Cut an energy axis at 3 eV below the edge and around the first maximum beyond it, the white line.

    The white line reaches half-way down to the edge, at least 2 eV, and as far to the other side. There are no regions
    without an edge within the grid.
    """
    edge, energy = edge_of(grid, mean), grid.values
    if edge is None:
        return ()
    beyond = [i for i in maxima(mean) if energy[i] > edge]
    names = ["pre-edge", "edge", "white line", "post-edge oscillations"]
    if beyond:
        top = float(energy[beyond[0]])
        reach = max(LEAST_WIDTH, (top - edge) / 2)
        borders = [edge - PRE_EDGE, max(top - reach, edge - PRE_EDGE), top + reach]
    else:
        names, borders = ["pre-edge", "edge", "post-edge"], [edge - PRE_EDGE, edge + PRE_EDGE]
    return _cut(energy, names, borders)


def first_distance(lengths: Array, *, differential: bool) -> float:
    """Return where in Å a metal's PDF can have its first pair, given its mean bond lengths (n,) in Å.

    The metal's own first shell begins 0.25 Å below the mean of all lengths, and no later than 0.15 Å, a peak's width,
    below the shortest. A total PDF also has shorter bonds of other elements, from 1.2 Å on.
    """
    start = min(float(lengths.mean()) - SHELL, float(lengths.min()) - PEAK)
    return start if differential else min(NO_PAIR, start)


def pair_regions(grid: Grid, mean: Array, lengths: Array, *, differential: bool) -> tuple[Region, ...]:
    """Cut an axis of distances by the metal's mean bond lengths (n,) in Å.

    The first shell is 0.25 Å to both sides of their mean, and begins no later than 0.15 Å, a peak's width, below the
    shortest. Below it the metal's own PDF has nothing but the density line; the total PDF has bonds of other elements,
    from 1.2 Å on. The second shell ends at the first minimum of the mean spectrum beyond 1.7 bond lengths, past the
    edges of the polyhedra. Without bond lengths there are no regions.
    """
    if not len(lengths):
        return ()
    r = grid.values
    middle = float(lengths.mean())
    start = first_distance(lengths, differential=True)
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


def _cut(grid: Array, names: Sequence[str], borders: Sequence[float]) -> tuple[Region, ...]:
    """Return the regions between borders, without those that lie outside the grid."""
    first, last = float(grid[0]), float(grid[-1])
    ends = [first, *(min(max(border, first), last) for border in borders), last]
    found = zip(names, ends[:-1], ends[1:], strict=True)
    return tuple(Region(name, low, high) for name, low, high in found if high > low)
