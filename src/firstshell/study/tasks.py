"""One training of a study: a pure function of the shared data and a task."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstshell.runtime.store import Record
from firstshell.study.compare import BASELINES
from firstshell.study.features import blocks
from firstshell.study.forest import impurity_importance, predict_by_size
from firstshell.study.importance import block_importance
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import Samples, held_out, trained_on, units
from firstshell.study.scores import main_scores, score
from firstshell.study.splits import Codes, fold_of, seeded
from firstshell.study.trainer import Fitted, Shared, fit_and_predict
from firstshell.types import main_metric

NATURAL, OWN = "natural", "own"
REFERENCE_TREES, REFERENCE_FEATURES, REFERENCE_REPEATS = 100, 20, 5
"""The paper's random forest as it stands beside another one: a column of the report needs no more than five splits."""


@dataclass(frozen=True)
class Task:
    """One training; `trees` and `max_features` are 0 until they are chosen.

    alone : "" trains and tests on all samples; "natural" on natural ones, "own" on own ones only. The split is the same
    kind : of the forest; "" is the plan's
    """

    metal: str
    target: str
    inputs: str
    split: str
    repeat: int
    trees: int = 0
    max_features: int = 0
    alone: str = ""
    kind: str = ""

    @property
    def side(self) -> bool:
        """Whether the training answers a question of its own, and is none of the study's scores."""
        return bool(self.alone or self.kind)


def train_and_score(shared: Shared, task: Task) -> Record:
    """Train on one side of a split, score on the other.

    meta : learner, scores, train and test (numbers of samples), seconds (CPU time of fitting)
    arrays : test (positions among the samples), predicted; for the study's own trainings on spectra also impurity
        (features,) and, in the main split and when asked for, permutation (blocks,)
    """
    plan, samples = shared.plan, shared.samples[task.metal, task.target]
    train, test = sides(samples, plan, task)
    mean = mean_length(samples)
    fitted = _fitted(shared, samples, task, (train, test))
    arrays: dict[str, NDArray[Any]] = {"test": test, "predicted": np.asarray(fitted.predicted, dtype=np.float64)}
    if fitted.forest is not None and task.inputs not in BASELINES and not task.side:
        arrays["impurity"] = impurity_importance(fitted.forest)
        if plan.permutations and task.split == plan.main_split:
            rng = seeded("permute", plan.seed, task.metal, task.target, task.split, task.repeat)
            parts = blocks(shared.axes(task.metal), task.inputs, plan.windows)
            labels = samples.labels[test]
            arrays["permutation"] = block_importance(
                fitted.forest, fitted.tested, labels, parts, samples.target, mean, plan.permutations, rng
            )
    learner = "dummy" if fitted.forest is None else _learner(shared, task)
    scores = score(samples.target, samples.labels[test], fitted.predicted, mean)
    counts = {"train": len(train), "test": len(test)}
    return Record({"learner": learner, "scores": scores, **counts, "seconds": fitted.seconds}, arrays)


def search(shared: Shared, task: Task) -> Record:
    """Choose trees and max_features by cross-validation within the training side; meta: trees, max_features.

    The best mean of the main metric over the folds wins, of equals the smaller forest. Folds keep groups together where
    the split does.
    """
    plan, samples = shared.plan, shared.samples[task.metal, task.target]
    train, _ = sides(samples, plan, task)
    labels, sign = samples.labels[train], 1.0 if main_metric(samples.target).higher_is_better else -1.0
    rng = seeded("folds", plan.seed, task.metal, task.target, task.split, task.repeat)
    groups = np.unique(units(samples, task.split)[train], return_inverse=True)[1]
    strata = np.unique(samples.strata[train], return_inverse=True)[1]
    fold = fold_of(groups, strata, plan.forest.folds, rng)
    merit: dict[tuple[int, int], list[float]] = {}
    for k in np.unique(fold):
        fit, judge = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        for max_features in plan.forest.max_features:
            trial = replace(task, trees=max(plan.forest.trees), max_features=max_features)
            fitted = _fitted(shared, samples, trial, (train[fit], train[judge]))
            assert fitted.forest is not None
            for trees, predicted in predict_by_size(fitted.forest, fitted.tested, plan.forest.trees).items():
                value = main_scores(samples.target, labels[judge], predicted[None], mean_length(samples))[0]
                merit.setdefault((trees, max_features), []).append(sign * float(value))
    best = max(sorted(merit), key=lambda choice: np.mean(merit[choice]))
    return Record({"trees": best[0], "max_features": best[1]})


def sides(samples: Samples, plan: StudyPlan, task: Task) -> tuple[Codes, Codes]:
    """Return the positions among the samples of those that a task trains on, and of those that it is tested on."""
    held = held_out(samples, plan, task.split, task.repeat)
    wanted = np.ones(len(held), dtype=bool)
    if task.alone:
        wanted = samples.own if task.alone == OWN else samples.origins == task.alone
    return np.flatnonzero(trained_on(samples, held, task.split) & wanted), np.flatnonzero(held & wanted)


def mean_length(samples: Samples) -> float:
    """Return the mean bond length in Å of all own samples, the divisor of the RMSE in %; NaN for classes."""
    return float("nan") if samples.target.is_class else float(np.mean(samples.labels[samples.own]))


def _fitted(shared: Shared, samples: Samples, task: Task, taken: tuple[Codes, Codes]) -> Fitted:
    return fit_and_predict(
        shared,
        samples,
        task.inputs,
        taken,
        kind=task.kind or shared.plan.forest.kind,
        trees=task.trees,
        max_features=task.max_features,
        seed=(task.metal, task.target, task.split, task.repeat),
    )


def _learner(shared: Shared, task: Task) -> str:
    kind = {"extra": "extra-trees", "random": "random-forest"}[task.kind or shared.plan.forest.kind]
    if shared.plan.forest.searches and not task.kind:
        return f"{kind}-searched"
    return f"{kind}-intelex" if shared.backend == "intelex" and kind == "random-forest" else kind
