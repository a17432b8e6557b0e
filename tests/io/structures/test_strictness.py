"""What the numbers of a structure do not need is a note, what changes them is refused: real and hostile files."""

import tracemalloc
import warnings

import numpy as np
import pytest

import places
from firstshell import simulation
from firstshell.crystal.labels import label_sites
from firstshell.crystal.sites import distinct_sites
from firstshell.errors import DomainWarning, InputError
from firstshell.io.structures.files import parse_structure, read_structure

RUTILE = (places.DATA / "structures" / "rutile.cif").read_text()
TENORITE = (places.DATA / "structures" / "tenorite.vasp").read_text()

GOETHITE = """data_goethite
_chemical_formula_sum 'Fe O2 H'
_cell_length_a 9.956
_cell_length_b 3.022
_cell_length_c 4.608
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P n m a'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Fe1 0.146 0.25 0.952
O1 0.801 0.25 0.288
O2 0.947 0.25 0.802
"""
PEROVSKITE = """data_a
_chemical_formula_sum 'O3 Sr1 Ti1'
_cell_length_a 3.905(1)
_cell_length_b 3.905(1)
_cell_length_c 3.905(1)
_cell_angle_alpha 90.
_cell_angle_beta 90.
_cell_angle_gamma 90.
_symmetry_Int_Tables_number 221
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_symmetry_multiplicity
_atom_site_Wyckoff_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
O1 O2- 3 d .5 . .
Sr1 Sr2+ 1 b .5 .5 .5
Ti1 Ti4+ 1 a . . .
"""
MAGNETIC = """data_mag
_cell_length_a 4.445
_cell_length_b 4.445
_cell_length_c 8.890
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_magn.number_BNS 1.3
loop_
_space_group_symop_magn_operation.id
_space_group_symop_magn_operation.xyz
_space_group_symop_magn_operation.mxmymz
1 x,y,z,+1 mx,my,mz
loop_
_space_group_symop_magn_centering.id
_space_group_symop_magn_centering.xyz
1 x,y,z,+1
2 x,y,z+1/2,-1
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Mn1 Mn 0.0 0.0 0.0
Mn2 Mn 0.5 0.5 0.0
Mn3 Mn 0.5 0.0 0.25
Mn4 Mn 0.0 0.5 0.25
O1 O 0.5 0.0 0.0
O2 O 0.0 0.5 0.0
O3 O 0.0 0.0 0.25
O4 O 0.5 0.5 0.25
"""


def cif(text):
    return parse_structure(text, format="cif", source="x.cif")


def poscar(text):
    return parse_structure(text, format="poscar", source="POSCAR")


def read_with_note(read, text, note):
    with pytest.warns(DomainWarning, match=note):
        return read(text)


def test_hydrogen_that_is_missing_is_a_note_and_labels_are_those_of_the_rest():
    found = read_with_note(cif, GOETHITE, r"x\.cif: 4 of 4 hydrogen atoms of the formula are missing")
    (labels,) = label_sites(found, "Fe", distinct_sites(found, "Fe"))
    assert (labels.oxidation_state, labels.coordination_number) == (3, 6)
    assert labels.bond_length == pytest.approx(2.025, abs=0.001)
    without = cif(GOETHITE.replace("Fe O2 H", "Fe O2"))
    assert np.array_equal(found.frac_coords, without.frac_coords)
    some = GOETHITE.replace("Fe O2 H", "Fe O2 H2") + "H1 0.4 0.25 0.4\n"
    assert len(read_with_note(cif, some, "4 of 8 hydrogen atoms")) == 16


@pytest.mark.parametrize("formula", ["Fe O3 H", "Fe2 O2 H", "Fe O2 H Na", "Fe O2.2 H"])
def test_a_heavier_atom_that_is_missing_stays_refused(formula):
    with pytest.raises(InputError, match="formula is declared as"):
        cif(GOETHITE.replace("Fe O2 H", formula))


def test_hydrogen_of_a_poscar_may_be_missing_too():
    text = TENORITE.replace("Cu4 O4", "Cu4 O4 H2", 1)
    assert len(read_with_note(poscar, text, "POSCAR: 2 of 2 hydrogen atoms")) == 8


def test_more_hydrogen_than_declared_is_refused():
    with pytest.raises(InputError, match="'H1' is not an element of the formula"):
        cif(GOETHITE.replace("Fe O2 H", "Fe O2") + "H1 0.4 0.25 0.4\n")


