"""The American Mineralogist Crystal Structure Database (Downs and Hall-Wallace, Am. Mineral. 88, 247, 2003) in SQLite.

The package larixite carries it: https://github.com/xraypy/larixite. Coordinates and occupancies are base64 text of
little-endian 32-bit integers, in units of 1/4,000,000. Elements are taken from the formula of the structure itself: the
table `cif_elements` names structures that the file does not hold.
"""

import base64
import binascii
import importlib.util
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.errors import InputError
from firstshell.io.structures.atoms import Atoms, check_count, element, parse_formula
from firstshell.io.structures.cif import parse_cif
from firstshell.types import Array

FILE = "amcsd_cif1.db"
STEPS = 4_000_000
"""Integers of the file per unit of a fractional coordinate or occupancy."""
UNKNOWN = (2 * STEPS, 3 * STEPS)
"""What the file holds for the "?" and "." of a CIF."""
MAX_ROWS = 100
"""Rows of an atom list that are read (the file has 9 at most)."""
MAX_TEXT = 20_000
"""Characters of any text that is read (192 operations have 3,568)."""

_CELL = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma", "volume")
_STRUCTURES = """
    SELECT cif.id, cif.formula, minerals.name, cif.a, cif.b, cif.c, cif.alpha, cif.beta, cif.gamma, cif.cell_volume,
        cif.atoms_sites, cif.atoms_x, cif.atoms_y, cif.atoms_z, cif.atoms_occupancy, spacegroups.symmetry_xyz,
        cif.publication_id, publications.journalname, publications.volume, publications.page_first, publications.year
    FROM cif
    LEFT JOIN minerals ON minerals.id = cif.mineral_id
    LEFT JOIN spacegroups ON spacegroups.id = cif.spacegroup_id
    LEFT JOIN publications ON publications.id = cif.publication_id
"""
_AUTHORS = """
    SELECT publication_authors.publication_id, authors.name
    FROM publication_authors JOIN authors ON authors.id = publication_authors.author_id
    ORDER BY publication_authors.rowid
"""


@dataclass(frozen=True)
class Row:
    """One structure as the file holds it; every field that is not text there is "".

    number : its id
    formula : as declared, with brackets ("(Mg1.8 Fe.2) Si O4")
    cell : a, b, c in Å, alpha, beta, gamma in degrees, and the volume in Å³
    labels, x, y, z, occupancy : the columns of the atom list, packed
    operations : JSON list of the symmetry operations
    reference, year : where it was published; year 0 when it is not known
    """

    number: int
    formula: str
    name: str
    cell: tuple[str, ...]
    labels: str
    positions: tuple[str, ...]
    occupancy: str
    operations: str
    reference: str
    year: int

    @property
    def id(self) -> str:
        """The name of the structure in firstshell."""
        return f"amcsd-{self.number:05d}"


@dataclass(frozen=True, eq=False)
class AtomList:
    """The atoms that symmetry does not repeat.

    symbols : elements
    positions : (n, 3) fractional coordinates
    occupancies : (n,)
    formula : declared amounts of the elements
    """

    symbols: list[str]
    positions: Array
    occupancies: Array
    formula: dict[str, float]


def database() -> Path:
    """Return the path of the database; InputError when the package that carries it is missing. It is not imported."""
    spec = importlib.util.find_spec("larixite")
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    found = next((path for folder in folders if (path := Path(folder) / FILE).is_file()), None)
    if found is None:
        raise InputError("the AMCSD database is not installed", remedy='Run "pip install larixite"', file=FILE)
    return found


def read_rows(path: Path, number: int | None = None) -> Iterator[Row]:
    """Yield all structures of a database by their id, or the one with this id.

    Raises
    ------
    InputError : the file is missing, or is not this database

    """
    if not path.is_file():
        raise InputError("there is no such file", remedy='Run "pip install larixite"', file=path)
    where, values = ("", ()) if number is None else ("WHERE cif.id = ?", (number,))
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            authors: dict[Any, list[str]] = {}
            for publication, name in connection.execute(_AUTHORS):
                authors.setdefault(publication, []).append(str(name)[:60])
            for record in connection.execute(f"{_STRUCTURES} {where} ORDER BY cif.id", values):
                if isinstance(record[0], int):
                    yield _row(record, authors.get(record[16], []))
    except sqlite3.Error as error:
        what = f"not the AMCSD database of larixite: {error}"
        raise InputError(what, remedy="Install larixite again", file=path) from None


def read_formula(row: Row) -> dict[str, float]:
    """Return the declared amounts of the elements, brackets multiplied out; InputError when it is not a formula."""
    amounts = parse_formula(row.formula)
    if not amounts:
        raise _damaged(row, f"{row.formula[:40]!r} is not a formula")
    return amounts


