"""From the records of a study to its tables, always in the order of the plan."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from firstshell.dataset.table import Dataset
from firstshell.runtime.store import Record
from firstshell.study.compare import BASELINES
from firstshell.study.features import blocks
from firstshell.study.splits import Codes
from firstshell.study.tasks import Task
from firstshell.study.trainer import Shared
from firstshell.types import Array, Metric, Target, main_metric

Results = Mapping[Task, Record]
Head = tuple[str, str, str, str]

SCORES = ("metal", "target", "inputs", "split", "repeat", "learner", "metric", "value")
PREDICTIONS = ("metal", "target", "inputs", "split", "repeat", "id", "site", "true", "predicted")
IMPURITY = ("metal", "target", "inputs", "split", "modality", "position", "mean", "std")
PERMUTATION = ("metal", "target", "inputs", "split", "modality", "low", "high", "mean", "std")


def scores_frame(results: Results) -> pd.DataFrame:
    """Return every score of every training, one row each."""
    rows = [
        (*_head(task), task.repeat, record.meta["learner"], metric, value)
        for task, record in results.items()
        for metric, value in sorted(record.meta["scores"].items(), key=lambda item: _metric_order(item[0]))
    ]
    return pd.DataFrame(rows, columns=list(SCORES))


def predictions_frame(data: Dataset, shared: Shared, results: Results) -> pd.DataFrame:
    """Return the held-out predictions, one row a sample and training."""
    rows: list[Codes] = []
    columns: dict[str, list[Any]] = {name: [] for name in PREDICTIONS if name not in ("id", "site")}
    for task, record in results.items():
        samples, test = shared.samples[task.metal, task.target], record.arrays["test"]
        rows.append(samples.rows[test])
        heads = (np.full(len(test), value) for value in (*_head(task), task.repeat))
        labels = samples.labels[test].astype(np.float64)
        for column, values in zip(columns.values(), (*heads, labels, record.arrays["predicted"]), strict=True):
            column.append(values)
    frame = data.frame[["id", "site"]].iloc[np.concatenate(rows)].reset_index(drop=True)
    frame = frame.assign(**{name: np.concatenate(values) for name, values in columns.items()})
    return frame[list(PREDICTIONS)]


def impurity_frame(shared: Shared, results: Results) -> pd.DataFrame:
    """Return impurity importances by position, mean and standard deviation over the repeats."""
    rows: list[tuple[Any, ...]] = []
    for head, records in by_input(results):
        places = [(name, float(x)) for name in head[2].split("+") for x in shared.axes(head[0])[name].values]
        rows += _mean_and_spread(head, places, [record.arrays["impurity"] for record in records])
    return pd.DataFrame(rows, columns=list(IMPURITY))


def permutation_frame(shared: Shared, results: Results) -> pd.DataFrame:
    """Return permutation importances by block, mean and standard deviation over the repeats."""
    rows: list[tuple[Any, ...]] = []
    for head, records in by_input(results):
        if "permutation" in records[0].arrays:
            cut = blocks(shared.axes(head[0]), head[2], shared.plan.windows)
            places = [(b.modality, b.low, b.high) for b in cut]
            rows += _mean_and_spread(head, places, [record.arrays["permutation"] for record in records])
    return pd.DataFrame(rows, columns=list(PERMUTATION))


def main_values(results: Results) -> dict[Head, Array]:
    """Return the (repeats,) main metric by metal, target, inputs and split, in the order of the repeats."""
    values: dict[Head, list[float]] = {}
    for task, record in results.items():
        values.setdefault(_head(task), []).append(record.meta["scores"][main_metric(Target(task.target)).value])
    return {head: np.array(found) for head, found in values.items()}


def _metric_order(name: str) -> tuple[int, int]:
    """Metrics as in Metric, then F1 by class: a record from the store has lost the order of its scores."""
    known = [metric.value for metric in Metric]
    return (known.index(name), 0) if name in known else (len(known), int(name.removeprefix("f1_")))


def _head(task: Task) -> Head:
    return task.metal, task.target, task.inputs, task.split


def by_input(results: Results) -> list[tuple[Head, list[Record]]]:
    """Return the records of all repeats of each training on spectra."""
    spectral = [item for item in results.items() if item[0].inputs not in BASELINES]
    return [(head, [record for _, record in items]) for head, items in groupby(spectral, lambda item: _head(item[0]))]


def _mean_and_spread(head: tuple[str, ...], places: list[tuple[Any, ...]], values: list[Array]) -> list[Any]:
    mean, std = np.mean(values, axis=0), np.std(values, axis=0, ddof=1)
    return [(*head, *place, float(m), float(s)) for place, m, s in zip(places, mean, std, strict=True)]
