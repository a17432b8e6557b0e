"""Fourier transforms of kⁿχ(k), with NumPy alone: answers for measurements need them, too.

The convention is that of IFEFFIT (Newville, J. Synchrotron Rad. 8, 322 (2001)): √(1/π) ∫ kⁿχ(k) w(k) exp(2ikR) dk.
"""

import numpy as np

from firstshell.types import Array

TAPER = 1.0
"""Å⁻¹ over which a window rises and falls, half of it outside the range."""
EDGE = 0.2
"""Å over which a range of R begins and ends, half of it outside the range."""
R_STEP = 0.03
"""Å, of the mesh that a range of R is cut out on: a quarter of what 2·14 Å⁻¹ would need."""


def window(places: Array, low: float, high: float, taper: float) -> Array:
    """Return a Hann window that rises about `low` and falls about `high`, over `taper` each."""
    rise = np.clip((places - low + taper / 2) / taper, 0, 1)
    fall = np.clip((high - places + taper / 2) / taper, 0, 1)
    return np.asarray(np.sin(np.pi / 2 * rise) ** 2 * np.sin(np.pi / 2 * fall) ** 2)


def forward(k: Array, r: Array, taper: float = TAPER) -> Array:
    """Return the complex (r, k) matrix that transforms kⁿχ(k) on an even mesh over its whole range."""
    weights = window(k, k[0], k[-1], taper) * (k[1] - k[0]) / np.sqrt(np.pi)
    return np.asarray(np.exp(2j * np.outer(r, k)) * weights)


def filtering(k: Array, low: float, high: float) -> Array:
    """Return the (k, k) matrix that leaves of kⁿχ(k) what lies between two distances in Å, under the window in k."""
    r = np.arange(max(0.0, low - EDGE), high + EDGE, R_STEP)
    back = np.exp(-2j * np.outer(k, r)) * window(r, low, high, EDGE) * R_STEP * 2 / np.sqrt(np.pi)
    return np.asarray((back @ forward(k, r)).real)
