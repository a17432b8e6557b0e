"""Scores of held-out predictions. None of them warns: a score that cannot be had is absent or NaN."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support

from firstshell.types import Array, Metric, Target


def class_scores(true: NDArray[np.int64], predicted: NDArray[np.int64]) -> dict[str, float]:
    """Return weighted F1, balanced accuracy, accuracy and "f1_<class>" of every class among the true labels.

    Classes that are only predicted lower the scores of the true ones and have no score of their own.
    """
    labels = np.unique(true)
    _, recall, f1, support = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0.0)
    return {
        Metric.F1_WEIGHTED.value: float(np.average(f1, weights=support)),
        Metric.BALANCED_ACCURACY.value: float(recall.mean()),
        Metric.ACCURACY.value: float(np.mean(true == predicted)),
    } | {f"f1_{label}": float(value) for label, value in zip(labels, f1, strict=True)}


def length_scores(true: Array, predicted: Array, mean: float) -> dict[str, float]:
    """Return RMSE and MAE in Å, RMSE in % of `mean` (Å) and R² (NaN when all true lengths are equal)."""
    error = predicted - true
    rmse, spread = float(np.sqrt(np.mean(error**2))), float(np.sum((true - true.mean()) ** 2))
    return {
        Metric.RMSE_PERCENT.value: 100.0 * rmse / mean,
        Metric.RMSE.value: rmse,
        Metric.MAE.value: float(np.mean(np.abs(error))),
        Metric.R2.value: 1.0 - float(np.sum(error**2)) / spread if spread > 0 else float("nan"),
    }


def main_scores(target: Target, true: Array, predicted: Array, mean: float) -> Array:
    """Return the (k,) main metric of k sets of predictions at once.

    true : (n,) labels of one held-out set; predicted : (k, n)
    mean : mean bond length in Å, unused for classes
    """
    if not target.is_class:
        return np.asarray(100.0 * np.sqrt(np.mean((predicted - true) ** 2, axis=1)) / mean)
    labels, support = np.unique(true, return_counts=True)
    hits = np.stack([np.sum((predicted == label) & (true == label), axis=1) for label in labels])
    named = np.stack([np.sum(predicted == label, axis=1) for label in labels])
    f1 = 2.0 * hits / (named + support[:, None])
    return np.asarray(np.average(f1, axis=0, weights=support))


def score(target: Target, true: Array, predicted: Array, mean: float) -> dict[str, float]:
    """Return all scores of one held-out set; `mean` (Å) is the mean bond length of all samples studied."""
    if target.is_class:
        return class_scores(true.astype(np.int64), predicted.astype(np.int64))
    return length_scores(true, predicted, mean)
