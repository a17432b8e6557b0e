"""What every reader of measured files returns, and the rules that all of them share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from firstshell.errors import InputError
from firstshell.io.spectra.channels import Signal
from firstshell.runtime.html import html_table
from firstshell.types import Array

MIN_POINTS = 10
MAX_DISORDER = 0.05
"""Share of points that may lie behind the furthest one before them: monochromators step back a little, scans do not."""
MIN_ENERGY, MAX_ENERGY = 10.0, 200_000.0  # eV, from the Li K edge to beyond the U K edge
KEV_LIMIT = 200.0
"""Energies that all lie below are in keV, unless the file names its unit."""
MAX_SPAN = 3.0
"""Largest ratio of last to first energy of a scan in keV; an axis that runs from near 0 to 30 is r or k, not energy."""
FEW_POINTS, FEW_SHARE = 3, 0.02
"""Points, or share of them, that may be spoilt in a scan that is used without them."""
AGAIN = 0.25
"""Share of the range of a scan from its beginning within which the next one begins."""
TELEPORT = 20.0
"""Times the steps around it that an energy lies off when it is no energy of the scan."""
MAX_R = 10_000.0  # Å
MAX_HEADER_KEYS, MAX_HEADER_TEXT = 2000, 2000

Ints = NDArray[np.int64]
Kind = Literal["xanes", "pdf", "exafs"]
Radiation = Literal["x-ray", "neutron"]


@dataclass(frozen=True)
class About:
    """What a format is, for the table of formats in the documentation; each in a few words.

    title : what such a file is called in an answer
    written_by : programs and places that write it
    read, ignored, refused : what becomes of what such files hold
    """

    title: str
    written_by: str
    read: str
    ignored: str
    refused: str


@dataclass(frozen=True)
class PdfHeader:
    """How a PDF was made, as far as its file says.

    qmin, qmax, qmaxinst : limits of Q in Å⁻¹: of the transform (the first two) and of the usable data
    qdamp, qbroad : resolution parameters of PDFfit2 in Å⁻¹
    rpoly : r in Å up to which PDFgetX3 corrected by a polynomial
    composition : formula of the sample, as written
    radiation : what was scattered
    differential : of a differential PDF, the element whose it is
    """

    qmin: float | None = None
    qmax: float | None = None
    qmaxinst: float | None = None
    qdamp: float | None = None
    qbroad: float | None = None
    rpoly: float | None = None
    composition: str | None = None
    radiation: Radiation | None = None
    differential: str | None = None


@dataclass(frozen=True, eq=False)
class Measured:
    """One measured spectrum, as its file gives it.

    kind : "xanes" (the scan may go on into the EXAFS), "pdf", or "exafs" for χ(k) alone
    name : name of the group in the file, or of the file
    x : (n,) energy in eV (absolute), r in Å or k in Å⁻¹; increasing and distinct
    y : (n,) μ(E), raw or normalised, G(r) in Å⁻², or χ(k)
    source : name of the file, without its folder
    how : how y was had from the file ("ln(i0/itrans)")
    normalised : whether the file says that μ is normalised; None when it does not say
    reference : (n,) μ of a reference foil on x, when the file has it
    element, edge, e0 : absorber, edge and its energy in eV, when the header has them
    header : what else the header says, verbatim
    pdf : how a PDF was made; None for XANES
    format : what type of file it is, in words
    signal : what was detected ("transmission", "fluorescence", …), "" when the file does not say
    lines : (n,) number of the line of each point; None for files that have none
    others : the other signals of the same scan, each as it would be read, best first
    notes : what a person should know of the reading, one sentence each
    """

    kind: Kind
    name: str
    x: Array
    y: Array
    source: str
    how: str
    normalised: bool | None = None
    reference: Array | None = None
    element: str | None = None
    edge: str | None = None
    e0: float | None = None
    header: dict[str, str] = field(default_factory=dict)
    pdf: PdfHeader | None = None
    format: str = ""
    signal: str = ""
    lines: Array | None = None
    others: tuple[Measured, ...] = ()
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        return MeasuredList([self])._repr_html_()


class MeasuredList(list[Measured]):
    """The spectra of a file, which a notebook shows as a table."""

    def _repr_html_(self) -> str:
        heads = ["Name", "Spectrum", "Range", "Points", "Read as", "Other signals", "Notes"]
        return html_table(heads, [_cells(each) for each in self], self[0].format if self else "")


def _cells(measured: Measured) -> list[object]:
    name = {"xanes": "XANES", "pdf": "PDF", "exafs": "EXAFS"}[measured.kind]
    unit = {"xanes": "eV", "pdf": "Å", "exafs": "Å⁻¹"}[measured.kind]
    edge = f", {measured.edge} edge" if measured.edge else ""
    return [
        measured.name,
        f"{name} of {measured.element}{edge}" if measured.element else name,
        f"{measured.x[0]:g} to {measured.x[-1]:g} {unit}",
        len(measured.x),
        measured.how,
        ", ".join(each.how for each in measured.others),
        "; ".join(measured.notes),
    ]


def few(points: int) -> int:
    """Return how many of so many points may be left out of a scan."""
    return max(FEW_POINTS, int(FEW_SHARE * points))


def to_ev(energy: Array, unit: str, source: str) -> Array:
    """Return energies in eV; `unit` is "eV", "keV" or "" where the file names none and the values decide.

    Raises InputError for values that are no photon energies.
    """
    low, high = float(energy.min()), float(energy.max())
    if not unit and high < KEV_LIMIT:
        if not 0 < high <= MAX_SPAN * low:
            what = f"the first column runs from {low:g} to {high:g}, which is no photon energy in eV or keV"
            raise InputError(what, remedy="Give absolute energies; a PDF is read with its .gr header", file=source)
        unit = "keV"
    factor = 1000.0 if unit == "keV" else 1.0
    if not MIN_ENERGY <= low * factor <= high * factor <= MAX_ENERGY:
        what = f"energies from {low * factor:g} to {high * factor:g} eV are not those of an absorption scan"
        raise InputError(what, remedy="Give absolute photon energies in eV or keV", file=source)
    return energy * factor


def in_order(
    x: Array, columns: list[Array], source: str, lines: Array | None = None
) -> tuple[Array, list[Array], Array | None]:
    """Sort a scan by its axis and average what stands at exactly the same place; `lines` are those of the first.

    A scan downwards is turned. Then up to 5 % of the points (or one point) may lie behind the furthest one before them,
    as where the monochromator stepped back; more is refused, since it is another axis or several scans in one file.
    """
    if (np.diff(x) < 0).sum() > (np.diff(x) > 0).sum():
        x, columns = x[::-1], [column[::-1] for column in columns]
        lines = None if lines is None else lines[::-1]
    behind = _behind(x)
    if behind > max(1, MAX_DISORDER * len(x)):
        what = f"{behind} of {len(x)} points are out of order"
        raise InputError(what, remedy="Give one scan per file, along its axis", file=source)
    distinct, first, place, count = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    averaged = [np.bincount(place, weights=column) / count for column in columns]
    return distinct, averaged, None if lines is None else lines[first]


def _behind(x: Array) -> int:
    return int((x < np.maximum.accumulate(x)).sum())


def make_xanes(
    name: str,
    energy: Array,
    mu: Array,
    source: str,
    how: str,
    *,
    normalised: bool | None = None,
    reference: Array | None = None,
    element: str | None = None,
    edge: str | None = None,
    e0: float | None = None,
    header: dict[str, str] | None = None,
    signal: str = "",
    lines: Array | None = None,
    notes: tuple[str, ...] = (),
) -> Measured:
    """Check and order one absorption scan (energies in eV); InputError when it is none. `source` is named in errors."""
    check_points(energy, mu, source)
    columns = [mu] if reference is None else [mu, reference]
    behind = min(_behind(energy), _behind(energy[::-1]))
    energy, columns, lines = in_order(energy, columns, source, lines)
    check_points(energy, columns[0], source)
    if behind:
        notes = (*notes, f"{behind} points that stood out of order were put in order of energy")
    return Measured(
        kind="xanes",
        name=plain(name).strip() or stem(source),
        x=energy,
        y=columns[0],
        source=base_name(source),
        how=how,
        normalised=normalised,
        reference=columns[1] if reference is not None and np.isfinite(columns[1]).all() else None,
        element=element,
        edge=edge,
        e0=e0 if e0 is not None and MIN_ENERGY <= e0 <= MAX_ENERGY else None,
        header=bounded(header or {}),
        signal=signal,
        lines=lines,
        notes=notes,
    )


@dataclass(frozen=True, eq=False)
class Scan:
    """The table of one file: an axis of energy and the signals that were measured along it.

    energy : (n,) in `unit`, which is "eV", "keV" or "" where the values decide
    signals : in order of preference
    lines : (n,) number of the line of each row
    name, element, edge, e0, header : as in `Measured`
    notes : what a person should know of the reading
    """

    energy: Array
    unit: str
    signals: list[Signal]
    source: str
    lines: Array | None = None
    name: str = ""
    element: str | None = None
    edge: str | None = None
    e0: float | None = None
    header: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def spectra(self) -> list[Measured]:
        """Return the spectra of the table: one, or one for each time that the energies begin again.

        Points whose energy cannot be one of the scan are left out and named.
        Raises InputError when these are many, or no signal is one.
        """
        good, notes = _energies(self)
        energy = to_ev(self.energy[good], self.unit, self.source)
        rows = np.flatnonzero(good)
        parts = [rows[part] for part in scans_in(energy)]
        energies = np.full(len(good), np.nan)
        energies[rows] = energy
        several = len(parts) > 1
        made, failed = [], []
        for i, part in enumerate(parts, start=1):
            label = f"{self.name or stem(self.source)} scan {i}" if several else self.name
            try:
                made.append(self._spectrum(label, energies, part, (*self.notes, *notes)))
            except InputError as error:
                failed.append(error)
        if not made:
            raise failed[0]
        if failed:
            lost = f"{len(failed)} of the {len(parts)} scans in the file cannot be used: {failed[0].what}"
            made = [replace(each, notes=(*each.notes, lost)) for each in made]
        return made

    def _spectrum(self, label: str, energy: Array, rows: Ints, notes: tuple[str, ...]) -> Measured:
        found: list[Measured] = []
        reasons: list[str] = []
        for signal in self.signals:
            try:
                found.append(self._one(label, energy, rows, signal, notes))
            except InputError as error:
                reasons.append(error.what)
        usable = [each for each in found if each.signal != "reference"]
        if not usable:
            what = "; ".join(reasons) or "no signal of the sample in it"
            raise InputError(what, remedy="Is the current measured, and the right column named?", file=self.source)
        main, *rest = usable
        rest += [each for each in found if each.signal == "reference"]
        return replace(main, others=tuple(rest), notes=(*main.notes, *reasons))

    def _one(self, label: str, energy: Array, rows: Ints, signal: Signal, notes: tuple[str, ...]) -> Measured:
        mu = signal.mu[rows]
        problem = replace(signal, mu=mu).problem
        if problem:
            raise InputError(problem, file=self.source)
        there = np.isfinite(mu)
        bad = int((~there).sum())
        if bad > few(len(mu)):
            raise InputError(f"{signal.how} cannot be formed at {bad} of {len(mu)} points", file=self.source)
        if bad:
            notes = (*notes, f"{signal.how} cannot be formed at {places(rows[~there], self.lines)}: left out")
        rows = rows[there]
        return make_xanes(
            label,
            energy[rows],
            signal.mu[rows],
            self.source,
            signal.how,
            normalised=signal.normalised,
            reference=None if signal.reference is None else signal.reference[rows],
            element=self.element,
            edge=self.edge,
            e0=self.e0,
            header=self.header,
            signal=signal.kind,
            lines=None if self.lines is None else self.lines[rows],
            notes=notes,
        )


def places(rows: Ints, lines: Array | None) -> str:
    """Return where rows of a table stand, for a sentence: by their lines where these are known."""
    word, numbers = ("point", rows + 1) if lines is None else ("line", lines[rows])
    shown = ", ".join(f"{int(number)}" for number in numbers[:5])
    return f"{word}{'s' if len(numbers) > 1 else ''} {shown}" + (" and more" if len(numbers) > 5 else "")


def _energies(scan: Scan) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Return which rows have an energy of the scan, and a note of the others; InputError when these are many."""
    good = np.isfinite(scan.energy)
    inside = np.flatnonzero(good)
    good[inside[_off_the_axis(scan.energy[inside])]] = False
    bad = np.flatnonzero(~good)
    if len(bad) > few(len(good)):
        first = places(bad[:1], scan.lines)
        what = f"{len(bad)} of {len(good)} rows have no energy that belongs to the scan, first {first}"
        raise InputError(what, remedy="Is the first column the energy? Correct these rows", file=scan.source)
    notes = (f"the energy of {places(bad, scan.lines)} does not belong to the scan: left out",) if len(bad) else ()
    return good, notes