def read_atoms(row: Row) -> AtomList:
    """Return the atom list of one structure.

    Raises
    ------
    InputError : text or numbers that cannot be decoded, columns of different length, a label that is no element of the
        formula, too many atoms

    """
    formula, labels = read_formula(row), _strings(row, row.labels, "labels")
    check_count(len(labels), MAX_ROWS, row.id)
    *columns, occupancies = [_numbers(row, text) for text in row.positions] + [
        np.ones(len(labels)) if row.occupancy == "0" else _numbers(row, row.occupancy)
    ]
    if not labels or {len(column) for column in (*columns, occupancies)} != {len(labels)}:
        raise _damaged(row, "the columns of the atom list differ in length")
    return AtomList([_symbol(row, label, formula) for label in labels], np.stack(columns, axis=1), occupancies, formula)


def expand(row: Row, listed: AtomList, max_sites: int) -> Atoms:
    """Return all atoms of the cell of one structure.

    Raises
    ------
    InputError : an impossible cell, unknown symmetry, more than `max_sites` atoms

    """
    rows = zip(listed.symbols, listed.positions, listed.occupancies, strict=True)
    # The file was made from CIFs and this is one again, so that their checks and their merging of positions hold.
    text = [
        "data_x",
        "_chemical_formula_sum '"
        + " ".join(f"{symbol}{amount:.6f}" for symbol, amount in listed.formula.items())
        + "'",
        *(f"_cell_{tag} {_length(row, value)}" for tag, value in zip(_CELL, row.cell, strict=True)),
        "loop_ _space_group_symop_operation_xyz",
        *(f"'{operation}'" for operation in _operations(row)),
        "loop_ _atom_site_type_symbol _atom_site_fract_x _atom_site_fract_y _atom_site_fract_z _atom_site_occupancy",
        *(f"{symbol} {x:.7f} {y:.7f} {z:.7f} {occupancy:.7f}" for symbol, (x, y, z), occupancy in rows),
    ]
    try:
        return parse_cif("\n".join(text), source=row.id, max_sites=max_sites)
    except InputError as error:
        raise _damaged(row, error.what) from None


def _row(record: tuple[Any, ...], authors: list[str]) -> Row:
    year = record[20] if isinstance(record[20], int) else 0
    texts = ["" if not isinstance(value, str) or len(value) > MAX_TEXT else value for value in record]
    if len(authors) > 4:
        authors = [*authors[:3], "et al."]
    journal = " ".join(part for part in texts[17:19] if part) + (f", {texts[19]}" if texts[19] else "")
    reference = ", ".join([*authors, journal]) + (f" ({year})" if year else "")
    return Row(
        number=record[0],
        formula=texts[1],
        name="" if texts[2] == "<missing>" else texts[2],
        cell=tuple(texts[3:10]),
        labels=texts[10],
        positions=tuple(texts[11:14]),
        occupancy=texts[14],
        operations=texts[15],
        reference=reference,
        year=year,
    )


def _symbol(row: Row, label: str, formula: dict[str, float]) -> str:
    """Return the element of "FeM1", "O2A" or "CoT"; the formula tells Co from C."""
    letters = re.sub("[^A-Za-z].*", "", label)
    symbol = next((name for n in (2, 1) if (name := element(letters[:n])) in formula), None)
    if symbol is None:
        raise _damaged(row, f"{label[:20]!r} is not an element of the formula")
    return symbol


def _numbers(row: Row, text: str) -> Array:
    """Return fractions from their packed form."""
    try:
        packed = base64.b64decode(text, validate=True)
        integers = np.frombuffer(packed, dtype="<i4")
    except (binascii.Error, ValueError):
        raise _damaged(row, "a column of the atom list cannot be decoded") from None
    if np.isin(integers, UNKNOWN).any():
        raise _damaged(row, "a coordinate or occupancy is not known")
    return integers / STEPS


def _strings(row: Row, text: str, what: str) -> list[str]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _damaged(row, f"the {what} cannot be read")
    return values


def _operations(row: Row) -> list[str]:
    operations = _strings(row, row.operations, "symmetry operations")
    strange = next((text for text in operations if not re.fullmatch(r"[-+xyzXYZ\d/., ]{5,60}", text)), None)
    if not operations or strange is not None:
        raise _damaged(row, f"{strange or ''!r} is not a symmetry operation")
    return operations


def _length(row: Row, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _damaged(row, f"{text[:20]!r} is not a number of the cell") from None
    if not 0 < value < 1e6:
        raise _damaged(row, f"{value:g} is not a number of the cell")
    return value


def _damaged(row: Row, what: str) -> InputError:
    return InputError(what, remedy="Use another structure", file=row.id)
