"""Reading of CIF and POSCAR: right for known oxides, one InputError for everything else."""

import random
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Composition, Structure
from pymatgen.io.cif import CifWriter

import places
from firstshell.errors import DomainWarning, InputError
from firstshell.io.structures.files import parse_structure, read_structure

DATA = places.DATA / "structures"
RUTILE = (DATA / "rutile.cif").read_text()
TENORITE = (DATA / "tenorite.vasp").read_text()
CUPRITE = (DATA / "cuprite.cif").read_text()


def cif(text: str, **settings: object) -> Structure:
    return parse_structure(text, format="cif", source="x.cif", **settings)


def poscar(text: str, **settings: object) -> Structure:
    return parse_structure(text, format="poscar", source="POSCAR", **settings)


def p1(*rows: str, formula: str = "", cell: float = 4.2) -> str:
    """Return a cubic P1 CIF with rows of type, x, y, z, occupancy."""
    lengths = "".join(f"_cell_length_{axis} {cell}\n" for axis in "abc")
    angles = "".join(f"_cell_angle_{angle} 90\n" for angle in ("alpha", "beta", "gamma"))
    heads = "".join(f"_atom_site_{name}\n" for name in ("type_symbol", "fract_x", "fract_y", "fract_z", "occupancy"))
    declared = f"_chemical_formula_sum '{formula}'\n" if formula else ""
    return f"data_x\n{declared}{lengths}{angles}_space_group_IT_number 1\nloop_\n{heads}" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("rutile.cif", "Ti2 O4"),
        ("anatase.cif", "Ti4 O8"),
        ("MnO.cif", "Mn4 O4"),
        ("hematite.cif", "Fe12 O18"),
        ("tenorite.cif", "Cu4 O4"),
        ("tenorite.vasp", "Cu4 O4"),
        ("cuprite.cif", "Cu4 O2"),
        ("magnetite.cif", "Fe24 O32"),
        ("SrTiO3.cif", "Sr1 Ti1 O3"),
        ("hausmannite.cif", "Mn12 O16"),
    ],
)
def test_known_oxides(name: str, formula: str) -> None:
    structure = read_structure(DATA / name)
    assert structure.composition == Composition(formula)
    assert structure.is_ordered


def test_cif_and_poscar_of_one_crystal_agree() -> None:
    assert StructureMatcher(scale=False, ltol=1e-3, stol=1e-3).fit(
        read_structure(DATA / "tenorite.cif"), read_structure(DATA / "tenorite.vasp")
    )


