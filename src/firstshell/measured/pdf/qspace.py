"""What the Q-range of a measurement makes of G(r): cutting, resampling, and telling it from G(r) itself.

G(r) is the sine transform of F(Q), an odd function of r. One that was measured up to Qmax is given whole by its values
at steps of π/Qmax (Farrow, Shaw, Kim, Juhás, Billinge, Phys. Rev. B 84, 134105 (2011)).
"""

from functools import lru_cache

import numpy as np
from scipy.fft import dst
from scipy.interpolate import CubicSpline

from firstshell.errors import InputError
from firstshell.simulation.pairs.termination import resolution_envelope
from firstshell.types import Array, Grid

LEAST_QMAX = 5.0
"""Å⁻¹ below which first shells are not resolved."""
LEAST_DU, MOST_DU = -0.003, 0.1
"""Å² that a displacement may change by; to sharpen more would bring up what was never there."""
PADDED = 4096
"""Points of the transforms of simulated PDFs."""
BEYOND = 20.0
"""Å past the grid of the result from which a measured G(r) still counts in resampling."""
HIGHEST_Q = 400.0
"""Å⁻¹ up to which a band limit is sought."""
FLOOR, SMALLEST, QUIET = 20.0, 1e-3, 0.02
"""What of F(Q) counts as signal, over the noise beyond the limit and of the largest amplitude; and how much of the
latter may be in doubt for there to be a limit at all."""
LEAST_NYQUIST = 45.0
"""Å⁻¹ that the steps of r must carry for a limit to show: no step over 0.07 Å."""
UNEVEN = 0.01
"""Share of a step by which the steps of a grid may differ from each other."""


def as_measured(
    values: Array, grid: Grid, *, qmax: float | None = None, qdamp: float = 0.0, du: float = 0.0, qmin: float = 0.0
) -> Array:
    """Return simulated PDFs as a measurement of other Q-range and resolution and of warmer atoms would have them.

    values : (..., n) G(r) or differential PDFs in Å⁻² on the grid
    grid : r in Å, even steps from 0
    qmax, qmin : Å⁻¹, the measured range; None keeps the upper limit that the values have
    qdamp : Å⁻¹, loss of peak height with r from the instrument's resolution, which is multiplied to what there is
    du : Å² by which the mean-square displacement of every atom is larger than in the simulation

    Each peak becomes wider by a variance of 2·du (both atoms move), which is a factor exp(−du·Q²) of F(Q), exact as the
    engine divides each peak by the distance of its pair. What lies beyond the end of the grid is taken as 0; that shows
    near the end. Of PDFs on 0–10 Å, against simulations made anew (`python bench/pdf_match.py`), the RMS error as a
    share of the RMS of G is 0.8 % within 1–6 Å for qmax 18, 1.4 % for 16 and 0.2 % for du up to 0.02 Å², and up to
    2.4 % at 8–9 Å, but 5 to 20 % at 9–10 Å: use up to 9 Å. A qmin of 0.5 to 2 Å⁻¹ costs 2 to 7 %, as waves so long do
    not show in 10 Å.

    Raises InputError for settings without meaning and for another grid.
    """
    r = grid.values
    step = _even_step(r)
    if step is None or abs(r[0]) > 1e-9 or np.shape(values)[-1] != len(r):
        raise InputError("the PDFs do not stand on even steps from r = 0", remedy="Simulate them with rmin = 0")
    _check("qdamp", qdamp, 0.0, 1.0)
    _check("du", du, LEAST_DU, MOST_DU)
    _check("qmin", qmin, 0.0, LEAST_QMAX)
    if qmax is not None:
        _check("qmax", qmax, LEAST_QMAX, np.inf)
    limit = np.inf if qmax is None else qmax
    seen = values if (limit, du, qmin) == (np.inf, 0.0, 0.0) else values @ _filter(len(r), step, limit, du, qmin)
    return np.asarray(seen * resolution_envelope(r, qdamp))


