"""Points of a G(r) that no neighbour supports: spikes, zeros, values of full scale, rows that were lost.

G(r) holds no waves beyond its Qmax, so that a point follows from the four around it within what these leave open. What
differs by more was not measured. A few such points are left out and their lines named; many refuse the file.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from firstshell.errors import InputError
from firstshell.types import Array

HIGHEST_QMAX = 32.0
"""Å⁻¹; of published PDFs without a stated Qmax few go beyond."""
FEW, FEW_SHARE, MOST = 3, 0.02, 20
"""Points, or share of all, that may be left out, and never more than the last."""
REACH, NOISE = 8, 1e-4
"""Points to either side that a point is predicted from, and the noise that the prediction allows for."""
MOST_PHASE = 0.85 * np.pi
"""Qmax times step beyond which a point hardly follows from others; steps that wide show the largest spikes alone."""
LEAST_SEEN = 0.2
"""How much a point must show in the predictions around it to be judged by them."""
FULL_SCALE, GROSS = 4.0, 30.0
"""Times the values around it that a point at the ends, which nothing predicts, is spoilt; and any other."""
AROUND = 25
"""Points to either side that show how large a curve and its departures are there."""
BEYOND, OVER_BOUND, OVER_RMS = 12.0, 3.0, 0.03
"""How far off a spoilt point is: over the median departure around, over what Qmax leaves open, over the RMS of G."""
STUCK, STUCK_OFF = 5, 0.1
"""Equal values in a row that are suspected, and what of the RMS of G they must be off the curve around them."""
NO_ATOMS = 1.2
"""Å below which programs write zeros."""
OFF_GRID = 0.05
"""Share of a step that r may be off an otherwise even grid."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Points:
    """Rows of a table: r in Å, G(r), and the line of each; notes say what was left out."""

    r: Array
    g: Array
    lines: NDArray[np.intp]
    notes: tuple[str, ...] = ()


def repair(points: Points, qmax: float | None, source: str) -> Points:
    """Leave out what no neighbour supports; on an even grid its place is taken by the curve through the others.

    qmax : Å⁻¹, when the file says it

    Raises InputError, naming the first line, when many points are spoilt.
    """
    points = _without_padding(points)
    limit = HIGHEST_QMAX if qmax is None else qmax
    r, g = points.r, points.g
    finite = np.isfinite(r) & np.isfinite(g)
    bad = ~finite
    step = float(np.median(np.diff(r[finite]))) if finite.sum() > 2 * AROUND else 0.0
    if not step > 0:
        return points if finite.all() else _kept(points, bad, limit, source)
    bad |= _off_axis(r, step)
    if bad.sum() <= _few(len(r)) and not (np.diff(r[~bad]) <= 0).any():
        bad[~bad] = _unsupported(r[~bad], g[~bad], step, limit, _few(len(r)))
    return _kept(points, bad, limit, source) if bad.any() else points


def _few(points: int) -> int:
    return min(max(FEW, int(FEW_SHARE * points)), MOST)


def _without_padding(points: Points) -> Points:
    """Leave out the zeros that stand for what was not transformed, at the end of a table."""
    last = int(np.flatnonzero(points.g != 0)[-1]) + 1 if (points.g != 0).any() else len(points.g)
    if len(points.g) - last < STUCK:
        return points
    note = f"G(r) is 0 from {points.r[last]:g} Å (line {points.lines[last]}) to the end, which is left out"
    return Points(points.r[:last], points.g[:last], points.lines[:last], (*points.notes, note))


def _kept(points: Points, bad: Mask, qmax: float, source: str) -> Points:
    """Return the points without those that are bad, whose places on an even grid are filled from the others."""
    r, g, lines = points.r, points.g, points.lines
    where = lines[bad]
    shown = ", ".join(map(str, where[:5])) + (" and more" if len(where) > 5 else "")
    if len(where) > _few(len(r)):
        what = f"{len(where)} of {len(r)} points fit none of their neighbours, first of line {where[0]}"
        raise InputError(what, remedy="Is this one G(r), written whole?", file=source, line=int(where[0]))
    note = f"the point{'s' * (len(where) > 1)} of line {shown} fit{'s' * (len(where) == 1)} no neighbour: left out"
    good = np.flatnonzero(~bad)
    inside = slice(good[0], good[-1] + 1)
    index = np.arange(len(r))[inside]
    if (np.diff(r[good]) <= 0).any():
        return Points(r[good], g[good], lines[good], (*points.notes, note))
    places = np.interp(index, good, r[good])
    weights, _ = _predictor(qmax * float(np.median(np.diff(places))))
    curve = _filled(g[inside], bad[inside], weights) if len(index) > len(weights) else g[inside]
    return Points(places, curve, lines[inside], (*points.notes, note))


