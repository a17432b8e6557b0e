"""What was found, in words that follow from the study's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from firstshell.report import reading
from firstshell.report.regions import Axis, axis_of
from firstshell.report.style import input_name, number, percent
from firstshell.report.tables_overview import single_shares
from firstshell.study.compare import BASELINE_NAMES, BASELINES
from firstshell.types import Metric, Target, main_metric

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset
    from firstshell.study.study import Study

LEAST_SHARE = 0.05


@dataclass(frozen=True)
class Finding:
    """The answer for one metal and target.

    best : which input scores highest, beside the baselines
    tests : (verdict, sentence) of the paired tests that answer "which measurement wins, and does another help?", and of
        those on what derived samples are worth
    where : where in the spectra the importance stands, a sentence or two each
    """

    metal: str
    target: Target
    best: str
    tests: list[tuple[str, str]]
    where: list[str]


def findings(study: Study, data: Dataset) -> list[Finding]:
    """Return the findings in the main split, by metal and target; a pair that was not studied has none."""
    return [
        Finding(
            metal,
            target,
            best_words(study, metal, target),
            test_words(study, metal, target) + origin_words(study, metal, target),
            caution_words(study, metal, target) + where_words(study, data, metal, target),
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
    """Verdict and sentence of the paired tests: which measurement wins, whether another helps, and what a guess does.

    In this order: the best single input against each other one; each combined input against the better of its parts;
    the best of all against the baselines.
    """
    rows = reading.pick(study.comparisons, metal=metal, target=target.value, split=reading.splits(study)[0])
    order = reading.ranking(study, metal, target)
    single, said = next((name for name in order if "+" not in name), ""), []
    for row in rows.to_dict("records"):
        without, with_ = row["without"], row["with"]
        rivals = rows.loc[(rows["with"] == with_) & ~rows["without"].isin(BASELINES), "without"]
        if without in BASELINES:
            place: int | None = 2
        elif "+" in with_:
            place = 1 if without == min(rivals, key=order.index) else None
        else:
            place = 0 if single in (without, with_) else None
        if place is not None:
            said.append((place, str(row["verdict"]), f"{row['sentence']}."))
    return [(verdict, words) for _, verdict, words in sorted(said, key=lambda part: part[0])]


def caution_words(study: Study, metal: str, target: Target) -> list[str]:
    """Say, where the best input is not shown to beat a baseline, that its importances explain nothing."""
    rows = reading.pick(study.comparisons, metal=metal, target=target.value, split=reading.splits(study)[0])
    rows = rows[rows["without"].isin(BASELINES) & (rows["verdict"] != "helps")]
    if rows.empty:
        return []
    rivals = listed([BASELINE_NAMES[name] for name in rows["without"]])
    return [f"No input is shown to beat {rivals}: do not read a first shell from the importances below."]


def origin_words(study: Study, metal: str, target: Target) -> list[tuple[str, str]]:
    """Verdict and sentence on whether derived samples help to predict natural ones."""
    rows = reading.pick(study.origins, metal=metal, target=target.value)
    return [(row["verdict"], f"{row['sentence']}.") for row in rows.to_dict("records")]


def where_words(study: Study, data: Dataset, metal: str, target: Target) -> list[str]:
    """Say how the importance of each single input divides, where it peaks, and what permuting a combined one costs."""
    chosen = {"metal": metal, "target": target.value, "split": reading.splits(study)[0]}
    impurity, sentences = reading.pick(study.impurity, **chosen), []
    for name, axis, rows in single_shares(study, data, metal, target):
        curve = reading.pick(impurity, inputs=name).sort_values("position", ignore_index=True)
        sentences.append(share_words(name, axis, rows) + peak_words(axis, curve))
    losses = reading.pick(study.permutation, **chosen)
    if combined := [name for name in reading.inputs(study, target) if "+" in name and name in set(losses["inputs"])]:
        samples = reading.samples(study, data, metal, target)
        axes = {name: axis_of(samples, name) for name in combined[0].split("+")}
        sentences.append(loss_words(reading.pick(losses, inputs=combined[0]), axes, combined[0], target))
    return sentences


def share_words(name: str, axis: Axis, rows: pd.DataFrame) -> str:
    """Say which parts of an axis hold the importance of a single input, the larger first, and where it is densest."""
    held = rows.sort_values("share", ascending=False, kind="stable").to_dict("records")
    parts = [
        f"{percent(row['share'])} {row['region']} ({_span(axis, row)})" for row in held if row["share"] >= LEAST_SHARE
    ]
    densest = max(held, key=lambda row: row["times_even"])
    words = f"{input_name(name)} alone, share of its importance: {', '.join(parts)}"
    return f"{words}; most for its width: {densest['region']}, {densest['times_even']:.1f} times an even spread."


def peak_words(axis: Axis, curve: pd.DataFrame) -> str:
    """Say where an importance peaks and what is there; empty without peaks."""
    places = curve["position"][reading.prominent(curve["mean"].to_numpy())]
    said = [f"{axis.place(x)} ({axis.region(x)})" for x in places]
    return f" It peaks at {listed(said)}." if said else ""


def _span(axis: Axis, row: Mapping[Any, Any]) -> str:
    return f"{axis.told(row['low'])} to {axis.place(row['high'])}"


def loss_words(losses: pd.DataFrame, axes: dict[str, Axis], inputs: str, target: Target) -> str:
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
        axis = axes[top["modality"]]
        there = list(dict.fromkeys(filter(None, (axis.region(top["low"]), axis.region(top["high"])))))
        words += (
            f"; the costliest window is {_span(axis, top)} of {input_name(top['modality'])}"
            f"{f' ({listed(there)})' if there else ''}: {number(metric, top['mean'])}{unit}"
        )
    return words + "."


def edge_words(study: Study, data: Dataset) -> str:
    """Say where energies are counted from, for each metal; empty without XANES."""
    edges = []
    for metal in reading.metals(study):
        target = next(target for target in reading.targets(study) if reading.ranking(study, metal, target))
        samples = reading.samples(study, data, metal, target)
        axis = axis_of(samples, "xanes") if "xanes" in samples.grids else None
        if axis is not None and axis.signed:
            edges.append(f"{metal} {axis.origin:.1f} eV")
    if not edges:
        return ""
    return (
        "Energies in words are counted from the edge, where the mean spectrum first reaches half its step: "
        f"{listed(edges)} above the tabulated K edge, which the figures count from."
    )


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
