"""The forest: scikit-learn's, fitted by scikit-learn or, three to six times as fast, by scikit-learn-intelex."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from firstshell.config import did_you_mean
from firstshell.errors import InputError
from firstshell.types import Array

Forest: TypeAlias = RandomForestClassifier | RandomForestRegressor

BACKENDS = ("auto", "sklearn", "intelex")
# Splits are sought between quantiles, not between all values: the same scores, and faster still (bench/forest.py).
BINS = 64


def resolve_backend(name: str = "auto") -> str:
    """Return "sklearn" or "intelex"; "auto" is intelex where it is installed. InputError when it cannot be had."""
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
    min_samples_leaf: int = 1,
    seed: int = 0,
    backend: str = "sklearn",
    threads: int = 1,
) -> Forest:
    """Fit a forest to (n, p) features: a classifier for integer labels, a regressor for float labels.

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
    classifies = np.issubdtype(labels.dtype, np.integer)
    plain: Forest = RandomForestClassifier(**settings) if classifies else RandomForestRegressor(**settings)
    if backend == "sklearn":
        return plain.fit(features, labels)
    from sklearnex import ensemble

    kind = ensemble.RandomForestClassifier if classifies else ensemble.RandomForestRegressor
    # Thresholds stand on feature values, and a scikit-learn tree compares in single precision: without the rounding,
    # samples on a threshold would fall to the other side in the copy.
    return _copy(kind(**settings, max_bins=BINS).fit(features.astype(np.float32).astype(np.float64), labels), plain)


def _copy(fitted: Any, plain: Forest) -> Forest:
    """Move fitted trees into a plain forest: saving an intelex forest with skops aborts the interpreter."""
    for name in ("estimators_", "classes_", "n_classes_", "n_outputs_", "n_features_in_"):
        if hasattr(fitted, name):
            setattr(plain, name, getattr(fitted, name))
    return plain


def predict_by_size(forest: Forest, features: Array, sizes: tuple[int, ...]) -> dict[int, NDArray[Any]]:
    """Return the predictions of the first k trees for each k of `sizes`: one fit serves all sizes of a grid search."""
    found: dict[int, NDArray[Any]] = {}
    total: Any = 0.0
    for count, tree in enumerate(forest.estimators_, start=1):
        total = total + (tree.predict_proba(features) if hasattr(tree, "predict_proba") else tree.predict(features))
        if count in sizes:
            found[count] = forest.classes_[np.argmax(total, axis=1)] if total.ndim == 2 else total / count
    return found
