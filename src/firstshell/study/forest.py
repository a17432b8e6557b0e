"""Forests: extremely randomised trees and random forests, as plain scikit-learn forests."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from firstshell.config import did_you_mean
from firstshell.errors import InputError
from firstshell.types import Array

Forest: TypeAlias = RandomForestClassifier | RandomForestRegressor | ExtraTreesClassifier | ExtraTreesRegressor
FORESTS: dict[tuple[str, bool], type[Any]] = {
    ("random", True): RandomForestClassifier,
    ("random", False): RandomForestRegressor,
    ("extra", True): ExtraTreesClassifier,
    ("extra", False): ExtraTreesRegressor,
}
TREES: dict[tuple[str, bool], type[Any]] = {
    ("random", True): DecisionTreeClassifier,
    ("random", False): DecisionTreeRegressor,
    ("extra", True): ExtraTreeClassifier,
    ("extra", False): ExtraTreeRegressor,
}
"""By kind, and whether labels are classes."""

BACKENDS = ("auto", "sklearn", "intelex")
# Splits are sought between quantiles, not between all values: the same scores, and faster still (bench/forest.py).
BINS = 64


def resolve_backend(name: str = "auto") -> str:
    """Return "sklearn" or "intelex"; "auto" is intelex where it is installed. InputError when it cannot be had.

    Intelex grows random forests; extremely randomised trees are scikit-learn's with either backend.
    """
    if name not in BACKENDS:
        raise InputError(f"there is no forest backend {name!r}", remedy=did_you_mean(name, BACKENDS))
    installed = find_spec("sklearnex") is not None
    if name == "intelex" and not installed:
        raise InputError(
            "the intelex backend needs scikit-learn-intelex",
            remedy='Run: pip install "firstshell[fast]", or use sklearn',
        )
    return ("intelex" if installed else "sklearn") if name == "auto" else name


def fit_forest(
    features: Array,
    labels: NDArray[Any],
    *,
    trees: int,
    max_features: int,
    kind: str = "random",
    min_samples_leaf: int = 1,
    seed: int = 0,
    backend: str = "sklearn",
    threads: int = 1,
) -> Forest:
    """Fit a forest to (n, p) features: a classifier for integer labels, a regressor for float labels.

    kind : "random", or "extra" for extremely randomised trees
    backend : "sklearn" or "intelex". Either way the result is a plain scikit-learn forest, so that models are saved and
        explained alike. With one thread both repeat to the bit.
    """
    settings = {
        "n_estimators": trees,
        "max_features": min(max_features, features.shape[1]),
        "min_samples_leaf": min_samples_leaf,
        "random_state": seed,
        "n_jobs": threads,
    }
    classifies = bool(np.issubdtype(labels.dtype, np.integer))
    plain: Forest = FORESTS[kind, classifies](**settings)
    if backend == "sklearn" or kind == "extra":
        single = threads == 1 and labels.ndim == 1
        return _grown(plain, kind, features, labels) if single else plain.fit(features, labels)
    from sklearnex import ensemble

    fast = ensemble.RandomForestClassifier if classifies else ensemble.RandomForestRegressor
    # Thresholds stand on feature values, and a scikit-learn tree compares in single precision: without the rounding,
    # samples on a threshold would fall to the other side in the copy.
    return _copy(fast(**settings, max_bins=BINS).fit(features.astype(np.float32).astype(np.float64), labels), plain)


def _copy(fitted: Any, plain: Forest) -> Forest:
    """Move fitted trees into a plain forest: so that both kinds are used alike."""
    for name in ("estimators_", "classes_", "n_classes_", "n_outputs_", "n_features_in_"):
        if hasattr(fitted, name):
            setattr(plain, name, getattr(fitted, name))
    return plain


def _grown(plain: Forest, kind: str, features: Array, labels: NDArray[Any]) -> Forest:
    """Fit a forest as scikit-learn does, to the bit, tree by tree.

    Its own `fit` clones, checks and hands over each tree: with 200 samples that takes as long as growing it.
    """
    seen, n, aim = np.ascontiguousarray(features, dtype=np.float32), len(labels), np.asarray(labels, dtype=np.float64)
    classifies = isinstance(plain, RandomForestClassifier | ExtraTreesClassifier)
    if classifies:
        plain.classes_, codes = np.unique(labels, return_inverse=True)
        aim, plain.n_classes_ = codes.astype(np.float64), len(plain.classes_)
    grow = TREES[kind, classifies]
    same = {"max_features": plain.max_features, "min_samples_leaf": plain.min_samples_leaf}
    draw = np.random.RandomState(plain.random_state)
    trees = [grow(**same, random_state=draw.randint(np.iinfo(np.int32).max)) for _ in range(plain.n_estimators)]
    with config_context(assume_finite=True, skip_parameter_validation=True):
        for tree in trees:
            times = None
            if plain.bootstrap:
                drawn = np.random.RandomState(tree.random_state).randint(0, n, n, dtype=np.int32)
                times = np.bincount(drawn, minlength=n).astype(np.float64)
            tree.fit(seen, aim[:, None], sample_weight=times, check_input=False)
    plain.estimator_, plain.estimators_ = grow(**same), trees
    plain.n_outputs_, plain.n_features_in_ = 1, seen.shape[1]
    return plain


def predict(forest: Forest, features: Array) -> NDArray[Any]:
    """Return what a forest of one output predicts, (n,), without the checks that its own `predict` repeats."""
    return next(_first(forest, features, (len(forest.estimators_),)))[1]


def impurity_importance(forest: Forest) -> Array:
    """Return the (p,) impurity importances of a forest: the mean over its trees, which add up to 1."""
    shares = [tree.tree_.compute_feature_importances() for tree in forest.estimators_ if tree.tree_.node_count > 1]
    mean = np.mean(shares, axis=0) if shares else np.zeros(forest.n_features_in_)
    return np.asarray(mean / mean.sum() if shares else mean)


def predict_by_size(forest: Forest, features: Array, sizes: tuple[int, ...]) -> dict[int, NDArray[Any]]:
    """Return the predictions of the first k trees for each k of `sizes`: one fit serves all sizes of a grid search."""
    return dict(_first(forest, features, sizes))


def _first(forest: Forest, features: Array, sizes: tuple[int, ...]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield k and the predictions of the first k trees, for each k of `sizes`."""
    seen, total = np.ascontiguousarray(features, dtype=np.float32), np.zeros(())
    for count, tree in enumerate(forest.estimators_, start=1):
        total = total + tree.tree_.predict(seen)
        if count in sizes:
            classifies = isinstance(forest, RandomForestClassifier | ExtraTreesClassifier)
            yield count, forest.classes_[np.argmax(total, axis=1)] if classifies else total[:, 0] / count
