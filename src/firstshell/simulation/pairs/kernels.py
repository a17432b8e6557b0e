"""Compiled loops over pairs: where the images of an atom are, and what each pair adds to the sums of `pairs`."""

from math import ceil, exp, floor, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from firstshell.runtime.compiled import compiled
from firstshell.simulation.pairs.termination import PEAK_CUT
from firstshell.types import Array

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SAME_POSITION = 1e-3
"""Å: atoms closer than this share a position (a mixed site) and are no pair."""
POWERS = 8
"""Powers of the place s within a grid cell that stand for a peak, from 0; see `peak_moments`."""
RESEED = 256
"""Points after which the recursion of a Gaussian starts again, so that rounding does not grow."""


@compiled(error_model="numpy")
def most_images(triangle: Array, rmax: float) -> int:
    """Return a bound on the number of images of one atom within rmax Å of a point."""
    beyond = rmax
    for i in range(3):
        beyond += 0.5 * sqrt(triangle[i, 0] ** 2 + triangle[i, 1] ** 2 + triangle[i, 2] ** 2)
    return int(4 / 3 * pi * beyond**3 / (triangle[0, 0] * triangle[1, 1] * triangle[2, 2])) + 1


@compiled(error_model="numpy")
def find_images(triangle: Array, origin: Array, own: bool, rmin: float, rmax: float, found: Array) -> int:
    """Write the vectors to all images of an atom with rmin ≤ |vector| ≤ rmax and return how many there are.

    triangle : (3, 3) lower-triangular cell vectors with positive diagonal, Å
    origin : (3,) vector to any image
    own : of an atom's own images (origin 0), which stand opposite each other, write one of each two
    found : (most_images, 4) receives distance and Cartesian vector, (most_images, 1) the distance alone; images closer
        than SAME_POSITION are left out
    """
    l11, l22, l33 = triangle[0, 0], triangle[1, 1], triangle[2, 2]
    l21, l31, l32 = triangle[1, 0], triangle[2, 0], triangle[2, 1]
    nearest = max(rmin, SAME_POSITION)
    n = 0
    for n3 in range(0 if own else ceil((-rmax - origin[2]) / l33), floor((rmax - origin[2]) / l33) + 1):
        z = origin[2] + n3 * l33
        y0, x0 = origin[1] + n3 * l32, origin[0] + n3 * l31
        reach2 = sqrt(max(rmax * rmax - z * z, 0.0))
        row = own and n3 == 0
        for n2 in range(0 if row else ceil((-reach2 - y0) / l22), floor((reach2 - y0) / l22) + 1):
            y, x1 = y0 + n2 * l22, x0 + n2 * l21
            yz = y * y + z * z
            # The third index follows from the sphere: no candidate is in vain.
            reach1 = sqrt(max(rmax * rmax - yz, 0.0))
            line = row and n2 == 0
            for n1 in range(1 if line else ceil((-reach1 - x1) / l11), floor((reach1 - x1) / l11) + 1):
                x = x1 + n1 * l11
                distance = sqrt(x * x + yz)
                if nearest <= distance <= rmax:
                    found[n, 0] = distance
                    if found.shape[1] == 4:
                        found[n, 1], found[n, 2], found[n, 3] = x, y, z
                    n += 1
    return n


@compiled(error_model="numpy")
def add_moments(
    triangle: Array,
    positions: Array,
    occupancy: Array,
    kind: Ints,
    rows: Ints,
    weight: Array,
    half: bool,
    visit: Bools,
    sigma: Array,
    rstep: float,
    first: int,
    last: int,
    cells: Ints,
    moments: Array,
    edges: Array,
) -> int:
    """Add each pair's powers to moments[row, kind, cell, power], and to `edges` the points only some places s reach.

    half : visit each pair once; what belongs to [a, b] and to [b, a] then stands in one of them. Else each atom with a
        weight gets its full row.
    visit : (rows, kinds) whether the pairs of a row with a kind are visited at all
    cells : (n,) receives the grid points at which the cells start that hold a pair, in the order in which they are met
    moments : (rows, kinds, n, POWERS), of any content; receives those of these cells

    Returns how many cells hold a pair; what stands beyond them is of any content.
    """
    found = np.empty((most_images(triangle, last * rstep), 1))
    place = np.full(len(cells), -1)
    filled = 0
    for i in range(len(positions)):
        if weight[i] == 0:
            continue
        for j in range(i if half else 0, len(positions)):
            if not visit[rows[i], kind[j]]:
                continue
            own = i == j
            pairs = find_images(triangle, positions[j] - positions[i], own, first * rstep, last * rstep, found)
            row, column = rows[i], kind[j]
            scale = occupancy[i] * occupancy[j] * weight[i] * (2.0 if own and not half else 1.0)
            filled = _add_powers(
                found[:pairs, 0],
                scale,
                sigma[row, column],
                rstep,
                first,
                place,
                cells,
                filled,
                moments,
                moments[row, column],
                edges[row, column],
            )
    return filled


