"""Strict reading of VASP 5 POSCAR files (https://www.vasp.at/wiki/POSCAR)."""

import re

import numpy as np

from firstshell.errors import InputError
from firstshell.io.spectra.measured import About
from firstshell.io.spectra.text import number
from firstshell.io.structures.atoms import Atoms, check_count, element, parse_formula, wrapped
from firstshell.types import Array

about = About(
    title="POSCAR",
    written_by="VASP 5, pymatgen, ASE, VESTA",
    read="scale or volume, cell, elements and counts, direct or Cartesian coordinates; a first line that is a formula "
    "with all counts, and labels behind coordinates, are compared",
    ignored="flags of selective dynamics, remarks, velocities and what follows",
    refused="files without elements (VASP 4), three scale factors, rows with more numbers than they have a meaning "
    "for, rows too few or too many",
)
_COUNTED_FORMULA = re.compile(r"\s*(?:[A-Z][a-z]?\d+\s*){2,}", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


def parse_poscar(text: str, *, source: str, max_sites: int) -> Atoms:
    """Read POSCAR text: direct or Cartesian, with or without selective dynamics and labels at line ends.

    Velocities and what follows them are ignored. A row with more numbers than the format has is refused: one of them is
    not what it seems. The comment line is a declared formula when every element in it has a count ("Cu1 N2 Cl4 O2");
    any other comment is a title.

    Raises
    ------
    InputError : with the line, when the text is not a complete POSCAR

    """
    return _Poscar(text, source, max_sites).atoms()


class _Poscar:
    """The lines of one POSCAR, with the place to name in errors."""

    def __init__(self, text: str, source: str, max_sites: int) -> None:
        self.lines, self.source, self.max_sites = re.split("\r\n|\r|\n", text), source, max_sites

    def atoms(self) -> Atoms:
        cell, scale = self._cell()
        symbols, row = self._symbols()
        if self._words(row)[0][0] in "sS":
            row += 1
            selective = True
        else:
            selective = False
        mode = self._words(row)[0][0]
        if mode not in "dDcCkK":
            raise self._error(f"expected Direct or Cartesian, found {self.lines[row].strip()[:40]!r}", row)
        first = row + 1
        flags = 3 if selective else 0
        positions = np.array([self._numbers(first + i, 3, flags) for i in range(len(symbols))])
        self._check_rows(symbols, first, 3 + flags)
        if mode in "cCkK":
            positions = positions * scale @ np.linalg.inv(cell)
        formula = parse_formula(self.lines[0]) if _COUNTED_FORMULA.fullmatch(self.lines[0]) else None
        species = [{symbol: 1.0} for symbol in symbols]
        return Atoms(cell, species, wrapped(positions, self.source), formula or {}, 1)

    def _cell(self) -> tuple[Array, float]:
        if len(self._words(1)) != 1:
            raise self._error("expected one scale factor", 1)
        scale = self._numbers(1, 1)[0]
        cell = np.array([self._numbers(row, 3) for row in (2, 3, 4)])
        volume = abs(np.linalg.det(cell))
        if volume == 0 or scale == 0:
            raise self._error("the cell has no volume", 2)
        factor = scale if scale > 0 else (-scale / volume) ** (1 / 3)  # a negative scale is the volume
        return cell * factor, factor

    def _symbols(self) -> tuple[list[str], int]:
        """Return the element of every atom and the row after the counts; VASP wraps both lists onto several rows."""
        if all(_COUNT.fullmatch(word) for word in self._words(5)):
            raise self._error(
                "there is no line of element symbols, as in files of VASP 4", 5, "Add it above the counts"
            )
        row, names = 5, list[str]()
        while not all(_COUNT.fullmatch(word) for word in self._words(row)):
            for word in self._words(row):
                name = element(re.split("[_/]", word)[0])  # "Fe_pv/hash" names a pseudopotential
                if name is None:
                    raise self._error(f"{word[:20]!r} is not an element", row, "Name the elements of the counts below")
                names.append(name)
            row += 1
        counts = list[int]()
        while len(counts) < len(names):
            counts += [self._count(word, row) for word in self._words(row)]
            row += 1
        if len(counts) != len(names):
            raise self._error(f"{len(names)} elements but {len(counts)} counts", row - 1)
        check_count(sum(counts), self.max_sites, self.source, row)
        return [name for name, count in zip(names, counts, strict=True) for _ in range(count)], row

    def _check_rows(self, symbols: list[str], first: int, label_at: int) -> None:
        """Compare labels at line ends with the elements line, and the number of rows with the counts."""
        for row, symbol in enumerate(symbols, start=first):
            words = self._words(row)
            label = element(words[label_at]) if len(words) > label_at and words[label_at].isalpha() else None
            if label is not None and label != symbol:
                raise self._error(f"the atom is labelled {label} but the counts make it {symbol}", row)
        end = first + len(symbols)
        if end < len(self.lines) and re.match(r"\s*[-+.\d]", self.lines[end]):
            raise self._error(f"there are more coordinates than the {len(symbols)} atoms of the counts", end)

    def _words(self, row: int) -> list[str]:
        words = self.lines[row].split() if row < len(self.lines) else []
        if not words:
            raise self._error("the file ends here, or the line is empty", row, "Check that the POSCAR is complete")
        return words

    def _numbers(self, row: int, count: int, flags: int = 0) -> list[float]:
        """Return the numbers that a row begins with; as many flags, T or F, and then a label or remark may follow."""
        words = self._words(row)
        try:
            numbers = [number(word) for word in words[:count]]
        except ValueError:
            numbers = []
        if len(numbers) < count or not all(abs(value) <= 1e6 for value in numbers):  # NaN is refused too
            shown = " ".join(words[:count])[:40]
            raise self._error(f"expected {count} finite number{'s' * (count > 1)}, found {shown!r}", row)
        if any(word.strip(".").upper()[:1] not in ("T", "F") for word in words[count : count + flags]):
            shown = " ".join(words[count : count + flags])[:40]
            raise self._error(f"expected {flags} flags T or F, found {shown!r}", row)
        if len(words) > count + flags and _is_number(words[count + flags]):
            raise self._error(f"there are more numbers in this row than the {count} that it has", row)
        return numbers

    def _count(self, word: str, row: int) -> int:
        if not _COUNT.fullmatch(word) or int(word) == 0:
            raise self._error(f"{word[:20]!r} is not a number of atoms", row)
        return int(word)

    def _error(self, what: str, row: int, remedy: str = "") -> InputError:
        return InputError(what, remedy=remedy or "Correct the POSCAR (VASP 5)", file=self.source, line=row + 1)


def _is_number(word: str) -> bool:
    try:
        number(word)
    except ValueError:
        return word[0].isdigit()
    return True
