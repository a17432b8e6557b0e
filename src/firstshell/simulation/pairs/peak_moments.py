"""Gaussian peaks as polynomials of the place within a grid cell, for pair sums in which many peaks share a width.

A pair at distance d = (m + (1 + s)/2)·rstep, s in [−1, 1), contributes Gauss((m + k)·rstep − d) at grid point m + k.
For each k that is a smooth function of s, and a polynomial of degree 7 stands for it to 1e-11 of the peak where σ is
four steps or more. So the sum over pairs only needs Σ w·s^p of each cell that holds a pair, and the peaks follow by one
fold: cell by cell where few cells are filled, by Fourier transform where many are.
"""

from functools import lru_cache
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from firstshell.simulation.pairs.kernels import POWERS, Ints, add_peaks
from firstshell.simulation.pairs.termination import PEAK_CUT
from firstshell.types import Array

TRANSFORM_COSTS = 80
"""Points of peaks that are added in the time of a transform, by points of the transform."""


def is_smooth(sigma: Array, rstep: float) -> bool:
    """Whether the polynomials are exact enough for all these peak widths (Å) on a grid of step rstep (Å)."""
    return bool((sigma >= 4 * rstep).all())


def fold(cells: Ints, moments: Array, points: int, sigma: float, rstep: float) -> Array:
    """Return the sum of peaks on the grid.

    cells : (m,) grid points at which cells start, 0 to `points`; none twice
    moments : (m, POWERS) Σ w·s^p of these cells; all others are empty
    sigma : width of the peaks, Å

    Returns (points,) values. Peaks reach floor(5.022·σ/rstep) points to either side of the start of their cell.
    """
    # Long enough that what wraps around stays beyond the cells.
    length = int(next_fast_len(points + 1 + 2 * _reach(sigma, rstep), real=True))
    if len(cells) * (2 * _reach(sigma, rstep) + 1) < TRANSFORM_COSTS * length:
        values = np.zeros(points)
        add_peaks(cells, moments, _coefficients(sigma, rstep, POWERS), values)
        return values
    # Degree 6 is as exact for peaks of ten steps and more, which is what most grids give.
    powers = POWERS if sigma < 10 * rstep else POWERS - 1
    spread = np.zeros((powers, points + 1))
    spread[:, cells] = moments[:, :powers].T
    transform = np.fft.rfft(spread, length)
    return np.asarray(np.fft.irfft((transform * _peaks(sigma, rstep, length, powers)).sum(axis=0), length)[:points])


def _reach(sigma: float, rstep: float) -> int:
    return int(PEAK_CUT * sigma / rstep)


@lru_cache(maxsize=256)
def _coefficients(sigma: float, rstep: float, powers: int) -> Array:
    """Return the (powers, 2·reach + 1) coefficients in powers of s of the peak at offsets k = −reach … reach."""
    offsets = np.arange(-_reach(sigma, rstep), _reach(sigma, rstep) + 1)
    s = np.cos(pi * (np.arange(powers) + 0.5) / powers)
    x = (offsets[:, None] - (1 + s) / 2) * rstep
    peak = np.exp(-0.5 * (x / sigma) ** 2) / (sigma * sqrt(2 * pi))
    return np.ascontiguousarray(np.linalg.solve(np.vander(s, increasing=True), peak.T))


@lru_cache(maxsize=256)
def _peaks(sigma: float, rstep: float, length: int, powers: int) -> NDArray[np.complex128]:
    """Return the transform of the coefficients in powers of s of the peak."""
    offsets = np.arange(-_reach(sigma, rstep), _reach(sigma, rstep) + 1)
    coefficients = np.zeros((powers, length))
    coefficients[:, offsets] = _coefficients(sigma, rstep, powers)
    return np.asarray(np.fft.rfft(coefficients))
