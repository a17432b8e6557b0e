"""From μ(E) as measured to edge steps: E0, pre-edge line, post-edge curve.

The recipe is that of larch and Athena (Newville, J. Phys. Conf. Ser. 430, 012007 (2013); Ravel and Newville, J.
Synchrotron Rad. 12, 537 (2005)): a line below the edge, a polynomial above it, their difference at E0 is the edge step.
"""

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from firstshell.elements import is_foil, k_edge
from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured, few
from firstshell.measured.xanes.edge import check_metal, find_edge, k_edges, metal_at
from firstshell.measured.xanes.other_edges import MARGIN, OtherEdge, other_edges
from firstshell.measured.xanes.spikes import spikes
from firstshell.types import Array, Grid, Spectrum

SHORT, VERY_SHORT = 150.0, 40.0
"""eV past the edge below which the edge step is uncertain by some 3 %, or by some 10 % (see the tests)."""
LEAST_BEFORE, LEAST_PAST = 10.0, 15.0
"""eV before and past the edge that are needed."""
LINE_BEFORE = 20.0
"""eV before the edge below which the line there is a constant: a slope of so little would be noise."""
LEAST_MU, MOST_MU = 1e-12, 1e12
"""Size of μ, in any unit, that detectors give: currents over currents, counts over currents."""
MOST_STEP = 12.0
"""Edge step in transmission beyond which nothing of the beam is left behind the edge."""
GAP = 1.8
"""Times the steps on both sides beyond which a point near the edge is missing."""
GOOD, BETTER = 20.0, 5.0
"""Edge step over noise below which a signal gives way to another that has five times as much."""
REST_OF_AN_EDGE = 40.0
"""eV past an edge of another element after which the line below the measured one may begin."""
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
    shift : eV that will be added to the energies: the edge is sought as if it were, E0 stays on the measured energies

    Ranges that are not given end before any other absorption edge that shows in the scan. Otherwise the defaults are
    larch's but for the order in scans that end 45 to 150 eV past the edge, where larch draws a line
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
    shift: float = 0.0

    def __post_init__(self) -> None:
        for name in ("e0", "pre1", "pre2", "norm1", "norm2", "shift"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and abs(value) < 1e6):
                raise InputError(f"{name} = {value!r} is no energy", remedy="Give eV")
        if self.order not in (None, 0, 1, 2):
            raise InputError(f"order = {self.order!r} is out of range", remedy="Give 0, 1 or 2")
        if any(value is not None and value > 0 for value in (self.pre1, self.pre2)):
            raise InputError("the pre-edge range is not below E0", remedy="Give negative pre1 and pre2 in eV")
        if any(value is not None and value < 0 for value in (self.norm1, self.norm2)):
            raise InputError("the post-edge range is not above E0", remedy="Give positive norm1 and norm2 in eV")


def with_shift(ranges: NormaliseParams | None, align: str | float) -> NormaliseParams | None:
    """Return ranges under which the edge is sought where `align` puts it, when that is a number of eV."""
    return replace(ranges or NormaliseParams(), shift=float(align)) if isinstance(align, int | float) else ranges


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
    file_type : what type of file it came from, in words
    how : how μ was made of its columns
    others : how else μ can be made of them
    ends : why a range ends where it does, "" when it is for no other element's edge
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
    file_type: str = ""
    how: str = ""
    others: tuple[str, ...] = ()
    ends: str = ""

    @property
    def spectrum(self) -> Spectrum:
        """The normalised spectrum on the measured energies."""
        grid = Grid(self.energy, "Energy", "eV")
        return Spectrum.absorption(grid, self.mu, self.metal, provenance={"source": self.source})


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
    metal = metal or (measured.element if measured.element in k_edges() else None)
    signals = [measured, *(each for each in measured.others if each.signal != "reference")]
    made: list[tuple[Measured, Normalised]] = []
    failed: list[InputError] = []
    for signal in signals:
        try:
            made.append((signal, _normalise(signal, settings, metal)))
        except InputError as error:
            failed.append(error)
    file = f"{measured.source} ({measured.name})"
    if not made:
        also = f" (so has {' and '.join(each.how for each in signals[1:])})" if len(signals) > 1 else ""
        raise InputError(failed[0].what + also, remedy=failed[0].remedy, file=file) from None
    chosen, found = _best(made)
    others = tuple(each.how for each in (measured, *measured.others) if each is not chosen)
    notes = () if chosen is measured else (f"{chosen.how} is taken, as {measured.how} has no sound edge",)
    return replace(
        found,
        warnings=(*notes, *found.warnings),
        file_type=measured.format,
        how=chosen.how,
        others=others,
    )


def _best(made: list[tuple[Measured, Normalised]]) -> tuple[Measured, Normalised]:
    """Return the first signal that has a sound step, unless it is noisy and another is far better."""
    first = made[0]
    quality = [
        found.edge_step / max(_noise(found.energy, found.raw, found.e0, found.settings), 1e-12 * found.edge_step)
        for _, found in made
    ]
    best = max(range(len(made)), key=lambda i: quality[i])
    return made[best] if quality[0] < GOOD and quality[best] > BETTER * quality[0] else first


