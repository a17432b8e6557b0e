"""Labels of known oxides, their invariances, recorded reasons, and time limits."""

import time
import warnings

import numpy as np
import pytest
from pymatgen.analysis.bond_valence import BVAnalyzer
from pymatgen.analysis.local_env import CrystalNN
from pymatgen.core import Lattice, Structure
from pymatgen.core.operations import SymmOp

import places
from firstshell.crystal import labels as module
from firstshell.crystal.labels import label_material, label_sites
from firstshell.crystal.sites import distinct_sites, primitive
from firstshell.crystal.valences import valences
from firstshell.errors import InputError
from firstshell.io.structures.files import read_structure
from firstshell.runtime.timelimit import time_limit
from firstshell.types import Labels, Site

DATA = places.DATA / "structures"
ALL = sorted(path.name for path in DATA.glob("*"))


def label(structure: Structure, metal: str) -> list[tuple[object, ...]]:
    """Return the labels of all sites with the share of the metal atoms that each has, sorted."""
    sites = distinct_sites(structure, metal)
    atoms = sum(site.multiplicity for site in sites)
    found = label_sites(structure, metal, sites)
    return sorted(
        (x.oxidation_state, x.coordination_number, pytest.approx(x.bond_length, abs=1e-6), site.multiplicity / atoms)
        for site, x in zip(sites, found, strict=True)
    )


# Bond lengths follow from the cell and the free parameters of the files, by hand.
KNOWN = [
    ("rutile.cif", "Ti", [(4, 6, (4 * 1.9486 + 2 * 1.9821) / 6)]),
    ("anatase.cif", "Ti", [(4, 6, (4 * 1.9338 + 2 * 1.9801) / 6)]),
    ("MnO.cif", "Mn", [(2, 6, 4.4457 / 2)]),
    ("hematite.cif", "Fe", [(3, 6, (1.9461 + 2.1157) / 2)]),
    ("tenorite.cif", "Cu", [(2, 4, (1.9509 + 1.9608) / 2)]),
    ("cuprite.cif", "Cu", [(1, 2, 4.2696 * np.sqrt(3) / 4)]),
    ("SrTiO3.cif", "Ti", [(4, 6, 3.905 / 2)]),
    ("hausmannite.cif", "Mn", [(2, 4, 2.0433), (3, 6, (4 * 1.9284 + 2 * 2.2811) / 6)]),
]


@pytest.mark.parametrize(("name", "metal", "expected"), KNOWN)
def test_known_oxides(name: str, metal: str, expected: list[tuple[int, int, float]]) -> None:
    structure = read_structure(DATA / name)
    found = label_sites(structure, metal, distinct_sites(structure, metal))
    for one, (state, number, length) in zip(found, expected, strict=True):
        assert (one.oxidation_state, one.coordination_number, one.reasons) == (state, number, {})
        assert one.bond_length == pytest.approx(length, abs=2e-3)


def test_spinel_has_tetrahedra_and_octahedra() -> None:
    structure = read_structure(DATA / "magnetite.cif")
    sites = distinct_sites(structure, "Fe")
    found = label_sites(structure, "Fe", sites)
    by_multiplicity = {site.multiplicity: x for site, x in zip(sites, found, strict=True)}
    assert by_multiplicity[8].coordination_number == 4
    assert by_multiplicity[8].bond_length == pytest.approx((0.2549 - 0.125) * np.sqrt(3) * 8.3941, abs=1e-6)
    assert by_multiplicity[16].coordination_number == 6
    material = label_material(found, [site.multiplicity for site in sites])
    assert material.coordination_number is None
    assert material.reasons["coordination_number"] == "sites disagree: 4 (×8), 6 (×16)"
    expected = (8 * by_multiplicity[8].bond_length + 16 * by_multiplicity[16].bond_length) / 24
    assert material.bond_length == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_agrees_with_pymatgen_where_it_finishes(name: str) -> None:
    cell, _ = primitive(read_structure(DATA / name))
    assert valences(cell) == BVAnalyzer().get_valences(cell)
    metal = next(symbol for symbol in ("Ti", "Mn", "Fe", "Cu") if symbol in cell.symbol_set)
    sites = distinct_sites(cell, metal)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # CrystalNN warns that atoms carry no charges
        theirs = [CrystalNN().get_nn_info(cell, site.index) for site in sites]
    for site, neighbours, x in zip(sites, theirs, label_sites(cell, metal, sites), strict=True):
        distances = [np.linalg.norm(n["site"].coords - cell[site.index].coords) for n in neighbours]
        assert (len(distances), float(np.mean(distances))) == (x.coordination_number, pytest.approx(x.bond_length))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hausmannite.cif", "hematite.cif", "tenorite.cif", "magnetite.cif"])
