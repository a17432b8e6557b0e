"""XDI, the XAS Data Interchange format: a strict reader.

Follows the specification and the dictionary of metadata, version 1.0 (B. Ravel and M. Newville, J. Phys. Conf. Ser. 712
(2016) 012148; https://github.com/XraySpectroscopy/XAS-Data-Interchange). Two rules are relaxed, as published files
break them: a date and its time may be separated by a space, and a sample's temperature may be words. A namespace.tag
without a value is an empty text, as the specification says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from firstshell.elements import edge, element
from firstshell.errors import InputError
from firstshell.io.spectra.channels import signals
from firstshell.io.spectra.measured import Measured, make_xanes, to_ev
from firstshell.io.spectra.text import Line, decode_head, lines_of, number, read_rows, read_text
from firstshell.types import Array

name = "xdi"

VERSION = re.compile(r"#\s*XDI/(\d{1,5})\.(\d{1,5})(\.\d{1,5})?(\s.*)?")
FIELD = re.compile(r"#[ \t]*([A-Za-z][A-Za-z0-9_-]*\.[A-Za-z0-9_-]+)[ \t]*:[ \t]*(.*)")
FIELD_END = re.compile(r"#[ \t]*/{3,}[ \t]*")
HEADER_END = re.compile(r"#[ \t]*-{3,}[ \t]*")
QUANTITIES = {
    "facility.energy": re.compile(r"(\S+)[ \t]*(GeV|MeV)", re.IGNORECASE),
    "facility.current": re.compile(r"(\S+)[ \t]*(mA|A)", re.IGNORECASE),
    "scan.edge_energy": re.compile(r"(\S+?)[ \t]*(eV|keV|inverse.*)?", re.IGNORECASE),
    "mono.d_spacing": re.compile(r"(\S+)[ \t]*(Å|A|Angstroms?)?", re.IGNORECASE),
}
TEMPERATURE = re.compile(r"[+-]?[\d.]+(?![\d.])(?!\s*(K|C|F|°|deg|e[+-]?\d)|\s|$).*", re.IGNORECASE)
MAX_HEADER = 10_000
HC = 12398.419843320026
"""Planck constant times speed of light in eV Å (exact in the SI of 2019)."""
REMEDY = 'Mend the header after the XDI specification, or read it as plain columns (format="columns")'


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is XDI, from 0 to 1."""
    return 1.0 if VERSION.match(decode_head(head)[:200]) else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read an XDI file of energy (eV, keV) or monochromator angle (degrees, radians); several spectra of Athena.

    Raises InputError, with the line, where the file breaks the specification, and for pixels, motor steps, and columns
    that make no μ(E).
    """
    source = str(path)
    lines = lines_of(read_text(path), source)
    header, labels = _header(lines, source)
    table = read_rows(_rows(lines, labels, source), source)
    if table.shape[1] != len(labels):
        what = f"{table.shape[1]} columns of data but {len(labels)} Column fields"
        raise InputError(what, remedy=REMEDY, file=source)
    columns = list(table.T)
    energy = _energy(columns[0], header, source)
    spectra = signals(labels[1:], columns[1:], source, header.get("demeter.output_filetype", ""))
    return [
        make_xanes(
            label or header.get("sample.name", ""),
            energy,
            signal.mu,
            source,
            signal.how,
            normalised=signal.normalised,
            reference=signal.reference,
            element=element(header["element.symbol"]),
            edge=edge(header["element.edge"]),
            e0=_edge_energy(header.get("scan.edge_energy", "")),
            header=header,
        )
        for label, signal in spectra
    ]


def _header(lines: Iterator[Line], source: str) -> tuple[dict[str, str], list[str]]:
    """Read to the header-end line; return the fields, names in lower case, and the labels of the Column fields."""
    _check_version(next(lines, (1, ""))[1], source)
    header: dict[str, str] = {}
    comments: list[str] = []
    in_fields = True
    for place, line in lines:
        if not line.startswith("#") or place > MAX_HEADER:
            what = "the header has no end (a line of # and dashes)" if place > MAX_HEADER else "a header line without #"
            raise InputError(what, remedy=REMEDY, file=source, line=place)
        if HEADER_END.fullmatch(line):
            break
        if in_fields and FIELD_END.fullmatch(line):
            in_fields = False
        elif in_fields:
            key, value = _field(line, source, place)
            header[key] = value
        else:
            comments.append(line[1:].removeprefix(" ").rstrip())
    else:
        raise InputError("the header has no end (a line of # and dashes)", remedy=REMEDY, file=source)
    labels = _check_required(header, source)
    if comments:
        header["comments"] = "\n".join(comments)
    return header, labels


def _check_version(line: str, source: str) -> None:
    match = VERSION.fullmatch(line.rstrip())
    if match is None or int(match[1]) != 1:
        what = "the first line does not say # XDI/1.0" if match is None else f"version {match[1]}.{match[2]} of XDI"
        raise InputError(what, remedy=REMEDY, file=source, line=1)


def _field(line: str, source: str, place: int) -> tuple[str, str]:
    match = FIELD.fullmatch(line.rstrip())
    if match is None:
        raise InputError(f"not 'Namespace.tag: value': {line[:60]!r}", remedy=REMEDY, file=source, line=place)
    key, value = match[1].lower(), match[2]
    problem = ""
    if key == "element.symbol" and element(value) is None:
        problem = "not an element"
    elif key == "element.edge" and edge(value) is None:
        problem = "not an absorption edge"
    elif value and key in QUANTITIES:
        quantity = QUANTITIES[key].fullmatch(value)
        problem = "" if quantity and _is_finite(quantity[1]) else "not a number with its unit"
    elif key == "sample.temperature" and TEMPERATURE.fullmatch(value):
        problem = "not a temperature"
    elif value and key in ("scan.start_time", "scan.end_time") and not _is_time(value):
        problem = "not a time as ISO 8601 has it (2007-04-05T14:30)"
    if problem:
        raise InputError(f"{key}: {value[:40]!r} is {problem}", remedy=REMEDY, file=source, line=place)
    return key, value


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


def _check_required(header: dict[str, str], source: str) -> list[str]:
    """Return the labels that the Column fields give; InputError when a required field is missing."""
    for key in ("element.symbol", "element.edge", "column.1"):
        if not header.get(key):
            raise InputError(f"no {key.title()} in the header", remedy=REMEDY, file=source)
    tags = [key.partition(".")[2] for key in header if key.startswith("column.")]
    if not all(tag.isdecimal() and len(tag) < 5 for tag in tags) or {int(tag) for tag in tags} != set(
        range(1, len(tags) + 1)
    ):
        raise InputError("the Column fields are not numbered 1, 2, 3 …", remedy=REMEDY, file=source)
    values = [header.get(f"column.{index}", "").split() for index in range(1, len(tags) + 1)]
    if not all(values):
        raise InputError("a Column field without a label", remedy=REMEDY, file=source)
    return [words[0] for words in values]


def _rows(lines: Iterator[Line], labels: list[str], source: str) -> Iterator[Line]:
    """Yield the lines of the table, after comparing the optional line of labels with the Column fields."""
    first = next(lines, None)
    if first is None:
        return
    place, line = first
    if line.startswith("#"):
        words = line[1:].split()
        if [word.lower() for word in words] != [label.lower() for label in labels]:
            what = f"the labels {' '.join(words)[:80]!r} are not those of the Column fields ({' '.join(labels)[:80]})"
            raise InputError(what, remedy=REMEDY, file=source, line=place)
    else:
        yield first
    yield from lines


def _energy(axis: Array, header: dict[str, str], source: str) -> Array:
    """Return the first column in eV, by its label and unit."""
    label, *units = header["column.1"].lower().split()
    unit = units[0] if units else ""
    if label == "energy" and unit in ("ev", "kev"):
        return to_ev(axis, "eV" if unit == "ev" else "keV", source)
    if label == "angle" and unit in ("degrees", "radians"):
        spacing = QUANTITIES["mono.d_spacing"].fullmatch(header.get("mono.d_spacing", ""))
        if spacing is None:
            raise InputError("an axis of angles without Mono.d_spacing", remedy=REMEDY, file=source)
        sine = np.sin(np.radians(axis) if unit == "degrees" else axis)
        if not ((sine > 0).all() and number(spacing[1]) > 0):
            raise InputError("angles or a Mono.d_spacing that are not positive", remedy=REMEDY, file=source)
        return to_ev(HC / (2 * number(spacing[1]) * sine), "eV", source)
    what = f"Column.1 is {header['column.1'][:40]!r}, not energy in eV or keV or angle in degrees or radians"
    raise InputError(what, remedy=REMEDY, file=source)


def _edge_energy(value: str) -> float | None:
    """Return Scan.edge_energy in eV; its unit is eV when none stands there, as in the specification's own example."""
    match = QUANTITIES["scan.edge_energy"].fullmatch(value)
    if match is None or (match[2] or "ev").lower() not in ("ev", "kev"):
        return None
    return number(match[1]) * (1000.0 if (match[2] or "").lower() == "kev" else 1.0)
