"""A measured PDF on the grid and conditions of simulated ones: r grid, Q-range, resolution, radiation, and no scale.

Simulated PDFs are brought to the conditions of the measurement (`as_measured`, or made anew by `pdf_remake`), the
measured one to the grid of the simulated (`match_pdf`), and both are divided by their RMS (`scale_free`).
"""

from dataclasses import dataclass, replace
from math import isfinite, pi

import numpy as np

from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured, PdfHeader
from firstshell.measured.pdf.checks import advice, check_curve
from firstshell.measured.pdf.qspace import LEAST_QMAX, as_measured, band_limit, resample
from firstshell.simulation.pairs.scattering_lengths import RADIATIONS
from firstshell.simulation.pdf import PdfParams, grid
from firstshell.types import Array, Grid

__all__ = ["WINDOW", "MatchedPdf", "PdfConditions", "as_measured", "match_pdf", "scale_free", "window"]

WINDOW = (1.3, 9.0)
"""Å that models look at: below, data are rarely right; above, `as_measured` is not."""
QDAMP = {"xray": 0.04, "neutron": 0.02}
"""Å⁻¹ that are assumed where nothing is said: of area detectors, and of time of flight."""
NO_QDAMP = "Qdamp is not known"
"""How the warning begins that one of these is assumed."""
COARSE_QMAX = 15.0
"""Å⁻¹ below which bonds that differ by 0.2 Å are not told apart (π/Qmax)."""
GAP = 2.5
"""Times the usual step of r beyond which rows are missing, if the gap is also too wide for Qmax."""


@dataclass(frozen=True)
class PdfConditions:
    """How a PDF was measured, as far as its simulation must know it.

    radiation : "xray" or "neutron"
    qmax, qmin : Å⁻¹, the range; qmin is 0 unless it was asked for
    qdamp : Å⁻¹, loss of peak height with r from the instrument's resolution
    doubtful : what of these is neither in the file nor given by the user, but estimated or assumed
    """

    radiation: str = "xray"
    qmax: float = 30.0
    qmin: float = 0.0
    qdamp: float = 0.0
    doubtful: tuple[str, ...] = ()

    def params(self, base: PdfParams | None = None) -> PdfParams:
        """Return the settings of a simulation under these conditions; base : what they do not say."""
        base = base or PdfParams()
        return replace(base, radiation=self.radiation, qmax=self.qmax, qmin=self.qmin, qdamp=self.qdamp)


@dataclass(frozen=True, eq=False)
class MatchedPdf:
    """A measured PDF on the model's grid.

    grid : r in Å
    values : (n,) G(r) in Å⁻², of the scale that the file has; 0 where the file has nothing, outside `WINDOW`
    features : (m,) the same within `WINDOW` over its RMS there: what a model is asked about
    conditions : how it was measured
    composition : formula in its header, as it stands there
    warnings : what a person should know
    r, g : (k,) Å and G(r) as in the file
    differential : of a differential PDF whose header says so, the element whose it is
    """

    name: str
    source: str
    grid: Grid
    values: Array
    features: Array
    conditions: PdfConditions
    composition: str | None
    warnings: tuple[str, ...]
    r: Array
    g: Array
    differential: str | None = None


def window(r: Array) -> slice:
    """Return the part of an r grid (Å) that models look at."""
    first, last = np.searchsorted(r, np.array(WINDOW) - 1e-9)
    return slice(int(first), int(last))


def scale_free(values: Array, target: Grid) -> Array:
    """Return PDFs within `WINDOW` over their RMS there, (..., m): the scale of G(r) is rarely known to a few per cent.

    values : (..., n) G(r) in any unit on the target grid

    The slope −4πρ₀ at low r would tell the scale of a sample of known density. It is not used: of three published PDFs
    it gives the density of one, and a tenth and a sixth of that of the others (tests), whose low r was corrected away.

    Raises InputError for a PDF without anything in the window.
    """
    part = values[..., window(target.values)]
    rms = np.sqrt(np.mean(part**2, axis=-1, keepdims=True))
    if not (rms > 0).all():
        raise InputError(f"the PDF is zero from {WINDOW[0]} to {WINDOW[1]} Å", remedy="Is it the right file?")
    return np.asarray(part / rms)


def match_pdf(
    measured: Measured,
    *,
    radiation: str | None = None,
    qmax: float | None = None,
    qdamp: float | None = None,
    qmin: float = 0.0,
) -> MatchedPdf:
    """Put a measured PDF on the grid of simulated ones.

    radiation, qmax (Å⁻¹), qdamp (Å⁻¹) : what was measured with; from the file's header by default, else estimated or
        assumed, which is said
    qmin : Å⁻¹; 0 by default, as programs that fit structures have it

    Raises InputError for what is no G(r), for one that does not reach over `WINDOW`, and for settings without meaning.
    """
    if measured.kind != "pdf" or measured.pdf is None:
        raise InputError(f"{measured.name} is no PDF", remedy="Give G(r)", file=measured.source)
    try:
        return _match(measured, radiation, qmax, qdamp, qmin)
    except InputError as error:
        raise InputError(error.what, remedy=error.remedy, file=measured.source) from None


