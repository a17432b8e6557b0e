"""χ(k): the EXAFS that Athena, larch and others save without its edge."""

import re
from pathlib import Path

import numpy as np

from firstshell.elements import K_EDGES
from firstshell.errors import InputError
from firstshell.io.spectra.measured import About, Measured, make_chi
from firstshell.io.spectra.text import head_words, lines_of, read_rows, read_text
from firstshell.types import Array

name = "chi"
about = About(
    title="χ(k) of EXAFS",
    written_by="Athena, Artemis, larch, Viper",
    read="columns k (Å⁻¹) and χ(k), or kⁿχ(k) whose name says which power; Element.symbol",
    ignored="further columns, such as windows and imaginary parts",
    refused="χ(R), a weight that contradicts the name of the column, more names than columns, k that does not increase",
)

LABELS = re.compile(r"[#%!;\s]*(k)\s*(?:\(.*?\))?[\s,;]+(\S+)", re.IGNORECASE)
UNITS = re.compile(r"\s\(.*?\)")
WEIGHTS = {
    0: re.compile(r"(chi|χ)(\(k\))?(_?k)?\d?", re.IGNORECASE),
    1: re.compile(r"(k1?\*?_?(chi|χ)(\(k\))?|chik)", re.IGNORECASE),
    2: re.compile(r"(k\^?2\*?_?(chi|χ)(\(k\))?|k²χ(\(k\))?|chik2)", re.IGNORECASE),
    3: re.compile(r"(k\^?3\*?_?(chi|χ)(\(k\))?|k³χ(\(k\))?|chik3)", re.IGNORECASE),
}
"""Names of the second column by the power of k in it; of several the highest power fits best."""
ELEMENT = re.compile(r"[#%!;\s]*(?:Element\.symbol|element|absorber|atom)\s*[:=]\s*([A-Za-z]{1,2})\b", re.IGNORECASE)
FIRST, LAST = (3.0, 5.0), (7.0, 11.0)
"""Å⁻¹ of the beginning and the end of a measurement, whose sizes are compared."""
SIZE = 0.006, 0.25
"""Root mean square of χ(k) over the first of these: 0.016 to 0.091 in 52 measured scans."""
STEEP = 0.6, 5.0
"""How fast it falls from the first to the second, as a power of k: 1.1 to 4.0 in these."""
REMEDY = "Name the column for what is in it: k chi, k k2chi or k k3chi"


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is χ(k), from 0 to 1."""
    return 1.0 if any(_power(line) is not None for line in head_words(head)) else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read the first two columns of a table; InputError where they are not k and χ(k) as their names say."""
    source = str(path)
    lines = list(lines_of(read_text(path), source))
    heads = [(line, power) for _, line in lines if (power := _power(line)) is not None]
    if not heads:
        raise InputError("no line names the columns k and chi", remedy=REMEDY, file=source)
    powers = [power for _, power in heads]
    rows = read_rows([line for line in lines if not _is_text(line[1])], source)
    if rows.ndim != 2 or rows.shape[1] < 2:
        raise InputError("there is one column", remedy=REMEDY, file=source)
    names = re.split(r"[\s,;]+", UNITS.sub("", heads[-1][0]).strip("#%!; \t\r\n"))
    if len(names) > rows.shape[1]:
        what = f"it is χ(k), and its head names {len(names)} columns ({', '.join(names)[:60]}) where rows have "
        raise InputError(f"{what}{rows.shape[1]}", remedy="Correct the line of names", file=source)
    elements = [match[1].capitalize() for _, line in lines if (match := ELEMENT.match(line))]
    element = next((each for each in elements if each in K_EDGES), None)
    return [unweighted(rows[:, 0], rows[:, 1], powers[-1], source, element)]


def unweighted(k: Array, values: Array, power: int, source: str, element: str | None) -> Measured:
    """Return χ(k) of kⁿχ(k), n being `power`; InputError for another axis, and values that contradict the power."""
    if not len(k) or not np.isfinite(k).all() or (np.diff(k) <= 0).any() or k[0] < 0 or k[-1] > 40:
        raise InputError("k does not increase from 0 to at most 40 Å⁻¹", remedy="Give k in Å⁻¹", file=source)
    if k[0] == 0 and power:
        k, values = k[1:], values[1:]
    chi = values / k**power if power else values
    how = "χ(k)" if power == 0 else f"k^{power}·χ(k) over k^{power}"
    found = make_chi(k, chi, source, how, element)
    _check_weight(k, chi, power, source)
    return found


def _power(line: str) -> int | None:
    """Return the power of k in the second column of a line of names; None where it is none."""
    match = LABELS.match(line)
    if match is None:
        return None
    return next((power for power in (3, 2, 1, 0) if WEIGHTS[power].fullmatch(match[2])), None)


def _is_text(line: str) -> bool:
    return not re.match(r"\s*[-+.\d]", line)


def _check_weight(k: Array, chi: Array, power: int, source: str) -> None:
    """Raise InputError where the sizes of χ(k) along k contradict the power of k that the column's name says."""
    first, last = ((k >= low) & (k <= high) for low, high in (FIRST, LAST))
    if first.sum() < 5 or last.sum() < 5:
        return
    before, after = (float(np.sqrt(np.mean(chi[part] ** 2))) for part in (first, last))
    steep = float(np.log(max(before, 1e-12) / max(after, 1e-12)) / np.log(np.mean(LAST) / np.mean(FIRST)))
    wrong = "higher" if before > SIZE[1] or steep < STEEP[0] else "lower" if power and before < SIZE[0] else ""
    wrong = "lower" if power and steep > STEEP[1] else wrong
    if wrong:
        named = "χ(k)" if power == 0 else f"k^{power}·χ(k)"
        what = f"it is named {named}, but its values are weighted by a {wrong} power of k"
        raise InputError(what, remedy=REMEDY, file=source)
