"""Steps of a pipeline: scikit-learn's own checks, and the same forests as those of a study."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import firstshell as fs
from firstshell.elements import k_edge
from firstshell.study.forest import fit_forest, predict
from quick import level, quick_data

FEW = {"trees": 5}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([fs.ShellClassifier(**FEW), fs.ShellRegressor(**FEW), fs.TrainingGrid()])
def test_scikit_learn_takes_them(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def data():
    return quick_data().select("Cu")


def test_the_forest_is_that_of_a_study(data):
    lengths = data.frame["bond_length"].to_numpy(float)
    model = fs.ShellRegressor(**FEW).fit(data.spectra["pdf"], lengths)
    forest = fit_forest(data.spectra["pdf"], lengths, trees=5, max_features=40, kind="extra", seed=0)
    assert np.array_equal(model.predict(data.spectra["pdf"]), predict(forest, data.spectra["pdf"]))


def test_classes_are_those_given(data):
    states = data.frame["oxidation_state"].to_numpy(int)
    names = np.array([f"Cu{state:+d}" for state in states])
    model = make_pipeline(fs.TrainingGrid("xanes", "Cu"), fs.ShellClassifier(**FEW)).fit(data.spectra["xanes"], names)
    assert set(model.predict(data.spectra["xanes"])) <= set(names)
    assert np.allclose(model.predict_proba(data.spectra["xanes"]).sum(axis=1), 1)
    assert model.score(data.spectra["xanes"], names) > 0.9


def test_measured_energies_come_to_the_training_grid():
    energy, mu = level()
    step = fs.TrainingGrid("xanes", "Cu", energy + k_edge("Cu"))
    found = step.fit_transform(np.array([mu, 2 * mu]))
    assert np.allclose(found[0], np.interp(step.grid_.values - k_edge("Cu"), energy, mu))
    assert np.allclose(found[1], 2 * found[0])
    with pytest.raises(fs.InputError, match="the axis has 3 points, the spectra 5"):
        fs.TrainingGrid("xanes", "Cu", [1, 2, 3]).fit(np.ones((2, 5)))
    with pytest.raises(fs.InputError, match="the grid"):
        fs.TrainingGrid("xanes", "Cu", energy + k_edge("Fe")).fit(mu[None]).transform(mu[None])
