"""Hypothetical oxides: known isotypes come out as nature has them, Jahn–Teller ions distort, the rest is refused."""

import re
from dataclasses import replace

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from embedded_dataset.amcsd import Entry, read_entry
from embedded_dataset.bond_network import Operations, network, operations
from embedded_dataset.ions import IONS, coexist, ion
from embedded_dataset.jahn_teller import opposite_pairs, shell, widest_angle
from embedded_dataset.relaxation import Goal, free_shifts, free_strains, relax
from embedded_dataset.substitution import candidates, derive, parse_recipe
from firstshell.crystal.bond_valence import unit_length
from firstshell.crystal.labels import label_sites
from firstshell.crystal.sites import distinct_sites, primitive
from firstshell.crystal.symmetry import space_group
from firstshell.errors import InputError
from firstshell.types import Array

pytestmark = pytest.mark.slow

# Cells and coordinates as published.
KNOWN: dict[str, tuple[str, Lattice, list[str], list[list[float]]]] = {
    "corundum": ("R-3c", Lattice.hexagonal(4.7589, 12.9919), ["Al", "O"], [[0, 0, 0.35216], [0.30624, 0, 0.25]]),
    "periclase": ("Fm-3m", Lattice.cubic(4.2117), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "lime": ("Fm-3m", Lattice.cubic(4.811), ["Ca", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "SrZrO3": ("Pm-3m", Lattice.cubic(4.10), ["Sr", "Zr", "O"], [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]),
    "SrSnO3": ("Pm-3m", Lattice.cubic(4.034), ["Sr", "Sn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]),
    "LaGaO3": (
        "Pnma",
        Lattice.orthorhombic(5.4908, 7.7925, 5.5227),
        ["La", "Ga", "O", "O"],
        [[0.0165, 0.25, 0.996], [0, 0, 0.5], [0.494, 0.25, 0.067], [0.277, 0.036, 0.722]],
    ),
    "LaAlO3": ("R-3c", Lattice.hexagonal(5.364, 13.11), ["La", "Al", "O"], [[0, 0, 0.25], [0, 0, 0], [0.525, 0, 0.25]]),
    "spinel": ("Fd-3m:2", Lattice.cubic(8.0831), ["Mg", "Al", "O"], [[0.125] * 3, [0.5] * 3, [0.2624] * 3]),
    "forsterite": (
        "Pnma",
        Lattice.orthorhombic(10.1943, 5.9807, 4.7535),
        ["Mg", "Mg", "Si", "O", "O", "O"],
        [
            [0, 0, 0],
            [0.2774, 0.25, 0.9915],
            [0.0940, 0.25, 0.4262],
            [0.0913, 0.25, 0.7657],
            [0.4474, 0.25, 0.2215],
            [0.1628, 0.0331, 0.2777],
        ],
    ),
    "zincite": ("P6_3mc", Lattice.hexagonal(3.2495, 5.2069), ["Zn", "O"], [[1 / 3, 2 / 3, 0], [1 / 3, 2 / 3, 0.3819]]),
    "palladinite": ("P4_2/mmc", Lattice.tetragonal(3.043, 5.337), ["Pd", "O"], [[0, 0.5, 0], [0, 0, 0.25]]),
    "hematite": ("R-3c", Lattice.hexagonal(5.038, 13.772), ["Fe", "O"], [[0, 0, 0.3553], [0.3059, 0, 0.25]]),
}


def parent(name: str) -> Entry:
    """Return a known oxide as an entry."""
    group, lattice, species, positions = KNOWN[name]
    return Entry(name, name, f"series of {name}", "", Structure.from_spacegroup(group, lattice, species, positions))


def mean_bond(structure: Structure, metal: str) -> float:
    length = label_sites(structure, metal, distinct_sites(structure, metal)[:1])[0].bond_length
    assert length is not None
    return length


@pytest.mark.parametrize(
    ("recipe", "cell", "tolerance", "bond"),
    [
        ("corundum/Al1>Fe3+", (5.035, 5.035, 13.75), 0.01, 2.030),  # hematite
        ("periclase/Mg1>Fe2+", (4.332, 4.332, 4.332), 0.012, 2.166),  # wüstite, extrapolated to FeO
        ("periclase/Mg1>Mn2+", (4.445, 4.445, 4.445), 0.012, 2.222),  # manganosite
        ("lime/Ca1>Mn2+", (4.445, 4.445, 4.445), 0.015, 2.222),
        ("SrZrO3/Zr1>Ti4+", (3.905, 3.905, 3.905), 0.01, 1.953),  # tausonite
        ("SrSnO3/Sn1>Ti4+", (3.905, 3.905, 3.905), 0.01, 1.953),
        ("LaGaO3/Ga1>Fe3+", (5.553, 5.563, 7.862), 0.01, 2.006),
        ("spinel/Mg1>Mn2+", (8.241, 8.241, 8.241), 0.01, 2.05),  # galaxite
        ("spinel/Mg1>Fe2+", (8.149, 8.149, 8.149), 0.01, 1.97),  # hercynite
        ("spinel/Al1>Fe3+", (8.38, 8.38, 8.38), 0.01, 2.03),
    ],
)
def test_isotypes_come_out_as_nature_has_them(
    recipe: str, cell: tuple[float, ...], tolerance: float, bond: float
) -> None:
    source = parent(recipe.split("/")[0])
    derived = derive(recipe, source)
    assert sorted(derived.structure.to_conventional().lattice.abc) == pytest.approx(cell, rel=tolerance)
    assert mean_bond(derived.structure, derived.metal) == pytest.approx(bond, rel=0.025)
    assert space_group(derived.structure) == space_group(source.structure)
    assert (derived.parent, derived.series) == (source.id, source.series)


def test_says_what_was_changed() -> None:
    derived = derive("forsterite/Mg2>Fe2+", parent("forsterite"))
    assert derived.id == "forsterite/Mg2>Fe2+"
    assert derived.change.startswith("Mg2+ on site 2 of 2 replaced by Fe2+; cell +")
    assert len(derived.structure) == 28
    assert derived.structure.composition.reduced_formula == "MgFeSiO4"


def test_elongated_perovskite_is_that_of_nature() -> None:
    structure = derive("LaGaO3/Ga1>Mn3+", parent("LaGaO3")).structure
    assert space_group(structure) == ("Pnma", 62)
    manganese = structure.indices_from_symbol("Mn")[0]
    lengths = sorted(neighbour.nn_distance for neighbour in structure.get_neighbors(structure[manganese], 2.6))
    # Rodríguez-Carvajal et al., PRB 57, R3189 (1998): 1.907, 1.968 and 2.178 Å, twice each
    assert lengths == pytest.approx([1.907, 1.907, 1.968, 1.968, 2.178, 2.178], abs=0.06)


@pytest.mark.parametrize(
    ("recipe", "group"),
    [
        ("periclase/Mg1>Cu2+", "I4/mmm"),
        ("spinel/Al1>Mn3+", "I4_1/amd"),  # as in hausmannite
        ("corundum/Al1>Mn3+", "C2/c"),
    ],
)
def test_octahedra_of_jahn_teller_ions_are_elongated(recipe: str, group: str) -> None:
    derived = derive(recipe, parent(recipe.split("/")[0]))
    assert space_group(derived.structure)[0] == group
    for atom in derived.structure.indices_from_symbol(derived.metal):
        near = derived.structure.get_neighbors(derived.structure[atom], 2.8)
        lengths = np.sort([neighbour.nn_distance for neighbour in near if neighbour.specie.symbol == "O"])
        assert len(lengths) == 6
        assert lengths[4:].mean() > 1.08 * lengths[:4].mean()


def test_tetrahedra_of_copper_are_flattened() -> None:
    derived = derive("spinel/Mg1>Cu2+", parent("spinel"))
    assert space_group(derived.structure)[0] == "I4_1/amd"
    bonds = network(derived.structure, [{"Cu": 2, "Al": 3, "O": -2}[site.specie.symbol] for site in derived.structure])
    for atom in derived.structure.indices_from_symbol("Cu"):
        members = shell(bonds, atom)
        assert len(members) == 4
        assert widest_angle(bonds, members) > 120


def test_planes_stay_planes() -> None:
    source = parent("palladinite")
    assert candidates(source, "Cu") == ["palladinite/Pd1>Cu2+"]
    structure = derive("palladinite/Pd1>Cu2+", source).structure
    assert space_group(structure) == space_group(source.structure)
    assert candidates(source, "Fe") == candidates(source, "Mn") == []


@pytest.mark.parametrize("recipe", ["forsterite/Mg2>Cu2+", "LaGaO3/Ga1>Fe3+", "corundum/Al1>Mn3+"])
def test_the_same_recipe_gives_the_same_bits(recipe: str) -> None:
    source = parent(recipe.split("/")[0])
    first, second = derive(recipe, source).structure, derive(recipe, source).structure
    assert first.lattice.matrix.tobytes() == second.lattice.matrix.tobytes()
    assert first.frac_coords.tobytes() == second.frac_coords.tobytes()
    assert np.array_equal(first.lattice.matrix, np.round(first.lattice.matrix, 5))
    assert np.array_equal(first.frac_coords, np.round(first.frac_coords, 6))
    assert first.frac_coords.min() >= 0
    assert first.frac_coords.max() < 1


@pytest.mark.parametrize("recipe", ["forsterite/Mg2>Fe2+", "LaGaO3/Ga1>Mn3+", "spinel/Al1>Mn3+"])
def test_noise_of_the_last_bits_stays_below_the_last_digits(recipe: str) -> None:
    source = parent(recipe.split("/")[0])
    noise = np.random.default_rng(1).normal(scale=1e-12, size=source.structure.frac_coords.shape)
    shaken = Structure(source.structure.lattice, source.structure.species, source.structure.frac_coords + noise)
    first, second = derive(recipe, source).structure, derive(recipe, replace(source, structure=shaken)).structure
    assert second.lattice.matrix == pytest.approx(first.lattice.matrix, abs=1.1e-5)
    steps = second.frac_coords - first.frac_coords
    assert steps - np.round(steps) == pytest.approx(np.zeros_like(steps), abs=1.1e-6)


UNFIT = {
    "corundum/Al1>Ti3+": "volume: the cell changes by +25",
    "zincite/Zn1>Cu2+": "contacts: cations are 2.77 Å apart",
    "LaAlO3/Al1>Mn3+": "Jahn–Teller: an octahedron of Mn3+",
}


def test_every_candidate_is_derived_or_refused_with_its_stage() -> None:
    for name in ("corundum", "LaAlO3", "forsterite", "zincite"):
        source = parent(name)
        for metal in IONS:
            for recipe in candidates(source, metal):
                parsed = parse_recipe(recipe)
                assert str(parsed) == recipe
                assert (parsed.parent, parsed.metal) == (source.id, metal)
                if recipe in UNFIT:
                    with pytest.raises(InputError, match=re.escape(f"{recipe}: {UNFIT[recipe]}")):
                        derive(recipe, source)
                    continue
                derived = derive(recipe, source)
                labels = label_sites(derived.structure, metal, distinct_sites(derived.structure, metal))
                assert {label.oxidation_state for label in labels} == {parsed.charge}
                assert {label.coordination_number for label in labels} <= {4, 5, 6}


@pytest.mark.parametrize(
    ("recipe", "stage"),
    [
        ("corundum/Al1>Fe2+", "site: Fe2\\+ does not fit Al of charge 3"),
        ("lime/Ca1>Cu2+", "site: bonds of Cu2\\+ are -0.29 Å longer"),
        ("SrZrO3/Sr1>Mn2+", "site: Mn2\\+ is not known with 12 neighbours"),
        ("hematite/Fe1>Fe3+", "parent: it holds Fe already"),
        ("corundum/Al2>Fe3+", "the parent has 1 distinct sites of Al"),
        ("corundum/Ga1>Fe3+", "the parent has 0 distinct sites of Ga"),
        ("corundum/O1>Fe3+", "the parent has 0 distinct sites of O"),
        ("corundum/Al1>Fe7+", "Fe7\\+ is not a known ion"),
        ("corundum/Al1>Xe3+", "Xe3\\+ is not a known ion"),
    ],
)
def test_refusals_name_the_stage(recipe: str, stage: str) -> None:
    with pytest.raises(InputError, match=stage):
        derive(recipe, parent(recipe.split("/")[0]))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "corundum",
            "corundum/Al>Fe3+",
            "corundum/Al0>Fe3+",
            "corundum/Al1>Fe",
            "corundum/Al1>Fe3-",
            "a/Qq1>Fe3+",
        ),
        *(
            "a b/Al1>Fe3+",
            "corundum/Al1>Fe3+ ",
            "corundum/Al1>Fe3+\n",
            "/Al1>Fe3+",
            "../x/Al1>Fe3+",
            "å/Al1>Fe3+",
            None,
            7,
        ),
    ],
)
def test_malformed_recipes(text: str) -> None:
    with pytest.raises(InputError, match="is not a recipe"):
        derive(text, parent("corundum"))


def test_another_parent_than_the_recipe_names() -> None:
    with pytest.raises(InputError, match="names the parent corundum"):
        derive("corundum/Al1>Fe3+", parent("lime"))


def test_a_metal_without_known_ions() -> None:
    with pytest.raises(InputError, match="no ions of Zn"):
        candidates(parent("corundum"), "Zn")


def test_what_is_no_oxide_has_no_candidates() -> None:
    salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert candidates(Entry("salt", "halite", "", "", salt), "Cu") == []
    assert candidates(parent("hematite"), "Fe") == []


def test_reducing_and_oxidising_ions_are_kept_apart() -> None:
    assert coexist({("Fe", 2), ("Ti", 4), ("Si", 4)})
    assert coexist({("Cu", 1), ("Fe", 3)})
    assert not coexist({("Ti", 3), ("Fe", 3)})
    assert not coexist({("Cu", 3), ("Mn", 2)})


def test_lengths_of_ions() -> None:
    assert unit_length("Fe", 3) == 1.759
    assert 1.8 < unit_length("Re", 5) < 2.0  # by element
    with pytest.raises(ValueError, match="no bond-valence parameters for Pm"):
        unit_length("Pm", 3)
    for ions in IONS.values():
        for each in ions:
            for number in each.coordinations:
                # Shannon's Cu+ is the odd one, from sulphides.
                limit = 0.15 if each.charge == 1 else 0.1
                assert each.shannon_length(number) == pytest.approx(each.length(number), abs=limit)
    assert ion("Cu", 4) is None


@pytest.mark.parametrize(
    ("name", "group", "strains", "shifts"),
    [("periclase", 48, 1, 0), ("corundum", 12, 2, 2), ("spinel", 48, 1, 1), ("forsterite", 8, 3, 11)],
)
def test_freedom_is_that_of_the_space_group(name: str, group: int, strains: int, shifts: int) -> None:
    cell, _ = primitive(parent(name).structure)
    symmetry = operations(cell)
    assert len(symmetry.rotations) == group
    assert len(free_strains(symmetry)) == strains
    assert len(free_shifts(symmetry)) == shifts
    nothing = Operations(symmetry.rotations[:1], symmetry.images[:1])
    assert len(free_strains(nothing)) == 6
    assert len(free_shifts(nothing)) == 3 * len(cell)


def test_a_shaken_crystal_comes_back_without_any_symmetry() -> None:
    cell, _ = primitive(parent("periclase").structure)
    cell = cell * (2, 2, 2)
    charges = [2 if site.specie.symbol == "Mg" else -2 for site in cell]
    ideal = network(cell, charges)
    rng = np.random.default_rng(2)
    start = ideal.moved(ideal.cell, ideal.fractions + rng.normal(scale=0.01, size=ideal.fractions.shape))
    none: Array = np.zeros(0)
    goal = Goal(
        np.where(ideal.lengths() < 3, 1 / 3, 0.0),
        np.full(len(ideal.cation), 0.05),
        np.zeros((0, 2), dtype=np.int64),
        np.zeros((0, 3)),
        none,
        none,
    )
    end = relax(start, goal, Operations(np.eye(3)[None], np.arange(len(cell))[None]))
    assert np.abs(start.misfits()).max() > 0.1
    assert np.abs(end.misfits()).max() < 0.05
    assert np.ptp(end.lengths()[ideal.lengths() < 3]) < 0.3 * np.ptp(start.lengths()[ideal.lengths() < 3])


def test_what_is_no_octahedron_cannot_be_elongated() -> None:
    cell, _ = primitive(parent("zincite").structure)
    bonds = network(cell, [2 if site.specie.symbol == "Zn" else -2 for site in cell])
    with pytest.raises(ValueError, match="no octahedron"):
        opposite_pairs(bonds, shell(bonds, 0))


def test_a_recipe_alone_is_enough() -> None:
    derived = derive("amcsd-09699/Al1>Fe3+")
    assert derived.parent == "amcsd-09699"
    assert derived.structure == derive(derived.id, read_entry("amcsd-09699")).structure
    assert sorted(derived.structure.to_conventional().lattice.abc) == pytest.approx((5.035, 5.035, 13.75), rel=0.01)


def test_a_structure_that_leaves_its_parent_is_refused() -> None:
    with pytest.raises(InputError, match="shifts: an atom moves by 1"):
        derive("amcsd-03494/Si1>Ti4+")  # an ideal pyroxene, whose chains fold up