def test_operations_listed_twice_are_a_note():
    lines = RUTILE.splitlines()
    first = next(i for i, line in enumerate(lines) if "x, y, z" in line)
    operations = lines[first : first + 16]
    shifted = [line.replace("z'", "z+1'") for line in operations]
    for again in (operations, operations[:3], shifted, operations * 5):
        text = "\n".join([*lines[: first + 16], *again, *lines[first + 16 :]])
        found = read_with_note(cif, text, f"{len(again)} of {16 + len(again)} symmetry operations are listed again")
        assert np.array_equal(found.frac_coords, cif(RUTILE).frac_coords)
    lost = "\n".join([*lines[: first + 15], *operations[:15], *lines[first + 16 :]])
    with pytest.raises(InputError, match="not a complete group"):
        cif(lost)


def test_dots_are_zero_where_the_multiplicity_agrees():
    found = cif(PEROVSKITE)
    assert np.array_equal(found.frac_coords, cif(PEROVSKITE.replace(" . ", " 0 ").replace(" .\n", " 0\n")).frac_coords)
    with pytest.raises(InputError, match=r"position of 3 atoms where 6 are declared"):
        cif(PEROVSKITE.replace("O2- 3 d", "O2- 6 d"))
    with pytest.raises(InputError, match="write 0 where a coordinate is 0") as caught:
        cif(PEROVSKITE.replace("3 d .5", ". . .5"))
    assert caught.value.line == 18
    with pytest.raises(InputError, match="'\\?' is not a number"):
        cif(PEROVSKITE.replace(".5 . .", ".5 ? ?"))


def test_magnetic_cifs_are_read_without_moments():
    found = read_with_note(cif, MAGNETIC, "a magnetic CIF: its cell and atoms are used, its moments are not")
    assert found.formula == "Mn8 O8"
    assert all(len(found.get_neighbors(site, 2.3)) == 6 for site in found)
    older = MAGNETIC.replace("magn_operation.xyz", "magn_operation_xyz")
    assert len(read_with_note(cif, older, "a magnetic CIF")) == 16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MAGNETIC.replace("symop_magn", "symop_other"), "a magnetic CIF without a list of operations"),
        (MAGNETIC.replace("z+1/2,-1", "z+1/2,-2"), "not a symmetry operation"),
        (MAGNETIC.replace("z+1/2,-1", "z+1/3,-1"), "not a complete group"),
        (RUTILE.replace("'y, x, z'", "'y, x, z, -1'"), "not a symmetry operation"),
        (RUTILE.replace("_cell_length_a", "_cell_modulation_dimension 1\n_cell_length_a"), "a modulated"),
    ],
)
def test_symmetry_that_cannot_be_used_is_named(text, message):
    with pytest.raises(InputError, match=message):
        cif(text)


@pytest.mark.parametrize("digit", ["٣", "３", "²", "३"])
def test_digits_of_other_scripts_are_refused(digit):
    for text in (
        RUTILE.replace("4.5937(2)", f"{digit}5.937"),
        RUTILE.replace("4.5937(2)", f"4.5937({digit})"),
        RUTILE.replace("x+1/2", f"x+1/{digit}", 1),
        RUTILE.replace("'O2 Ti'", f"'O{digit} Ti'"),
        PEROVSKITE.replace("O2- 3 d", f"O2- {digit} d"),
    ):
        assert digit in text
        with pytest.raises(InputError):
            cif(text)
    for old, new in (("4.6837", f"4.68{digit}7"), ("\n4 4\n", f"\n4 {digit}\n"), ("0.4184", f"0.4{digit}84")):
        assert old in TENORITE
        with pytest.raises(InputError):
            poscar(TENORITE.replace(old, new, 1))


