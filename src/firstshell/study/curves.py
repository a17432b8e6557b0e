"""Learning curves: how well forests answer when trained on fewer materials, and what more materials might give."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from firstshell.dataset.exafs import with_spectra
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store
from firstshell.study.compare import BASELINES
from firstshell.study.forest import resolve_backend
from firstshell.study.plan import StudyPlan
from firstshell.study.powerlaw import Curve
from firstshell.study.samples import Samples, held_out, trained_on
from firstshell.study.scores import score
from firstshell.study.splits import Codes, Mask, seeded
from firstshell.study.tasks import mean_length
from firstshell.study.trainer import Shared, fit_and_predict, prepare, run_all
from firstshell.types import Array, Target

PROTOCOL = 2
SIZES = (0.1, 0.18, 0.32, 0.56, 1.0)
SPLIT = "grouped"
COLUMNS = ("target", "inputs", "size", "repeat", "n_train", "n_test", "metric", "value")
METRICS = {True: ("f1_weighted", "accuracy"), False: ("rmse_percent", "rmse", "median_error")}
REUSED = (
    *("metals", "targets", "inputs", "splits", "repeats", "random_repeats"),
    *("windows", "permutations", "origins", "reference"),
)
"""Settings that one training does not depend on."""


@dataclass(frozen=True)
class CurveTask:
    """One training on a part of the training side; `size` is the share of its groups."""

    metal: str
    target: str
    inputs: str
    size: float
    repeat: int


@dataclass(frozen=True, eq=False)
class Curves:
    """Scores of every training of one metal.

    scores : one row a target, inputs, size, repeat and metric; `n_train` and `n_test` are numbers of samples
    samples : by target value
    left_out : why a target could not be studied, by target value
    """

    metal: str
    plan: StudyPlan
    sizes: tuple[float, ...]
    scores: pd.DataFrame
    samples: dict[str, Samples]
    left_out: dict[str, str]

    def values(self, target: str, inputs: str, metric: str) -> Array:
        """Return the (repeats, sizes) scores of one curve."""
        return self._pivot(target, inputs, metric, "value")

    def numbers(self, target: str) -> Array:
        """Return the (sizes,) mean numbers of training samples."""
        return np.asarray(self._pivot(target, "modal", self._any_metric(target), "n_train").mean(axis=0))

    def test_over_train(self, target: str) -> float:
        """Return held-out samples over samples of the whole training side, the overlap term of the corrected test.

        The same at every size: what splits share is the data they are cut from. Smaller parts of the training side
        overlap less, which errs on the safe side.
        """
        train, test = (self._pivot(target, "modal", self._any_metric(target), n)[:, -1] for n in ("n_train", "n_test"))
        return float(np.mean(test / train))

    def curve(self, target: str, inputs: str, metric: str) -> Curve:
        """Return the errors by size: the metric itself, or what is missing to 1 where higher is better."""
        values = self.values(target, inputs, metric)
        errors = 1.0 - values if Target(target).is_class else values
        seed = ("bootstrap", self.plan.seed, self.metal, target, inputs, metric)
        return Curve(self.numbers(target), errors, self.test_over_train(target), seed)

    def _any_metric(self, target: str) -> str:
        return METRICS[Target(target).is_class][0]

    def _pivot(self, target: str, inputs: str, metric: str, column: str) -> Array:
        frame = self.scores
        rows = frame[(frame["target"] == target) & (frame["inputs"] == inputs) & (frame["metric"] == metric)]
        return rows.pivot(index="repeat", columns="size", values=column).to_numpy(np.float64)


def run_curves(
    data: Dataset,
    metal: str,
    plan: StudyPlan | None = None,
    *,
    sizes: Iterable[float] = SIZES,
    out: str | Path | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
    backend: str = "auto",
) -> Curves:
    """Train on nested parts of the training side of every grouped split, and score on its held-out side.

    The same data, settings, backend and versions give the same scores to the bit, whatever the workers; those of the
    whole training side are the study's.

    plan : a study's; targets, inputs, repeats, level, grouping, seed and forest count here
    sizes : shares of the groups of the training side; 1 is always added
    out : folder in which every training is stored as it ends; a second start does only the rest

    Raises InputError for data without the metal or the inputs, a plan without grouped splits, and when no target can be
    studied; one that cannot be beside others that can is named in `left_out`.
    """
    plan, sizes = _checked(plan or StudyPlan(), metal), check_sizes(sizes)
    data = with_spectra(data, plan.modalities)
    shared, left_out = prepare(data, plan, resolve_backend(backend))
    targets = [target for _, target in shared.samples]
    names = (*plan.inputs, *BASELINES)
    tasks = [CurveTask(metal, *parts) for parts in product(targets, names, sizes, range(plan.repeats))]
    with Store.open(Path(out) / "store") if out is not None else nullcontext() as store:
        how = {"store": store, "workers": workers, "reporter": reporter, "label": "Learning curves"}
        trained = run_all(train_part, tasks, shared, ("curves", PROTOCOL, data.hash), REUSED, **how)
    rows: list[tuple[Any, ...]] = []
    for task, record in trained.items():
        head, meta = (task.target, task.inputs, task.size, task.repeat), record.meta
        metrics = METRICS[Target(task.target).is_class]
        rows += [(*head, meta["train"], meta["test"], metric, meta["scores"][metric]) for metric in metrics]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    samples = {target: each for (_, target), each in shared.samples.items()}
    why = {target: error.what for (_, target), error in left_out.items()}
    return Curves(metal, plan, sizes, frame, samples, why)


def check_sizes(sizes: Iterable[float]) -> tuple[float, ...]:
    """Return the sizes in order, with 1; InputError for one outside 0 to 1."""
    sizes = tuple(sizes)
    for size in sizes:
        if not 0.01 <= size <= 1.0:
            raise InputError(f"a size of {size:g} is out of range", remedy="Give 0.01 to 1")
    return tuple(sorted({float(size) for size in sizes} | {1.0}))


def train_part(shared: Shared, task: CurveTask) -> Record:
    """Train on a part of one side of a split, score on the other; meta: scores, train, test (numbers of samples)."""
    plan, samples = shared.plan, shared.samples[task.metal, task.target]
    held = held_out(samples, plan, SPLIT, task.repeat)
    rng = seeded("part", plan.seed, samples.metal, samples.target, task.repeat)
    train, test = np.flatnonzero(part_of(samples, held, task.size, rng)), np.flatnonzero(held)
    fitted = fit_and_predict(
        shared,
        samples,
        task.inputs,
        (train, test),
        kind=plan.forest.kind,
        trees=plan.forest.trees[0],
        max_features=plan.forest.max_features[0],
        seed=(task.metal, task.target, SPLIT, task.repeat),  # as in the study
    )
    labels = samples.labels[test]
    scores = score(samples.target, labels, fitted.predicted, mean_length(samples))
    if not samples.target.is_class:
        scores["median_error"] = float(np.median(np.abs(fitted.predicted - labels)))
    return Record({"scores": scores, "train": len(train), "test": len(test)})


def part_of(samples: Samples, held: Mask, size: float, rng: np.random.Generator) -> Mask:
    """Return the (n,) mask of the samples of a random share `size` of the groups not held out.

    Parts of one generator state are nested. The smallest holds a group of every class, however small the share.
    """
    trained = trained_on(samples, held, SPLIT)
    order = rng.permutation(np.unique(samples.groups[trained]))
    order, least = _every_class_first(samples, order) if samples.target.is_class else (order, 1)
    count = max(int(np.ceil(size * len(order) - 1e-9)), least)
    return np.isin(samples.groups, order[:count]) & trained


def _every_class_first(samples: Samples, order: Codes) -> tuple[Codes, int]:
    """Move the first group of each class to the front; return the order and the number of those groups."""
    first: list[int] = []
    seen: set[int] = set()
    for group in order:
        classes = set(samples.labels[samples.groups == group].tolist())
        if not classes <= seen:
            seen |= classes
            first.append(group)
    return np.array(first + [group for group in order if group not in set(first)]), len(first)


def _checked(plan: StudyPlan, metal: str) -> StudyPlan:
    if SPLIT not in plan.splits or plan.repeat_over != "splits":
        raise InputError(
            "advice is made on grouped splits, a new one for each repeat",
            remedy='Leave study.splits and study.repeat_over at "grouped" and "splits"',
        )
    if plan.forest.searches:
        raise InputError(
            "a learning curve is made with one forest", remedy="Give one forest.trees and one forest.max_features"
        )
    return replace(plan, metals=(metal,), splits=(SPLIT,))