def resample(r: Array, g: Array, wanted: Array, qmax: float) -> Array:
    """Return a measured G(r) at other places, free of what lies above qmax (Å⁻¹).

    r : (n,) Å, increasing, not below 0; uneven steps are made even by a cubic spline first
    g : (n,) G(r) in any unit
    wanted : (m,) Å

    This is the sum of sinc functions at the points and at their images at −r. It is exact where r has steps of at most
    π/qmax and reaches well past `wanted`; what is not measured counts as 0.
    """
    step = _even_step(r)
    if step is None:
        step = float(np.diff(r).min())
        step = max(step, float(r[-1] - r[0]) / 100_000)
        even = np.arange(r[0], r[-1], step)
        r, g = even, CubicSpline(r, g)(even)
    near = r <= wanted[-1] + BEYOND
    apart, image = wanted[:, None] - r[near], wanted[:, None] + r[near]
    kernel = np.sinc(apart * qmax / np.pi) - np.sinc(image * qmax / np.pi)
    return np.asarray(kernel @ g[near] * (step * qmax / np.pi))


def band_limit(r: Array, g: Array) -> float | None:
    """Return the Q in Å⁻¹ above which a G(r) holds but noise: the Qmax it was made with, or where F(Q) died away.

    None when the steps of r are too wide to show anything beyond the limit. The ends are smoothed by a window, so the
    resolution is about 2π over the range of r.
    """
    step = _even_step(r)
    if step is None or np.pi / step < LEAST_NYQUIST:
        return None
    q, amplitude = _spectrum(r, g, step)
    beyond = float(np.median(amplitude[q > 0.75 * q[-1]]))
    largest = float(amplitude.max())
    if not 0 <= FLOOR * beyond < QUIET * largest:
        return None
    last = float(q[amplitude > max(FLOOR * beyond, SMALLEST * largest)][-1])
    return last if last < 0.9 * q[-1] else None


def share_beyond(r: Array, g: Array, limit: float) -> float:
    """Return the share of the power of a curve that lies above a Q in Å⁻¹; 0 for uneven steps and too wide ones."""
    step = _even_step(r)
    if step is None or np.pi / step < limit:
        return 0.0
    q, amplitude = _spectrum(r, g, step)
    return float(np.sum(amplitude[q > limit] ** 2) / max(np.sum(amplitude**2), 1e-300))


def _spectrum(r: Array, g: Array, step: float) -> tuple[Array, Array]:
    """Return Q in Å⁻¹ and the amplitude of the sine transform of a curve, its end smoothed by a window."""
    start = round(float(r[0]) / step)
    padded = np.zeros(1 << (2 * (start + len(r))).bit_length())
    padded[start : start + len(r)] = g * np.cos(0.5 * np.pi * r / r[-1]) ** 2
    q = np.arange(1.0, len(padded)) * (np.pi / (len(padded) * step))
    within = q <= HIGHEST_Q
    return np.asarray(q[within], dtype=float), np.asarray(np.abs(dst(padded[1:], type=1))[within])


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # NaN too
        raise InputError(f"{name} = {value:g} is out of range", remedy=f"Give {low:g} to {high:g}")


def _even_step(r: Array) -> float | None:
    """Return the step of an even grid; None for any other."""
    steps = np.diff(r)
    step = float(r[-1] - r[0]) / (len(r) - 1)
    return step if np.abs(steps - step).max() <= UNEVEN * step else None


@lru_cache(maxsize=128)
def _filter(points: int, step: float, qmax: float, du: float, qmin: float) -> Array:
    """Return the symmetric (n, n) matrix that cuts [qmin, qmax) and damps F(Q) by exp(−du·Q²)."""
    size = PADDED * (1 + points // 1024)
    q = np.arange(1, size) * np.pi / (size * step)
    weight = np.exp(-du * q**2) * ((q >= qmin) & (q < qmax))
    unit = np.zeros((points, size - 1))
    unit[np.arange(1, points), np.arange(points - 1)] = 1.0
    matrix = np.zeros((points, points))
    matrix[:, 1:] = dst(dst(unit, type=1) * weight, type=1)[:, : points - 1] / (2 * size)
    matrix.setflags(write=False)
    return matrix