def _normalise(measured: Measured, settings: NormaliseParams, metal: str | None) -> Normalised:
    measured, dropped = _without_spikes(measured)
    metal, e0, others = _edge(measured.x, measured.y, settings, metal)
    measured, more = _without_spikes(measured, e0)
    warnings = (*measured.notes, *_dropped(dropped + more))
    energy, raw = measured.x, measured.y
    if not LEAST_MU < np.abs(raw).max() < MOST_MU:
        raise InputError(f"μ of up to {np.abs(raw).max():.0e} is no absorption", remedy="Is it the right column?")
    _check_reach(energy, e0, LEAST_PAST, 0.0)
    warnings += _advice(energy, e0, e0 + settings.shift - k_edge(metal), metal, measured.reference is not None)
    if is_foil(measured.name, metal):
        warnings = (*warnings, f"it is named as a foil of {metal}: the models know compounds with oxygen, not metals")
    if others:
        places = ", ".join(f"{energy:.1f}" for energy in others)
        warnings = (*warnings, f"E0 is put at {e0:.1f} eV, but the edge rises nearly as steeply at {places} eV")
    zero = np.zeros(len(raw))
    below, above = _neighbours(energy, raw, e0, metal)
    found = Normalised(
        measured.name, measured.source, metal, energy, mu=raw, flat=raw, raw=raw, pre=zero, post=zero + 1.0, e0=e0,
        edge_step=1.0, settings=_fill(settings, energy, e0, below, above), kept=True, reference=measured.reference,
        warnings=warnings, ends=_ends(settings, below, above),
    )  # fmt: skip
    if settings.keep and measured.normalised is not False and _is_normalised(energy, raw, e0, above):
        said = "the file says" if measured.normalised else "it runs from 0 to 1, as if"
        return replace(found, warnings=(*warnings, f"{said} it is normalised: it was left as it is"), ends="")
    if settings.keep and measured.normalised:
        warnings = (*warnings, "the file says it is normalised, but it does not run from 0 to 1: done again")
    warnings += _fit_advice(energy, e0)
    return _fitted(replace(found, warnings=warnings), measured.signal)


def _without_spikes(measured: Measured, e0: float | None = None) -> tuple[Measured, list[str]]:
    """Return a scan without the points that no neighbour supports, and where these were; see `spikes`.

    Raises InputError when they are many.
    """
    bad, doubtful = spikes(measured.x, measured.y, e0)
    if doubtful.any():
        lone = f"a single point stands out at {measured.x[doubtful][0]:.1f} eV: a pre-edge peak, or a spoilt value"
        measured = replace(measured, notes=(*measured.notes, lone))
    count = int(bad.sum())
    if not count:
        return measured, []
    if count > few(len(bad)):
        what = f"{count} of {len(bad)} points stand far off their neighbours, first at {measured.x[bad][0]:.1f} eV"
        raise InputError(what, remedy="Is a detector faulty? Remove these points, or give another signal of the scan")
    where = [f"{energy:.1f} eV" for energy in measured.x[bad]]
    if measured.lines is not None:
        where = [f"line {int(line)} ({place})" for line, place in zip(measured.lines[bad], where, strict=True)]
    kept = replace(
        measured,
        x=measured.x[~bad],
        y=measured.y[~bad],
        reference=None if measured.reference is None else measured.reference[~bad],
        lines=None if measured.lines is None else measured.lines[~bad],
    )
    return kept, where


def _dropped(where: list[str]) -> tuple[str, ...]:
    if not where:
        return ()
    points = f"{len(where)} points stand" if len(where) > 1 else "a point stands"
    shown = ", ".join(where[:5]) + (" and more" if len(where) > 5 else "")
    return (f"{points} far off the neighbours and {'were' if len(where) > 1 else 'was'} left out: {shown}",)


def _neighbours(energy: Array, raw: Array, e0: float, metal: str) -> tuple[OtherEdge | None, OtherEdge | None]:
    """Return the last other edge below the measured one and the first above it, None where there is none."""
    past, before = (energy > e0 + 20) & (energy < e0 + 80), (energy < e0 - 20) & (energy > e0 - 80)
    if not (past.any() and before.any()):
        return None, None
    step = float(np.median(raw[past]) - np.median(raw[before]))
    if not step > 0:
        return None, None
    found = other_edges(energy, raw / step, e0, metal)
    below, above = [each for each in found if each.place < e0], [each for each in found if each.place > e0]
    return (below[-1] if below else None), (above[0] if above else None)


def _ends(settings: NormaliseParams, below: OtherEdge | None, above: OtherEdge | None) -> str:
    """Return why the ranges end where they do, for the edges that move an end which was not given."""
    parts = []
    if below is not None and settings.pre1 is None:
        parts.append(f"the line below the edge begins past {below.place:.0f} eV, where {below.name} shows")
    if above is not None and settings.norm2 is None:
        parts.append(f"the curve above the edge ends before {above.tabulated:.0f} eV, where {above.name} shows")
    return "; ".join(parts)


