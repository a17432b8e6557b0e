import numpy as np
import pandas as pd
import pytest

from firstshell.dataset import embedded
from firstshell.dataset.materials import Material
from firstshell.io.structures.files import read_structure
from firstshell.match import simulations
from firstshell.match.first_shell import UNKNOWN, USUAL, PredictedShell, predict_shell
from firstshell.match.simulations import stored_xanes
from firstshell.prediction.model_file import load_predictor
from places import DATA
from quick import normalised

OCTAHEDRON = PredictedShell(np.array([3.0, 6.0, 2.0]), np.zeros(3))


def test_the_farther_the_shell_the_less_the_evidence():
    shells = np.array([[3.0, 6.0, 2.0], [3.0, 6.0, 2.06], [3.0, 4.0, 1.86], [2.0, 6.0, 2.15]])
    found = OCTAHEDRON.evidence(shells)
    assert found[0] == 0.0
    assert found[0] > found[1] > max(found[2], found[3])


def test_trees_that_disagree_say_less():
    shells = np.array([[3.0, 6.0, 2.0], [3.0, 4.0, 1.86]])
    doubted = PredictedShell(OCTAHEDRON.values, np.array([0.1, 1.0, 0.1]))
    sure, unsure = (np.diff(each.evidence(shells))[0] for each in (OCTAHEDRON, doubted))
    assert sure < 2.0 * unsure < 0.0


def test_an_unknown_shell_counts_as_a_usual_error():
    usual = OCTAHEDRON.values + USUAL
    assert OCTAHEDRON.evidence(np.array([UNKNOWN])) == pytest.approx(OCTAHEDRON.evidence(usual[None]))


def test_a_model_says_the_shell_of_a_spectrum(saved):
    model = load_predictor(saved / "xanes.npz")
    low, high = (predict_shell(model, normalised("Cu", charge=charge, number=4)) for charge in (1, 2))
    assert low.values[0] < high.values[0]
    assert np.all(low.spread >= 0.0)


def test_the_shell_of_a_material_is_the_mean_over_its_sites():
    columns = ("multiplicity", "oxidation_state", "coordination_number", "bond_length")
    sites = pd.DataFrame([(1, 2, 4, 2.04), (2, 3, 6, 1.98)], columns=columns)
    assert simulations._mean_shell(sites) == pytest.approx((8 / 3, 16 / 3, 2.0))
    sites["oxidation_state"] = pd.array([2, None], dtype="Int64")
    assert np.isnan(simulations._mean_shell(sites)).tolist() == [True, False, False]


def test_shells_without_oxygen_are_not_compared():
    data = embedded.load_everything()
    others = data.frame[(data.frame["level"] == "site") & (data.frame["ligand"] != "O")]
    row = others.iloc[0]
    material = Material(row["id"], row["metal"], read_structure(DATA / "structures" / "hausmannite.cif"))
    found = stored_xanes(data, [material])[1]
    assert np.isnan(found[row["id"]].shell).all()