def _off_axis(r: Array, step: float) -> Mask:
    """Return which r do not stand between two neighbours that are two steps apart, or past the end of two."""
    off = np.zeros(len(r), dtype=bool)
    with np.errstate(invalid="ignore"):
        whole = np.abs(r[2:] - r[:-2] - 2 * step) < OFF_GRID * step
        off[1:-1] = whole & ~(np.abs(r[1:-1] - (r[2:] + r[:-2]) / 2) < OFF_GRID * step)
        for end, one, two in ((0, 1, 2), (-1, -2, -3)):
            even = abs(abs(r[two] - r[one]) - step) < OFF_GRID * step
            off[end] = even and not abs(r[end] - (2 * r[one] - r[two])) < max(step, 1e-9)
    return off


def _unsupported(r: Array, g: Array, step: float, qmax: float, most: int) -> Mask:
    """Return which points do not follow from those around them, the one that explains most taken out first."""
    bad = _stuck(r, g)
    weights, bound = _predictor(qmax * step)
    reach = len(weights) // 2
    if len(r) < 2 * AROUND + 1:
        return bad
    even = np.zeros(len(r), dtype=bool)
    even[reach:-reach] = np.abs(r[2 * reach :] - r[: -2 * reach] - 2 * reach * step) < OFF_GRID * step
    even[: int(np.argmax(g != 0)) + reach] = False  # where a curve begins behind zeros it jumps
    seen = np.convolve(even, weights**2, mode="same")
    foreseen = seen > LEAST_SEEN
    rest = np.abs(np.arange(2 * AROUND + 1) - AROUND) > 2
    large = np.percentile(_around(np.abs(g))[:, rest], 80, axis=1)
    bad |= np.abs(g) > GROSS * large
    there = _filled(g, bad, weights)
    usual = np.median(_around(np.abs(np.convolve(there, weights, mode="same"))), axis=1)
    allowed = np.maximum(BEYOND * usual, OVER_BOUND * bound * large + OVER_RMS * float(np.sqrt(np.median(g**2))))
    while bad.sum() <= most:
        departs = np.where(even, np.convolve(there, weights, mode="same"), 0.0)
        amplitude = np.abs(np.convolve(departs, weights, mode="same")) / np.maximum(seen, LEAST_SEEN)
        explained = np.where(foreseen & (amplitude > allowed), amplitude * np.sqrt(seen), 0.0)
        alone = np.where(foreseen, 0.0, np.abs(there) / np.maximum(FULL_SCALE * large, 1e-300))
        explained[bad] = alone[bad] = 0.0
        worst = int(np.argmax(alone if alone.max() > 1 else explained))
        if not max(alone[worst] - 1, explained[worst]) > 0:
            break
        bad[worst] = True
        there = _filled(g, bad, weights)
    return bad


def _around(values: Array) -> Array:
    """Return for each value those around it, (n, 2·AROUND + 1)."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, AROUND, mode="reflect"), 2 * AROUND + 1)


@lru_cache(maxsize=64)
def _predictor(phase: float) -> tuple[Array, float]:
    """Return weights whose sum over a point and those around it is its departure from the best prediction; its bound.

    phase : Qmax times the step of r; the bound is for waves of amplitude 1 below it
    """
    waves = np.linspace(0.0, min(phase, MOST_PHASE), 400)[:, None]
    design = 2 * np.cos(waves * np.arange(1, REACH + 1))
    normal = design.T @ design / len(waves) + NOISE * np.eye(REACH)
    found = np.linalg.solve(normal, design.mean(axis=0))
    bound = float(np.abs(1 - design @ found).max())
    return np.concatenate((-found[::-1], [1.0], -found)), bound


def _filled(g: Array, bad: Mask, weights: Array) -> Array:
    """Return a curve with those values in place of the bad ones with which it departs least from its prediction."""
    where = np.flatnonzero(bad)
    if not len(where):
        return g
    clean = np.where(bad, 0.0, g)
    reach = len(weights) // 2
    rows = np.unique(np.clip(where[:, None] + np.arange(-reach, reach + 1), reach, len(g) - 1 - reach))
    offsets = rows[:, None] - where[None, :]
    design = np.where(np.abs(offsets) <= reach, weights[np.clip(offsets, -reach, reach) + reach], 0.0)
    values = np.linalg.lstsq(design, -np.convolve(clean, weights, mode="same")[rows], rcond=None)[0]
    clean[where] = values
    return clean


def _stuck(r: Array, g: Array) -> Mask:
    """Return which points are of a run of equal values that the curve around it does not have."""
    change = np.flatnonzero(np.concatenate(([True], np.diff(g) != 0, [True])))
    stuck = np.zeros(len(g), dtype=bool)
    for first, last in pairwise(change):
        if last - first >= STUCK and r[first] > NO_ATOMS:
            stuck[first:last] = True
    if not stuck.any() or stuck.sum() > len(g) / 2:
        return stuck
    rms = float(np.sqrt(np.median(g**2)))
    from scipy.interpolate import CubicSpline  # takes longer to import than an answer

    expected = CubicSpline(r[~stuck], g[~stuck])(r)
    return np.asarray(stuck & (np.abs(g - expected) > STUCK_OFF * rms))
