"""Scans as columns of text (.dat, .nor, .xmu, .csv, .txt), with or without a header.

Columns are separated by blanks, tabs, commas or semicolons; the decimal mark is a point or, where the separator allows
it, a comma. Two columns are energy and μ(E), unless their names say otherwise; of more, the names decide (see
`channels`). Energies are in eV or keV: the name of the column says so, or else the values do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import dropwhile, islice
from pathlib import Path

from firstshell.elements import edge, element
from firstshell.errors import InputError
from firstshell.io.spectra.channels import NAMES, UNITS, role, signals, unit_of
from firstshell.io.spectra.measured import MIN_POINTS, Measured, make_xanes, to_ev
from firstshell.io.spectra.text import Line, head_lines, lines_of, number, read_rows, read_text

name = "columns"

SAMPLE = 50
"""Rows from which separator and decimal mark are told."""
MAX_HEADER = 10_000
MAX_LABELS = 5000
COMMENTS = ("#", "%", "!", "*", "//", ";", "&")
NUMERIC = re.compile(r"[0-9+\-.,;eEdD\s]++")
DIGIT = re.compile(r"[0-9]")
NOT_FINITE = re.compile(r"\b(nan|inf|infinity)\b", re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?\d{1,20}(,\d{1,30})?([eEdD][+-]?\d{1,3})?")
FIELD = re.compile(r"\s*([A-Za-z][\w. -]{0,60}?)\s*[:=]\s*(\S.*)")
NOT_ENERGY = re.compile(r"(two)?theta|angle|bragg|k|q|r|wavelength|lambda|time|pixel|point|index")

Split = Callable[[str], list[str]]


@dataclass(frozen=True)
class Layout:
    """Where the table of a text begins, how its rows are split, and the lines above it."""

    start: int
    columns: int
    split: Split
    above: list[str]


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is a table of text, from 0 to 0.2: any other format goes first."""
    rows = filter(_is_numeric, head_lines(head)[:-1])
    return 0.2 if len(list(islice(rows, 3))) == 3 else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read one scan from columns of text, or the spectra of a file that Athena wrote with one in each column.

    Raises InputError for a file without a table, with lines amid it that are no rows, with columns of which no μ(E) can
    be made, or with energies that are none.
    """
    source = str(path)
    text = read_text(path)
    layout = find_table(text, source)
    rows = dropwhile(lambda line: line[0] < layout.start, lines_of(text, source))
    table = read_rows(rows, source, split=layout.split, comments=COMMENTS)
    header = _header(layout.above)
    columns, labels = list(table.T), _labels(layout, source)
    place = next((i for i, label in enumerate(labels) if role(label) == "energy"), 0)
    if _is_other_axis(labels[place]):
        what = f"its first column is {labels[place][:40]!r}, not energy"
        raise InputError(what, remedy="Give μ against photon energy in eV or keV", file=source)
    energy = to_ev(columns.pop(place), unit_of(labels.pop(place)), source)
    file_type = header.get("demeter.output_filetype", "")
    if len(labels) == 1 and role(labels[0]) in (None, "ifluor") and not file_type:
        labels = ["mu"]  # the only column beside energy, whatever it is called
    return [
        make_xanes(
            label,
            energy,
            signal.mu,
            source,
            signal.how,
            normalised=None if labels == ["mu"] else signal.normalised,
            reference=signal.reference,
            element=element(_first(header, "element.symbol", "element", "absorber", "symbol")),
            edge=edge(_first(header, "element.edge", "edge", "absorption_edge")),
            e0=_energy(_first(header, "athena.e0", "scan.edge_energy", "e0", "edge_energy")),
            header=header,
        )
        for label, signal in signals(labels, columns, source, file_type)
    ]


def find_table(text: str, source: str) -> Layout:
    """Find the first run of at least ten rows of equally many numbers, two or more; InputError when there is none."""
    run: list[Line] = []
    above: list[str] = []
    lost: list[Line] = []
    for place, line in lines_of(text, source):
        stripped = line.strip()
        if _is_numeric(stripped):
            run.append((place, stripped))
            if len(run) == SAMPLE + MIN_POINTS:
                break
        elif stripped and not (run and stripped.startswith(COMMENTS)):
            if len(run) >= MIN_POINTS:
                break
            lost += run
            above += [row for _, row in run]
            above.append(line)
            run = []
        if len(above) > MAX_HEADER:
            break
    run, split = _trimmed(run)
    if len(run) < MIN_POINTS:
        raise InputError("no table of numbers in it", remedy="Give rows of energy and μ(E)", file=source)
    columns = len(split(run[-1][1]))
    torn = next((place for place, row in lost if len(split(row)) == columns), None)
    if torn is not None:
        what = "rows of the table, but then a line that is none"
        raise InputError(what, remedy="Correct the lines below, or leave them out", file=source, line=torn)
    return Layout(run[0][0], columns, split, above)


def _is_numeric(line: str) -> bool:
    """Whether a line may be a row of the table; NaN counts, so that it is refused there and not taken for a header."""
    if NUMERIC.fullmatch(line) is None:
        line = NOT_FINITE.sub("0", line)
    return NUMERIC.fullmatch(line) is not None and DIGIT.search(line) is not None


def _trimmed(run: list[Line]) -> tuple[list[Line], Split]:
    """Return the run without rows of another length before it (a number of points), and how to split it."""
    split = _splitter([row for _, row in run[-SAMPLE:]])
    while run and len(split(run[0][1])) != len(split(run[-1][1])):
        run = run[1:]
    return (run, split) if run and len(split(run[-1][1])) > 1 else ([], split)


def _splitter(rows: list[str]) -> Split:
    """Tell separator and decimal mark.

    A comma is the decimal mark where semicolons, tabs or blanks separate; it separates where there are points or
    nothing else does.
    """
    if any(";" in row for row in rows):
        comma = any("," in row for row in rows)
        return _split_semicolons_commas if comma and not any("." in row for row in rows) else _split_semicolons
    if not any("," in row for row in rows):
        return str.split
    words = [row.split() for row in rows]
    if all(len(row) > 1 and all(DECIMAL_COMMA.fullmatch(word) for word in row) for row in words):
        return _split_decimal_commas
    return _split_commas


def _split_semicolons(row: str) -> list[str]:
    return [word.strip() for word in row.rstrip(";").split(";")]


def _split_semicolons_commas(row: str) -> list[str]:
    return [word.strip().replace(",", ".") for word in row.rstrip(";").split(";")]


def _split_decimal_commas(row: str) -> list[str]:
    return row.replace(",", ".").split()


def _split_commas(row: str) -> list[str]:
    return [word.strip() for word in row.rstrip(",").split(",")]


def _labels(layout: Layout, source: str) -> list[str]:
    """Return the names of the columns, from the line above them with most known ones; two columns need none."""
    lines = [line for line in reversed(layout.above[-40:]) if len(line) < MAX_LABELS and not _field(line)]
    candidates = [words for line in lines for words in _words(line) if len(words) == layout.columns]
    best = max(candidates, key=lambda words: sum(role(word) is not None for word in words), default=[])
    if any(role(word) for word in best):
        return best
    if layout.columns == 2:
        # A name such as k may be that of an edge in a title; axes of that name are told by their values.
        return (
            candidates[0] if candidates and len(candidates[0][0]) > 2 and _is_other_axis(candidates[0][0]) else ["", ""]
        )
    what = f"{layout.columns} columns without names that are known"
    raise InputError(what, remedy=NAMES, file=source, line=layout.start)


def _is_other_axis(label: str) -> bool:
    return NOT_ENERGY.fullmatch(re.sub(r"[^a-z]", "", UNITS.sub("", label).lower())) is not None


def _words(line: str) -> Iterator[list[str]]:
    """Yield the ways to take a line of the header for names of columns."""
    bare = re.sub(r"^(#+(L\b)?|[%!*;&/]+)\s*", "", line.strip()).replace('"', "")
    compact = UNITS.sub(lambda unit: f"({unit[1].replace(' ', '')})", re.sub(r"\s+(?=[(\[])", "", bare))
    for separator in (r"\t", ",", ";", r"\s{2,}", r"\s+"):
        words = [word.strip() for word in re.split(separator, compact)]
        yield words if words[-1] else words[:-1]


def _header(above: list[str]) -> dict[str, str]:
    """Return what the header says as "key: value" or "key = value", keys in lower case."""
    fields = (_field(line) for line in above)
    return {match[1].lower(): match[2].strip() for match in fields if match}


def _field(line: str) -> re.Match[str] | None:
    return FIELD.fullmatch(line.strip().lstrip("#%!*;&/")) if len(line) < MAX_LABELS else None


def _first(header: dict[str, str], *keys: str) -> str:
    return next((header[key] for key in keys if key in header), "")


def _energy(text: str) -> float | None:
    """Return the energy in eV that a header gives ("7112", "7112.0 eV", "7.112 keV"); None when it gives none."""
    words = text.split()
    try:
        return number(words[0]) * (1000.0 if unit_of(text) == "keV" else 1.0) if words else None
    except ValueError:
        return None
