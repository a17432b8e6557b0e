"""χ(k) of a measured scan: the absorption of the free atom is a spline, chosen so that χ(R) has nothing below 1 Å.

The criterion is that of AUTOBK (Newville, Livins, Yacoby, Rehr and Stern, Phys. Rev. B 47, 14126 (1993)). As the
transform is linear, the spline is found in one step; larch, which searches for it, takes seconds to be imported.
"""

from functools import lru_cache

import numpy as np

from firstshell.simulation.waves.fourier import forward
from firstshell.types import Array
from firstshell.units import EV_PER_K2

R_BACKGROUND = 1.0
"""Å below which χ(R) is background."""
K_STEP = 0.05
"""Å⁻¹ of the mesh of χ(k)."""
K_WEIGHT = 2
"""Power of k under which χ(R) is to vanish."""
TAPER = 0.1
"""Å⁻¹ over which the window of that transform rises and falls."""
R_MESH = 0.03
"""Å between the distances at which it is to vanish."""
CLAMPED, CLAMP = 3, 0.1
"""Points at the end of the range that are drawn to zero, and by how much of what a point counts in χ(R)."""
LEAST_KNOTS = 5
"""Splines at least, as in larch."""


def wave_number(energy: Array, e0: float) -> Array:
    """Return k in Å⁻¹ of energies in eV, negative below E0."""
    kinetic = (energy - e0) / EV_PER_K2
    return np.asarray(np.sign(kinetic) * np.sqrt(np.abs(kinetic)))


def mesh_to(end: float) -> Array:
    """Return the mesh of k in Å⁻¹ from 0 up to `end`."""
    return np.asarray(K_STEP * np.arange(int(end / K_STEP + 1e-9) + 1), dtype=np.float64)


def chi_of(energy: Array, mu: Array, e0: float, kmax: float) -> tuple[Array, Array]:
    """Return k (n,) in Å⁻¹ from 0 to `kmax`, and χ(k).

    energy : (m,) eV, to beyond `kmax`; mu : (m,) in edge steps; e0 : eV, where k is 0
    """
    k = mesh_to(kmax)
    measured = _averaged(wave_number(energy, e0), mu, k)
    basis, rows, of_basis = _design(len(k))
    found = np.linalg.lstsq(of_basis, rows @ measured, rcond=None)[0]
    return k, measured - basis @ found


@lru_cache(maxsize=32)  # scans of one beamline end at one k
def _design(points: int) -> tuple[Array, Array, Array]:
    """Return the splines on a mesh of so many points, what is to vanish as a matrix, and that of the splines."""
    k = np.asarray(K_STEP * np.arange(points), dtype=np.float64)
    count = max(LEAST_KNOTS, 1 + int(2 * R_BACKGROUND * k[-1] / np.pi))
    basis = splines(k, count)
    r = np.arange(0.0, R_BACKGROUND, R_MESH)
    waves = forward(k, r, TAPER) * k**K_WEIGHT
    clamp = np.zeros((CLAMPED, len(k)))
    clamp[np.arange(CLAMPED), len(k) - CLAMPED + np.arange(CLAMPED)] = CLAMP
    rows = np.vstack([waves.real, waves.imag, clamp])
    return basis, rows, rows @ basis


def _averaged(at: Array, values: Array, k: Array) -> Array:
    """Return the means over each step of a mesh of the line through measured points."""
    area = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * np.diff(at))])

    def until(place: Array) -> Array:
        place = np.clip(place, at[0], at[-1])
        left = np.clip(np.searchsorted(at, place, side="right") - 1, 0, len(at) - 2)
        part = place - at[left]
        slope = (values[left + 1] - values[left]) / (at[left + 1] - at[left])
        return np.asarray(area[left] + part * (values[left] + 0.5 * slope * part))

    low, high = np.maximum(k - K_STEP / 2, at[0]), np.minimum(k + K_STEP / 2, at[-1])
    return np.asarray((until(high) - until(low)) / (high - low))


def splines(x: Array, count: int) -> Array:
    """Return (n, count) cubic B-splines on an increasing mesh (n,), by the recursion of Cox and de Boor."""
    places = np.linspace(x[0], x[-1], count)
    knots = np.concatenate([np.full(4, x[0]), places[2:-2], np.full(4, x[-1])])
    inside = np.clip(np.searchsorted(knots, x, side="right") - 1, 3, count - 1)
    made = np.zeros((len(x), len(knots) - 1))
    made[np.arange(len(x)), inside] = 1.0
    for order in range(1, 4):
        made, before = np.zeros((len(x), len(knots) - 1 - order)), made
        for i in range(made.shape[1]):
            for first, sign in ((i, 1.0), (i + 1, -1.0)):
                width = knots[first + order] - knots[first]
                if width > 0:
                    made[:, i] += before[:, first] * (sign * (x - knots[i if sign > 0 else i + order + 1]) / width)
    return made
