"""χ(k) of a normalised scan, as far as it can be used, and why it ends there."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from firstshell.elements import half_step
from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured
from firstshell.measured.exafs.background import K_STEP, chi_of, mesh_to, wave_number
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.other_edges import MARGIN, other_edges
from firstshell.types import Array, Grid, Spectrum
from firstshell.units import EV_PER_K2

LATEST = 3.0
"""Å⁻¹ from which on χ(k) is needed."""
LEAST = 7.0
"""Å⁻¹ that χ(k) must reach to be used."""
FURTHEST = 16.0
"""Å⁻¹ beyond which nothing is looked at."""
SOONEST = 4.0
"""Å⁻¹ from which on noise and glitches are looked for: before, the edge itself is steep."""
AROUND = 20
"""Points on whose root mean square an end is decided: 1 Å⁻¹."""
NOISY = 0.5
"""Noise over signal, both as root mean squares over 1 Å⁻¹, at which a range ends."""
GLITCH, GLITCH_NOISE = 0.6, 10.0
"""How far a point stands off its neighbours, of the signal about it and of the noise about it, where a range ends."""
WEAKEST = 0.05
"""Å⁻², root mean square of k²χ(k) from `LATEST` to `LEAST` below which there is none: 68 scans have 0.25 to 1.4."""
DIFFERENCES = np.array([1.0, -4.0, 6.0, -4.0, 1.0]) / np.sqrt(70.0)
"""Fourth differences, so scaled that noise keeps its size; of a wave from a shell at 4 Å they leave 0.3 %."""


@dataclass(frozen=True, eq=False)
class MeasuredExafs:
    """χ(k) of one sample.

    metal : the absorber; None where a file of χ(k) does not say
    k : (n,) Å⁻¹ from 0 in steps of `K_STEP`, up to where χ(k) can be used
    chi : (n,)
    because : why it ends there, "" where the file ends
    warnings : what a person should know
    """

    name: str
    source: str
    metal: str | None
    k: Array
    chi: Array
    because: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def end(self) -> float:
        """The last k in Å⁻¹."""
        return float(self.k[-1])

    @property
    def range(self) -> str:
        """Up to where it can be used and why, as part of a sentence."""
        return f"k = {self.end:.1f} Å⁻¹" + (f", where {self.because}" if self.because else "")

    def weighted(self, k: Array, power: int) -> Array:
        """Return kⁿχ(k) on a mesh (m,) within the range."""
        return np.asarray(k**power * np.interp(k, self.k, self.chi))

    @property
    def spectrum(self) -> Spectrum:
        """χ(k) on its own mesh."""
        grid = Grid(self.k, "k", "Å⁻¹")
        return Spectrum(grid, self.chi, "exafs", "χ(k)", "1", self.metal or "", None, {"source": self.source})


def extract(found: Normalised) -> MeasuredExafs:
    """Return χ(k) of a normalised scan.

    E0 is where the flattened scan reaches half an edge step: where it is steepest jumps by up to 5 eV between the rises
    of one edge. The range ends with the scan, before the edge of another element, at a glitch, or where noise is half
    of the signal.

    Raises InputError where it ends before `LEAST`, and where there is none.
    """
    e0 = float(half_step(found.energy, found.flat)[0])
    if not np.isfinite(e0):
        raise InputError("the scan begins past its half step", remedy="Give a scan with its pre-edge")
    end, because = _scanned(found, e0)
    k, chi = chi_of(found.energy, found.mu, e0, _long_enough(end, because))
    usable = usable_end(k, chi)
    if usable is not None:
        end, because = usable
        k, chi = chi_of(found.energy, found.mu, e0, _long_enough(end, because))
    size = np.sqrt(np.mean((k**2 * chi)[(k >= LATEST) & (k <= LEAST)] ** 2))
    if size < WEAKEST:
        what = f"the scan has no EXAFS: k²χ(k) is {size:.3f} Å⁻² up to k = {LEAST:.0f} Å⁻¹"
        raise InputError(what, remedy="Is the scan smoothed, or calculated without fine structure?")
    return MeasuredExafs(found.name, found.source, found.metal, k, chi, because)


def from_chi(measured: Measured, metal: str | None) -> MeasuredExafs:
    """Return the χ(k) of a file on the mesh, as far as it can be used.

    Raises InputError where it begins past `LATEST`, or ends before `LEAST`.
    """
    k, values = measured.x, measured.y
    if k[0] > LATEST:
        what = f"χ(k) begins at k = {k[0]:.1f} Å⁻¹"
        raise InputError(what, remedy=f"Give it from {LATEST:.1f} Å⁻¹ on", file=measured.source)
    mesh = mesh_to(min(float(k[-1]), FURTHEST))
    chi, because = np.interp(mesh, k, values), ""
    usable = usable_end(mesh, chi)
    end = mesh[-1]
    if usable is not None:
        end, because = usable
    try:
        _long_enough(end, because)
    except InputError as error:
        raise InputError(error.what, remedy=error.remedy, file=measured.source) from None
    kept = mesh <= end + 1e-9
    return MeasuredExafs(
        measured.name, measured.source, metal or measured.element, mesh[kept], chi[kept], because, measured.notes
    )


def _scanned(found: Normalised, e0: float) -> tuple[float, str]:
    """Return up to which k in Å⁻¹ the scan goes without the edge of another element, and the reason if it is one."""
    end, because = min(float(wave_number(found.energy[-1:], e0)[0]), FURTHEST), ""
    for other in other_edges(found.energy, found.mu, e0, found.metal):
        place = min(other.place, other.tabulated) - MARGIN
        if place > e0 and wave_number(np.array([place]), e0)[0] < end:
            return float(wave_number(np.array([place]), e0)[0]), f"{other.name} follows"
    return end, because


def _long_enough(end: float, because: str) -> float:
    if end < LEAST - K_STEP / 2:
        why = f", where {because}" if because else ""
        raise InputError(
            f"the EXAFS ends at k = {end:.1f} Å⁻¹{why}",
            remedy=f"Measure on to k = {LEAST:.0f} Å⁻¹ ({LEAST**2 * EV_PER_K2:.0f} eV past the edge) or more",
        )
    return end


def usable_end(k: Array, chi: Array) -> tuple[float, str] | None:
    """Return where noise or a glitch ends χ(k), and which of them; None where neither does."""
    rough = np.zeros(len(k))
    rough[2:-2] = np.abs(np.convolve(chi, DIFFERENCES, mode="valid"))
    noise = np.median(_around(rough), axis=1) / 0.6745
    signal = np.sqrt(np.maximum(_around(chi**2).mean(axis=1) - noise**2, 0.0))
    spoilt = (rough > GLITCH * signal) & (rough > GLITCH_NOISE * noise)
    drowned = noise > NOISY * signal
    for i in np.flatnonzero((spoilt | drowned) & (k >= SOONEST)):
        if spoilt[i]:
            return float(k[i] - 3 * K_STEP), "there is a glitch"
        return float(k[i]), "noise is half of the signal"
    return None


def _around(values: Array) -> Array:
    """Return (n, AROUND + 1) the values of the 1 Å⁻¹ about each point, reflected at the ends."""
    return sliding_window_view(np.pad(values, AROUND // 2, mode="reflect"), AROUND + 1)