def _off_the_axis(x: Array) -> NDArray[np.bool_]:
    """Return whether each value of an axis is far off the line that its neighbours go along."""
    off = np.zeros(len(x), dtype=bool)
    if len(x) < MIN_POINTS:
        return off
    steps = np.abs(np.diff(x))
    usual = float(np.median(steps)) or 1e-9
    # A point between two neighbours that agree with each other, but is far from both.
    wide = np.abs(x[2:] - x[:-2])
    far = np.minimum(steps[:-1], steps[1:])
    off[1:-1] = far > TELEPORT * np.maximum(wide, usual)
    for end, next_one, after in ((0, 1, 2), (-1, -2, -3)):
        off[end] = abs(x[end] - x[next_one]) > TELEPORT * max(abs(x[next_one] - x[after]), usual)
    return off


def scans_in(energy: Array) -> list[slice]:
    """Return the parts of a table in which the energies go one way: where they begin again, near where they began.

    A part is a scan when it has 10 points or more; shorter ones are left with the part before them.
    """
    way = -1.0 if (np.diff(energy) < 0).sum() > (np.diff(energy) > 0).sum() else 1.0
    axis = way * energy
    span = float(np.ptp(axis))
    back = np.flatnonzero(np.diff(axis) < -max(20.0, 0.05 * span)) + 1
    cuts = [0]
    for place in back:
        enough = place - cuts[-1] >= MIN_POINTS and len(axis) - place >= MIN_POINTS
        part = axis[cuts[-1] : place]
        again = axis[place] < part[0] + AGAIN * float(np.ptp(part))
        if enough and again and (axis[place : place + MIN_POINTS] < axis[place - 1]).all():
            cuts.append(int(place))
    return [slice(low, high) for low, high in zip(cuts, [*cuts[1:], len(axis)], strict=True)]


