"""What was found, in words that follow from the study's tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from firstshell.learn.compare import BASELINES
from firstshell.report import reading
from firstshell.report.style import input_name, number
from firstshell.types import Metric, Target, main_metric

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset
    from firstshell.learn.study import Study


@dataclass(frozen=True)
class Finding:
    """The answer for one metal and target.

    best : which input scores highest, beside the baselines
    tests : (verdict, sentence) of the paired tests that answer "does another measurement help?"
    where : where in the spectra the importance sits; empty without importances
    """

    metal: str
    target: Target
    best: str
    tests: list[tuple[str, str]]
    where: str


def findings(study: Study, data: Dataset) -> list[Finding]:
    """Return the findings in the main split, by metal and target; a pair that was not studied has none."""
    return [
        Finding(
            metal,
            target,
            best_words(study, metal, target),
            test_words(study, metal, target),
            where_words(study, data, metal, target),
        )
        for metal in reading.metals(study)
        for target in reading.targets(study)
        if reading.ranking(study, metal, target)
    ]


def best_words(study: Study, metal: str, target: Target) -> str:
    """Name the input with the best mean score, the runner-up, and what the baselines reach."""
    split, metric = reading.splits(study)[0], main_metric(target)
    scores, order = reading.main_scores(study, target, split), reading.ranking(study, metal, target)

    def value(name: str) -> str:
        mean, std = reading.score(scores, metal, name)
        return f"{number(metric, mean)} ± {number(metric, std)}"

    repeats = int(reading.pick(scores, metal=metal, inputs=order[0])["n"].iloc[0])
    words = f"{input_name(order[0])} has the best mean score: {score_words(metric, value(order[0]))}"
    words += f" over {reading.repeated(study, repeats, split)}"
    words += f", before {input_name(order[1])} with {value(order[1])}. " if len(order) > 1 else ". "
    held = set(reading.pick(scores, metal=metal)["inputs"])
    base = [f"{input_name(name, target).lower()} {value(name)}" for name in BASELINES if name in held]
    return words + (f"Baselines: {', '.join(base)}." if base else "")


def test_words(study: Study, metal: str, target: Target) -> list[tuple[str, str]]:
    """Verdict and sentence for each combined input against the better of its parts, then singles against each other."""
    rows = reading.pick(study.comparisons, metal=metal, target=target.value, split=reading.splits(study)[0])
    order, said = reading.ranking(study, metal, target), []
    for row in rows.to_dict("records"):
        without, with_ = row["without"], row["with"]
        if without in BASELINES:
            continue
        rivals = rows.loc[(rows["with"] == with_) & ~rows["without"].isin(BASELINES), "without"]
        if "+" not in with_ or without == min(rivals, key=order.index):
            said.append((str(row["verdict"]), f"{row['sentence']}."))
    return said


def where_words(study: Study, data: Dataset, metal: str, target: Target) -> str:
    """Say where the single inputs' importance peaks, and what permuting each part of a combined input costs."""
    chosen = {"metal": metal, "target": target.value, "split": reading.splits(study)[0]}
    impurity, sentences = reading.pick(study.impurity, **chosen), []
    for name in (name for name in reading.inputs(study, target) if "+" not in name):
        curve = reading.pick(impurity, inputs=name).sort_values("position", ignore_index=True)
        if len(curve):
            unit = data.grids[name].unit
            peaks = [f"{curve['position'][i]:.1f}" for i in reading.prominent(curve["mean"].to_numpy())]
            origin = " above the tabulated K edge" if unit == "eV" else ""
            sentences.append(f"{input_name(name)} alone: importance peaks at {listed(peaks)} {unit}{origin}.")
    losses = reading.pick(study.permutation, **chosen)
    if combined := [name for name in reading.inputs(study, target) if "+" in name and name in set(losses["inputs"])]:
        sentences.append(loss_words(reading.pick(losses, inputs=combined[0]), data, combined[0], target))
    return " ".join(sentences)


def loss_words(losses: pd.DataFrame, data: Dataset, inputs: str, target: Target) -> str:
    """Say what permuting each whole modality of `inputs`, and its costliest window, loses."""
    metric, whole = main_metric(target), losses[losses["low"].isna()]
    unit = " % of the mean bond length" if metric is Metric.RMSE_PERCENT else " of weighted F1"
    costs = [
        f"all of {input_name(row['modality'])} costs {number(metric, row['mean'])}{unit}"
        for row in whole.to_dict("records")
    ]
    words = f"In {input_name(inputs)}, permuting {listed(costs)}"
    windows = losses[losses["low"].notna()].reset_index(drop=True)
    if len(windows) and windows["mean"].max() > 0:
        top = windows.to_dict("records")[int(np.argmax(windows["mean"]))]
        axis = data.grids[top["modality"]].unit
        words += (
            f"; the costliest window is {top['low']:.3g} to {top['high']:.3g} {axis} of {input_name(top['modality'])} "
            f"({number(metric, top['mean'])}{unit})"
        )
    return words + "."


def score_words(metric: Metric, value: str) -> str:
    """Return "a weighted F1 of 0.912" or "an RMSE of 1.80 % of the mean bond length"."""
    return (
        f"an RMSE of {value} % of the mean bond length"
        if metric is Metric.RMSE_PERCENT
        else f"a weighted F1 of {value}"
    )


def listed(words: list[str]) -> str:
    """Join words as in a sentence: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
