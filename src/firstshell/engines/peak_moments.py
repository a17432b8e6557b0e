"""Gaussian peaks as polynomials of the place within a grid cell, for pair sums in which many peaks share a width.

A pair at distance d = (m + (1 + s)/2)·rstep, s in [−1, 1), contributes Gauss((m + k)·rstep − d) at grid point m + k. For
each k that is a smooth function of s, and a polynomial of degree 7 stands for it to 1e-11 of the peak where σ is four steps
or more. So the sum over pairs only needs Σ w·s^p of each cell, and the peaks follow by one fold with the coefficients.
"""

from __future__ import annotations

from functools import lru_cache
from math import pi, sqrt

import numpy as np

from firstshell.engines.termination import PEAK_CUT
from firstshell.types import Array

POWERS = 8
BLOCK = 16


def is_smooth(sigma: Array, rstep: float) -> bool:
    """Whether the polynomials are exact enough for all these peak widths (Å) on a grid of step rstep (Å)."""
    return bool((sigma >= 4 * rstep).all())


def fold(moments: Array, sigma: float, rstep: float) -> Array:
    """Return the sum of peaks on the grid.

    moments : (n + 1, POWERS) Σ w·s^p of the cells from grid point 0 to grid point n
    sigma : width of the peaks, Å

    Returns (n,) values. Peaks reach floor(5.022·σ/rstep) points to either side of the start of their cell.
    """
    reach = int(PEAK_CUT * sigma / rstep)
    n = len(moments) - 1
    blocks = _blocks(sigma, rstep)
    shifts = len(blocks)
    rows = -(-n // BLOCK)
    # A convolution written as products of blocks, because a matrix product is the fastest thing there is.
    padded = np.zeros((rows + shifts - 1) * BLOCK * POWERS)
    values = moments.ravel()[: len(padded) - reach * POWERS]
    padded[reach * POWERS : reach * POWERS + len(values)] = values
    cells = padded.reshape(-1, BLOCK * POWERS)
    result = cells[:rows] @ blocks[0]
    for shift in range(1, shifts):
        result += cells[shift : shift + rows] @ blocks[shift]
    return np.asarray(result.ravel()[:n])


@lru_cache(maxsize=256)
def _blocks(sigma: float, rstep: float) -> Array:
    """Return (shifts, BLOCK·POWERS, BLOCK): what a block of cells adds to the block of points `shift` before it."""
    reach = int(PEAK_CUT * sigma / rstep)
    s = np.cos(pi * (np.arange(POWERS) + 0.5) / POWERS)
    # Point i collects from the cells i − reach … i + reach, that is k from +reach down to −reach.
    x = (np.arange(reach, -reach - 1, -1)[:, None] - (1 + s) / 2) * rstep
    peak = np.exp(-0.5 * (x / sigma) ** 2) / (sigma * sqrt(2 * pi))
    coefficients = np.linalg.solve(np.vander(s, increasing=True), peak.T).T
    shifts = -(-(len(coefficients) + BLOCK - 1) // BLOCK)
    tap = np.arange(shifts * BLOCK)[:, None] - np.arange(BLOCK)
    inside = (tap >= 0) & (tap < len(coefficients))
    blocks = np.where(inside[..., None], coefficients[np.where(inside, tap, 0)], 0.0)
    return np.ascontiguousarray(blocks.reshape(shifts, BLOCK, BLOCK, POWERS).swapaxes(2, 3)).reshape(shifts, -1, BLOCK)
