"""Compiled loops over pairs: where the images of an atom are, and what each pair adds to the sums of `pairs`."""

from __future__ import annotations

from math import ceil, exp, floor, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from firstshell.runtime.compiled import compiled
from firstshell.simulation.pairs.termination import PEAK_CUT
from firstshell.types import Array

Ints = NDArray[np.int64]

SAME_POSITION = 1e-3
"""Å: atoms closer than this share a position (a mixed site) and are no pair."""
RESEED = 256
"""Points after which the recursion of a Gaussian starts again, so that rounding does not grow."""


@compiled(error_model="numpy")
def most_images(triangle: Array, rmax: float) -> int:
    """Return a bound on the number of images of one atom within rmax Å of a point."""
    beyond = rmax + 0.5 * np.sqrt((triangle**2).sum(axis=1)).sum()
    return int(4 / 3 * pi * beyond**3 / (triangle[0, 0] * triangle[1, 1] * triangle[2, 2])) + 1


@compiled(error_model="numpy")
def find_images(triangle: Array, origin: Array, rmin: float, rmax: float, found: Array) -> int:
    """Write the vectors to all images of an atom with rmin ≤ |vector| ≤ rmax and return how many there are.

    triangle : (3, 3) lower-triangular cell vectors with positive diagonal, Å
    origin : (3,) vector to any image
    found : (most_images, 4) receives distance and Cartesian vector; images closer than SAME_POSITION are left out
    """
    l11, l22, l33 = triangle[0, 0], triangle[1, 1], triangle[2, 2]
    l21, l31, l32 = triangle[1, 0], triangle[2, 0], triangle[2, 1]
    nearest = max(rmin, SAME_POSITION)
    n = 0
    for n3 in range(ceil((-rmax - origin[2]) / l33), floor((rmax - origin[2]) / l33) + 1):
        z = origin[2] + n3 * l33
        y0, x0 = origin[1] + n3 * l32, origin[0] + n3 * l31
        reach2 = sqrt(max(rmax * rmax - z * z, 0.0))
        for n2 in range(ceil((-reach2 - y0) / l22), floor((reach2 - y0) / l22) + 1):
            y, x1 = y0 + n2 * l22, x0 + n2 * l21
            yz = y * y + z * z
            # The third index follows from the sphere: no candidate is in vain.
            reach1 = sqrt(max(rmax * rmax - yz, 0.0))
            for n1 in range(ceil((-reach1 - x1) / l11), floor((reach1 - x1) / l11) + 1):
                x = x1 + n1 * l11
                distance = sqrt(x * x + yz)
                if nearest <= distance <= rmax:
                    found[n, 0], found[n, 1], found[n, 2], found[n, 3] = distance, x, y, z
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
    sigma: Array,
    rstep: float,
    first: int,
    last: int,
    moments: Array,
    edges: Array,
) -> None:
    """Add each pair's powers to moments[row, kind, cell, power], and to `edges` the points only some places s reach.

    half : visit each pair once; what belongs to [a, b] and to [b, a] then stands in one of them. Else each atom with a
        weight gets its full row.
    """
    found = np.empty((most_images(triangle, last * rstep), 4))
    for i in range(len(positions)):
        if weight[i] == 0:
            continue
        for j in range(i if half else 0, len(positions)):
            pairs = find_images(triangle, positions[j] - positions[i], first * rstep, last * rstep, found)
            row, column = rows[i], kind[j]
            scale = occupancy[i] * occupancy[j] * weight[i] * (0.5 if half and i == j else 1.0)
            _add_powers(
                found[:pairs, 0], scale, sigma[row, column], rstep, first, moments[row, column], edges[row, column]
            )


@compiled(error_model="numpy")
def _add_powers(
    distances: Array, scale: float, sigma: float, rstep: float, first: int, moments: Array, edges: Array
) -> None:
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
        here = moments[cell]
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


@compiled(error_model="numpy")
def add_gaussians(
    triangle: Array,
    positions: Array,
    occupancy: Array,
    kind: Ints,
    rows: Ints,
    weight: Array,
    half: bool,
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
            pairs = find_images(triangle, positions[j] - positions[i], first * rstep, last * rstep, found)
            scale = occupancy[i] * occupancy[j] * weight[i] * (0.5 if half and i == j else 1.0)
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
