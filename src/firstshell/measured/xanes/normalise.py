"""From μ(E) as measured to edge steps: E0, pre-edge line, post-edge curve.

The recipe is that of larch and Athena (Newville, J. Phys. Conf. Ser. 430, 012007 (2013); Ravel and Newville, J.
Synchrotron Rad. 12, 537 (2005)): a line below the edge, a polynomial above it, their difference at E0 is the edge step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from firstshell.elements import is_foil, k_edge
from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured
from firstshell.measured.xanes.edge import check_metal, find_edge, metal_at
from firstshell.types import Array, Grid, Spectrum

SHORT, VERY_SHORT = 150.0, 40.0
"""eV past the edge below which the edge step is uncertain by some 3 %, or by some 10 % (see the tests)."""
LEAST_BEFORE, LEAST_PAST = 10.0, 15.0
"""eV before and past the edge that are needed."""
LINE_BEFORE = 20.0
"""eV before the edge below which the line there is a constant: a slope of so little would be noise."""
LEAST_MU, MOST_MU = 1e-100, 1e100
"""Size of μ, in any unit, that can be calculated with."""
NORMALISED_PRE, NORMALISED_POST = 0.05, 0.2
"""How far from 0 and 1 a spectrum may be that is taken as normalised already."""
NOISY = 5.0
"""Edge step over noise that is needed."""


@dataclass(frozen=True)
class NormaliseParams:
    """How a spectrum is normalised; what is None is chosen from the scan.

    e0 : eV; the steepest rise when None
    pre1, pre2 : eV from E0, negative: range of the line below the edge; from the second point to half of that when None
    norm1, norm2 : eV from E0: range of the curve above the edge; from 25 eV, less in short scans, to the end when None
    order : of the curve: 0, 1 or 2. None: 2 for a range of 300 eV or more, 1 for 125 eV or more, else 0
    keep : leave a spectrum that is normalised already as it is

    The defaults are larch's but for the order in scans that end 45 to 150 eV past the edge, where larch draws a line
    through as little as 30 eV and extrapolates it to E0. A constant finds the edge step of the whole scan up to seven
    times as well (of 51 published scans cut short; the tests have the figures).

    Raises InputError for values without meaning.
    """

    e0: float | None = None
    pre1: float | None = None
    pre2: float | None = None
    norm1: float | None = None
    norm2: float | None = None
    order: int | None = None
    keep: bool = True

    def __post_init__(self) -> None:
        for name in ("e0", "pre1", "pre2", "norm1", "norm2"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and abs(value) < 1e6):
                raise InputError(f"{name} = {value!r} is no energy", remedy="Give eV")
        if self.order not in (None, 0, 1, 2):
            raise InputError(f"order = {self.order!r} is out of range", remedy="Give 0, 1 or 2")
        if any(value is not None and value > 0 for value in (self.pre1, self.pre2)):
            raise InputError("the pre-edge range is not below E0", remedy="Give negative pre1 and pre2 in eV")
        if any(value is not None and value < 0 for value in (self.norm1, self.norm2)):
            raise InputError("the post-edge range is not above E0", remedy="Give positive norm1 and norm2 in eV")


@dataclass(frozen=True, eq=False)
class Normalised:
    """A spectrum in edge steps, and the lines that made it so.

    metal : the absorber
    energy : (n,) eV, as measured
    mu : (n,) normalised μ in edge steps
    flat : (n,) the same with the post-edge curve turned to 1 past E0
    raw, pre, post : (n,) μ as measured, the line below and the curve above the edge, in its units
    e0 : eV, on the measured energies
    edge_step : in the units of raw
    settings : with every range filled in, in eV from E0
    kept : the spectrum was normalised already and is as it was
    reference : (n,) μ of a foil measured along with it, when there is one
    warnings : what a person should know
    """

    name: str
    source: str
    metal: str
    energy: Array
    mu: Array
    flat: Array
    raw: Array
    pre: Array
    post: Array
    e0: float
    edge_step: float
    settings: NormaliseParams
    kept: bool = False
    reference: Array | None = None
    warnings: tuple[str, ...] = ()

    @property
    def spectrum(self) -> Spectrum:
        """The normalised spectrum on the measured energies."""
        grid = Grid(self.energy, "Energy", "eV")
        return Spectrum(grid, self.mu, "xanes", "μ(E)", "edge steps", self.metal, None, {"source": self.source})


def normalise(measured: Measured, settings: NormaliseParams | None = None, metal: str | None = None) -> Normalised:
    """Normalise a measured spectrum.

    measured : a K-edge scan
    settings : ranges in eV from E0; chosen from the scan by default
    metal : the absorber; by default what the file says, or else the element whose K edge is nearest to the edge found

    Raises InputError for a PDF, another edge than K, a scan without the edge or too short around it, and for a step
    that is downwards or lost in noise.
    """
    settings = settings or NormaliseParams()
    if measured.kind != "xanes":
        raise InputError(f"{measured.name} is a PDF", remedy="Give an absorption scan", file=measured.source)
    if measured.edge not in (None, "K"):
        what = f"{measured.name} is an {measured.edge} edge"
        raise InputError(what, remedy="Give a K-edge scan", file=measured.source)
    try:
        return _normalise(measured, settings, metal or measured.element)
    except InputError as error:
        raise InputError(error.what, remedy=error.remedy, file=f"{measured.source} ({measured.name})") from None


def _normalise(measured: Measured, settings: NormaliseParams, metal: str | None) -> Normalised:
    energy, raw = measured.x, measured.y
    if not LEAST_MU < np.abs(raw).max() < MOST_MU:
        raise InputError(f"μ of up to {np.abs(raw).max():.0e} is no absorption", remedy="Is it the right column?")
    metal, e0, rivals = _edge(energy, raw, settings.e0, metal)
    _check_reach(energy, e0, LEAST_PAST, 0.0)
    warnings = _advice(energy, e0, metal, measured.reference is not None)
    if is_foil(measured.name, metal):
        warnings = (*warnings, f"it is named as a foil of {metal}: the models know compounds with oxygen, not metals")
    if rivals:
        places = ", ".join(f"{energy:.1f}" for energy in rivals)
        warnings = (*warnings, f"E0 is put at {e0:.1f} eV, but the edge rises nearly as steeply at {places} eV")
    zero = np.zeros(len(raw))
    found = Normalised(
        measured.name, measured.source, metal, energy, mu=raw, flat=raw, raw=raw, pre=zero, post=zero + 1.0, e0=e0,
        edge_step=1.0, settings=_fill(settings, energy, e0), kept=True, reference=measured.reference, warnings=warnings,
    )  # fmt: skip
    if not settings.keep or measured.normalised is False:
        return _fitted(found)
    if _is_normalised(energy, raw, e0):
        said = "the file says" if measured.normalised else "it runs from 0 to 1, as if"
        return replace(found, warnings=(*warnings, f"{said} it is normalised: it was left as it is"))
    if measured.normalised:
        warnings = (*warnings, "the file says it is normalised, but it does not run from 0 to 1: done again")
    return _fitted(replace(found, warnings=warnings))


def _edge(energy: Array, raw: Array, e0: float | None, metal: str | None) -> tuple[str, float, tuple[float, ...]]:
    """Return absorber, E0 and its rivals, whichever of the first two are given."""
    if e0 is not None:
        metal = metal or metal_at(e0)
        check_metal(metal, e0)
        return metal, e0, ()
    found = find_edge(energy, raw, metal)
    return found.metal, found.e0, found.rivals


def _check_reach(energy: Array, e0: float, past: float, before: float) -> None:
    if not e0 + past <= energy[-1]:
        what = f"the scan ends {energy[-1] - e0:.0f} eV past the edge at {e0:.1f} eV"
        raise InputError(what, remedy=f"At least {past:.0f} eV are needed")
    if not energy[0] <= e0 - before:
        what = f"the scan begins {e0 - energy[0]:.0f} eV before the edge at {e0:.1f} eV"
        raise InputError(what, remedy=f"At least {before:.0f} eV are needed, unless the spectrum is normalised")


def _fitted(found: Normalised) -> Normalised:
    """Return a spectrum normalised by a line below and a curve above the edge, in the ranges of its settings."""
    energy, raw, e0, settings = found.energy, found.raw, found.e0, found.settings
    _check_reach(energy, e0, LEAST_PAST, LEAST_BEFORE)
    pre = _line(energy, raw, e0, settings)
    above = _above(energy, raw - pre, e0, settings)
    step, noise = float(np.interp(e0, energy, above)), _noise(energy, raw, e0, settings)
    if not step > NOISY * noise:
        raise InputError(
            f"an edge step of {step:.3g} is {'downwards' if step <= 0 else f'lost in noise of {noise:.2g}'}",
            remedy="Is it the right column? Or give pre-edge and post-edge ranges",
        )
    mu = (raw - pre) / step
    flat = np.where(energy < e0, mu, mu - above / step + 1.0)
    return replace(found, mu=mu, flat=flat, pre=pre, post=pre + above, edge_step=step, kept=False)


def _advice(energy: Array, e0: float, metal: str, has_foil: bool) -> tuple[str, ...]:
    """Return what is doubtful about a scan before anything is fitted."""
    found = []
    past, before = energy[-1] - e0, e0 - energy[0]
    if past < SHORT:
        doubt = "10 %" if past < VERY_SHORT else "3 %"
        found.append(f"the scan ends {past:.0f} eV past the edge: the edge step is uncertain by some {doubt}")
    if before < LINE_BEFORE:
        found.append(f"the scan begins {before:.0f} eV before the edge: the pre-edge is taken as a constant")
    offset = e0 - k_edge(metal)
    if not has_foil and not -5.0 <= offset <= 25.0:
        found.append(f"E0 lies {offset:+.1f} eV from the tabulated edge of {metal}: the calibration may be off")
    return tuple(found)


def _fill(settings: NormaliseParams, energy: Array, e0: float) -> NormaliseParams:
    """Fill in the ranges that are not given, kept within the scan."""
    first, last = float(energy[0] - e0), float(energy[-1] - e0)
    pre1 = settings.pre1 if settings.pre1 is not None else 5.0 * round(float(energy[1] - e0) / 5.0)
    pre2 = settings.pre2 if settings.pre2 is not None else 0.5 * max(pre1, first)
    norm2 = settings.norm2 if settings.norm2 is not None else 5.0 * round(last / 5.0)
    norm1 = settings.norm1 if settings.norm1 is not None else min(25.0, 5.0 * round(norm2 / 15.0))
    pre1, pre2 = sorted((pre1, pre2))
    norm1, norm2 = sorted((norm1, norm2))
    pre1, norm2 = max(pre1, first), min(norm2, last)
    span = norm2 - norm1
    order = settings.order if settings.order is not None else 2 if span >= 300 else 1 if span >= 125 else 0
    return replace(settings, e0=e0, pre1=pre1, pre2=pre2, norm1=norm1, norm2=norm2, order=order)


def _within(energy: Array, low: float, high: float) -> slice:
    """Return the points from the last at or below `low` to the one nearest to `high`, without it, as larch does."""
    first = max(0, int(np.searchsorted(energy, low, side="right")) - 1)
    return slice(first, int(np.argmin(np.abs(energy - high))))


def _line(energy: Array, raw: Array, e0: float, settings: NormaliseParams) -> Array:
    """Return the line below the edge, or a constant where there is little to draw one through."""
    assert settings.pre1 is not None
    assert settings.pre2 is not None
    part = _within(energy, e0 + settings.pre1, e0 + settings.pre2)
    if settings.pre2 < energy[0] - e0:
        raise InputError("no points below the edge", remedy="Give a wider pre-edge range, pre1 to pre2")
    if part.stop - part.start < 3 or e0 - energy[0] < LINE_BEFORE:
        part = slice(part.start, max(part.stop, part.start + 1))
        return np.full(len(energy), float(raw[part].mean()))
    return np.asarray(np.polynomial.Polynomial.fit(energy[part], raw[part], 1)(energy))


def _above(energy: Array, raised: Array, e0: float, settings: NormaliseParams) -> Array:
    """Return the curve above the edge, from the scan less the line below it."""
    assert settings.norm1 is not None
    assert settings.norm2 is not None
    assert settings.order is not None
    part = _within(energy, e0 + settings.norm1, e0 + settings.norm2)
    count = part.stop - part.start
    if count < 3:
        what = f"{max(count, 0)} points from {settings.norm1:.0f} to {settings.norm2:.0f} eV past the edge"
        raise InputError(what, remedy="Give a wider post-edge range, norm1 to norm2")
    order = min(settings.order, count - 2)
    return np.asarray(np.polynomial.Polynomial.fit(energy[part], raised[part], order)(energy))


def _noise(energy: Array, raw: Array, e0: float, settings: NormaliseParams) -> float:
    """Return the noise of single points below the edge: robust, from second differences."""
    assert settings.pre2 is not None
    part = raw[energy < e0 + min(settings.pre2, -5.0)]
    if len(part) < 6:
        return 0.0
    return float(np.median(np.abs(np.diff(part, 2))) / 0.6745 / np.sqrt(6.0))


def _is_normalised(energy: Array, raw: Array, e0: float) -> bool:
    """Whether a spectrum runs from 0 well below the edge to about 1 past it."""
    before, after = raw[energy < e0 - min(10.0, 0.7 * (e0 - energy[0]))], raw[energy > e0 + LEAST_PAST]
    if len(before) == 0 or len(after) == 0:
        return False
    return bool(abs(np.median(before)) < NORMALISED_PRE and abs(after.mean() - 1) < NORMALISED_POST)
