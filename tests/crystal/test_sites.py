"""Distinct sites and space groups: known crystals, and the same for every cell and order of atoms."""

import numpy as np
import pytest
import spglib
from pymatgen.core import Lattice, Structure

import places
from firstshell.crystal.sites import distinct_sites, primitive
from firstshell.crystal.symmetry import space_group, symmetry
from firstshell.errors import InputError
from firstshell.io.structures.files import read_structure

DATA = places.DATA / "structures"


@pytest.mark.parametrize(
    ("name", "metal", "multiplicities", "group"),
    [
        ("rutile.cif", "Ti", [2], ("P4_2/mnm", 136)),
        ("anatase.cif", "Ti", [4], ("I4_1/amd", 141)),
        ("MnO.cif", "Mn", [4], ("Fm-3m", 225)),
        ("hematite.cif", "Fe", [12], ("R-3c", 167)),
        ("tenorite.cif", "Cu", [4], ("C2/c", 15)),
        ("tenorite.vasp", "Cu", [4], ("C2/c", 15)),
        ("cuprite.cif", "Cu", [4], ("Pn-3m", 224)),
        ("magnetite.cif", "Fe", [8, 16], ("Fd-3m", 227)),
        ("SrTiO3.cif", "Ti", [1], ("Pm-3m", 221)),
        ("hausmannite.cif", "Mn", [4, 8], ("I4_1/amd", 141)),
    ],
)
def test_known_crystals(name: str, metal: str, multiplicities: list[int], group: tuple[str, int]) -> None:
    structure = read_structure(DATA / name)
    sites = distinct_sites(structure, metal)
    assert sorted(site.multiplicity for site in sites) == multiplicities
    assert [site.index for site in sites] == sorted(min(site.indices) for site in sites)
    assert sorted(i for site in sites for i in site.indices) == list(structure.indices_from_symbol(metal))
    assert space_group(structure) == group


def test_supercells_have_the_sites_of_the_primitive_cell() -> None:
    structure = read_structure(DATA / "magnetite.cif")
    cell, index = primitive(structure)
    assert len(cell) == 14
    assert [cell[int(i)].specie for i in index] == structure.species
    assert cell.volume * 4 == pytest.approx(structure.volume)
    large = cell * (1, 1, 3)  # its own translations break the cubic symmetry, the crystal's do not
    assert [site.multiplicity for site in distinct_sites(large, "Fe")] == [6, 12]


def test_primitive_atoms_are_where_the_structure_has_them() -> None:
    structure = read_structure(DATA / "hausmannite.cif") * (2, 1, 1)
    cell, index = primitive(structure)
    shift = structure.cart_coords - cell.cart_coords[index]
    steps = shift @ np.linalg.inv(cell.lattice.matrix)
    assert steps == pytest.approx(np.round(steps), abs=1e-6)


def test_without_symmetry_every_atom_is_a_site() -> None:
    structure = read_structure(DATA / "magnetite.cif")
    structure.perturb(0.05, seed=1)
    assert [site.multiplicity for site in distinct_sites(structure, "Fe")] == [1] * 24
    assert space_group(structure) == ("P1", 1)


def test_falls_back_to_p1_where_spglib_fails() -> None:
    overlapping = Structure(Lattice.cubic(4), ["Cu", "Cu"], [[0, 0, 0], [0, 0, 1e-6]])
    assert space_group(overlapping) == ("P1", 1)
    assert [site.multiplicity for site in distinct_sites(overlapping, "Cu")] == [1, 1]
    assert symmetry(overlapping).rotations.tolist() == [np.eye(3).tolist()]


@pytest.mark.parametrize("switch", [True, False])
def test_leaves_the_switch_of_spglib_as_it_was(monkeypatch: pytest.MonkeyPatch, switch: bool) -> None:
    monkeypatch.setattr(spglib.error, "OLD_ERROR_HANDLING", switch)
    assert len(symmetry(read_structure(DATA / "MnO.cif")).rotations) == 192
    assert spglib.error.OLD_ERROR_HANDLING is switch


@pytest.mark.parametrize(
    ("metal", "message"), [("Fe", "holds no Fe"), ("Qq", "not the symbol"), ("", "not the symbol")]
)
def test_wrong_metal(metal: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        distinct_sites(read_structure(DATA / "rutile.cif"), metal)
