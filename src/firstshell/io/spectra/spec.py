"""Scans of SPEC: files of many scans (#S), each with the names of its columns (#L) and a table.

See https://certif.com/spec_help/scans.html. Scans along other axes than energy are passed over.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from firstshell.errors import InputError
from firstshell.io.spectra.channels import absorption, role, unit_of
from firstshell.io.spectra.columns import energy_column
from firstshell.io.spectra.measured import MIN_POINTS, About, Measured, Scan, base_name, stem
from firstshell.io.spectra.text import Line, head_words, read_table, read_text, whole_lines

name = "spec"
about = About(
    title="scans of SPEC",
    written_by="SPEC at many beamlines",
    read="each scan along energy, every signal of its named columns",
    ignored="scans along other axes, aborted scans under ten points, spectra of analysers",
    refused="names that are not as many as the columns",
)

SCAN = re.compile(r"#S\s+(\d{1,9})\s*(.*)", re.ASCII)
LABELS = re.compile(r"#L\s+(.*\S)\s*")
MAX_SCANS = 1000
REMEDY = "Name the scan, as in file.dat#S2, or say which columns to take with --columns"


@dataclass
class _Block:
    """One scan: its number, command, names of columns, and lines."""

    number: str
    command: str
    labels: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this holds scans of SPEC along energy, from 0 to 1."""
    lines = head_words(head)
    named = [match[1] for line in lines if (match := LABELS.fullmatch(line))]
    scans = any(SCAN.match(line) for line in lines)
    return 0.8 if scans and any(role(word) == "energy" for line in named for word in _words(line)) else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read the scans along energy, each as one spectrum, in their order; an aborted one under ten points is noted.

    Raises InputError when no scan is one of absorption.
    """
    source = str(path)
    lines, cut = whole_lines(read_text(path), source)
    blocks = [block for block in _blocks(lines) if any(role(label) == "energy" for label in block.labels)]
    short = [block.number for block in blocks if len(block.lines) < MIN_POINTS]
    blocks = [block for block in blocks if len(block.lines) >= MIN_POINTS]
    if len(blocks) > MAX_SCANS:
        raise InputError(f"over {MAX_SCANS:,} scans", remedy="Give them in parts", file=source)
    left = (f"aborted scans are left out: {', '.join(short[:20])}",) if short else ()
    made: list[Measured] = []
    failed: list[InputError] = []
    for block in blocks:
        try:
            made += _spectra(block, source, len(blocks) > 1, (*left, *cut))
        except InputError as error:
            failed.append(error)
    if not made:
        raise failed[0] if failed else InputError("no scan along energy in it", remedy=REMEDY, file=source)
    return made


def _blocks(lines: list[Line]) -> list[_Block]:
    found: list[_Block] = []
    spectrum = False  # within the lines of a multichannel analyser, which begin with @ and may go on
    for place, line in lines:
        scan, labels = SCAN.match(line), LABELS.fullmatch(line)
        if scan:
            found.append(_Block(scan[1], scan[2].strip()))
        elif found and labels:
            found[-1].labels = _words(labels[1])
        elif found and line.strip() and not line.startswith("#"):
            if not (spectrum or line.startswith("@")):
                found[-1].lines.append((place, line))
            spectrum = (spectrum or line.startswith("@")) and line.rstrip().endswith("\\")
    return found


def _words(text: str) -> list[str]:
    """Return the names of columns: two blanks part them, as a name may have one."""
    words = re.split(r"\s{2,}|\t", text.strip())
    return words if len(words) > 1 else text.split()


def _spectra(block: _Block, source: str, several: bool, notes: tuple[str, ...]) -> list[Measured]:
    table = read_table(block.lines, source)
    labels, values = list(block.labels), list(table.values.T)
    if len(labels) != len(values):
        what = f"scan {block.number} has {len(values)} columns but {len(labels)} names"
        raise InputError(what, remedy=REMEDY, file=source)
    place = energy_column(labels)
    energy, unit = values.pop(place), unit_of(labels.pop(place))
    label = f"S{block.number}" if several else stem(base_name(source))
    header = {"scan": block.number, "command": block.command}
    made = absorption(labels, values, source)
    return Scan(energy, unit, made, source, table.lines, label, header=header, notes=(*table.notes, *notes)).spectra()
