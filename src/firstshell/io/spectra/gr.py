"""PDFs as G(r) in columns: .gr of PDFgetX3 and xPDFsuite, PDFgetX2, PDFgetN, PDFgui and PDFfit2, Mantid, GSAS-II.

The header is free text with settings as "key = value" or "key=value key=value"; the data follow a line "#### start
data", or the header is lines of "#".
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from firstshell.elements import element
from firstshell.errors import InputError
from firstshell.io.spectra.measured import MAX_SPAN, About, Measured, PdfHeader, Radiation, make_pdf
from firstshell.io.spectra.text import Line, head_lines, lines_of, number, numbers, read_rows, read_text

name = "gr"
about = About(
    title="G(r)",
    written_by="PDFgetX3, xPDFsuite, PDFgetX2, PDFgetN, PDFgui, Mantid, GSAS-II",
    read="r and G(r), Qmin, Qmax, Qdamp, composition, radiation",
    ignored="further columns, other settings",
    refused="F(Q), S(Q), fitted curves, r in nm",
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
PRODUCERS = re.compile(r"PDFget(N|X)|#\s*Comment:\s*(neutron|x-?ray)\b", re.IGNORECASE)
FIT = re.compile(r"#+\s*PDFgui fit\b", re.IGNORECASE)
MAX_HEADER = 10_000
MIN_ROWS = 20
MAX_FIRST_R, MAX_STEP = 1.5, 0.2  # Å; a table without a header that begins so, in even steps, is a PDF


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is a PDF: 1 by its header, 0.3 by an even axis from near zero."""
    lines = head_lines(head)
    if any(START.match(line) or TITLE.match(line) for line in lines):
        return 1.0
    labels = [match[1].split() for line in lines if (match := LABELS.match(line))]
    if any(words and re.match(r"r\b", words[0], re.IGNORECASE) for words in labels):
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

    Raises InputError for a table that is not G(r) in Å⁻² against r in Å: F(Q) and S(Q) of the same programs, fitted
    curves of PDFgui, r in nm, rows of other lengths, r that does not increase.
    """
    source = str(path)
    above, rows = _parts(list(lines_of(read_text(path), source)), source)
    header = _settings(above)
    _check_kind(above, header, source)
    table = read_rows(rows, source, comments=("#",))
    if table.shape[1] < 2:
        raise InputError("a single column", remedy="Give r and G(r)", file=source)
    return [make_pdf(table[:, 0].copy(), table[:, 1].copy(), source, _pdf_header(above, header), header)]


def _parts(lines: list[Line], source: str) -> tuple[list[str], list[Line]]:
    """Split header from data: at "#### start data", or else at the first row of numbers."""
    start = next((i for i, (_, line) in enumerate(lines[:MAX_HEADER]) if START.match(line)), None)
    if start is None:
        start = next((i for i, (_, line) in enumerate(lines[:MAX_HEADER]) if len(_row(line)) > 1), None)
    if start is None:
        raise InputError("no G(r) in it", remedy="Give rows of r and G(r)", file=source)
    labels = [line for _, line in lines[start : start + 20] if line.startswith("#")]
    return [line for _, line in lines[:start]] + labels, lines[start:]


def _row(line: str) -> list[float]:
    try:
        return numbers(line.split())
    except ValueError:
        return []


def _settings(above: list[str]) -> dict[str, str]:
    """Return the settings of a header, keys in lower case; the first of several of one name counts."""
    header: dict[str, str] = {}
    for line in above:
        whole = WHOLE_LINE.fullmatch(line)
        for key, value in [whole.groups()] if whole else SETTING.findall(line):
            header.setdefault(key.lower(), value.strip())
    return header


def _check_kind(above: list[str], header: dict[str, str], source: str) -> None:
    kind = header.get("outputtype", "gr").lower()
    labels = [match[1].strip() for line in above if (match := LABELS.match(line))]
    if kind != "gr" or any(not re.match(r"r\b", label, re.IGNORECASE) for label in labels):
        shown = kind if kind != "gr" else labels[0][:40]
        raise InputError(f"it holds {shown!r}, not G(r)", remedy="Give the .gr file", file=source)
    if any(re.match(r"r\W*nm\b", label, re.IGNORECASE) for label in labels):
        raise InputError("r in nm", remedy="Give r in Å and G(r) in Å⁻²", file=source)
    if any(FIT.match(line) for line in above):
        what = "a fitted curve of PDFgui, not a measured one"
        raise InputError(what, remedy="Give the .gr that was fitted", file=source)


def _pdf_header(above: list[str], header: dict[str, str]) -> PdfHeader:
    return PdfHeader(
        qmin=_quantity(header, "qmin", zero=True),
        qmax=_quantity(header, "qmax"),
        qmaxinst=_quantity(header, "qmaxinst"),
        qdamp=_quantity(header, "qdamp", "qsig", zero=True),
        qbroad=_quantity(header, "qbroad", "qalp", zero=True),
        rpoly=_quantity(header, "rpoly"),
        composition=header.get("composition") or _pdfgetn_composition(above),
        radiation=_radiation(above, header),
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
    """Tell X-rays from neutrons by a setting (mode, stype) or else by the program."""
    for key in ("mode", "stype"):
        if header.get(key, "").lower() in RADIATION:
            return RADIATION[header[key].lower()]
    named = next((match for line in above if (match := PRODUCERS.search(line))), None)
    return RADIATION[(named[1] or named[2]).lower()] if named else None


def _pdfgetn_composition(above: list[str]) -> str | None:
    """Return the formula in PDFgetN's table of elements and their relative numbers, such as "O0.6Mn0.2La0.2"."""
    start = next((i for i, line in enumerate(above) if line.split()[:2] == ["Element", "relAtomNum"]), None)
    formula = ""
    for line in above[start + 1 :] if start is not None else []:
        words = line.split()
        if len(words) < 2 or element(words[0]) is None or not (amount := _row(words[1])):
            break
        formula += f"{words[0]}{amount[0]:g}"
    return formula or None
