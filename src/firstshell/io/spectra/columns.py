"""Scans as columns of text (.dat, .nor, .xmu, .csv, .txt), with or without a header.

Columns are separated by blanks, tabs, commas or semicolons; the decimal mark is a point or, where the separator allows
it, a comma. Two columns are energy and μ(E), unless their names say otherwise; of more, the names decide (see
`channels`), or `columns` does. Energies are in eV or keV: the name of the column says so, or else the values do.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from firstshell.elements import edge, element
from firstshell.errors import InputError
from firstshell.io.spectra.channels import NAMES, UNITS, Signal, log_ratio, role, signals, unit_of
from firstshell.io.spectra.formula import parse_columns
from firstshell.io.spectra.measured import MIN_POINTS, About, Measured, Scan
from firstshell.io.spectra.text import (
    Line,
    Split,
    head_lines,
    is_number,
    lines_of,
    number,
    read_table,
    read_text,
    whole_lines,
)
from firstshell.types import Array

name = "columns"
about = About(
    title="columns of text",
    written_by="most beamlines, Athena (`.nor`, `.xmu`), spreadsheets (CSV)",
    read="energy (eV, keV) and every signal of the named columns; several scans one below the other",
    ignored="columns of other names, text above and below the table, few rows with a word that is no number",
    refused="three columns or more without known names, other axes, rows of other lengths, many spoilt rows",
)

SAMPLE = 50
"""Rows from which separator and decimal mark are found."""
MAX_HEADER = 10_000
MAX_LABELS = 5000
COMMENTS = ("#", "%", "!", "*", "//", ";", "&")
BETWEEN = re.compile(r"[\s,;]+")
LONGEST_ROW = 10_000
LEGEND = re.compile(r"\b([A-Z]\d{1,3})\s*=\s*\{([^{}]{1,60})\}")
"""Names of columns as the scan program of EPICS lists them: D1 = {I0} --> …"""
QUOTED = re.compile(r'"([-+\d.eE]{1,40})"', re.ASCII)
"""A number in quotes, as some programs write CSV."""
NO_SIGNAL = re.compile(
    r"(bkg|background|pre|post|err|error|std|sigma|time|clock|count|second|temp|chi|angle|theta|index|point|scan|ring|current"
    r"|mono|energy|k|der|nder|sec|nsec).*"
)
"""Names of columns that are no spectrum, in a file with one spectrum in each column."""
NAMELESS = "its columns have no names: what makes μ was chosen by their content; --columns overrides it"
NUMBERED = re.compile(r"[#%!;*\s]*(?:column|col\.?|c)?[\s._#]*(\d{1,3})\s*[:=)]\s*(\S[^=]{0,60}?)", re.IGNORECASE)
MAX_ABOVE, LONGEST_NAME, MOST_WORDS = 60, 200, 3
DECIMAL_COMMA = re.compile(r"[+-]?\d{1,20}(,\d{1,30})?([eEdD][+-]?\d{1,3})?")
FIELD = re.compile(r"\s*([A-Za-z][\w. -]{0,60}?)\s*[:=]\s*(\S.*)")
NOT_ENERGY = re.compile(r"(two)?theta|angle.?|bragg|k|q|r|wavelength|lambda|time|pixel|point|index")


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


def read(path: str | Path, columns: str | None = None) -> list[Measured]:
    """Read one scan from columns of text, or the spectra of a file that Athena wrote with one in each column.

    columns : which columns to take, such as "energy=1,mu=ln(3/4)"; by default their names decide

    Raises InputError for a file without a table, with lines amid it that are no rows, with columns of which no μ(E) can
    be made, or with energies that are none.
    """
    source = str(path)
    text = QUOTED.sub(r"\1", read_text(path))
    layout = find_table(text, source)
    lines, cut = whole_lines(text, source, layout.start)
    table = read_table(lines, source, split=layout.split, comments=COMMENTS)
    header = header_of(layout.above)
    if columns is not None:
        named = label_candidates(layout.above, layout.columns)
        asked = parse_columns(columns).of(table.values, best_labels(named) if named else [], source)
        energy, unit, found = asked.energy, "", [("", [Signal(asked.mu, asked.how, "mu", None)])]
        notes: tuple[str, ...] = ()
    else:
        values, labels = list(table.values.T), _labels(layout, source)
        place = energy_column(labels)
        if is_other_axis(labels[place]):
            what = f"its first column is {labels[place][:40]!r}, not energy"
            raise InputError(what, remedy="Give μ against photon energy in eV or keV", file=source)
        energy, unit = values.pop(place), unit_of(labels.pop(place))
        found = _signals(labels, values, source, header)
        notes = (NAMELESS,) if len(labels) == 2 and not any(labels) else ()
    spectra: list[Measured] = []
    failed: list[InputError] = []
    for label, made in found:
        scan = Scan(
            energy,
            unit,
            made,
            source,
            table.lines,
            label,
            element(first_of(header, "element.symbol", "element", "absorber", "symbol")),
            edge(first_of(header, "element.edge", "edge", "absorption_edge")),
            energy_of(first_of(header, "athena.e0", "scan.edge_energy", "e0", "edge_energy")),
            header,
            (*table.notes, *cut, *notes),
        )
        try:
            spectra += scan.spectra()
        except InputError as error:  # one column of several samples may be none
            failed.append(error)
    if not spectra:
        raise failed[0]
    return spectra


def _signals(
    labels: list[str], values: list[Array], source: str, header: dict[str, str]
) -> list[tuple[str, list[Signal]]]:
    """Return the signals of each spectrum of a table.

    The only column beside energy is μ, whatever it is called. Where no name is known, as in tables of several samples,
    each column is taken for the μ of what it is named after.
    """
    file_type = header.get("demeter.output_filetype", "")
    if len(labels) == 2 and not any(labels):
        return [("", _nameless(*values))]
    if len(labels) == 1 and role(labels[0]) in (None, "ifluor", "iyield") and not file_type:
        return [("", [Signal(values[0], "mu", "mu", None)])]
    if not file_type and not any(map(role, labels)):
        named = [(label, column) for label, column in zip(labels, values, strict=True) if _may_be_a_sample(label)]
        if named:
            return [(label, [Signal(column, f"column {label}", "mu", None)]) for label, column in named]
    return signals(labels, values, source, file_type, element(first_of(header, "element.symbol", "element")))


def _nameless(second: Array, third: Array) -> list[Signal]:
    """Return what two columns without names beside energy may be, in an order in which the first with an edge is it.

    The incoming beam stands before what is measured behind it, and has no edge itself.
    """
    transmission = log_ratio(("2", second), ("3", third))
    positive = np.where(second > 0, second, np.nan)
    return [
        Signal(second, "column 2", "mu", None),
        Signal(transmission[1], transmission[0], "transmission"),
        Signal(third / positive, "3/2", "fluorescence"),
        Signal(third, "column 3", "mu", None),
    ]


def _may_be_a_sample(label: str) -> bool:
    bare = re.sub(r"[^a-z]", "", label.lower())
    return bool(bare) and NO_SIGNAL.fullmatch(bare) is None


def energy_column(labels: list[str]) -> int:
    """Return the place of the column of energy: that named so, and nothing else, before others; else the first."""
    named = [i for i, label in enumerate(labels) if role(label) == "energy"]
    plain = [i for i in named if re.fullmatch(r"(energy|e)(\W.*)?", labels[i].strip().lower())]
    like = [i for i, label in enumerate(labels) if "energy" in label.lower()]
    return next(iter([*plain, *named, *like]), 0)


def find_table(text: str, source: str) -> Layout:
    """Find the first run of at least ten rows of equally many numbers, two or more; InputError when there is none."""
    run: list[Line] = []
    above: list[str] = []
    lost: list[Line] = []
    for place, line in lines_of(text, source):
        stripped = line.strip()
        if _is_numeric(stripped) or (run and _is_spoilt(stripped, run[-1][1])):
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
    """Whether a line may be a row of the table; NaN counts, so that it is found there and not taken for a header."""
    words = _row_words(line)
    return bool(words) and all(map(is_number, words))


def _is_spoilt(line: str, before: str) -> bool:
    """Whether a line is a row as long as the one before it, in which some words are no numbers."""
    words = _row_words(line)
    return len(words) == len(_row_words(before)) and any(map(is_number, words)) and not line.startswith(COMMENTS)


def _row_words(line: str) -> list[str]:
    return [word for word in BETWEEN.split(line) if word] if len(line) < LONGEST_ROW else []


def _trimmed(run: list[Line]) -> tuple[list[Line], Split]:
    """Return the run without rows of another length before it (a number of points), and how to split it."""
    split = _splitter([row for _, row in run[-SAMPLE:]])
    while run and len(split(run[0][1])) != len(split(run[-1][1])):
        run = run[1:]
    return (run, split) if run and len(split(run[-1][1])) > 1 else ([], split)


def _splitter(rows: list[str]) -> Split:
    """Find separator and decimal mark, by what most rows have.

    A comma is the decimal mark where semicolons, tabs or blanks separate; it separates where there are points or
    nothing else does.
    """

    def most(test: Callable[[str], bool]) -> bool:
        return sum(map(test, rows)) > len(rows) / 2

    if most(lambda row: ";" in row):
        comma = most(lambda row: "," in row)
        return _split_semicolons_commas if comma and not most(lambda row: "." in row) else _split_semicolons
    if not most(lambda row: "," in row):
        return str.split
    if most(lambda row: len(row.split()) > 1 and all(map(DECIMAL_COMMA.fullmatch, row.split()))):
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
    candidates = label_candidates(layout.above, layout.columns)
    best = best_labels(candidates)
    if any(role(word) for word in best):
        return best
    if layout.columns == 2:
        # A name such as k may be that of an edge in a title; axes of that name are recognised by their values.
        return (
            candidates[0] if candidates and len(candidates[0][0]) > 2 and is_other_axis(candidates[0][0]) else ["", ""]
        )
    if layout.columns == 3 and not candidates:
        return ["", "", ""]
    what = f"{layout.columns} columns without names that are known"
    raise InputError(what, remedy=NAMES, file=source, line=layout.start)


def best_labels(candidates: list[list[str]]) -> list[str]:
    """Return the names of which most are known."""
    return max(candidates, key=lambda words: sum(role(word) is not None for word in words), default=[])


def label_candidates(above: list[str], columns: int) -> list[list[str]]:
    """Return what may be the names of so many columns, from the lines above a table, the nearest line first.

    Names stand in a line, in a legend for the words of that line (D1 = {I0}), or one to a line, by number or not.
    """
    short = [line for line in above if len(line) < LONGEST_NAME]
    legend = {match[1]: match[2].strip() for line in short if (match := LEGEND.search(line))}
    lines = [line for line in reversed(above[-MAX_ABOVE:]) if len(line) < MAX_LABELS and not _field(line)]
    found = [words for line in lines for words in _words(line) if len(words) == columns]
    found += [[legend[word] for word in words] for words in found if all(word in legend for word in words)]
    numbered = {int(match[1]): match[2].strip() for line in short if (match := NUMBERED.fullmatch(line.strip()))}
    if set(numbered) == set(range(1, columns + 1)):
        found.append([numbered[i] for i in range(1, columns + 1)])
    listed = [line.strip().lstrip("#%!").strip() for line in short[-columns:]]
    short_ones = columns > 2 and all(len(words.split()) <= MOST_WORDS for words in listed)
    if len(listed) == columns and short_ones and sum(role(word) is not None for word in listed) > 1:
        found.append(listed)
    return found


def is_other_axis(label: str) -> bool:
    """Whether a column of that name is an axis, but not of energy."""
    return NOT_ENERGY.fullmatch(re.sub(r"[^a-z]", "", UNITS.sub("", label).lower())) is not None


def _words(line: str) -> Iterator[list[str]]:
    """Yield the ways to take a line of the header for names of columns."""
    bare = re.sub(r"^(#+(L\b)?|[%!*;&/]+)\s*", "", line.strip()).replace('"', "")
    compact = UNITS.sub(lambda unit: f"({unit[1].replace(' ', '')})", re.sub(r"\s+(?=[(\[])", "", bare))
    for separator in (r"\t", ",", ";", r"\s{2,}", r"\s{2,}|(?<=\*)\s", r"\s+"):
        words = [word.strip() for word in re.split(separator, compact)]
        yield words if words[-1] else words[:-1]


def header_of(above: list[str]) -> dict[str, str]:
    """Return what the header says as "key: value" or "key = value", keys in lower case."""
    fields = (_field(line) for line in above)
    return {match[1].lower(): match[2].strip() for match in fields if match}


def _field(line: str) -> re.Match[str] | None:
    return FIELD.fullmatch(line.strip().lstrip("#%!*;&/")) if len(line) < MAX_LABELS else None


def first_of(header: dict[str, str], *keys: str) -> str:
    """Return the first of these fields that a header has, "" when it has none."""
    return next((header[key] for key in keys if key in header), "")


def energy_of(text: str) -> float | None:
    """Return the energy in eV that a header gives ("7112", "7112.0 eV", "7.112 keV"); None when it gives none."""
    words = text.split()
    try:
        return number(words[0]) * (1000.0 if unit_of(text) == "keV" else 1.0) if words else None
    except ValueError:
        return None
