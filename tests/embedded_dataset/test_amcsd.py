"""Structures of the American Mineralogist database: known minerals, known bad entries, and files that are not one."""

import base64
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Structure

from embedded_dataset import amcsd, amcsd_database
from embedded_dataset.amcsd import Entry, oxides, read_entry
from firstshell.crystal.labels import label_sites
from firstshell.crystal.sites import distinct_sites
from firstshell.crystal.symmetry import space_group
from firstshell.errors import InputError
from firstshell.io.structures.files import read_structure

DATA = Path(__file__).parents[1] / "data/structures"
RUTILE_OPERATIONS = [
    *("x,y,z", "-x,-y,z", "1/2-y,1/2+x,1/2+z", "1/2+y,1/2-x,1/2+z", "1/2-x,1/2+y,1/2-z", "1/2+x,1/2-y,1/2-z"),
    *("y,x,-z", "-y,-x,-z", "-x,-y,-z", "x,y,-z", "1/2+y,1/2-x,1/2-z", "1/2-y,1/2+x,1/2-z", "1/2+x,1/2-y,1/2+z"),
    *("1/2-x,1/2+y,1/2+z", "-y,-x,z", "y,x,z"),
]
SCHEMA = """
    CREATE TABLE cif (id INTEGER PRIMARY KEY, mineral_id, spacegroup_id, publication_id, formula, a, b, c, alpha, beta,
        gamma, cell_volume, atoms_sites, atoms_x, atoms_y, atoms_z, atoms_occupancy);
    CREATE TABLE minerals (id INTEGER PRIMARY KEY, name);
    CREATE TABLE spacegroups (id INTEGER PRIMARY KEY, symmetry_xyz);
    CREATE TABLE publications (id INTEGER PRIMARY KEY, journalname, volume, year, page_first);
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name);
    CREATE TABLE publication_authors (publication_id, author_id);
"""
Database = Callable[..., Path]


def packed(*numbers: float) -> str:
    return base64.b64encode(np.round(np.array(numbers) * 4e6).astype("<i4").tobytes()).decode()