@pytest.mark.parametrize("name", ["rutile.cif", "hematite.cif", "tenorite.cif", "MnO.cif", "SrTiO3.cif"])
def test_agrees_with_pymatgen(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Structure.from_file(DATA / name)
    assert StructureMatcher(primitive_cell=False, scale=False, ltol=1e-6, stol=1e-3, angle_tol=1e-4).fit(
        read_structure(DATA / name), theirs
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cuprite.cif", "magnetite.cif", "hausmannite.cif", "tenorite.vasp"])
@pytest.mark.parametrize("symprec", [None, 0.01])
def test_survives_pymatgens_writer(name: str, symprec: float | None, tmp_path: Path) -> None:
    structure = read_structure(DATA / name)
    (tmp_path / "x.cif").write_text(str(CifWriter(structure, symprec=symprec)))
    again = read_structure(tmp_path / "x.cif")
    assert len(again) == len(structure)
    assert StructureMatcher(primitive_cell=False, scale=False, ltol=1e-4, stol=1e-3).fit(structure, again)


def test_poscar_variants() -> None:
    expected = poscar(TENORITE)
    lines = TENORITE.splitlines()
    cartesian = [*lines[:7], "Cartesian", *(" ".join(map(str, x)) for x in expected.cart_coords)]
    scaled = ["title", "2.0", *(" ".join(str(float(x) / 2) for x in line.split()) for line in lines[2:5]), *lines[5:]]
    volume = ["title", f"{-expected.volume}", *lines[2:]]
    potcar = [*lines[:5], "Cu_pv/474ac0d O/79d9987", *lines[6:], "", "0 0 0"]
    for text in (cartesian, scaled, volume, potcar):
        structure = poscar("\n".join(text))
        assert structure.lattice.matrix == pytest.approx(expected.lattice.matrix, abs=1e-6)
        assert structure.frac_coords == pytest.approx(expected.frac_coords, abs=1e-9)
        assert structure.species == expected.species


def test_special_positions_with_four_digits_are_one_atom() -> None:
    text = (DATA / "hematite.cif").read_text()
    third = text.replace("Fe1 Fe3+ 0 0 0.3553", "Fe1 Fe3+ 0.0001 0.0001 0.3553")
    assert len(cif(third)) == 30
    assert cif(third).distance_matrix == pytest.approx(cif(text).distance_matrix, abs=1e-9)


def test_deuterium_is_kept_and_counts_as_hydrogen_in_the_formula() -> None:
    rows = ["Cu 0 0 0 1", "O 0.5 0.5 0.5 1", "D 0.5 0.5 0.72 1"]
    structure = cif(p1(*rows, formula="Cu H O", cell=3.9))
    assert sorted(site.specie.atomic_mass for site in structure)[0] == pytest.approx(2.014, abs=1e-3)


def test_partial_occupancy() -> None:
    mixed = p1("Ti 0 0 0 0.7", "Fe 0 0 0 0.3", "O 0.5 0.5 0.5 0.995", "O 0.5 0 0 0.4", "O 0 0.5 0 0.01")
    with pytest.raises(InputError, match=r"partly occupied \(Ti 0.7, Fe 0.3\)"):
        cif(mixed)
    assert cif(mixed, partial="round").formula == "Ti1 O1"
    tie = p1("Mn 0 0 0 0.5", "Fe 0 0 0 0.5", "O 0.5 0.5 0.5 1")
    assert cif(tie, partial="round").formula == "Fe1 O1"
    with pytest.raises(InputError, match="between 0 and 1"):
        cif(p1("Ti 0 0 0 0.7", "Fe 0 0 0 0.7"), partial="round")


BAD_CIF = {
    "formula": (RUTILE.replace("'O2 Ti'", "'O3 Ti'"), "declared as O3 Ti1 but the atoms are O4 Ti2"),
    "formula syntax": (RUTILE.replace("'O2 Ti'", "'O2 (Ti'"), "not a formula"),
    "contact": (RUTILE.replace("0.3051(1) 0.3051(1) 0 1", "0.15 0.15 0 1"), r"\(Ti\) and \d \(O\) are 0.97 Å apart"),
    "contact with an image": (p1("Cu 0 0 0 1", cell=1.1), r"Cu\) and 1 \(Cu\) are 1.10 Å apart"),
    "volume": (RUTILE.replace("4.5937(2)", "4.8937(2)", 1), "_cell_volume is 62.43"),
    "lost operation": (RUTILE.replace(" 16 'y, x, z'\n", ""), "not a complete group"),
    "bad operation": (RUTILE.replace("'y, x, z'", "'y, x, 2z'"), "not a symmetry operation"),
    "two structures": (RUTILE + RUTILE.replace("data_rutile", "data_again"), "2 structures"),
    "no atoms": (RUTILE[: RUTILE.index("loop_\n _atom_site")], "no atoms"),
    "truncated": (RUTILE[:-4], "loop that ends here"),
    "nan": (RUTILE.replace("0.3051(1) 0.3051(1)", "nan 0.3051"), "'nan' is not a number"),
    "inf": (RUTILE.replace("0.3051(1) 0.3051(1)", "1e999 0.3051"), "too large"),
    "unknown coordinate": (RUTILE.replace("0.3051(1) 0.3051(1)", "? 0.3051"), r"'\?' is not a number"),
    "element": (RUTILE.replace("Ti1 0", "Xx1 0"), "'Xx1' is not an element"),
    "element of another formula": (RUTILE.replace("O1 0.", "Co1 0."), "not an element of the formula|are Co4"),
    "dummy type": (p1("X 0 0 0 1"), "'X' is not an element"),
    "flat angles": (RUTILE.replace("_cell_angle_gamma 90", "_cell_angle_gamma 180"), "cannot be 180"),
    "no volume": (RUTILE.replace("alpha 90", "alpha 30").replace("beta 90", "beta 30"), "no volume"),
    "zero length": (RUTILE.replace("2.9587(1)", "0"), "cannot be 0"),
    "huge": (p1("Cu 0 0 0 1", cell=400), "too large"),
    "no cell": (RUTILE.replace("_cell_length_a", "_other_length"), "no _cell_length_a"),
    "open quote": (RUTILE.replace("'Rutile'", "'Rutile"), "quote is not closed"),
    "open text": (RUTILE.replace("\n;\nloop_", "\nloop_"), "text field is not closed"),
    "tag twice": (RUTILE.replace("_cell_length_b", "_cell_length_a"), "given twice"),
    "no value": (RUTILE.replace("'Rutile'", ""), "has no value"),
    "two origins": (CUPRITE.replace(" :2", ""), "settings 1 and 2"),
    "space group": (CUPRITE.replace("P n -3 m :2", "P q 7"), "not a known space group"),
    "no symmetry": (CUPRITE.replace("_space_group_", "_other_"), "gives no symmetry"),
    "far atom": (p1("Cu 1e5 0 0 1"), "100 cells away"),
    "all empty": (p1("Cu 0 0 0 0"), "no atom is left"),
}


@pytest.mark.parametrize("case", BAD_CIF)
def test_bad_cif(case: str) -> None:
    text, message = BAD_CIF[case]
    with pytest.raises(InputError, match=message) as caught:
        cif(text)
    assert caught.value.file == "x.cif"
    assert caught.value.remedy


BAD_POSCAR = {
    "formula": (TENORITE.replace("Cu4 O4", "Cu4 O2"), 1, "declared as Cu4 O2"),
    "vasp 4": (TENORITE.replace("Cu O\n", ""), 6, "no line of element symbols"),
    "element": (TENORITE.replace("Cu O\n", "Cu Oo\n"), 6, "'Oo' is not an element"),
    "truncated": (TENORITE[:200], 13, "3 finite numbers"),
    "cut between lines": ("\n".join(TENORITE.splitlines()[:12]), 13, "file ends here"),
    "counts": (TENORITE.replace("\n4 4\n", "\n4 3\n"), 17, "more coordinates"),
    "count words": (TENORITE.replace("\n4 4\n", "\n4 4 4\n"), 7, "2 elements but 3 counts"),
    "zero count": (TENORITE.replace("\n4 4\n", "\n8 0\n"), 7, "not a number of atoms"),
    "nan": (TENORITE.replace(" 0.25 0.25 0.00", " nan 0.25 0.00"), 10, "3 finite numbers"),
    "label": (TENORITE.replace("T T F Cu", "T T F O", 1), 10, "labelled O but the counts make it Cu"),
    "mode": (TENORITE.replace("Direct", "0.1 0.2 0.3"), 9, "expected Direct or Cartesian"),
    "scale": (TENORITE.replace("\n1.0\n", "\nabc\n"), 2, "1 finite number"),
    "no volume": (TENORITE.replace("0.0000  3.4226", "0.0000  0.0000"), 3, "no volume"),
    "contact": (TENORITE.replace("0.00 0.4184 0.25 F F F O", "0.25 0.25 0.10 F F F O"), None, "0.51 Å apart"),
    "flat": (TENORITE.replace("3.4226", "0.3"), None, "flat"),
    "too many": (TENORITE.replace("\n4 4\n", "\n4000 4000\n"), 7, "8,000 atoms"),
}


@pytest.mark.parametrize("case", BAD_POSCAR)
def test_bad_poscar(case: str) -> None:
    text, line, message = BAD_POSCAR[case]
    with pytest.raises(InputError, match=message) as caught:
        poscar(text)
    assert caught.value.line == line
    assert caught.value.remedy


def test_a_title_is_not_a_formula() -> None:
    for title in ("CuO tenorite", "V2", "Bi", "", "POSCAR 2", "run 7"):
        assert len(poscar(TENORITE.replace("Cu4 O4", title, 1))) == 8
    assert len(poscar(TENORITE.replace("Cu4 O4", "Cu1O1", 1))) == 8


def test_bad_files(tmp_path: Path) -> None:
    cases = {
        "empty.cif": b"",
        "blank.vasp": b" \n\n \n",
        "binary.cif": b"data_\0\1\2",
        "POSCAR": bytes(range(128, 250)),
        "prose.txt": b"This is not a structure.\nAt all.\n",
        "large.cif": b"\n" * 2000,
        "line.cif": b"data_x " + b"'" * 20000,
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_structure(tmp_path / name, max_bytes=1000 if name == "large.cif" else 100_000)
        assert name in str(caught.value)
    for path in (tmp_path, tmp_path / "absent.cif", "bad\0name"):
        with pytest.raises(InputError):
            read_structure(path)


def test_format_is_known_by_content(tmp_path: Path) -> None:
    (tmp_path / "POSCAR").write_text(RUTILE)
    (tmp_path / "x.txt").write_text(TENORITE)
    assert read_structure(tmp_path / "POSCAR").reduced_formula == "TiO2"
    assert read_structure(tmp_path / "x.txt").reduced_formula == "CuO"


def test_hydrogen_may_be_close() -> None:
    water = p1("Cu 0 0 0 1", "O 0.5 0.5 0.5 1", "H 0.5 0.5 0.73 1")
    assert len(cif(water)) == 3
    with pytest.raises(InputError, match=r"closer than 0\.5 Å"):
        cif(water.replace("0.73", "0.56"))
    nitrogen = p1("N 0 0 0 1", "N 0.365 0 0 1", cell=3.0)
    with pytest.raises(InputError, match=r"closer than 1\.2 Å"):
        cif(nitrogen)
    assert len(cif(nitrogen, min_contact=1.05)) == 2


def test_limits_on_size() -> None:
    with pytest.raises(InputError, match="more than the limit of 5"):
        poscar(TENORITE, max_sites=5)
    with pytest.raises(InputError, match="more than the limit of 5"):
        cif(RUTILE, max_sites=5)
    slow = p1(*(f"O {i / 400:.4f} {i % 20 / 20} 0 1" for i in range(400))).replace("number 1\n", "number 225\n")
    started = time.process_time()
    with pytest.raises(InputError):
        cif(slow)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("name", "format"), [("rutile.cif", "cif"), ("magnetite.cif", "cif"), ("tenorite.vasp", "poscar")]
)
def test_damaged_files_raise_nothing_but_inputerror(name: str, format: str) -> None:  # noqa: A002
    rng = random.Random(20250)
    text = (DATA / name).read_text()
    refused, slowest = 0, 0.0
    for _ in range(250):
        damaged = damage(text, rng)
        started = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DomainWarning)
                structure = parse_structure(damaged, format=format, source=name)
        except InputError:
            refused += 1
        else:
            assert np.isfinite(structure.cart_coords).all()
            assert 0 < len(structure) <= 1000
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 5
    assert refused > 100  # most of them are damaged where it matters


def damage(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 3)):
        lines = text.splitlines(keepends=True) or [""]
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        at = rng.randrange(len(text) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            text = text[:at] + chr(rng.randrange(1, 256)) + text[at + 1 :]
        elif kind == 1:
            text = text[:at]
        elif kind == 2:
            text = "".join(lines[:i] + lines[i + 1 :])
        elif kind == 3:
            lines[i], lines[j] = lines[j], lines[i]
            text = "".join(lines)
        elif kind == 4:
            text = (
                text[:at] + rng.choice(["-", "0", "9e9", "1e-300", "'", ";", "loop_\n", "\n", "nan", "²"]) + text[at:]
            )
        else:
            text = "".join(lines[:i] + [lines[i]] * rng.randint(2, 4) + lines[i + 1 :])
    return text


def test_a_negative_occupancy_is_refused():
    text = (DATA / "MnO.cif").read_text()
    assert "_atom_site_fract_z" in text
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if "_atom_site_fract_z" in line)
    lines.insert(head + 1, "_atom_site_occupancy")
    atoms = [
        i for i, line in enumerate(lines) if i > head + 1 and line.split() and line.split()[0].startswith(("Mn", "O"))
    ]
    for number, amount in zip(atoms, ("-1.0", "1.0"), strict=True):
        lines[number] += f" {amount}"
    with pytest.raises(InputError, match="occupancies must lie between 0 and 1"):
        parse_structure("\n".join(lines), format="cif", source="x.cif")
