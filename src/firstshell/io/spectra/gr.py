"""PDFs as G(r) in columns: .gr of PDFgetX3 and xPDFsuite, PDFgetX2, PDFgetN, PDFgui and PDFfit2, Mantid, GSAS-II.

The header is free text with settings as "key = value" or "key=value key=value"; the data follow a line "#### start
data", or the header is lines of "#". Labels and header show what is none of this: χ(k) and χ(R) of EXAFS, S(Q) and
F(Q), diffraction patterns, files of RMCProfile.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from firstshell.elements import element
from firstshell.errors import InputError
from firstshell.io.spectra.measured import MAX_SPAN, About, Measured, PdfHeader, Radiation, make_pdf
from firstshell.io.spectra.pdf_points import Points, repair
from firstshell.io.spectra.text import (
    CORRECT,
    MAX_ROWS,
    Line,
    head_lines,
    head_words,
    lines_of,
    number,
    numbers,
    read_text,
)

name = "gr"
about = About(
    title="G(r)",
    written_by="PDFgetX3, xPDFsuite, PDFgetX2, PDFgetN, PDFgui, Mantid, GSAS-II",
    read="r and G(r), Qmin, Qmax, Qdamp, composition, radiation",
    ignored="further columns, other settings; a few points that no neighbour supports, by line",
    refused="χ(k), F(Q), S(Q), g(r), T(r), R(r), diffraction patterns, files of RMCProfile, fitted curves, r in nm, "
    "many spoilt points",
)

START = re.compile(r"#{3,}\s*start data\b.*", re.IGNORECASE)
LABELS = re.compile(r"#\s*L\b(.*)")
TITLE = re.compile(r"#\s*T\s+G\(R\)", re.IGNORECASE)
SETTING = re.compile(r"(?<![\w.])([A-Za-z]\w{0,30})[ \t]*=[ \t]*([^\s,;=]++)(?!=)")
WHOLE_LINE = re.compile(r"[#\s]*(composition|mode|outputtype|dataformat|inputfile|backgroundfile|version)\s*=\s*(.*)")
RADIATION: dict[str, Radiation] = {
    "x": "x-ray",
    "xray": "x-ray",
    "x-ray": "x-ray",
    "n": "neutron",
    "neutron": "neutron",
}
PRODUCERS = re.compile(r"(?:PDFget|Get_)(N|X)|#\s*Comment:\s*(neutron|x-?ray)\b", re.IGNORECASE)
TRANSFORM = re.compile(r"(?=.*\bqmax\s*=)(?=.*\b(?:rmax|deltar)\s*=)", re.IGNORECASE)
"""The settings of the transform itself; PDFgetX2 and PDFgetN write qmin and qmax of other steps above them."""
UNIT = re.compile(r"[\s(\[{$/\\].*", re.DOTALL)
GIVE = "Give the .gr file"
OTHER_AXES = {
    "k": ("χ(k) of EXAFS", "Give the measured μ(E), or a PDF as G(r)"),
    "q": ("S(Q) or F(Q)", GIVE),
    "2theta": ("a diffraction pattern", GIVE),
    "2-theta": ("a diffraction pattern", GIVE),
    "two-theta": ("a diffraction pattern", GIVE),
    "tth": ("a diffraction pattern", GIVE),
}
"""What a table holds by the name of its first column."""
PATTERN = re.compile(r"\s*(2|two)[\s_-]?theta\b", re.IGNORECASE)
RMC = (
    "G(r) of PDFgetX3 is 4πρ₀r·G(r)/⟨b⟩² of RMCProfile's G(r), or D(r)/⟨b⟩² of its D(r): write that with a line "
    "'#### start data' above it"
)
FIT = re.compile(r"#+\s*PDFgui fit\b", re.IGNORECASE)
MAX_HEADER = 10_000
MIN_ROWS = 20
MAX_FIRST_R, MAX_STEP = 1.5, 0.2  # Å; a table without a header that begins so, in even steps, is a PDF


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is a PDF: 1 by its header, 0.3 by an even axis from near zero."""
    lines = head_lines(head)
    if _is_counted(lines):
        return 0.9
    words = head_words(head)
    if any(START.match(line) or TITLE.match(line) for line in words):
        return 1.0
    labels = [match[1].split() for line in words if (match := LABELS.match(line))]
    if any(names and re.match(r"r\b", names[0], re.IGNORECASE) for names in labels):
        return 0.9
    below = [line for line in lines[:-1] if not line.startswith("#")]
    first = next(filter(None, map(_row, below)), [])
    if not (first and 0 <= first[0] <= MAX_FIRST_R):
        return 0.0
    rows = list(filter(None, map(_row, below)))
    if len(rows) < MIN_ROWS or any(len(row) < 2 for row in rows):
        return 0.0
    r = np.array([row[0] for row in rows])
    steps = np.diff(r)
    even = steps.min() > 0 and steps.max() <= min(MAX_STEP, 1.01 * steps.min() + 1e-6)
    # A scan of a light element's edge in keV begins near 1 too, but does not run far.
    return 0.3 if r[-1] > MAX_SPAN * r[0] and even else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read one G(r), with what its header says of Q, composition and radiation.

    Points that no neighbour supports are left out and named in the notes.

    Raises InputError for a table that is not G(r) in Å⁻² against r in Å: χ(k), F(Q) and S(Q), fitted curves of PDFgui,
    files of RMCProfile, r in nm, rows of other lengths, r that does not increase, many points that are spoilt.
    """
    source = str(path)
    lines = list(lines_of(read_text(path), source))
    if _is_counted([line for _, line in lines]):
        what = "a file of RMCProfile (number of points, title): its G(r) has another normalisation"
        raise InputError(what, remedy=RMC, file=source)
    above, labels, rows = _parts(lines, source)
    header = _settings(above)
    _check_kind(above, labels, header, source)
    pdf = _pdf_header(above, header)
    points = repair(_points(rows, source), pdf.qmax, source)
    return [replace(make_pdf(points.r, points.g, source, pdf, header), notes=points.notes)]


def _is_counted(lines: Sequence[str]) -> bool:
    """Whether a file begins with a number of points, a title, and rows of r from near 0."""
    if len(lines) < 4 or not re.fullmatch(r"\s*\d{2,7}\s*", lines[0], re.ASCII) or len(_row(lines[1])) > 1:
        return False
    first, second = _row(lines[2]), _row(lines[3])
    return bool(len(first) > 1 and len(second) > 1 and 0 <= first[0] <= MAX_FIRST_R and first[0] < second[0])


def _points(rows: list[Line], source: str) -> Points:
    """Read r and G(r), the first two of the columns; what errors stand behind them may be missing in some rows."""
    found: list[tuple[int, list[float]]] = []
    notes: tuple[str, ...] = ()
    held = [(place, line.strip()) for place, line in rows if line.strip() and not line.lstrip().startswith("#")]
    for place, line in held:
        words = line.split()
        try:
            row = numbers(words)
        except ValueError:
            row = []
        if len(row) < 2 and place == held[-1][0] and found and (len(words) > 1 or row) and _row(words[0]):
            notes = (f"line {place} is cut short and left out",)
            continue
        if not row:
            raise InputError(f"not a row of numbers: {line[:40]!r}", remedy=CORRECT, file=source, line=place)
        found.append((place, row))
        if len(found) > MAX_ROWS:
            raise InputError(f"over {MAX_ROWS:,} rows", remedy="Is this one spectrum?", file=source)
    if not found:
        raise InputError("no rows of numbers in it", remedy="Is this a measured spectrum?", file=source)
    return _pairs(found, notes, source)


def _pairs(found: list[tuple[int, list[float]]], notes: tuple[str, ...], source: str) -> Points:
    """Return the first two columns; a row has all of the columns or these two alone, as some programs write it."""
    most = max(len(row) for _, row in found)
    if most < 2:
        raise InputError("a single column", remedy="Give r and G(r)", file=source)
    usual = most if sum(len(row) == most for _, row in found) >= MIN_ROWS else 2
    other = next(((place, row) for place, row in found if len(row) not in (2, usual)), None)
    if other is not None:
        what = f"{len(other[1])} numbers where other rows have {usual}"
        raise InputError(what, remedy="Is the file complete?", file=source, line=other[0])
    if len({len(row) for _, row in found}) > 1:
        notes = (f"some rows have 2 numbers and others {most}: the first two are r and G(r)", *notes)
    r, g = np.array([row[:2] for _, row in found]).T
    return Points(r.copy(), g.copy(), np.array([place for place, _ in found]), notes)


def _parts(lines: list[Line], source: str) -> tuple[list[str], list[str], list[Line]]:
    """Split header, labels of columns and data: at "#### start data", or else at the first row of numbers."""
    start = next((i for i, (_, line) in enumerate(lines[:MAX_HEADER]) if START.match(line)), None)
    if start is None:
        start = next((i for i, (_, line) in enumerate(lines[:MAX_HEADER]) if len(_row(line)) > 1), None)
    if start is None:
        raise InputError("no G(r) in it", remedy="Give rows of r and G(r)", file=source)
    below = [line for _, line in lines[start : start + 20] if line.startswith("#")]
    above = [line for _, line in lines[:start]]
    # Labels of other tables, such as PDFgetX2's of elements, stand in the header.
    labels = below if START.match(lines[start][1]) else above
    return above + below, [match[1].strip() for line in labels if (match := LABELS.match(line))], lines[start:]


def _row(line: str) -> list[float]:
    try:
        return numbers(line.split())
    except ValueError:
        return []


def _settings(above: list[str]) -> dict[str, str]:
    """Return the settings of a header, keys in lower case; the first of several of one name counts."""
    header: dict[str, str] = {}
    for line in sorted(above, key=lambda line: TRANSFORM.match(line) is None):
        whole = WHOLE_LINE.fullmatch(line)
        for key, value in [whole.groups()] if whole else SETTING.findall(line):
            header.setdefault(key.lower(), value.strip())
    return header


def _check_kind(above: list[str], labels: list[str], header: dict[str, str], source: str) -> None:
    """Raise InputError for what a table is, where labels and header say that it is not G(r) against r in Å."""
    kind = header.get("outputtype", "gr").lower()
    if kind == "gr" and (other := _other_table(above, labels)) is not None:
        raise InputError(f"it holds {other[0]}, not r and G(r)", remedy=other[1], file=source)
    if kind != "gr" or any(not re.match(r"r\b", label, re.IGNORECASE) for label in labels):
        shown = kind if kind != "gr" else labels[0][:40]
        raise InputError(f"it holds {shown!r}, not G(r)", remedy=GIVE, file=source)
    if any(re.match(r"r\W*nm\b", label, re.IGNORECASE) for label in labels):
        raise InputError("r in nm", remedy="Give r in Å and G(r) in Å⁻²", file=source)
    if any(FIT.match(line) for line in above):
        what = "a fitted curve of PDFgui, not a measured one"
        raise InputError(what, remedy="Give the .gr that was fitted", file=source)


def _other_table(above: list[str], labels: list[str]) -> tuple[str, str] | None:
    """Return what a table is when its columns are named as those of another kind, and what to give instead."""
    last = next((line for line in reversed(above) if line.strip("# \t-=")), "")
    for label in [*labels, last.lstrip("# \t")]:
        words = label.split()
        axis = UNIT.sub("", label.strip()).lower()
        if len(words) > 1 and axis in OTHER_AXES and label != "" and not SETTING.search(label):
            return OTHER_AXES[axis]
        if len(words) > 1 and axis == "r" and re.match(r"\|?(chi|χ)", words[1], re.IGNORECASE):
            return "χ(R), the Fourier transform of EXAFS", OTHER_AXES["k"][1]
    return OTHER_AXES["tth"] if any(PATTERN.match(line.lstrip("# ")) for line in above) else None


def _pdf_header(above: list[str], header: dict[str, str]) -> PdfHeader:
    return PdfHeader(
        qmin=_quantity(header, "qmin", zero=True),
        qmax=_quantity(header, "qmax"),
        qmaxinst=_quantity(header, "qmaxinst"),
        qdamp=_quantity(header, "qdamp", "qsig", zero=True),
        qbroad=_quantity(header, "qbroad", "qalp", zero=True),
        rpoly=_quantity(header, "rpoly"),
        composition=header.get("composition") or _element_table(above),
        radiation=_radiation(above, header),
        differential=element(header.get("differential", "")),
    )


def _quantity(header: dict[str, str], *keys: str, zero: bool = False) -> float | None:
    """Return the first of these settings that is a number; zero stands for "none" unless `zero` says that it counts."""
    for key in keys:
        try:
            value = number(header.get(key, ""))
        except ValueError:
            continue
        if math.isfinite(value) and (value > 0 or (zero and value == 0)):
            return value
    return None


def _radiation(above: list[str], header: dict[str, str]) -> Radiation | None:
    """Distinguish X-rays from neutrons by a setting (mode, stype) or else by the program."""
    for key in ("mode", "stype"):
        if header.get(key, "").lower() in RADIATION:
            return RADIATION[header[key].lower()]
    named = next((match for line in above if (match := PRODUCERS.search(line))), None)
    return RADIATION[(named[1] or named[2]).lower()] if named else None


def _element_table(above: list[str]) -> str | None:
    """Return the formula in a header's table of elements and their relative numbers, such as "O0.6Mn0.2La0.2".

    PDFgetN labels it "Element relAtomNum …", PDFgetX2 "#L symbol valence fractions …".
    """
    formula = ""
    for i, line in enumerate(above):
        labels = line.removeprefix("#L").split()
        column = next((labels.index(label) for label in ("relAtomNum", "fractions") if label in labels), 0)
        if not column or labels[0] not in ("Element", "symbol"):
            continue
        for row in above[i + 1 :]:
            words = row.split()
            if len(words) <= column or element(words[0]) is None or not (amount := _row(words[column])):
                break
            formula += f"{words[0]}{amount[0]:g}"
    return formula or None