def rutile(**changes: object) -> dict[str, object]:
    """Return the row of a rutile; a change of `operations` goes to its space group, of `year` to its publication."""
    lengths = {"a": "4.594", "b": "4.594", "c": "2.959", "alpha": "90", "beta": "90", "gamma": "90"}
    atoms = {"atoms_sites": '["Ti","O"]', "atoms_x": packed(0, 0.3053), "atoms_y": packed(0, 0.3053)}
    rest = {"atoms_z": packed(0, 0), "atoms_occupancy": "0", "operations": json.dumps(RUTILE_OPERATIONS), "year": 1990}
    return {"formula": "Ti O2", "cell_volume": "62.45", **lengths, **atoms, **rest, **changes}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Return a function that makes a database of rows, in place of the installed one."""

    def make(*rows: dict[str, object]) -> Path:
        path = tmp_path / "small.db"
        connection = sqlite3.connect(path)
        connection.executescript(SCHEMA)
        connection.execute("INSERT INTO minerals VALUES (1, 'Rutile')")
        connection.execute("INSERT INTO authors VALUES (1, 'Vegard L')")
        for number, row in enumerate(rows, start=1):
            columns = {"id": number, "mineral_id": 1, "spacegroup_id": number, "publication_id": number} | row
            connection.execute("INSERT INTO spacegroups VALUES (?, ?)", (number, columns.pop("operations")))
            publication = (number, "Journal", "7", columns.pop("year"), "12")
            connection.execute("INSERT INTO publications VALUES (?, ?, ?, ?, ?)", publication)
            connection.execute("INSERT INTO publication_authors VALUES (?, 1)", (number,))
            marks = ", ".join("?" * len(columns))
            connection.execute(f"INSERT INTO cif ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values()))
        connection.commit()
        connection.close()
        monkeypatch.setattr(amcsd, "database", lambda: path)
        return path

    return make


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "name", "file"),
    [
        ("amcsd-01736", "Rutile", "rutile.cif"),
        ("amcsd-00143", "Hematite", "hematite.cif"),
        ("amcsd-09326", "Cuprite", "cuprite.cif"),
        ("amcsd-18812", "Tenorite", "tenorite.cif"),
        ("amcsd-20645", "Magnetite", "magnetite.cif"),
    ],
)
def test_known_minerals(key: str, name: str, file: str) -> None:
    entry, known = read_entry(key), read_structure(DATA / file)
    assert (entry.id, entry.name) == (key, name)
    assert entry.structure.composition.reduced_formula == known.composition.reduced_formula
    assert space_group(entry.structure) == space_group(known)
    assert entry.structure.volume / len(entry.structure) == pytest.approx(known.volume / len(known), rel=0.05)


def test_rutile_is_what_was_published() -> None:
    entry = read_entry("amcsd-01736")
    assert entry.reference == "Swope R J, Smyth J R, Larson A C, American Mineralogist 80, 448 (1995)"
    assert entry.series == "TiO2 P4_2/mnm O4 Ti2"
    titanium = entry.structure.indices_from_symbol("Ti")[0]
    neighbours = entry.structure.get_neighbors(entry.structure[titanium], 2.5)
    assert sorted(n.nn_distance for n in neighbours) == pytest.approx([1.949] * 4 + [1.980] * 2, abs=0.002)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("amcsd-17791", r"O and O are 1\.74 Å apart"),  # a pyrolusite of 1951 with Mn-O of 1.33 Å
        ("amcsd-16643", "O-1"),  # goethite without its hydrogen
        ("amcsd-04821", r"Fe 0\.769, Ti 0\.231"),
        ("amcsd-17663", "instability"),  # an anatase of which titanium has 4.7 valence units
        ("amcsd-00003", "not an oxide"),
        ("amcsd-99999", "no structure"),
        ("rutile", "no structure"),
        ("amcsd-1736", "no structure"),
    ],
)
def test_refused(key: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_entry(key)


@pytest.fixture(scope="module")
def germanium() -> tuple[list[Entry], list[amcsd.Refusal]]:
    return oxides(["Ge"])


@pytest.mark.slow
def test_every_oxide_is_kept_or_refused_once(germanium: tuple[list[Entry], list[amcsd.Refusal]]) -> None:
    kept, refusals = germanium
    ids = [entry.id for entry in kept]
    assert ids == sorted(set(ids))
    assert not set(ids) & {refusal.id for refusal in refusals}
    assert len(kept) + len(refusals) == 97
    assert len(kept) > 50
    assert {refusal.stage for refusal in refusals} >= {"occupancy", "bonds", "contacts", "duplicate"}
    assert all(refusal.reason for refusal in refusals)


def test_what_is_kept_can_be_labelled(germanium: tuple[list[Entry], list[amcsd.Refusal]]) -> None:
    for entry in germanium[0][::8]:
        structure = entry.structure
        assert "Ge" in structure.symbol_set
        assert structure.is_ordered
        for labels in label_sites(structure, "Ge", distinct_sites(structure, "Ge")):
            assert labels.reasons == {}
        fractions = np.round(structure.frac_coords, 6)
        assert (fractions == structure.frac_coords).all()
        assert ((fractions >= 0) & (fractions < 1)).all()


def test_a_series_of_temperatures_is_one_series() -> None:
    """Hematite at 1 atm to 5.2 GPa, Finger and Hazen (1980): different cells of one compound."""
    entries = [read_entry(f"amcsd-177{number}") for number in (32, 36)]
    assert entries[0].structure.volume != pytest.approx(entries[1].structure.volume, rel=0.005)
    assert entries[0].series == entries[1].series


def test_determinations_that_agree_are_kept_once(database: Database) -> None:
    compressed = rutile(a="4.55", b="4.55", cell_volume="61.26")
    database(rutile(), rutile(a="4.595", b="4.595", year=1995), compressed)
    kept, refusals = oxides()
    assert [entry.id for entry in kept] == ["amcsd-00002", "amcsd-00003"]
    assert [(r.id, r.stage) for r in refusals] == [("amcsd-00001", "duplicate")]
    assert "amcsd-00002" in refusals[0].reason
    assert len({entry.series for entry in kept}) == 1
    assert kept[0].reference == "Vegard L, Journal 7, 12 (1995)"


def test_mixed_sites_become_the_majority(database: Database) -> None:
    def mixed(titanium: float, other: str = "V") -> dict[str, object]:
        atoms = {"atoms_x": packed(0, 0, 0.3053), "atoms_y": packed(0, 0, 0.3053), "atoms_z": packed(0, 0, 0)}
        formula = f"(Ti{titanium} {other}{1 - titanium:.3f}) O2"
        names, amounts = json.dumps(["TiM", other, "O1"]), packed(titanium, 1 - titanium, 1)
        return rutile(formula=formula, atoms_sites=names, atoms_occupancy=amounts, **atoms)

    database(mixed(0.9), mixed(0.6), mixed(0.1))
    kept, refusals = oxides(["Ti"])
    assert [entry.structure.formula for entry in kept] == ["Ti2 O4"]
    assert [(refusal.id, refusal.stage) for refusal in refusals] == [(f"amcsd-0000{n}", "occupancy") for n in (2, 3)]
    assert "only as a minor part" in refusals[1].reason


@pytest.mark.parametrize(
    ("changes", "stage", "reason"),
    [
        ({"atoms_x": "%%%"}, "file", "cannot be decoded"),
        ({"atoms_x": "AAAA"}, "file", "cannot be decoded"),
        ({"atoms_x": packed(0)}, "file", "differ in length"),
        ({"atoms_x": packed(0, 2)}, "file", "not known"),
        ({"atoms_x": packed(0, 500)}, "file", "100 cells away"),
        ({"atoms_x": None}, "file", "differ in length"),
        ({"atoms_y": b"\0\1"}, "file", "differ in length"),
        ({"atoms_sites": '["Ti",'}, "file", "labels cannot be read"),
        ({"atoms_sites": "[" * 19_000}, "file", "labels cannot be read"),
        ({"atoms_sites": "[1, 2]"}, "file", "labels cannot be read"),
        ({"atoms_sites": '["Ti","Wat"]'}, "file", "'Wat' is not an element of the formula"),
        ({"operations": '["x,y,z", "q,y,z"]'}, "file", "symmetry operation"),
        ({"operations": '["x,y,z\'", "x,y,z"]'}, "file", "symmetry operation"),
        ({"operations": '["x,y,z", "y,x,1/3+z"]'}, "file", "not a complete group"),
        ({"operations": "[]"}, "file", "symmetry operation"),
        ({"operations": None}, "file", "cannot be read"),
        ({"a": "0"}, "file", "number of the cell"),
        ({"a": "3,2518"}, "file", "number of the cell"),
        ({"a": "nan"}, "file", "number of the cell"),
        ({"cell_volume": "80"}, "file", "_cell_volume"),
        ({"a": "2", "b": "2", "c": "1.3", "cell_volume": "5.2"}, "size", "Å³ per atom"),
        ({"a": "400", "b": "400", "cell_volume": "473440"}, "size", "Å³ per atom"),
        ({"atoms_occupancy": packed(0.7, 1)}, "formula", "declared"),
        ({"atoms_occupancy": packed(0.7, 1), "formula": "Ti.7 O2"}, "occupancy", "Ti 0.7"),
        ({"atoms_occupancy": packed(0.01, 0.01)}, "occupancy", "no atom is left"),
        ({"atoms_occupancy": packed(1, -1), "formula": "Ti O2"}, "formula", "declared"),
        ({"formula": "Ti2 O2"}, "formula", "declared"),
        ({"atoms_sites": '["Na","O"]', "formula": "Na O2"}, "valences", ""),
        ({"atoms_x": packed(0, 0.42), "atoms_y": packed(0, 0.42)}, "contacts", "O and O"),
        ({"a": "4.8", "b": "4.8", "c": "3.092", "cell_volume": "71.24"}, "bonds", "Ti+4"),
    ],
)
def test_bad_rows_are_refused_with_the_reason(
    database: Database, changes: dict[str, object], stage: str, reason: str
) -> None:
    database(rutile(**changes), rutile())
    kept, refusals = oxides()
    assert [entry.id for entry in kept] == ["amcsd-00002"]
    assert [refusal.stage for refusal in refusals] == [stage]
    assert reason in refusals[0].reason
    with pytest.raises(InputError, match="amcsd-00001 is refused"):
        read_entry("amcsd-00001")


def test_what_is_no_oxide_is_left_out(database: Database) -> None:
    formulas = ["Ti S2", "Ti O2 H", "(Ti Ar) O2", "O2", "", "?", "Ti O2 Cl.01"]
    database(*(rutile(formula=formula) for formula in formulas))
    assert oxides() == ([], [])


def test_metals(database: Database) -> None:
    database(rutile())
    assert len(oxides(["Cu", "Ti"])[0]) == 1
    assert oxides(["Cu"]) == ([], [])
    with pytest.raises(InputError, match="'Rutile' is not the symbol"):
        oxides(["Rutile"])


def test_a_file_that_is_missing_or_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a b?#.db"
    monkeypatch.setattr(amcsd, "database", lambda: path)
    with pytest.raises(InputError, match="no such file"):
        oxides()
    path.write_bytes(b"no database at all, but long enough to be read as one" * 20)
    with pytest.raises(InputError, match="not the AMCSD database"):
        oxides()
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE cif (id, formula)")
    connection.close()
    with pytest.raises(InputError, match="not the AMCSD database"):
        read_entry("amcsd-00001")


def test_the_package_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amcsd_database.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="not installed"):
        read_entry("amcsd-00001")


def test_the_package_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "larixite", raising=False)  # other tests may have imported it
    assert amcsd_database.database().name == "amcsd_cif1.db"
    assert "larixite" not in sys.modules


class Counter:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def start(self, label: str, total: int, done: int = 0) -> None:
        self.events.append(total)

    def advance(self, n: int = 1, note: str = "") -> None:
        self.events.append("+")

    def finish(self) -> None:
        self.events.append("end")


def test_progress_is_reported(database: Database) -> None:
    database(rutile(), rutile(atoms_x="%"))
    reporter = Counter()
    oxides(reporter=reporter)
    assert reporter.events == [2, "+", "+", "end"]


def test_structures_are_the_same_to_the_last_bit() -> None:
    def again() -> Iterator[Structure]:
        for key in ("amcsd-00143", "amcsd-18812"):
            yield read_entry(key).structure

    for first, second in zip(again(), again(), strict=True):
        assert first.lattice.matrix.tobytes() == second.lattice.matrix.tobytes()
        assert first.frac_coords.tobytes() == second.frac_coords.tobytes()
