"""From sums over pairs to G(r): the grids, the finite Q-range and the instrument's envelope.

The conventions are those of diffpy.srreal (Juhás et al., Acta Cryst. A 71 (2015) 562): the sums are made on a grid that
is longer than the one asked for, so that termination ripples and peak tails from beyond its ends are there.
"""

from dataclasses import dataclass
from math import ceil, pi, sqrt

import numpy as np
from scipy.fft import irfft, rfft

from firstshell.types import Array

PEAK_CUT = sqrt(-2 * np.log(3.33e-6))
"""A Gaussian is cut at this many σ on both sides (5.022)."""
RIPPLES = 6
MAX_EXTENSION = 10.0


@dataclass(frozen=True)
class Extent:
    """The grids of one calculation, all of them multiples i·rstep of one step in Å.

    pairs : first and last index (last excluded) of the grid that peaks are summed on; pairs outside it do not count
    ripples : the same of the shorter grid that is Fourier transformed
    result : the same of the grid asked for, [rmin, rmax)
    """

    rstep: float
    pairs: tuple[int, int]
    ripples: tuple[int, int]
    result: tuple[int, int]

    @property
    def fft_points(self) -> int:
        """Length of the sine transform: the power of two that holds the extended grid."""
        return 1 << (self.ripples[1] - 1).bit_length()

    def r(self, span: tuple[int, int]) -> Array:
        """Return the grid points of a span in Å."""
        return np.asarray(np.arange(*span) * self.rstep)

    @property
    def q(self) -> Array:
        """The points of the sine transform in Å⁻¹."""
        return np.asarray(np.arange(self.fft_points) * (pi / (self.fft_points * self.rstep)))


def extent(rmin: float, rmax: float, rstep: float, qmax: float, widest_peak: float) -> Extent:
    """Return the grids for [rmin, rmax) at a step, all in Å, and qmax in Å⁻¹ (0: unlimited).

    widest_peak : σ in Å of the widest peak to be expected.
    """
    ripples = RIPPLES * 2 * pi / qmax if 0 < qmax < pi / rstep else 0.0
    tails = PEAK_CUT * widest_peak
    shrink = min(1.0, MAX_EXTENSION / (ripples + tails)) if ripples + tails > 0 else 1.0

    def span(beyond: float) -> tuple[int, int]:
        return max(int((rmin - beyond) / rstep), 0), ceil((rmax + beyond) / rstep)

    # Rounding errors of rmin/rstep must not move the ends of the grid asked for.
    result = ceil(rmin / rstep - 1e-9), ceil(rmax / rstep - 1e-9)
    return Extent(rstep, span((ripples + tails) * shrink), span(ripples * shrink), result)


def limit_q(g: Array, extent: Extent, qmin: float, qmax: float, weight: Array | None = None) -> Array:
    """Return what a measurement over [qmin, qmax) Å⁻¹ sees of functions of r; qmax = 0 means unlimited.

    g : (..., n) on the extent's `ripples` span, divided by r already (Å⁻²)
    weight : (fft_points,) factor in Q space, None for 1
    """
    if qmin == 0 and (qmax == 0 or qmax >= pi / extent.rstep) and weight is None:
        return g
    points, (first, last) = extent.fft_points, extent.ripples
    padded = np.zeros((*g.shape[:-1], last))
    padded[..., first:] = g
    dq = pi / (points * extent.rstep)
    low, high = ceil(qmin / dq), points if qmax == 0 else min(ceil(qmax / dq), points)
    # An odd function on [−points, points) is a series of sines: of the values from 0 on the imaginary part, twice.
    sines = rfft(padded, 2 * points)[..., :high]
    sines.real = 0
    sines[..., :low] = 0
    if weight is not None:
        sines *= weight[:high]
    return np.asarray(2 * irfft(sines, 2 * points)[..., first:last])


def resolution_envelope(r: Array, qdamp: float) -> Array:
    """Return exp(−(r·qdamp)²/2): the loss of peak height from the instrument's resolution; r in Å, qdamp in Å⁻¹."""
    return np.exp(-0.5 * (r * qdamp) ** 2)