@compiled(error_model="numpy")
def _add_powers(
    distances: Array,
    scale: float,
    sigma: float,
    rstep: float,
    first: int,
    place: Ints,
    cells: Ints,
    filled: int,
    all_moments: Array,
    moments: Array,
    edges: Array,
) -> int:
    reach = PEAK_CUT * sigma / rstep
    whole = int(reach)
    part = reach - whole
    height = 1 / (sigma * sqrt(2 * pi))
    decay = -0.5 * (rstep / sigma) ** 2
    steps_per_angstrom = 1 / rstep
    for distance in distances:
        steps = distance * steps_per_angstrom - first
        cell = int(steps)
        t = steps - cell
        s = 2 * t - 1
        s2 = s * s
        w = scale / distance
        w2 = w * s2
        w4 = w2 * s2
        w6 = w4 * s2
        if place[cell] < 0:
            place[cell] = filled
            cells[filled] = cell
            for row in range(all_moments.shape[0]):
                for column in range(all_moments.shape[1]):
                    for p in range(POWERS):
                        all_moments[row, column, filled, p] = 0.0
            filled += 1
        here = moments[place[cell]]
        here[0] += w
        here[1] += w * s
        here[2] += w2
        here[3] += w2 * s
        here[4] += w4
        here[5] += w4 * s
        here[6] += w6
        here[7] += w6 * s
        # diffpy starts a peak at floor((d − 5.022σ)/rstep) and ends it at floor((d + 5.022σ)/rstep).
        if t < part and cell - whole - 1 >= 0:
            edges[cell - whole - 1] += w * height * exp(decay * (whole + 1 + t) ** 2)
        if t >= 1 - part and cell + whole + 1 < len(edges):
            edges[cell + whole + 1] += w * height * exp(decay * (whole + 1 - t) ** 2)
    return filled


@compiled(error_model="numpy")
def weighted_sum(coefficients: Array, values: Array, n: int) -> Array:
    """Return Σ coefficients[row, kind]·values[row, kind, i] for each i < n; what has no weight is not looked at."""
    total = np.zeros(n)
    for row in range(coefficients.shape[0]):
        for column in range(coefficients.shape[1]):
            weight = coefficients[row, column]
            if weight != 0:
                for i in range(n):
                    total[i] += weight * values[row, column, i]
    return total


@compiled(error_model="numpy")
def add_peaks(cells: Ints, moments: Array, peaks: Array, values: Array) -> None:
    """Add the peaks of cells to values[r].

    moments : (cells, POWERS) Σ w·s^p of each
    peaks : (POWERS, 2·reach + 1) coefficients of s^p at the grid points −reach … reach from the start of a cell
    """
    points = peaks.shape[1]
    for i in range(len(cells)):
        begin = cells[i] - points // 2
        low, high = max(-begin, 0), min(points, len(values) - begin)
        m0, m1, m2, m3, m4, m5, m6, m7 = moments[i]
        here = values[begin + low : begin + high]
        p0, p1, p2, p3 = peaks[0, low:high], peaks[1, low:high], peaks[2, low:high], peaks[3, low:high]
        p4, p5, p6, p7 = peaks[4, low:high], peaks[5, low:high], peaks[6, low:high], peaks[7, low:high]
        for k in range(len(here)):
            here[k] += (
                (m0 * p0[k] + m1 * p1[k])
                + (m2 * p2[k] + m3 * p3[k])
                + ((m4 * p4[k] + m5 * p5[k]) + (m6 * p6[k] + m7 * p7[k]))
            )


@compiled(error_model="numpy")
def add_gaussians(
    triangle: Array,
    positions: Array,
    occupancy: Array,
    kind: Ints,
    rows: Ints,
    weight: Array,
    half: bool,
    visit: Bools,
    u: Array,
    delta1: float,
    delta2: float,
    qbroad: float,
    rstep: float,
    first: int,
    last: int,
    sums: Array,
    lost: Array,
) -> None:
    """Add each pair's Gaussian to sums[row, kind, r].

    lost : (3,) receives distance and atoms of the closest pair that has none
    """
    found = np.empty((most_images(triangle, last * rstep), 4))
    for i in range(len(positions)):
        if weight[i] == 0:
            continue
        for j in range(i if half else 0, len(positions)):
            if not visit[rows[i], kind[j]]:
                continue
            own = i == j
            pairs = find_images(triangle, positions[j] - positions[i], own, first * rstep, last * rstep, found)
            scale = occupancy[i] * occupancy[j] * weight[i] * (2.0 if own and not half else 1.0)
            for p in range(pairs):
                distance = found[p, 0]
                factor = 1 - delta1 / distance - delta2 / distance**2 + (qbroad * distance) ** 2
                if factor <= 0:
                    if distance < lost[0]:
                        lost[0], lost[1], lost[2] = distance, i, j
                    continue
                variance = factor * _displacement(u[i], u[j], found[p])
                _add_peak(sums[rows[i], kind[j]], distance, sqrt(variance), scale / distance, rstep, first)


@compiled(error_model="numpy")
def _displacement(u_i: Array, u_j: Array, vector: Array) -> float:
    """Mean-square displacement of a pair along its bond, n·(U_i + U_j)·n; vector : distance and Cartesian vector."""
    if len(u_i) == 1:
        return float(u_i[0, 0] + u_j[0, 0])
    total = 0.0
    for a in range(3):
        for b in range(3):
            total += vector[a + 1] * (u_i[a, b] + u_j[a, b]) * vector[b + 1]
    return float(total / vector[0] ** 2)


@compiled(error_model="numpy")
def _add_peak(sums: Array, distance: float, sigma: float, area: float, rstep: float, first: int) -> None:
    """Add a Gaussian, cut as diffpy cuts it, by the recursion g(x+h) = g(x)·q(x), q(x+h) = q(x)·exp(−h²/σ²)."""
    start = max(floor((distance - PEAK_CUT * sigma) / rstep) - first, 0)
    stop = min(floor((distance + PEAK_CUT * sigma) / rstep) + 1 - first, len(sums))
    half_inverse = 0.5 / sigma**2
    shrink = exp(-2 * half_inverse * rstep**2)
    for begin in range(start, stop, RESEED):
        x = (begin + first) * rstep - distance
        value = area / (sigma * sqrt(2 * pi)) * exp(-half_inverse * x**2)
        ratio = exp(-half_inverse * rstep * (2 * x + rstep))
        for k in range(begin, min(begin + RESEED, stop)):
            sums[k] += value
            value *= ratio
            ratio *= shrink
