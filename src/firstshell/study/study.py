"""The study: every metal, target, input and split, trained, scored, compared and checked."""

import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.config import to_dict
from firstshell.dataset.exafs import with_spectra
from firstshell.dataset.table import Dataset
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store
from firstshell.study import tables
from firstshell.study.checks import Check, checks_frame
from firstshell.study.compare import BASELINES
from firstshell.study.forest import resolve_backend
from firstshell.study.origins import natural_frame, origin_tasks, origins_frame
from firstshell.study.plan import StudyPlan
from firstshell.study.result import PROTOCOL, Study
from firstshell.study.tasks import (
    REFERENCE_FEATURES,
    REFERENCE_REPEATS,
    REFERENCE_TREES,
    Task,
    mean_length,
    search,
    train_and_score,
)
from firstshell.study.trainer import Shared, prepare, run_all, versions
from firstshell.study.verdicts import (
    all_checks,
    comparisons_frame,
    findings_frame,
    paired,
    ranking_frame,
    reference_frame,
)

REUSED = ("metals", "targets", "inputs", "splits", "repeats", "random_repeats", "origins", "reference")
"""Settings that one training does not depend on: a larger study reuses a smaller one."""


def run_study(
    data: Dataset,
    plan: StudyPlan | None = None,
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
    backend: str = "auto",
) -> Study:
    """Run a study: the same data, plan, backend and versions give the same tables to the bit, whatever the workers.

    out : every training is stored there as it ends, and a second start does only the rest
    workers : processes; None takes one a core, 0 works in this process
    backend : "auto", "sklearn" or "intelex"

    A target that cannot be studied beside others that can is left out, and check FS106 says why. Raises InputError when
    the data cannot answer any of the plan's questions.
    """
    begun, plan = time.monotonic(), plan or StudyPlan()
    given, data = data, with_spectra(data, plan.modalities)
    shared, left_out = prepare(data, plan, resolve_backend(backend))
    with Store.open(Path(out) / "store") if out is not None else nullcontext() as store:

        def run(function: Callable[[Shared, Task], Record], tasks: list[Task], label: str) -> dict[Task, Record]:
            how = {"store": store, "workers": workers, "reporter": reporter, "label": label}
            return run_all(function, tasks, shared, (PROTOCOL, data.hash), REUSED, **how)

        own = list(_tasks(shared))
        tasks = [*own, *origin_tasks(shared, own)]
        if plan.forest.searches:
            tasks = _with_chosen_forests(tasks, plan, run)
        trained = run(train_and_score, [*tasks, *_reference_tasks(plan, tasks)], label="Training forests")
    results = {task: record for task, record in trained.items() if not task.side}
    alone = {task: record for task, record in trained.items() if task.alone}
    others = {task: record for task, record in trained.items() if task.kind}
    pairs = paired(shared, results)
    absent = [Check("FS106", "error", *pair, "", {"why": e.what, "remedy": e.remedy}) for pair, e in left_out.items()]
    study = Study(
        scores=tables.scores_frame(results),
        predictions=tables.predictions_frame(data, shared, results),
        impurity=tables.impurity_frame(shared, results),
        permutation=tables.permutation_frame(shared, results),
        comparisons=comparisons_frame(plan, pairs),
        ranking=ranking_frame(plan, pairs),
        findings=findings_frame(shared, results, pairs),
        natural=natural_frame(shared, results),
        origins=origins_frame(shared, results, alone),
        reference=reference_frame(shared, results, others),
        checks=checks_frame([*absent, *all_checks(shared, pairs)]),
        settings=to_dict(plan),
        provenance=_provenance(given, shared, trained, time.monotonic() - begun),
    )
    if out is not None:
        study.save(out)
    return study


def _tasks(shared: Shared) -> Iterator[Task]:
    """Yield every training, the repeats of each together."""
    plan = shared.plan
    for (metal, target), inputs, split in product(shared.samples, (*plan.inputs, *BASELINES), plan.splits):
        for repeat in range(plan.repeats_of(split)):
            yield Task(metal, target, inputs, split, repeat, plan.forest.trees[0], plan.forest.max_features[0])


def _reference_tasks(plan: StudyPlan, tasks: list[Task]) -> Iterator[Task]:
    """Yield the trainings of the paper's random forest, unless that is the plan's own."""
    for task in tasks:
        if (
            plan.forest.kind != "random"
            and task.inputs in plan.reference
            and task.split == plan.main_split
            and not task.side
            and task.repeat < REFERENCE_REPEATS
        ):
            yield replace(task, kind="random", trees=REFERENCE_TREES, max_features=REFERENCE_FEATURES)


def _with_chosen_forests(tasks: list[Task], plan: StudyPlan, run: Callable[..., dict[Task, Record]]) -> list[Task]:
    """Search once per split, which is once in all where the repeats are seeds, and write the choice into the tasks."""

    def asked(task: Task) -> Task:
        repeat = task.repeat if plan.repeat_over == "splits" else 0
        return replace(task, repeat=repeat, trees=0, max_features=0)

    searches = list(dict.fromkeys(asked(task) for task in tasks if task.inputs != "modal"))
    chosen = run(search, searches, label="Choosing forests")
    return [task if task.inputs == "modal" else replace(task, **chosen[asked(task)].meta) for task in tasks]


def _provenance(data: Dataset, shared: Shared, results: tables.Results, seconds: float) -> dict[str, Any]:
    counts: dict[str, dict[str, Any]] = {}
    for (metal, target), samples in shared.samples.items():
        counts.setdefault(metal, {})[target] = {
            "samples": int(samples.own.sum()),
            "added": int((~samples.own).sum()),
            "groups": len(np.unique(samples.groups[samples.own])),
            "classes": {str(label): count for label, count in samples.classes.items()},
            "mean": None if samples.target.is_class else mean_length(samples),
            "dropped": samples.dropped,
            "origins": dict(sorted(Counter(samples.origins[samples.own].tolist()).items())),
            "first": {name: float(grid.values[0]) for name, grid in shared.axes(metal).items()},
        }
    return {
        "dataset_hash": data.hash,
        "versions": versions(shared.backend) | {"python": platform.python_version()},
        "backend": shared.backend,
        "machine": platform.machine(),
        "cpu_count": os.cpu_count(),
        "seconds": seconds,
        "fit_cpu_seconds": float(sum(record.meta["seconds"] for record in results.values())),
        "counts": counts,
    }
