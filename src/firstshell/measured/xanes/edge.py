"""Where the absorption edge of a scan is, and whose it is."""

from contextlib import suppress
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firstshell.elements import K_EDGES, k_edge
from firstshell.errors import InputError
from firstshell.measured.xanes.other_edges import is_clear, smoothed
from firstshell.types import Array

Ints = NDArray[np.int64]

BELOW, ABOVE = 25.0, 35.0
"""eV below and above a tabulated K edge between which a measured one is believed: oxidation moves it by up to 20 eV
upwards, calibration by 15 eV either way."""
STEP = 0.1  # eV, the even mesh of derivatives
SMOOTH = 0.6
"""eV, standard deviation of the Gaussian that derivatives are smoothed with: under the core-hole widths of Ti to Cu."""
MINOR = 0.2
"""Share of the slope of a scan's steepest K edge below which another is an impurity's, and not what was measured."""
AS_STEEP = 0.8
"""Share of the steepest slope from which on another rise of the edge is one that E0 might as well be."""
REACH = 60.0
"""eV on both sides of an edge that decide whether it is one."""
REVISITED, EXCEEDED = 2.5, 8.0
"""eV past an edge that may lie below its level, and before it that may lie above (a high pre-edge peak does)."""
SOON, LEAST_RISE = 15.0, 0.25
"""eV past an edge over which the median is at least this share of the step: a bump in noise leads nowhere."""
FAR = 150.0
"""eV on both sides of a tabulated edge in which one is sought whose energies are off."""
OXIDES = 13.0
"""eV above the tabulated edge at which those of oxides rise, most within 5 eV of that."""
COARSEST = 5.0
"""eV between points near an edge beyond which it is not to be found."""
AROUND = 200.0
"""eV on both sides of where an edge may be that are looked at."""


class Edge(NamedTuple):
    """The K edge of a metal in a scan: E0 and other rises that it might be in eV, slope in the unit of μ per eV."""

    metal: str
    e0: float
    others: tuple[float, ...]
    slope: float


@cache
def k_edges() -> dict[str, float]:
    """Return the tabulated K-edge energies in eV of the elements from Li on, by symbol."""
    return {symbol: edge for symbol, edge in K_EDGES.items() if symbol not in ("H", "He")}


def metal_at(e0: float) -> str:
    """Return the element whose K edge a measured edge at `e0` (eV) is; InputError when there is none so near."""
    nearest = min(k_edges(), key=lambda symbol: abs(k_edges()[symbol] - e0))
    if not is_edge_of(nearest, e0):
        raise InputError(
            f"the edge at {e0:.0f} eV is no K edge; the nearest is that of {nearest}, {k_edges()[nearest]:.0f} eV",
            remedy="Give a K-edge scan with energies in eV",
        )
    return nearest


def is_edge_of(metal: str, e0: float) -> bool:
    """Whether a measured edge at `e0` (eV) may be the K edge of the metal."""
    return -BELOW <= e0 - k_edge(metal) <= ABOVE


def check_metal(metal: str, e0: float) -> None:
    """Raise InputError, naming both elements, unless an edge at `e0` (eV) may be the K edge of the metal."""
    if not is_edge_of(metal, e0):
        what = f"the edge at {e0:.0f} eV is the K edge of {metal_at(e0)}, not of {metal}"
        raise InputError(what, remedy="Name the element that was measured")


def find_edge(energy: Array, mu: Array, metal: str | None = None) -> Edge:
    """Return the steepest rise of μ that is a K edge and no glitch or pre-edge peak, and others that it might be.

    energy, mu : (n,) a scan in eV; energies increase
    metal : the edge is sought near the tabulated K edge of this element; by default that of the steepest in the scan

    The others are rises of the same edge that are nearly as steep, steepest first: CuO has two, 7 eV apart.

    The derivative is smoothed by a Gaussian of `SMOOTH` eV, or of the scan's own step where that is wider. A rise is an
    edge when μ was below its level before and does not come back: after a pre-edge peak or a glitch upwards it does,
    and before the rise out of a glitch downwards it was there already. In its upper half the level may be met again, in
    the fine structure.

    Raises InputError when the scan has no K edge, none of the metal, or that of an impurity; the edge that it has is
    named.
    """
    found = _edges(energy, mu)
    steepest = max(found.values(), key=lambda edge: edge.slope, default=None)
    if metal is None:
        if steepest is not None:
            return steepest
        metal = metal_at(_steepest(energy, mu, "", float(energy[1]), float(energy[-2])).e0)
    own = found.get(metal)
    if steepest is not None and (
        own is None or (own.slope < MINOR * steepest.slope and not _is_before_a_larger(energy, mu, own, steepest))
    ):
        check_metal(metal, steepest.e0)
    if own is not None:
        return own
    edge = k_edge(metal)
    _check_energies(energy, mu, metal)
    if not _is_within(energy, edge):
        what = f"the scan from {energy[0]:.0f} to {energy[-1]:.0f} eV misses the K edge of {metal}, {edge:.0f} eV"
        raise InputError(what, remedy="Name the element that was measured, or give a scan over its edge")
    # Raises what was suppressed above.
    return _steepest(energy, mu, metal, *_window(energy, edge))


def _is_before_a_larger(energy: Array, mu: Array, own: Edge, steepest: Edge) -> bool:
    """Whether a metal's edge, though far less steep than another one behind it, is one and not fine structure."""
    before = energy < steepest.e0 - BELOW
    return own.e0 < steepest.e0 - BELOW and is_clear(energy[before], mu[before], own.e0)


