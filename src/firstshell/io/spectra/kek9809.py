"""Scans as the Photon Factory, Aichi SR and others write them: format 9809, with angles of the monochromator.

Energies are hc / (2 D sin Angle(o)), of the angle that was reached, or of Angle(c), the one asked for, where there is
no other. The line "Mode" says what each column counts: 1 the incoming beam, 2 the beam behind the sample, 3
fluorescence. The offsets that the file lists are not subtracted: they are counts in the dark, some per mille.
"""

import re
from pathlib import Path

import numpy as np

from firstshell.errors import InputError
from firstshell.io.spectra.channels import absorption
from firstshell.io.spectra.measured import About, Measured, Scan
from firstshell.io.spectra.text import decode_head, read_table, read_text, whole_lines
from firstshell.io.spectra.xdi import HC

name = "kek9809"
about = About(
    title="format 9809",
    written_by="Photon Factory, Aichi SR, SAGA-LS",
    read="energy from Angle(o) and D, the signals that the line Mode names",
    ignored="offsets (counts in the dark), the table of blocks",
    refused="files without D, angles or Mode",
)

FIRST = re.compile(r"\s*9809\s")
SPACING = re.compile(r"\bD\s*=\s*(\d{1,2}\.\d{1,8})\s*A\b", re.ASCII)
ANGLES = re.compile(r"\s*Angle\(c\)(\s+Angle\(o\))?\s+time", re.IGNORECASE)
DETECTORS = {1: "I0", 2: "I1", 3: "If"}
MAX_HEADER = 100
REMEDY = "Give the file as the beamline wrote it, or columns of energy and μ"


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is of format 9809, from 0 to 1."""
    return 1.0 if FIRST.match(decode_head(head)[:200]) else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read one scan.

    Raises InputError where the spacing of the crystal, the line of modes, or the beam that came in is missing.
    """
    source = str(path)
    lines, cut = whole_lines(read_text(path), source)
    head = [line for _, line in lines[:MAX_HEADER]]
    spacing = next((float(match[1]) for line in head if (match := SPACING.search(line))), 0.0)
    top = next((match for line in head if (match := ANGLES.match(line))), None)
    modes = next((i for i, line in enumerate(head) if line.split()[:1] == ["Mode"]), None)
    if not spacing > 0 or top is None or modes is None:
        missing = "D = … A" if not spacing > 0 else "Angle(c) and Angle(o)" if top is None else "Mode"
        raise InputError(f"a file of format 9809 without its line of {missing}", remedy=REMEDY, file=source)
    words = ["0", *head[modes].split()[1:]]  # the word Mode stands in the column of Angle(c)
    start = modes + 2 if len(head) > modes + 1 and head[modes + 1].split()[:1] == ["Offset"] else modes + 1
    table = read_table(lines[start:], source)
    if len(words) != table.values.shape[1] or not all(word.isascii() and word.isdecimal() for word in words):
        what = f"{table.values.shape[1]} columns of data but {len(words)} modes"
        raise InputError(what, remedy=REMEDY, file=source, line=lines[modes][0])
    before = len(top[0].split())  # columns of angles and time, before those of the detectors
    sine = np.sin(np.radians(table.values[:, before - 2]))
    energy = np.full(len(sine), np.nan)
    np.divide(HC / (2 * spacing), sine, out=energy, where=sine > 0)
    kinds = [DETECTORS.get(int(word), "") for word in words]
    labels = [f"{kind}{i}" if kind == "If" else kind for i, kind in enumerate(kinds, start=1)]
    made = absorption(labels[before:], list(table.values.T)[before:], source)
    header = {"sample": head[2].strip() if len(head) > 2 else "", "d_spacing": f"{spacing}"}
    return Scan(energy, "eV", made, source, table.lines, header=header, notes=(*table.notes, *cut)).spectra()
