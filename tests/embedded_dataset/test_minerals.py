"""Minerals of the database as crystals with whole atoms, their distortions, and what is told of their metals."""

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from embedded_dataset import minerals
from embedded_dataset.amcsd_database import database, read_formula, read_rows
from embedded_dataset.amcsd_quality import UnfitError
from embedded_dataset.bond_network import operations
from embedded_dataset.distort import CLOSER, allowed_strain, distort, shortest_contacts
from embedded_dataset.states import site_state, states
from firstshell.crystal.labels import label_sites
from firstshell.crystal.sites import distinct_sites
from firstshell.crystal.symmetry import space_group

CUPRITE = Structure.from_spacegroup("Pn-3m", Lattice.cubic(4.2696), ["O", "Cu"], [[0, 0, 0], [0.25, 0.25, 0.25]])
TENORITE = Structure.from_spacegroup(
    "C2/c", Lattice.monoclinic(4.6837, 3.4226, 5.1288, 99.54), ["Cu", "O"], [[0.25, 0.25, 0], [0, 0.4184, 0.25]]
)


def entry(number):
    return next(read_rows(database(), number))


def test_an_ordered_entry_is_taken_as_it_is():
    found = minerals.mineral(entry(42), "Cu")
    assert (found.id, found.origin) == ("amcsd-00042", "natural")
    assert {site.specie.symbol for site in found.structure} == set(read_formula(entry(42)))


@pytest.mark.parametrize("number", [11066, 11098])
def test_shared_positions_get_whole_atoms_in_the_listed_proportions(number):
    row = entry(number)
    found = minerals.mineral(row, "Cu")
    assert (found.id, found.origin) == (f"{row.id}/decorated-Cu", "decorated")
    assert found.structure.is_ordered
    assert minerals.mineral(row, "Cu").structure == found.structure
    declared = {symbol: amount for symbol, amount in read_formula(row).items() if symbol != "H"}
    there = [site.specie.symbol for site in found.structure if site.specie.symbol != "H"]
    for symbol, amount in declared.items():
        assert there.count(symbol) / len(there) == pytest.approx(amount / sum(declared.values()), abs=0.05)
    assert len(distinct_sites(found.structure, "Cu")) <= minerals.MAX_SITES


def test_what_has_another_first_shell_is_refused():
    with pytest.raises(UnfitError, match="first shell of Cu holds As"):
        minerals.mineral(entry(9298), "Cu")


def test_a_decoration_far_from_the_declared_formula_is_refused():
    with pytest.raises(UnfitError, match="off the declared formula"):
        minerals.mineral(entry(16527), "Cu")


def test_split_positions_are_not_both_filled():
    clash = Structure(Lattice.cubic(4.2), [{"Cu": 0.5}, {"Cu": 0.5}, "O"], [[0, 0, 0], [0.1, 0, 0], [0.55, 0.5, 0.5]])
    cell = minerals.decorate(clash, "Cu", seed=1)
    minerals.check_contacts(cell)
    assert 1 <= cell.composition["Cu"] <= cell.composition["O"]


@pytest.mark.parametrize("crystal", [CUPRITE, TENORITE])
def test_a_distortion_keeps_symmetry_and_contacts_and_follows_from_its_name(crystal):
    found = distort(crystal, "Cu", "some name")
    assert found == distort(crystal, "Cu", "some name")
    assert found != distort(crystal, "Cu", "another name")
    assert space_group(found) == space_group(crystal)
    assert len(distinct_sites(found, "Cu")) == len(distinct_sites(crystal, "Cu"))
    before, after = shortest_contacts(crystal), shortest_contacts(found)
    assert after["Cu", "O"] >= CLOSER * before["Cu", "O"]


@pytest.mark.slow
@pytest.mark.parametrize(("lengths", "allowed"), [((4, 4, 4), 1), ((4, 4, 5), 2), ((4, 5, 6), 3)])
def test_a_random_strain_keeps_what_symmetry_allows(lengths, allowed):
    symmetry = operations(Structure(np.diag(lengths), ["Cu"], [[0, 0, 0]]))
    found = np.array([allowed_strain(symmetry, row).ravel() for row in np.eye(6)])
    assert np.linalg.matrix_rank(found) == allowed
    assert np.allclose(np.linalg.svd(found)[1][:allowed], 1.0)  # a projection: deviations stay as large


@pytest.mark.slow
def test_distortions_spread_bond_lengths_as_compounds_of_one_class_do():
    lengths = []
    for i in range(60):
        cell = distort(CUPRITE, "Cu", f"cuprite {i}")
        lengths.append(label_sites(cell, "Cu", distinct_sites(cell, "Cu"))[0].bond_length)
    assert 0.02 < np.std(lengths) < 0.09


def test_a_site_tells_its_charge_where_it_is_clear():
    assert [site_state(crystal, distinct_sites(crystal, "Cu")[0].index) for crystal in (CUPRITE, TENORITE)] == [1, 2]
    between = CUPRITE.copy()
    between.scale_lattice(CUPRITE.volume * 0.88)
    assert site_state(between, distinct_sites(between, "Cu")[0].index) is None
    sites = distinct_sites(TENORITE, "Cu")
    assert states(TENORITE, "Cu", sites, neutral=True) == ({sites[0].index: 2}, "crystal")
    assert states(TENORITE, "Cu", sites, neutral=False) == ({sites[0].index: 2}, "site")
