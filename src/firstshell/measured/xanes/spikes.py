"""Points of a scan that no neighbour supports: glitches, zeros, saturations, numbers that lost a digit."""

from collections.abc import Iterable
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from firstshell.types import Array

Ints = NDArray[np.int64]

LONGEST = 3
"""Points in a row that may stand out together."""
AGAINST_RANGE, AGAINST_BEND, AGAINST_NOISE, AGAINST_ALL, AGAINST_GROSS = 3.0, 4.0, 10.0, 0.04, 1.5
"""How far points must lie outside what is around them: in units of the range of the neighbours, of their distance from
a line, of the noise nearby, and of the whole scan when the edge is known and when it is not."""
DENSE = 1.05
"""eV between points up to which slopes are told from spikes."""
NATURAL = 25.0
"""eV before the edge up to which a narrow peak may be one of the sample, if it is no higher than the edge."""
RESOLVED = 0.6
"""eV between points up to which every real peak has several: core holes and monochromators make it 1.2 eV wide."""
WINDOW = 25


def spikes(energy: Array, mu: Array, e0: float | None = None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which points (n,) lie far outside their neighbours, where real structure cannot be.

    e0 : eV, of the edge; None where it is not known yet, when only points beyond all others are returned

    One to three points in a row are spikes when they all lie on one side of the two neighbours on either side, or of
    the line through these where points are at most 1 eV apart, far more than the neighbours differ, than the noise
    nearby, and than 4 % of the scan. A peak up to 25 eV before the edge that is no higher than the edge step is
    returned apart, as second, where points are so far from each other that a pre-edge peak may be a single one.
    """
    count = len(mu)
    found, doubtful = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    if count < 4 * LONGEST:
        return found, doubtful
    low, high = np.quantile(mu, (0.1, 0.9))
    whole = float(high - low) or float(np.ptp(mu))
    least = (AGAINST_ALL if e0 is not None else AGAINST_GROSS) * whole
    noise, apart = None, np.gradient(energy)
    for length in range(1, LONGEST + 1):
        starts, above, below, spread = _outside(energy, mu, length)
        hits = np.maximum(above, below) > np.maximum(least, spread)
        if not hits.any():
            continue
        noise = _noise(mu) if noise is None else noise  # looked at last, for it takes longest
        hits &= np.maximum(above, below) > AGAINST_NOISE * noise[starts]
        if e0 is not None:
            near = (energy[starts] > e0 - NATURAL) & (energy[starts] < e0) & (apart[starts] > RESOLVED)
            natural = near & (above > 0) & (above < whole)
            doubtful[starts[hits & natural]] = True
            hits &= ~natural
        for start in starts[hits]:
            found[start : start + length] = True
    return found, doubtful & ~found


def _outside(energy: Array, mu: Array, length: int) -> tuple[Ints, Array, Array, Array]:
    """Return starts of runs, how far each lies above and below what is around it, and how far it may."""
    x, y = np.pad(energy, 2, mode="reflect"), np.pad(mu, 2, mode="reflect")
    x[:2], x[-2:] = 2 * energy[0] - x[:2], 2 * energy[-1] - x[-2:]
    count = len(mu) - length + 1
    starts = np.arange(count)
    # A column for each place, as sums and extremes of few numbers are quicker by column than by row.
    around, inside = (0, 1, length + 2, length + 3), range(2, length + 2)
    at = {place: (x[place : place + count], y[place : place + count]) for place in (*around, *inside)}
    beside, run = [at[place][1] for place in around], [at[place][1] for place in inside]
    highest, lowest = _largest(beside), _least(beside)
    above, below = _least(run) - highest, lowest - _largest(run)
    spread = AGAINST_RANGE * (highest - lowest)
    # Where points are dense, slopes do not count: the line through the middles of the two pairs.
    first, second, third, fourth = (at[place][0] for place in around)
    left, right, level = (first + second) / 2, (third + fourth) / 2, (beside[0] + beside[1]) / 2
    slope = ((beside[2] + beside[3]) / 2 - level) / (right - left)

    def apart(places: Iterable[int]) -> list[Array]:
        return [at[place][1] - level - slope * (at[place][0] - left) for place in places]

    off, bend = apart(inside), AGAINST_BEND * _largest([np.abs(each) for each in apart(around)])
    dense = np.maximum(second, third) - np.minimum(second, third) <= DENSE * (length + 1)
    higher, lower = _least(off), -_largest(off)
    steeper = dense & (np.maximum(higher, lower) - bend > np.maximum(above, below) - spread)
    over, under, bar = (np.where(steeper, *each) for each in ((higher, above), (lower, below), (bend, spread)))
    return starts, over, under, bar


def _least(columns: list[Array]) -> Array:
    return reduce(np.minimum, columns)


def _largest(columns: list[Array]) -> Array:
    return reduce(np.maximum, columns)


def _noise(mu: Array) -> Array:
    """Return the noise about each point: robust, from the second differences of the points nearby."""
    bends = np.abs(np.diff(mu, 2)) / (0.6745 * np.sqrt(6.0))
    bends = np.concatenate([bends[:1], bends, bends[-1:]])
    half = min(WINDOW, len(bends) // 2)
    padded = np.pad(bends, half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    return np.asarray(np.median(windows, axis=1))
