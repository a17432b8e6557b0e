import importlib.util

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

from firstshell.errors import InputError
from firstshell.study import forest as module
from firstshell.study.baselines import modal_prediction
from firstshell.study.forest import fit_forest, impurity_importance, predict, predict_by_size, resolve_backend

INTELEX = pytest.param(
    "intelex",
    marks=pytest.mark.skipif(importlib.util.find_spec("sklearnex") is None, reason="scikit-learn-intelex is not here"),
)
BACKENDS = ["sklearn", INTELEX]


@pytest.fixture(params=["class", "length"])
def made(request):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(150, 12))
    signal = features[:, 3] + 0.3 * features[:, 7]
    return features, (signal > 0).astype(np.int64) + 1 if request.param == "class" else signal


def fit(features, labels, backend, **changes):
    settings = {"trees": 20, "max_features": 5, "seed": 3, "backend": backend} | changes
    return fit_forest(features, labels, **settings)


@pytest.mark.parametrize("backend", BACKENDS)
def test_either_backend_gives_a_plain_forest_that_learns(made, backend):
    features, labels = made
    fitted = fit(features[:100], labels[:100], backend, trees=60)
    assert type(fitted) in (RandomForestClassifier, RandomForestRegressor)
    predicted = fitted.predict(features[100:])
    assert np.corrcoef(predicted, labels[100:])[0, 1] > 0.7
    assert np.argmax(fitted.feature_importances_) == 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_same_seed_same_bits(made, backend):
    features, labels = made
    first, second, other = (fit(features, labels, backend, seed=seed).predict(features[::-1]) for seed in (3, 3, 4))
    assert np.array_equal(first, second)
    if labels.dtype != np.int64:
        assert not np.array_equal(first, other)


KINDS = {
    "random": (RandomForestClassifier, RandomForestRegressor),
    "extra": (ExtraTreesClassifier, ExtraTreesRegressor),
}


@pytest.mark.parametrize("leaf", [1, 4])
@pytest.mark.parametrize("name", KINDS)
def test_trees_grown_one_by_one_are_those_of_scikit_learn(made, leaf, name):
    features, labels = made
    kind = KINDS[name][labels.dtype != np.int64]
    whole = kind(20, max_features=5, min_samples_leaf=leaf, random_state=3).fit(features, labels)
    grown = fit(features, labels, "sklearn", min_samples_leaf=leaf, kind=name)
    assert type(grown) is kind
    for one, other in zip(whole.estimators_, grown.estimators_, strict=True):
        for each in ("feature", "threshold", "value", "children_left", "weighted_n_node_samples"):
            assert np.array_equal(getattr(one.tree_, each), getattr(other.tree_, each)), each
    assert set(vars(whole)) - set(vars(grown)) <= {"_n_samples", "_n_samples_bootstrap", "_sample_weight"}
    assert np.array_equal(whole.predict(features[::-1]), grown.predict(features[::-1]))
    assert np.array_equal(whole.predict(features[::-1]), predict(grown, features[::-1]))
    assert np.array_equal(whole.feature_importances_, impurity_importance(grown))
    if labels.dtype == np.int64:
        assert np.array_equal(whole.predict_proba(features), grown.predict_proba(features))


def test_a_forest_that_has_nothing_to_split_finds_nothing_important():
    grown = fit(np.ones((30, 3)), np.arange(30) % 2 + 1, "sklearn", max_features=2)
    assert np.array_equal(impurity_importance(grown), grown.feature_importances_)
    assert not impurity_importance(grown).any()


def test_the_copy_predicts_as_the_intelex_forest_itself(made):
    ensemble = pytest.importorskip("sklearnex.ensemble")
    features, labels = made
    rounded = features.astype(np.float32).astype(np.float64)
    name = "RandomForestClassifier" if labels.dtype == np.int64 else "RandomForestRegressor"
    settings = {"n_estimators": 20, "max_features": 5, "random_state": 3, "n_jobs": 1, "min_samples_leaf": 1}
    original = getattr(ensemble, name)(**settings, max_bins=module.BINS).fit(rounded, labels)
    copy = fit(features, labels, "intelex")
    method = "predict_proba" if name.endswith("Classifier") else "predict"
    # On the training samples themselves, which stand on the thresholds.
    assert np.abs(getattr(original, method)(rounded) - getattr(copy, method)(features)).max() < 1e-12


@pytest.mark.parametrize("backend", BACKENDS)
def test_predictions_by_size_end_at_the_forest_itself(made, backend):
    features, labels = made
    fitted = fit(features, labels, backend)
    by_size = predict_by_size(fitted, features, (5, 20))
    assert set(by_size) == {5, 20}
    assert np.allclose(by_size[20], fitted.predict(features))
    if backend == "sklearn":
        assert np.allclose(by_size[5], fit(features, labels, backend, trees=5).predict(features))


def test_more_features_asked_for_than_there_are(made):
    features, labels = made
    assert fit(features[:, 3:5], labels, "sklearn", max_features=35).max_features == 2


def test_backend_by_name(monkeypatch):
    assert resolve_backend("sklearn") == "sklearn"
    with pytest.raises(InputError, match=r"no forest backend 'intellex'. Did you mean 'intelex'\?"):
        resolve_backend("intellex")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert resolve_backend("auto") == "sklearn"
    with pytest.raises(InputError, match="needs scikit-learn-intelex"):
        resolve_backend("intelex")


def test_modal_prediction():
    assert modal_prediction(np.array([2, 2, 1, 1, 3]), 2).tolist() == [1, 1]
    assert modal_prediction(np.array([1.0, 2.0]), 3).tolist() == [1.5] * 3
