"""The one table of bond-valence parameters: every row has a source, and known crystals come out right."""

import csv

import numpy as np
import pytest
from pymatgen.core.periodic_table import Element

import places
from firstshell.crystal.bond_valence import R0, TABLE, nearest_unit_length, strength, unit_length
from firstshell.io.structures.files import read_structure


def test_every_row_is_of_one_ion_and_names_its_source() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(R0) == len(rows)
    assert all(Element.is_valid_symbol(row["element"]) and row["source"] for row in rows)
    assert all(1.3 < r0 < 2.5 for r0 in R0.values())


@pytest.mark.parametrize(
    ("name", "metal", "charge", "off"),
    [("rutile.cif", "Ti", 4, 0.1), ("MnO.cif", "Mn", 2, 0.15), ("hematite.cif", "Fe", 3, 0.1)],
)
def test_bonds_sum_to_the_charge(name: str, metal: str, charge: int, off: float) -> None:
    structure = read_structure(places.DATA / "structures" / name)
    atom = structure.indices_from_symbol(metal)[0]
    lengths = np.array([n.nn_distance for n in structure.get_neighbors(structure[atom], 3.0) if n.specie.symbol == "O"])
    assert strength(np.full(len(lengths), unit_length(metal, charge)), lengths).sum() == pytest.approx(charge, abs=off)


def test_a_charge_without_a_row_takes_the_parameters_of_the_element() -> None:
    assert unit_length("Nb", 4) == pytest.approx(unit_length("Nb", 3))
    assert unit_length("Nb", 4) == pytest.approx(unit_length("Nb", 5), abs=0.1)
    assert nearest_unit_length("Nb", 4) == R0["Nb", 5]
    assert nearest_unit_length("Mn", 6) == R0["Mn", 7]
    with pytest.raises(ValueError, match="no bond-valence parameters for He"):
        unit_length("He", 1)