def make_pdf(r: Array, g: Array, source: str, pdf: PdfHeader, header: dict[str, str]) -> Measured:
    """Check one PDF (r in Å, G in Å⁻²); InputError unless r increases from 0 or above."""
    check_points(r, g, source)
    if (np.diff(r) <= 0).any() or r[0] < 0 or r[-1] > MAX_R:
        raise InputError("r does not increase from 0 upwards", remedy="Give G(r) against r in Å", file=source)
    return Measured("pdf", stem(source), r, g, base_name(source), "G(r)", header=bounded(header), pdf=pdf)


def make_chi(k: Array, chi: Array, source: str, how: str, element: str | None) -> Measured:
    """Check one χ(k) (k in Å⁻¹, increasing)."""
    check_points(k, chi, source)
    return Measured("exafs", stem(source), k, chi, base_name(source), how, element=element)


def check_points(x: Array, y: Array, source: str) -> None:
    """Raise InputError unless both are finite, long enough and y is not constant."""
    if len(x) < MIN_POINTS:
        raise InputError(f"{len(x)} points are no spectrum", remedy="Is the file complete?", file=source)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("a value that is not finite", remedy="Remove these points", file=source)
    if np.ptp(y) == 0:
        raise InputError("the spectrum is constant", remedy="Is it the right column?", file=source)


def base_name(source: str) -> str:
    """Return the name of a file without its folder."""
    return source.replace("\\", "/").rpartition("/")[2]


def stem(source: str) -> str:
    """Return the name of a file without folder and ending."""
    name = base_name(source)
    return name.rpartition(".")[0] or name


def bounded(header: dict[str, str]) -> dict[str, str]:
    """Keep what a person may want to read of a header: at most 2000 entries of 2000 characters."""
    kept = list(header.items())[:MAX_HEADER_KEYS]
    return {plain(key[:MAX_HEADER_TEXT]): plain(value[:MAX_HEADER_TEXT]) for key, value in kept}


def plain(text: str) -> str:
    """Return text without what is not printed but line feeds: an escape would command the terminal that shows it."""
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n")
