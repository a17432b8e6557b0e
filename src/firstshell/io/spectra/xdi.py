"""XDI, the XAS Data Interchange format.

Follows the specification and the dictionary of metadata, version 1.0 (B. Ravel and M. Newville, J. Phys. Conf. Ser. 712
(2016) 012148; https://github.com/XraySpectroscopy/XAS-Data-Interchange). What the numbers need is read strictly: the
columns, the unit of the axis, the spacing of the monochromator where the axis is an angle. A fault in other metadata
(a unit that is missing, a date in another form, a field that is none) is a note with the line, since it changes no
number.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from firstshell.elements import edge, element
from firstshell.errors import InputError
from firstshell.io.spectra.channels import role, signals
from firstshell.io.spectra.measured import About, Measured, Scan
from firstshell.io.spectra.text import (
    Line,
    Table,
    decode_head,
    is_number,
    lines_of,
    number,
    read_table,
    read_text,
    whole_lines,
)
from firstshell.types import Array

name = "xdi"
about = About(
    title="XDI",
    written_by="beamlines, XASDataLibrary, Athena (export)",
    read="energy or angle, every signal of the named columns, element, edge, E0",
    ignored="faults of metadata (units, dates, fields), as a note",
    refused="columns that do not agree with their names, an axis of pixels or steps, angles without a spacing",
)

VERSION = re.compile(r"#\s*XDI/(\d{1,5})\.(\d{1,5})(\.\d{1,5})?(\s.*)?", re.ASCII)
FIELD = re.compile(r"#[ \t]*([A-Za-z][A-Za-z0-9_-]*\.[A-Za-z0-9_-]+)[ \t]*:[ \t]*(.*)")
FIELD_END = re.compile(r"#[ \t]*/{3,}.*")
HEADER_END = re.compile(r"#[ \t]*-{3,}.*")
QUANTITIES = {
    "facility.energy": re.compile(r"(\S+)[ \t]*(GeV|MeV)", re.IGNORECASE),
    "facility.current": re.compile(r"(\S+)[ \t]*(mA|A)", re.IGNORECASE),
    "scan.edge_energy": re.compile(r"(\S+?)[ \t]*(eV|keV|inverse.*)?", re.IGNORECASE),
    "mono.d_spacing": re.compile(r"(\S+)[ \t]*(Å|A|Angstroms?)?", re.IGNORECASE),
}
TEMPERATURE = re.compile(r"[+-]?[\d.]+(?![\d.])(?!\s*(K|C|F|°|deg|e[+-]?\d)|\s|$).*", re.IGNORECASE)
MAX_HEADER = 10_000
MAX_NOTES = 3
HC = 12398.419843320026
"""Planck constant times speed of light in eV Å (exact in the SI of 2019)."""
REMEDY = "Correct it, or say which columns to take with --columns, for example energy=1,mu=ln(2/3)"


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is XDI, from 0 to 1."""
    return 1.0 if VERSION.match(decode_head(head)[:200]) else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read an XDI file of energy (eV, keV) or monochromator angle (degrees, radians); several spectra of Athena.

    Raises InputError, with the line, where columns or axis cannot be identified, and for pixels, motor steps, and
    columns that make no μ(E).
    """
    source = str(path)
    text = read_text(path)
    header = _read_header(text, source)
    lines, cut = whole_lines(text, source, header.end)
    table = read_table(lines, source)
    labels = header.labels(table, source)
    columns = list(table.values.T)
    energy, unit = _energy(columns[0], labels[0], header, source)
    fields = header.fields
    absorber = element(fields.get("element.symbol", ""))
    found = signals(labels[1:], columns[1:], source, fields.get("demeter.output_filetype", ""), absorber)
    return [
        spectrum
        for label, made in found
        for spectrum in Scan(
            energy,
            unit,
            made,
            source,
            table.lines,
            label or fields.get("sample.name", ""),
            absorber,
            edge(fields.get("element.edge", "")),
            _edge_energy(fields.get("scan.edge_energy", "")),
            fields if not header.comments else {**fields, "comments": "\n".join(header.comments)},
            (*header.summary, *table.notes, *cut),
        ).spectra()
    ]


@dataclass
class _Header:
    """What stands above the table.

    fields : by name in lower case
    comments : what stands below the fields
    titles : the lines of # between the end of the header and the table, which name the columns
    notes : faults that change no number
    end : the line at which the table may begin
    """

    fields: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    titles: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    end: int = 1

    @property
    def summary(self) -> tuple[str, ...]:
        """One sentence that has the first few notes."""
        more = len(self.notes) - MAX_NOTES
        shown = "; ".join(self.notes[:MAX_NOTES]) + (f"; and {more} more" if more > 0 else "")
        return (f"in the header, which changes no number: {shown}",) if self.notes else ()

    def note(self, place: int, what: str) -> None:
        """Keep a fault of the metadata that changes no number."""
        self.notes.append(f"line {place}, {what}")

    def labels(self, table: Table, source: str) -> list[str]:
        """Return the names of the columns, from the Column fields and the line above the table.

        Raises InputError when neither has as many as there are columns, or they say different things.
        """
        count = table.values.shape[1]
        tags = {key.partition(".")[2]: value.split() for key, value in self.fields.items() if key.startswith("column.")}
        fields = [(tags.get(str(i)) or [""])[0] for i in range(1, count + 1)]
        complete = all(fields) and len(tags) == count
        place, title = next(
            ((place, words) for place, line in reversed(self.titles) if len(words := line[1:].split()) == count),
            (0, []),
        )
        if complete and title and not _agree(fields, title):
            what = f"the labels {' '.join(title)[:80]!r} are not those of the Column fields ({' '.join(fields)[:80]})"
            raise InputError(what, remedy=REMEDY, file=source, line=place)
        if complete:
            return fields
        if not title:
            what = f"{count} columns of data but {len(tags)} Column fields, and no line of labels above the table"
            raise InputError(what, remedy=REMEDY, file=source)
        self.note(place, "these labels are taken, as the Column fields are not those of the table")
        return title


def _agree(fields: list[str], title: list[str]) -> bool:
    """Whether two lists of names mean the same columns: the same words, or what is known of them."""
    pairs = [(one.lower(), two.lower()) for one, two in zip(fields, title, strict=True)]
    return all(one == two or role(one) == role(two) is not None for one, two in pairs)


def _read_header(text: str, source: str) -> _Header:
    """Read to the first line that is none of #, or to the end of the header that dashes mark."""
    header = _Header()
    in_fields, ended = True, False
    for place, line in lines_of(text, source):
        header.end = place
        if place == 1:
            _check_version(line, header)
        elif place > MAX_HEADER:
            raise InputError("the header has no end (a line of # and dashes)", remedy=REMEDY, file=source, line=place)
        elif not line.strip():
            continue
        elif not line.startswith("#"):
            if is_number(line.split()[0]):
                break
            header.note(place, f"{line[:40]!r} is no line of a header, which begin with #")
        elif ended:
            header.titles.append((place, line))
        elif HEADER_END.fullmatch(line):
            ended = True
        elif in_fields and FIELD_END.fullmatch(line):
            in_fields = False
        elif in_fields and (match := FIELD.fullmatch(line.rstrip())) is not None:
            _take(match[1].lower(), match[2], place, header)
        else:
            if in_fields:
                header.note(place, f"{line[:40]!r} is not 'Namespace.tag: value'")
            header.comments.append(line[1:].removeprefix(" ").rstrip())
            header.titles.append((place, line))
    if not ended:
        header.note(header.end, "no line of # and dashes ends it")
    for key in ("element.symbol", "element.edge"):
        if not header.fields.get(key):
            header.notes.append(f"the header has no {key.title()}")
    return header