def _check_energies(energy: Array, mu: Array, metal: str) -> None:
    """Raise InputError, with the shift that corrects them, where the energies of a scan of the metal are off."""
    edge = k_edge(metal)
    low, high = max(float(energy[1]), edge - FAR), min(float(energy[-2]), edge + FAR)
    if high - low < COARSEST:
        return
    try:
        e0 = _steepest(energy, mu, metal, low, high).e0
    except InputError:
        return
    if not is_clear(energy, mu, e0):
        return
    side = "below" if e0 < edge else "above"
    what = f"the edge lies at {e0:.0f} eV, {abs(e0 - edge):.0f} eV {side} that of {metal} ({edge:.0f} eV)"
    raise InputError(
        what, remedy=f"If it is {metal}, the energies are off: --align {edge + OXIDES - e0:.0f} or the like moves them"
    )


def _edges(energy: Array, mu: Array) -> dict[str, Edge]:
    """Return the K edges that a scan holds."""
    found = {}
    for metal, edge in k_edges().items():
        if _is_within(energy, edge):
            with suppress(InputError):
                found[metal] = _steepest(energy, mu, metal, *_window(energy, edge))
    return found


def _is_within(energy: Array, edge: float) -> bool:
    return bool(energy[1] <= edge + ABOVE and energy[-2] >= edge)


def _window(energy: Array, edge: float) -> tuple[float, float]:
    """Return the range in eV where a tabulated edge may be, without the outermost points, which are often bad."""
    return max(float(energy[1]), edge - BELOW), min(float(energy[-2]), edge + ABOVE)


def _steepest(energy: Array, mu: Array, metal: str, low: float, high: float) -> Edge:
    """Return the edge of the metal between two energies in eV; see `find_edge`."""
    near = energy[(energy >= low) & (energy <= high)]
    spacing = float(np.median(np.diff(near))) if len(near) > 2 else np.inf
    if not (spacing <= COARSEST <= high - low):
        raise InputError(
            f"there are {len(near)} points from {low:.0f} to {high:.0f} eV, where the edge may be",
            remedy=f"Give a scan with a point at least every {COARSEST:.0f} eV",
        )
    around = (energy >= low - AROUND) & (energy <= high + AROUND)
    energy, mu = energy[around], mu[around]
    mesh = np.arange(energy[0], energy[-1], STEP)
    level = np.interp(mesh, energy, mu)
    inside = np.flatnonzero((mesh >= low) & (mesh <= high))
    smooth = smoothed(level, max(SMOOTH, spacing / 2) / STEP)
    slope = np.gradient(smooth, STEP)
    level = smooth - _background(mesh, smooth, slope, inside)
    level /= _rough_step(mesh, level, slope, inside)
    peaks = inside[1:-1][(slope[inside[1:-1]] >= slope[inside[:-2]]) & (slope[inside[1:-1]] > slope[inside[2:]])]
    rises = [int(i) for i in peaks[np.argsort(-slope[peaks])][:50] if slope[i] > 0 and _is_edge(level, int(i))]
    if not rises:
        what = "there is no absorption edge in the scan"
        raise InputError(what, remedy="Is it the right column (--columns takes another), and are the energies right?")
    nearly = [index for index in rises[1:] if slope[index] >= AS_STEEP * slope[rises[0]]]
    e0, *others = (_vertex(mesh, slope, index) for index in (rises[0], *nearly))
    return Edge(metal, e0, tuple(others), float(slope[rises[0]]))


def _background(mesh: Array, smooth: Array, slope: Array, inside: Ints) -> Array:
    """Return the line through what lies 15 eV or more before the steepest rise; a constant where that is short."""
    rise = int(inside[np.argmax(slope[inside])])
    last = int(rise - 15.0 / STEP)
    if last * STEP < 20.0:
        return np.full(len(mesh), float(smooth[: max(1, rise // 4)].mean()))
    line = np.polynomial.Polynomial.fit(mesh[:last], smooth[:last], 1)
    return np.asarray(line(mesh))


def _rough_step(mesh: Array, level: Array, slope: Array, inside: Ints) -> float:
    """Return about the height of the edge: the median from 15 to 150 eV past the steepest rise, or of what there is."""
    rise = mesh[inside[np.argmax(slope[inside])]]
    past = level[(mesh > rise + 15.0) & (mesh < rise + 150.0)]
    step = float(np.median(past)) if len(past) else 0.0
    return step if step > 0 else max(float(level.max()), 1e-300)


def _is_edge(level: Array, index: int) -> bool:
    """Whether a rise of a curve of about unit step is the edge."""
    reach = round(REACH / STEP)
    before, after = level[max(0, index - reach) : index], level[index + 1 : index + 1 + reach]
    floor = level[index] if level[index] < 0.5 else max(0.5, 0.5 * level[index])
    above, below = (before > level[index]).sum() * STEP, (after < floor).sum() * STEP
    if len(after) * STEP <= 2 * REVISITED or np.median(after[: round(SOON / STEP)]) < LEAST_RISE:
        return False
    return bool(above <= EXCEEDED and below <= REVISITED)


def _vertex(mesh: Array, slope: Array, index: int) -> float:
    """Return the place of a maximum between mesh points, from the parabola through three of them."""
    left, middle, right = slope[index - 1 : index + 2]
    bend = left - 2 * middle + right
    return float(mesh[index] + (STEP * 0.5 * (left - right) / bend if bend < 0 else 0.0))