def _edge(
    energy: Array, raw: Array, settings: NormaliseParams, metal: str | None
) -> tuple[str, float, tuple[float, ...]]:
    """Return absorber, E0 and others that it might be, on the measured energies, whichever of them are given."""
    e0, shift = settings.e0, settings.shift
    if e0 is not None:
        metal = metal or metal_at(e0 + shift)
        check_metal(metal, e0 + shift)
        return metal, e0, ()
    found = find_edge(energy + shift, raw, metal)
    return found.metal, found.e0 - shift, tuple(other - shift for other in found.others)


def _check_reach(energy: Array, e0: float, past: float, before: float) -> None:
    if not e0 + past <= energy[-1]:
        what = f"the scan ends {energy[-1] - e0:.0f} eV past the edge at {e0:.1f} eV"
        raise InputError(what, remedy=f"At least {past:.0f} eV are needed")
    if not energy[0] <= e0 - before:
        what = f"the scan begins {e0 - energy[0]:.0f} eV before the edge at {e0:.1f} eV"
        raise InputError(what, remedy=f"At least {before:.0f} eV are needed, unless the spectrum is normalised")


def _fitted(found: Normalised, signal: str) -> Normalised:
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
    if signal == "transmission" and step > MOST_STEP:
        raise InputError(f"an edge step of {step:.3g} leaves no beam to measure", remedy="Is it the right column?")
    mu = (raw - pre) / step
    flat = np.where(energy < e0, mu, mu - above / step + 1.0)
    return replace(found, mu=mu, flat=flat, pre=pre, post=pre + above, edge_step=step, kept=False)


def _advice(energy: Array, e0: float, offset: float, metal: str, has_foil: bool) -> tuple[str, ...]:
    """Return what is doubtful about a scan, however it is normalised."""
    found = []
    steps = np.diff(energy)
    near = (energy[2:-1] > e0 - 12.0) & (energy[1:-2] < e0 + 22.0)
    gaps = np.flatnonzero(near & (steps[1:-1] > np.maximum(1.0, GAP * np.maximum(steps[:-2], steps[2:])))) + 1
    if len(gaps):
        begin, end = energy[gaps[0] : gaps[0] + 2]
        found.append(f"points seem to be missing near the edge, between {begin:.1f} and {end:.1f} eV")
    if not has_foil and not -5.0 <= offset <= 25.0:
        found.append(f"E0 lies {offset:+.1f} eV from the tabulated edge of {metal}: the calibration may be off")
    return tuple(found)


def _fit_advice(energy: Array, e0: float) -> tuple[str, ...]:
    """Return what is doubtful about a scan that is to be normalised."""
    found = []
    past, before = energy[-1] - e0, e0 - energy[0]
    if past < SHORT:
        doubt = "10 %" if past < VERY_SHORT else "3 %"
        found.append(f"the scan ends {past:.0f} eV past the edge: the edge step is uncertain by some {doubt}")
    if before < LINE_BEFORE:
        found.append(f"the scan begins {before:.0f} eV before the edge: the pre-edge is taken as a constant")
    return tuple(found)


def _fill(
    settings: NormaliseParams, energy: Array, e0: float, below: OtherEdge | None, above: OtherEdge | None
) -> NormaliseParams:
    """Fill in the ranges that are not given, kept within the scan and apart from the edges of other elements."""
    first, last = float(energy[0] - e0), float(energy[-1] - e0)
    begin, end = float(energy[1] - e0), last
    if below is not None and settings.pre1 is None:
        begin = max(begin, min(below.place + REST_OF_AN_EDGE - e0, -LINE_BEFORE))
    if above is not None and settings.norm2 is None:
        end = min(end, min(above.place, above.tabulated) - MARGIN - e0)
    pre1 = settings.pre1 if settings.pre1 is not None else 5.0 * round(begin / 5.0)
    pre2 = settings.pre2 if settings.pre2 is not None else 0.5 * max(pre1, first)
    norm2 = settings.norm2 if settings.norm2 is not None else 5.0 * round(end / 5.0)
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


def _is_normalised(energy: Array, raw: Array, e0: float, above: OtherEdge | None) -> bool:
    """Whether a spectrum runs from 0 well below the edge to about 1 past it, as far as no other edge comes."""
    end = np.inf if above is None else min(above.place, above.tabulated) - MARGIN
    before, after = (
        raw[energy < e0 - min(10.0, 0.7 * (e0 - energy[0]))],
        raw[(energy > e0 + LEAST_PAST) & (energy < end)],
    )
    if len(before) == 0 or len(after) == 0:
        return False
    return bool(abs(np.median(before)) < NORMALISED_PRE and abs(after.mean() - 1) < NORMALISED_POST)