LATTICE = TENORITE.splitlines()[2]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (LATTICE, LATTICE + " 1.0", "more numbers in this row than the 3"),
        (LATTICE, LATTICE + " 7a", "more numbers in this row than the 3"),
        (LATTICE, LATTICE.replace("4", "4_", 1), "3 finite numbers"),
        (LATTICE, LATTICE + " ! a", None),
        (" 0.25 0.25 0.00 T T F Cu", " 0.25 0.25 0.00 0.1 T T F Cu", "expected 3 flags"),
        (" 0.25 0.25 0.00 T T F Cu", " 0.25 0.25 0.00 T T F 0.1", "more numbers in this row"),
        (" 0.25 0.25 0.00 T T F Cu", " 0.25 0.25 0.00 .TRUE. T F Cu 3", None),
        (" 0.25 0.25 0.00 T T F Cu", " 2.5D-1 0.25 0.00", None),
    ],
)
def test_numbers_in_a_row_of_a_poscar(old, new, message):
    assert old in TENORITE
    text = TENORITE.replace(old, new, 1)
    if message is None:
        assert np.allclose(poscar(text).frac_coords, poscar(TENORITE).frac_coords)
        return
    with pytest.raises(InputError, match=message):
        poscar(text)


def test_atoms_far_away_are_put_into_the_cell_before_anything_is_sized():
    near = "x\n1.0\n4.2 0 0\n0 4.2 0\n0 0 4.2\nMn O\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"
    far = near.replace("0.5 0.5 0.5", "99.5 -88.5 77.5")
    expected, found = poscar(near), poscar(far)
    assert np.allclose(found.frac_coords, expected.frac_coords)
    beyond = expected.copy()
    beyond.translate_sites([1], [1e5, -1e5, 99], to_unit_cell=False)
    for structure in (found, beyond):
        tracemalloc.start()
        curve = simulation.simulate(structure, "Mn", "pdf").values
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert np.allclose(curve, simulation.simulate(expected, "Mn", "pdf").values, atol=1e-6)
        assert peak < 50e6


@pytest.mark.parametrize(
    ("cell", "atoms", "message"),
    [
        (4.2, ("Fe 0 0 0", "O 0.29 0 0"), r"Fe\) and 2 \(O\) are 1\.22 Å apart, closer than 1\.31 Å"),
        (4.2, ("Ti 0 0 0", "O 0.32 0 0"), "closer than 1.42"),
        (4.2, ("U 0 0 0", "O 0.42 0 0"), None),
        (4.2, ("V 0 0 0", "O 0.372 0 0"), None),
        (4.6, ("K 0 0 0", "K 0.5 0 0"), "closer than 2.56"),
        (1.9, ("Fe 0 0 0",), None),
        (2.0, ("Sr 0 0 0",), "closer than 2.46"),
        (20.0, ("O 0 0 0",), "too large for its 1 atoms"),
    ],
)
def test_contacts_and_volumes_go_by_element(cell, atoms, message):
    lengths = "".join(f"_cell_length_{axis} {cell}\n" for axis in "abc")
    angles = "".join(f"_cell_angle_{angle} 90\n" for angle in ("alpha", "beta", "gamma"))
    heads = "".join(f"_atom_site_{name}\n" for name in ("type_symbol", "fract_x", "fract_y", "fract_z"))
    text = f"data_x\n{lengths}{angles}_space_group_IT_number 1\nloop_\n{heads}" + "\n".join(atoms) + "\n"
    if message is None:
        assert len(cif(text)) == len(atoms)
        return
    with pytest.raises(InputError, match=message):
        cif(text)


def test_an_open_cell_is_said():
    text = "x\n1.0\n12 0 0\n0 12 0\n0 0 12\nMn O\n1 1\ndirect\n0 0 0\n0.16 0 0\n"
    assert len(read_with_note(poscar, text, "864 Å³ an atom, as a porous solid")) == 2


RIGHT = {
    "case_20_cif_operations_listed_twice.cif": "Ti2 O4",
    "case_21_hydroxide_without_hydrogen.cif": "Fe4 O8",
    "case_27_cif_dots_for_zero.cif": "Sr1 Ti1 O3",
    "case_28_magnetic_cif.mcif": "Mn8 O8",
    "hostile/far_99.5_x3_cell_12.vasp": "Mn1 O1",
    "hostile/243.vasp": None,
    "hostile/107.vasp": None,
    "hostile/42.cif": None,
}


@pytest.mark.parametrize("name", RIGHT)
def test_shared_cases(name, shared):
    path = shared / "cases" / name
    if not path.is_file():
        pytest.skip("no cases here")
    if RIGHT[name] is None:
        with pytest.raises(InputError) as caught:
            read_structure(path)
        assert caught.value.line is not None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DomainWarning)
        assert read_structure(path).formula == RIGHT[name]
