"""Absorption edges of other elements in a scan: where the ranges of its normalisation have to end."""

from typing import NamedTuple

import numpy as np

from firstshell.elements import K_EDGES, L_EDGES
from firstshell.types import Array

MESH = 0.5  # eV
SHARP, BROAD = 2.0, 12.0
"""eV, widths of the two Gaussians by whose difference a rise of an edge is told from fine structure."""
BEFORE, PAST = 25.0, 70.0
"""eV on both sides of the edge that was measured within which no other edge can be told from it."""
NEAR = 30.0
"""eV past the measured edge from which on its fine structure is compared with."""
LEAST = 0.015
"""Least height in steps of the measured edge that is looked for."""
CONTRAST = 2.5
"""Times the fine structure before it that a rise must be steeper."""
CLEAR = 2.0
"""Times the scatter around it that the level must change."""
EARLY, LATE = 12.0, 25.0
"""eV before and after its tabulated energy at which an edge may rise."""
MARGIN = 10.0
"""eV that ranges keep from the energy where another edge begins or is over."""


class OtherEdge(NamedTuple):
    """An edge of another element: whose it may be, tabulated energy and measured place in eV, height in edge steps."""

    name: str
    tabulated: float
    place: float
    height: float


def other_edges(energy: Array, mu: Array, e0: float, metal: str) -> list[OtherEdge]:
    """Return the other absorption edges that show in a scan, by energy.

    energy : (n,) eV; mu : (n,) in steps of the measured edge; e0 : of it, eV; metal : whose it is

    An edge is a rise within some eV that is steeper than the fine structure before it, after which μ stays at another
    level, at an energy where the tables have a K or L edge. The element is the likeliest one: K before L3, L2 and L1.
    """
    mesh = np.arange(energy[0], energy[-1], MESH)
    if len(mesh) < 100:
        return []
    level = np.interp(mesh, energy, mu)
    rise = _rise(level)
    outside = (mesh < e0 - BEFORE) | (mesh > e0 + PAST)
    peaks = np.flatnonzero((rise[1:-1] >= rise[:-2]) & (rise[1:-1] > rise[2:]) & outside[1:-1]) + 1
    found: list[OtherEdge] = []
    for i in peaks[np.argsort(-rise[peaks])][:30]:
        place = float(mesh[i])
        height = _height(mesh, level, rise, int(i), e0)
        if height is None or any(abs(place - each.place) < PAST for each in found):
            continue
        name = _named(place, metal)
        if name is not None:
            found.append(OtherEdge(*name, place, height))
    return sorted(found, key=lambda each: each.place)


def _rise(level: Array) -> Array:
    """Return the slope of what is sharper than fine structure."""
    return np.gradient(smoothed(level, SHARP / MESH) - smoothed(level, BROAD / MESH), MESH)


def smoothed(values: Array, sigma: float) -> Array:
    """Return values convolved with a Gaussian of `sigma` points, the ends held, as scipy.ndimage does.

    That package takes as long to import as everything else that a prediction needs.
    """
    reach = int(4.0 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def is_clear(energy: Array, mu: Array, place: float) -> bool:
    """Whether a rise at `place` (eV) is that of an edge, however small beside a larger one behind it."""
    mesh = np.arange(energy[0], energy[-1], MESH)
    level = np.interp(mesh, energy, mu)
    rise = _rise(level)
    around = np.flatnonzero(np.abs(mesh - place) < EARLY)
    top = int(around[np.argmax(rise[around])]) if len(around) else 0
    return _height(mesh, level, rise, top, np.inf, least=0.0) is not None


def _height(mesh: Array, level: Array, rise: Array, i: int, e0: float, least: float = LEAST) -> float | None:
    """Return by how much μ changes at a rise, None where it is none of an edge."""
    place = mesh[i]
    low, high = (-np.inf, e0 - BEFORE) if place < e0 else (e0 + NEAR, np.inf)
    before = _between(mesh, max(low, place - 100.0), place - 12.0)
    if rise[i] < CONTRAST * np.abs(rise[before]).max(initial=0.0):
        return None
    near = _between(mesh, max(low, place - 45.0), place - 8.0)
    past = _between(mesh, place + 12.0, min(high, place + 60.0))
    if len(mesh[near]) < 20 or len(mesh[past]) < 20:
        return None
    (left, scatter), (right, other) = (_line_at(mesh[part], level[part], place) for part in (near, past))
    height = right - left
    soon = level[_between(mesh, place + 3, place + 10)].mean() - left
    clear = height > CLEAR * np.hypot(scatter, other) and soon > 0.4 * height
    return float(height) if height > least and clear else None


def _between(mesh: Array, low: float, high: float) -> slice:
    """Return the points of a rising mesh between two places, neither of them included."""
    first, last = mesh.searchsorted(low, side="right"), mesh.searchsorted(high, side="left")
    return slice(int(first), max(int(first), int(last)))


def _line_at(x: Array, y: Array, place: float) -> tuple[float, float]:
    """Return the value of a straight line through points at another place, and the scatter of the points about it."""
    slope, value = np.polyfit(x - place, y, 1)
    return float(value), float(np.std(y - value - slope * (x - place)))


def _named(place: float, metal: str) -> tuple[str, float] | None:
    """Return name and tabulated energy of the likeliest edge at a place, None where no element has one."""
    shells = [(symbol, "K", energy) for symbol, energy in K_EDGES.items() if energy > 100]
    for shell, column in (("L3", 2), ("L2", 1), ("L1", 0)):
        shells += [(symbol, shell, energies[column]) for symbol, energies in L_EDGES.items()]
    near = [each for each in shells if -EARLY < place - each[2] < LATE and each[0] != metal]
    if not near:
        return None
    order = ("K", "L3", "L2", "L1")
    symbol, shell, energy = min(near, key=lambda each: (order.index(each[1]), abs(place - each[2] - 5.0)))
    return f"{symbol} {shell}", energy