def _match(
    measured: Measured, radiation: str | None, qmax: float | None, qdamp: float | None, qmin: float
) -> MatchedPdf:
    r, g = measured.x, measured.y
    largest = float(np.abs(g).max())
    if not 1e-100 < largest < 1e100:
        raise InputError(f"G(r) of up to {largest:.0e}", remedy="Is it the right column?")
    g = g / largest
    said = measured.pdf or PdfHeader()
    check_curve(r, g, named=qmax is not None or said.qmax is not None, differential=said.differential is not None)
    if r[0] > WINDOW[0] or r[-1] < WINDOW[1]:
        raise InputError(
            f"the PDF covers {r[0]:g} to {r[-1]:g} Å, but {WINDOW[0]} to {WINDOW[1]} Å are needed",
            remedy="Transform the data again over a longer range",
        )
    conditions = _conditions(measured, radiation, qmax, qdamp, qmin)
    target = grid(PdfParams())
    values = largest * resample(r, g, target.values, conditions.qmax)
    rms = float(np.sqrt(np.mean(values[window(target.values)] ** 2)))
    warnings = (*measured.notes, *advice(r, measured.y, rms), *_doubts(r, conditions))
    seen = scale_free(values, target)
    about = (conditions, said.composition, warnings, r, measured.y, said.differential)
    return MatchedPdf(measured.name, measured.source, target, values, seen, *about)


def _conditions(
    measured: Measured,
    radiation: str | None,
    qmax: float | None,
    qdamp: float | None,
    qmin: float,
) -> PdfConditions:
    """Settle the conditions: what the user gives goes before the header, the header before estimates."""
    said = measured.pdf
    assert said is not None
    found = {
        "radiation": radiation or (said.radiation and said.radiation.replace("-", "")),
        "qmax": qmax if qmax is not None else said.qmax,
        "qdamp": qdamp if qdamp is not None else said.qdamp,
    }
    kind = found["radiation"] or "xray"
    if kind not in RADIATIONS:
        raise InputError(f"radiation = {kind!r} is not known", remedy=f"Choose from: {', '.join(RADIATIONS)}")
    # Steps of r bound what there can be, whatever Qmax was.
    upper = min(PdfParams().qmax, pi / float(np.median(np.diff(measured.x))))
    known = found["qmax"] if found["qmax"] is not None else band_limit(measured.x, measured.y) or upper
    damping = found["qdamp"] if found["qdamp"] is not None else QDAMP[kind]
    for name, value, low in (("qmax", known, LEAST_QMAX), ("qdamp", damping, 0.0), ("qmin", qmin, 0.0)):
        if not (isfinite(float(value)) and float(value) >= low):
            raise InputError(f"{name} = {value} Å⁻¹ is out of range", remedy=f"Give {low:g} or more")
    doubtful = tuple(name for name, value in found.items() if value is None)
    return PdfConditions(kind, min(float(known), upper), qmin, float(damping), doubtful)


def _doubts(r: Array, conditions: PdfConditions) -> tuple[str, ...]:
    found = []
    qmax, step = conditions.qmax, float(np.median(np.diff(r)))
    if "qmax" in conditions.doubtful:
        found.append(f"the file does not say Qmax: {qmax:.1f} Å⁻¹ is taken, from the curve itself")
    if "radiation" in conditions.doubtful:
        found.append("the file does not say what was scattered: X-rays are assumed")
    if "qdamp" in conditions.doubtful:
        found.append(f"{NO_QDAMP}: {conditions.qdamp:g} Å⁻¹ is assumed")
    if qmax < COARSE_QMAX:
        found.append(f"with Qmax {qmax:.1f} Å⁻¹, distances nearer than {pi / qmax:.2f} Å are not told apart")
    if step > 0.999 * pi / qmax:
        found.append(f"steps of {step:g} Å hold no more than Qmax {pi / step:.1f} Å⁻¹: transform with finer ones")
    gap = _widest(r)
    if np.diff(r)[gap] > max(GAP * step, pi / qmax):
        found.append(f"rows seem to be missing: r goes from {r[gap]:g} to {r[gap + 1]:g} Å at once")
    return tuple(found)


def _widest(r: Array) -> int:
    """Return after which point r takes its widest step, by how far that is beyond the steps on both sides."""
    steps = np.pad(np.diff(r), 1, mode="edge")
    return int(np.argmax(steps[1:-1] - np.maximum(steps[:-2], steps[2:])))