def _check_version(line: str, header: _Header) -> None:
    match = VERSION.fullmatch(line.rstrip())
    if match is None:
        header.note(1, "it does not say # XDI/1.0")
    elif int(match[1]) != 1:
        header.note(1, f"version {match[1]}.{match[2]} of XDI is read as if it were 1.0")


def _take(key: str, value: str, place: int, header: _Header) -> None:
    """Keep a field, with a note where its value breaks the dictionary's rules."""
    header.fields[key] = value
    problem = ""
    if key == "element.symbol" and value and element(value) is None:
        problem = "not an element"
    elif key == "element.edge" and value and edge(value) is None:
        problem = "not an absorption edge"
    elif value and key in QUANTITIES:
        quantity = QUANTITIES[key].fullmatch(value)
        problem = "" if quantity and _is_finite(quantity[1]) else "not a number with its unit"
    elif key == "sample.temperature" and TEMPERATURE.fullmatch(value):
        problem = "not a temperature"
    elif value and key in ("scan.start_time", "scan.end_time") and not _is_time(value):
        problem = "not a time in the form of ISO 8601 (2007-04-05T14:30)"
    if problem:
        header.note(place, f"{key}: {value[:40]!r} is {problem}")


def _is_finite(word: str) -> bool:
    try:
        return bool(np.isfinite(number(word)))
    except ValueError:
        return False


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _energy(axis: Array, label: str, header: _Header, source: str) -> tuple[Array, str]:
    """Return the first column and its unit, in eV where it is an angle."""
    words = header.fields.get("column.1", "").lower().split()
    unit = words[1].strip("()[]") if len(words) > 1 else ""
    if unit in ("ev", "kev", "electronvolt", "electronvolts"):
        return axis, "keV" if unit == "kev" else "eV"
    if label.lower() == "angle" and unit in ("degrees", "degree", "deg", "radians", "radian", "rad"):
        return _from_angle(axis, unit, header, source), "eV"
    if role(label) == "energy" and not unit:
        header.notes.append("Column.1 names no unit: eV or keV follows from the values")
        return axis, ""
    what = f"Column.1 is {' '.join(words)[:40] or label[:40]!r}, not energy in eV or keV or angle in degrees or radians"
    raise InputError(what, remedy=REMEDY, file=source)


def _from_angle(axis: Array, unit: str, header: _Header, source: str) -> Array:
    """Return energies in eV of angles of the monochromator."""
    spacing = QUANTITIES["mono.d_spacing"].fullmatch(header.fields.get("mono.d_spacing", ""))
    if spacing is None or not _is_finite(spacing[1]):
        raise InputError("an axis of angles without a Mono.d_spacing in Å", remedy=REMEDY, file=source)
    sine = np.sin(np.radians(axis) if unit.startswith("d") else axis)
    if not ((sine > 0).all() and number(spacing[1]) > 0):
        raise InputError("angles or a Mono.d_spacing that are not positive", remedy=REMEDY, file=source)
    return np.asarray(HC / (2 * number(spacing[1]) * sine))


def _edge_energy(value: str) -> float | None:
    """Return Scan.edge_energy in eV; its unit is eV when none stands there, as in the specification's own example."""
    match = QUANTITIES["scan.edge_energy"].fullmatch(value)
    if match is None or (match[2] or "ev").lower() not in ("ev", "kev") or not _is_finite(match[1]):
        return None
    return number(match[1]) * (1000.0 if (match[2] or "").lower() == "kev" else 1.0)
