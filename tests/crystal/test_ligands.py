"""Sulfides, nitrides and halides: labels, and the ligand that a build asks for."""

from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure

from firstshell.crystal.labels import label_sites
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.materials import read_folder
from firstshell.errors import InputError

ROCK_SALT, ZINC_BLENDE = [[0, 0, 0], [0.5, 0.5, 0.5]], [[0, 0, 0], [0.25, 0.25, 0.25]]
CRYSTALS = {
    "MnS": ("Mn", "Fm-3m", Lattice.cubic(5.224), ROCK_SALT, (2, 6, 5.224 / 2)),
    "VN": ("V", "Fm-3m", Lattice.cubic(4.139), ROCK_SALT, (3, 6, 4.139 / 2)),
    "CuCl": ("Cu", "F-43m", Lattice.cubic(5.406), ZINC_BLENDE, (1, 4, 5.406 * 3**0.5 / 4)),
    "ZnS": ("Zn", "F-43m", Lattice.cubic(5.409), ZINC_BLENDE, (2, 4, 5.409 * 3**0.5 / 4)),
    "NiF2": ("Ni", "P4_2/mnm", Lattice.tetragonal(4.651, 3.084), [[0, 0, 0], [0.303, 0.303, 0]], (2, 6, 2.007)),
    "CoCl2": ("Co", "R-3m", Lattice.hexagonal(3.553, 17.39), [[0, 0, 0], [0, 0, 0.2558]], (2, 6, 2.455)),
    "MoS2": (
        "Mo",
        "P6_3/mmc",
        Lattice.hexagonal(3.16, 12.30),
        [[1 / 3, 2 / 3, 0.25], [1 / 3, 2 / 3, 0.621]],
        (4, 6, 2.418),
    ),
}


def crystal(name):
    metal, group, lattice, places, _ = CRYSTALS[name]
    other = next(element for element in ("S", "N", "Cl", "F") if element in name.removeprefix(metal))
    return Structure.from_spacegroup(group, lattice, [metal, other], places)


def pyrite():
    return Structure.from_spacegroup("Pa-3", Lattice.cubic(5.418), ["Fe", "S"], [[0, 0, 0], [0.385, 0.385, 0.385]])


@pytest.mark.slow
@pytest.mark.parametrize("name", CRYSTALS)
def test_labels_of_other_ligands(name):
    structure, metal, (state, number, length) = crystal(name), CRYSTALS[name][0], CRYSTALS[name][-1]
    (labels,) = label_sites(structure, metal, distinct_sites(structure, metal))
    assert (labels.oxidation_state, labels.coordination_number, labels.reasons) == (state, number, {})
    assert labels.bond_length == pytest.approx(length, abs=2e-3)


def test_a_disulfide_has_no_formal_valences():
    """Iron is 2+ in pyrite, and sulfur 1−; taken for S²⁻ it would make iron 4+."""
    (labels,) = label_sites(pyrite(), "Fe", distinct_sites(pyrite(), "Fe"))
    assert labels.oxidation_state is None
    assert labels.reasons["oxidation_state"] == "S is bound to S, so that its valence is not known"
    assert labels.coordination_number == 6


@pytest.fixture
def folder(tmp_path):
    for name in ("MnS", "CuCl", "NiF2"):
        crystal(name).to(str(tmp_path / f"{name}.cif"))
    oxide = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.446), ["Mn", "O"], ROCK_SALT)
    oxide.to(str(tmp_path / "MnO.cif"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ligands", "kept"),
    [
        (("O",), ["MnO.cif"]),
        (("F", "Cl"), ["CuCl.cif", "NiF2.cif"]),
        (("S",), ["MnS.cif"]),
        ((), ["CuCl.cif", "MnO.cif", "MnS.cif", "NiF2.cif"]),
    ],
)
def test_a_build_takes_the_ligand_that_is_asked_for(folder, ligands, kept):
    materials, refused = read_folder([folder], ligands=ligands)
    assert [material.id for material in materials] == kept
    assert len(refused) == 4 - len(kept)


@pytest.mark.slow
def test_the_ligand_is_oxygen_unless_said_otherwise(folder):
    materials, refused = read_folder([folder])
    assert [material.id for material in materials] == ["MnO.cif"]
    assert {each.reason for each in refused} == {"holds no O; its ligand can be set"}
    with pytest.raises(InputError, match="'Ox' is not the symbol of an element"):
        read_folder([folder], ligands=("Ox",))


def test_molecules_are_taken_where_the_ligand_is_not_oxygen(tmp_path: Path):
    """C–N of 1.15 Å, as in cyanides."""
    places = [[0, 0, 0], [0, 0, 0.365], [0, 0, 0.5952]]
    Structure(Lattice.tetragonal(4.9, 5.0), ["Ni", "C", "N"], places).to(str(tmp_path / "cyanide.cif"))
    assert [material.id for material in read_folder([tmp_path], ligands=("C", "N"))[0]] == ["cyanide.cif"]
