"""One training of a study: a pure function of the shared data and a task."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstshell.runtime.store import Record
from firstshell.study.baselines import modal_prediction
from firstshell.study.features import blocks, design_matrix
from firstshell.study.forest import fit_forest, impurity_importance, predict, predict_by_size
from firstshell.study.importance import block_importance
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import Samples, held_out, units
from firstshell.study.scores import main_scores, score
from firstshell.study.splits import Codes, fold_of, seeded
from firstshell.types import Array, Grid, main_metric


@dataclass(frozen=True)
class Task:
    """One training; `trees` and `max_features` are 0 until they are chosen.

    origin : only samples of this origin are trained and tested on; "" takes all. The split is that of all samples.
    """

    metal: str
    target: str
    inputs: str
    split: str
    repeat: int
    trees: int = 0
    max_features: int = 0
    origin: str = ""


@dataclass(frozen=True, eq=False)
class Shared:
    """What all trainings of a study look at.

    samples : by metal and target value
    matrices : (rows, points) by modality, and "composition"
    backend : "sklearn" or "intelex"
    """

    plan: StudyPlan
    samples: dict[tuple[str, str], Samples]
    matrices: dict[str, Array]
    grids: dict[str, Grid]
    backend: str


def train_and_score(shared: Shared, task: Task) -> Record:
    """Train on one side of a split, score on the other.

    meta : learner, scores, train and test (numbers of samples), seconds (CPU time of fitting)
    arrays : test (positions among the samples), predicted; for spectra of all origins also impurity (features,) and,
        when asked for, permutation (blocks,)
    """
    plan, samples = shared.plan, shared.samples[task.metal, task.target]
    train, test = sides(samples, plan, task)
    mean = mean_length(samples)
    arrays: dict[str, NDArray[Any]] = {"test": test}
    start = time.process_time()
    if task.inputs == "modal":
        learner, predicted = "dummy", modal_prediction(samples.labels[train], len(test))
    else:
        learner = _learner(plan, shared.backend)
        features = design_matrix(shared.matrices, task.inputs, samples.rows)
        forest = _fit(shared, task, features[train], samples.labels[train])
        predicted = predict(forest, features[test])
    seconds = time.process_time() - start
    if task.inputs not in ("modal", "composition") and not task.origin:
        arrays["impurity"] = impurity_importance(forest)
        if plan.permutations:
            rng = seeded("permute", plan.seed, task.metal, task.target, task.split, task.repeat)
            parts = blocks(shared.grids, task.inputs, plan.windows)
            arrays["permutation"] = block_importance(
                forest, features[test], samples.labels[test], parts, samples.target, mean, plan.permutations, rng
            )
    arrays["predicted"] = np.asarray(predicted, dtype=np.float64)
    scores = score(samples.target, samples.labels[test], predicted, mean)
    meta = {"learner": learner, "scores": scores, "train": len(train), "test": len(test), "seconds": seconds}
    return Record(meta, arrays)


def search(shared: Shared, task: Task) -> Record:
    """Choose trees and max_features by cross-validation within the training side; meta: trees, max_features.

    The best mean of the main metric over the folds wins, of equals the smaller forest. Folds keep groups together where
    the split does.
    """
    plan, samples = shared.plan, shared.samples[task.metal, task.target]
    train, _ = sides(samples, plan, task)
    features = design_matrix(shared.matrices, task.inputs, samples.rows[train])
    labels, sign = samples.labels[train], 1.0 if main_metric(samples.target).higher_is_better else -1.0
    rng = seeded("folds", plan.seed, task.metal, task.target, task.split, task.repeat)
    groups = np.unique(units(samples, task.split)[train], return_inverse=True)[1]
    strata = np.unique(samples.strata[train], return_inverse=True)[1]
    fold = fold_of(groups, strata, plan.forest.folds, rng)
    merit: dict[tuple[int, int], list[float]] = {}
    for k in np.unique(fold):
        fit, judge = fold != k, fold == k
        for max_features in plan.forest.max_features:
            trial = replace(task, trees=max(plan.forest.trees), max_features=max_features)
            forest = _fit(shared, trial, features[fit], labels[fit])
            for trees, predicted in predict_by_size(forest, features[judge], plan.forest.trees).items():
                value = main_scores(samples.target, labels[judge], predicted[None], mean_length(samples))[0]
                merit.setdefault((trees, max_features), []).append(sign * float(value))
    best = max(sorted(merit), key=lambda choice: np.mean(merit[choice]))
    return Record({"trees": best[0], "max_features": best[1]})


def sides(samples: Samples, plan: StudyPlan, task: Task) -> tuple[Codes, Codes]:
    """Return the positions among the samples of those that a task trains on, and of those that it is tested on."""
    held = held_out(samples, plan, task.split, task.repeat)
    wanted = samples.origins == task.origin if task.origin else np.ones(len(held), dtype=bool)
    return np.flatnonzero(~held & wanted), np.flatnonzero(held & wanted)


def mean_length(samples: Samples) -> float:
    """Return the mean bond length in Å of all samples, the divisor of the RMSE in %; NaN for classes."""
    return float("nan") if samples.target.is_class else float(np.mean(samples.labels))


def _fit(shared: Shared, task: Task, features: Array, labels: NDArray[Any]) -> Any:
    rng = seeded("forest", shared.plan.seed, task.metal, task.target, task.split, task.repeat)
    return fit_forest(
        features,
        labels,
        trees=task.trees,
        max_features=task.max_features,
        min_samples_leaf=shared.plan.forest.min_samples_leaf,
        seed=int(rng.integers(2**31)),
        backend=shared.backend,
    )


def _learner(plan: StudyPlan, backend: str) -> str:
    return "grid-search" if plan.forest.searches else "forest" if backend == "sklearn" else "forest-intelex"
