"""The study: every metal, target, input and split, trained, scored, compared and checked."""

from __future__ import annotations

import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from firstshell.config import to_dict
from firstshell.dataset.exafs import with_spectra
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.runtime.progress import Reporter
from firstshell.runtime.spreadsheet import read_csv, write_csv
from firstshell.runtime.store import Record, Store, write_atomic, write_text
from firstshell.study import tables
from firstshell.study.checks import Check, checks_frame
from firstshell.study.compare import BASELINES
from firstshell.study.forest import resolve_backend
from firstshell.study.origins import natural_frame, origin_tasks, origins_frame
from firstshell.study.plan import StudyPlan
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
    RANKING,
    all_checks,
    comparisons_frame,
    findings_frame,
    paired,
    ranking_frame,
    reference_frame,
)
from firstshell.types import Target, main_metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROTOCOL = 3
NUMBERS = {"value", "position", "low", "high", "mean", "std", "difference", "p_value", "margin"}
NUMBERS |= {"alone_train", "added_train", "tested", "alone_score", "all_score", "p_holm", "score", "random_forest"}
NUMBERS |= {name for name in RANKING if name.endswith(("_difference", "_low", "_high"))} | {"all", "natural"}
COUNTS = {"repeat", "repeats"}
TABLES = (
    *("impurity", "permutation", "comparisons", "ranking", "findings", "natural", "origins", "reference", "checks"),
)
REUSED = ("metals", "targets", "inputs", "splits", "repeats", "random_repeats", "origins", "reference")
"""Settings that one training does not depend on: a larger study reuses a smaller one."""


@dataclass(frozen=True, eq=False)
class Study:
    """The result of a study; docs/explanation/study.md describes every table and column.

    settings : the plan
    provenance : hash of the dataset, versions, machine, seconds, and the samples used and dropped
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    impurity: pd.DataFrame
    permutation: pd.DataFrame
    comparisons: pd.DataFrame
    ranking: pd.DataFrame
    findings: pd.DataFrame
    natural: pd.DataFrame
    origins: pd.DataFrame
    reference: pd.DataFrame
    checks: pd.DataFrame
    settings: dict[str, Any]
    provenance: dict[str, Any]

    def frame(self) -> pd.DataFrame:
        """Return the scores averaged over the repeats.

        Returns
        -------
        DataFrame
            Columns metal, target, inputs, split, metric, mean, std and n.

        """
        keys = ["metal", "target", "inputs", "split", "metric"]
        found = self.scores.groupby(keys, sort=False)["value"].agg(["mean", "std", "count"])
        return found.reset_index().rename(columns={"count": "n"})

    def plot(self, target: str | Target = Target.OXIDATION_STATE, ax: Axes | None = None) -> Axes:
        """Draw the main score of one target, mean and standard deviation over repeats, a colour for each split.

        Parameters
        ----------
        target : str or Target
            Which target.
        ax : Axes, optional
            Where to draw; new axes by default.

        Returns
        -------
        Axes
            Where it was drawn.

        """
        import matplotlib.pyplot as plt

        target = Target(target)
        metric = main_metric(target)
        ax = ax if ax is not None else plt.subplots(layout="constrained")[1]
        rows = self.frame().query("target == @target.value and metric == @metric.value")
        table = rows.assign(bar=rows["metal"] + " " + rows["inputs"]).pivot(index="bar", columns="split")
        table = table.loc[list(dict.fromkeys(rows["metal"] + " " + rows["inputs"]))]
        table["mean"].plot.barh(ax=ax, xerr=table["std"], capsize=2)
        ax.set(xlabel=metric.label, ylabel="", title=target.label)
        ax.invert_yaxis()
        return ax

    def save(self, folder: str | Path) -> None:
        """Write study.json, scores.csv, predictions.parquet and the folder tables, each file whole or not at all.

        Parameters
        ----------
        folder : str or Path
            Created if missing.

        """
        folder = Path(folder)
        write_csv(self.scores, folder / "scores.csv")
        for name in TABLES:
            write_csv(getattr(self, name), folder / "tables" / f"{name}.csv")
        write_atomic(folder / "predictions.parquet", lambda p: self.predictions.to_parquet(p, index=False))
        about = {"protocol": PROTOCOL, "settings": self.settings, "provenance": self.provenance}
        write_text(folder / "study.json", json.dumps(about, indent=1))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Parameters
        ----------
        folder : str or Path
            The folder of a finished study.

        Returns
        -------
        Study
            The same, to the bit.

        Raises
        ------
        InputError
            When a file is missing, damaged or of another protocol.

        """
        folder = Path(folder)
        try:
            about = json.loads((folder / "study.json").read_text(encoding="utf-8"))
            if about["protocol"] != PROTOCOL:
                raise InputError(f"a study of protocol {about['protocol']}", remedy="Run it again", file=folder)
            read = {name: _read_csv(folder / "tables" / f"{name}.csv") for name in TABLES}
            scores = _read_csv(folder / "scores.csv")
            predictions = pd.read_parquet(folder / "predictions.parquet")
            return cls(scores, predictions, **read, settings=about["settings"], provenance=about["provenance"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"not a finished study: {error}", remedy="Run firstshell study again", file=folder
            ) from error


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


def _read_csv(path: Path) -> pd.DataFrame:
    # Python's own float() brings numbers back to the bit in every version of pandas.
    frame = read_csv(path)
    if frame.empty:  # as tables are before they are written
        return pd.DataFrame(columns=list(frame.columns))
    for name in NUMBERS & set(frame.columns):
        frame[name] = frame[name].replace("", "nan").map(float)
    return frame.assign(**{name: frame[name].map(int) for name in COUNTS & set(frame.columns)})