def test_invariances(name: str) -> None:
    structure = read_structure(DATA / name)
    metal = next(symbol for symbol in ("Mn", "Fe", "Cu") if symbol in structure.symbol_set)
    expected = label(structure, metal)
    rng = np.random.default_rng(3)
    rotated = structure.copy()
    rotated.apply_operation(SymmOp.from_axis_angle_and_translation([1, 2, 3], 37.0))
    shuffled = Structure.from_sites([structure[int(i)] for i in rng.permutation(len(structure))])
    moved = structure.copy()
    moved.translate_sites(list(range(len(moved))), [0.13, 0.27, 0.41])
    cell, _ = primitive(structure)
    skewed = cell.copy() * [[1, 1, 0], [0, 1, 0], [0, 1, 1]]
    for other in (rotated, shuffled, moved, cell, skewed, cell * (2, 1, 1), structure * (1, 1, 2)):
        assert label(other, metal) == expected


def test_mixed_valence_is_neutral_and_the_most_probable() -> None:
    structure = read_structure(DATA / "hausmannite.cif")
    structure.perturb(0.02, seed=5)  # no symmetry: 28 sites of their own
    found = valences(structure)
    assert sum(found) == 0
    manganese = [v for v, site in zip(found, structure, strict=True) if site.specie.symbol == "Mn"]
    assert sorted(manganese) == [2] * 4 + [3] * 8


def test_a_label_that_cannot_be_had_is_a_reason() -> None:
    perovskite = read_structure(DATA / "SrTiO3.cif")
    perovskite.replace_species({"Sr": "Pt"})
    (found,) = label_sites(perovskite, "Ti", distinct_sites(perovskite, "Ti"))
    assert found.oxidation_state is None
    assert found.reasons == {"oxidation_state": "no bond-valence parameters for Pt"}
    charged = Structure(Lattice.cubic(3.0), ["Cu"], [[0, 0, 0]])
    (found,) = label_sites(charged, "Cu", distinct_sites(charged, "Cu"))
    assert found.reasons["oxidation_state"] == "no likely valences make the cell neutral"
    sparse = Structure(Lattice.cubic(9.0), ["Cu"], [[0, 0, 0]])
    (found,) = label_sites(sparse, "Cu", distinct_sites(sparse, "Cu"))
    assert found.coordination_number is None
    assert found.reasons["coordination_number"] == found.reasons["bond_length"] == "CrystalNN finds no neighbours"


def test_material_reasons() -> None:
    good, bad = Labels(2, 4, 1.95), Labels(None, 4, None, {"oxidation_state": "cause a", "bond_length": "cause b"})
    material = label_material([good, bad], [1, 3])
    assert material == Labels(
        None, 4, None, {"oxidation_state": "1 of 2 sites: cause a", "bond_length": "1 of 2 sites: cause b"}
    )
    assert label_material([bad], [1]).reasons == bad.reasons
    assert label_material([good, Labels(2, 4, 2.05)], [1, 3]) == Labels(2, 4, pytest.approx(2.025))


def test_slow_labels_become_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(cell: Structure) -> list[int]:
        while True:
            pass

    monkeypatch.setattr(module, "valences", endless)
    structure = read_structure(DATA / "MnO.cif")
    (found,) = label_sites(structure, "Mn", distinct_sites(structure, "Mn"), limit_s=0.2)
    assert found.reasons == {"oxidation_state": "took more than 0.2 s of processor time"}
    assert found.coordination_number == 6


def test_sites_must_be_of_the_metal() -> None:
    structure = read_structure(DATA / "tenorite.vasp")
    for index in (7, 8, -1):
        with pytest.raises(InputError, match="not an atom of Cu"):
            label_sites(structure, "Cu", [Site(index, (index,))])


@pytest.mark.slow
def test_time_limit_stops_python_and_numpy() -> None:
    def busy() -> None:
        while True:
            pass

    def numbers() -> None:
        matrix = np.eye(120)
        while True:
            matrix = np.linalg.inv(matrix)

    def stubborn() -> None:
        while True:
            try:
                busy()
            except Exception:
                numbers()

    for work in (busy, numbers, stubborn):
        started = time.process_time()
        with pytest.raises(TimeoutError, match=r"0.2 s"), time_limit(0.2):
            work()
        assert 0.15 < time.process_time() - started < 2


def test_time_limits_nest_and_end() -> None:
    def outer() -> None:
        with time_limit(5):
            pass
        while True:
            pass

    with pytest.raises(TimeoutError, match=r"0\.3 s"), time_limit(0.3):
        outer()
    with time_limit(0.05):
        pass
    until = time.process_time() + 0.15
    while time.process_time() < until:
        pass
