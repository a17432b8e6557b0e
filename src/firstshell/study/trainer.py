"""The one trainer: what trainings look at, one forest fitted and asked, and many of them run and kept."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import product
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from firstshell.config import stable_hash, to_dict
from firstshell.dataset.table import Dataset
from firstshell.errors import EngineError, InputError
from firstshell.runtime.store import Record
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.study.baselines import modal_prediction
from firstshell.study.features import design_matrix, first_points, source_matrices
from firstshell.study.forest import Forest, fit_forest, predict
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import Samples, choose_samples, study_metals
from firstshell.study.splits import Codes, seeded
from firstshell.types import Array, Grid, Target

PACKAGES = ("firstshell", "scikit-learn", "numpy", "scipy", "pandas")
TaskT = TypeVar("TaskT")


@dataclass(frozen=True, eq=False)
class Shared:
    """What all trainings look at.

    samples : by metal and target value
    matrices : (rows, points) by modality, and "composition"
    grids : by modality, whole
    first : number of the first point that is trained on, by metal and modality; 0 by default
    backend : "sklearn" or "intelex"
    """

    plan: StudyPlan
    samples: dict[tuple[str, str], Samples]
    matrices: dict[str, Array]
    grids: dict[str, Grid]
    backend: str
    first: dict[tuple[str, str], int] = field(default_factory=dict)

    def features(self, samples: Samples, inputs: str, chosen: Codes | slice = slice(None)) -> Array:
        """Return the (n, p) features of some of the samples, by default of all."""
        first = {name: self.first.get((samples.metal, name), 0) for name in inputs.split("+")}
        return design_matrix(self.matrices, inputs, samples.rows[chosen], first)

    def axes(self, metal: str) -> dict[str, Grid]:
        """Return the part of each grid that is trained on."""
        return {
            name: Grid(grid.values[self.first.get((metal, name), 0) :], grid.quantity, grid.unit)
            for name, grid in self.grids.items()
        }


@dataclass(frozen=True, eq=False)
class Fitted:
    """A forest and what it predicts for the held-out side; no forest where a guess was made without one.

    seconds : CPU time of fitting
    """

    forest: Forest | None
    tested: Array
    predicted: NDArray[Any]
    seconds: float


def prepare(data: Dataset, plan: StudyPlan, backend: str) -> tuple[Shared, dict[tuple[str, str], InputError]]:
    """Choose the samples of each metal and target, and why there are none of some; InputError when none can be had."""
    matrices = source_matrices(data, plan)
    samples: dict[tuple[str, str], Samples] = {}
    left_out: dict[tuple[str, str], InputError] = {}
    for metal, target in product(study_metals(data, plan), plan.targets):
        try:
            samples[metal, target] = choose_samples(data, plan, metal, Target(target))
        except InputError as error:
            left_out[metal, target] = error
    if not samples:
        raise next(iter(left_out.values()))
    grids = {name: data.grids[name] for name in matrices if name != "composition"}
    first = first_points(data, plan, samples.values(), grids)
    return Shared(plan, samples, matrices, grids, backend, first), left_out


def fit_and_predict(
    shared: Shared,
    samples: Samples,
    inputs: str,
    sides: tuple[Codes, Codes],
    *,
    kind: str,
    trees: int,
    max_features: int,
    seed: tuple[object, ...],
) -> Fitted:
    """Fit on one side of a split and predict the other; `inputs` may be a baseline.

    sides : positions among the samples that are trained on and tested on
    kind, trees, max_features : of the forest
    seed : what the forest's randomness follows from, beside the plan's seed
    """
    train, test = sides
    start = time.process_time()
    if inputs == "modal":
        predicted = modal_prediction(samples.labels[train], len(test))
        return Fitted(None, np.empty((len(test), 0)), predicted, time.process_time() - start)
    forest = fit_forest(
        shared.features(samples, inputs, train),
        samples.labels[train],
        kind=kind,
        trees=trees,
        max_features=max_features,
        min_samples_leaf=shared.plan.forest.min_samples_leaf,
        seed=int(seeded("forest", shared.plan.seed, *seed).integers(2**31)),
        backend=shared.backend,
    )
    tested = shared.features(samples, inputs, test)
    return Fitted(forest, tested, predict(forest, tested), time.process_time() - start)


def run_all(
    function: Callable[[Shared, TaskT], Record],
    tasks: Iterable[TaskT],
    shared: Shared,
    about: Iterable[object],
    reused: Iterable[str],
    **how: Any,
) -> dict[TaskT, Record]:
    """Run tasks under keys that name all they depend on; EngineError when one could not be done.

    about : what else the results depend on, such as a protocol number and the hash of the data
    reused : settings of the plan that a single training does not depend on: other values reuse what is stored
    how : store, workers, reporter and label of `run_tasks`
    """
    settings = to_dict(shared.plan)
    for name in reused:
        del settings[name]
    head = [*about, settings, shared.backend, versions(shared.backend), function.__name__]
    keys = {stable_hash([*head, task]): task for task in tasks}
    found = run_tasks(function, keys, shared=shared, **how)
    done: dict[TaskT, Record] = {}
    for key, result in found.items():
        if isinstance(result, Failure):
            raise EngineError(f"training failed for {keys[key]}: {result.reason}")
        if isinstance(result, Record):
            done[keys[key]] = result
    return done


def versions(backend: str) -> dict[str, str]:
    """Return the versions of the packages that a training depends on."""
    names = (*PACKAGES, "scikit-learn-intelex") if backend == "intelex" else PACKAGES
    return {name: version(name) for name in names}
