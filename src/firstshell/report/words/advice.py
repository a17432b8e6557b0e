"""Advice on what to measure, as text for a terminal."""

import textwrap
from collections.abc import Hashable, Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import pandas as pd

from firstshell.report.style import input_name, number
from firstshell.report.words.terms import METRICS, change, effect, inputs_named, listed, probability
from firstshell.simulation import get, show
from firstshell.study.advice import Advice, advise, cost
from firstshell.study.compare import BASELINES, Comparison
from firstshell.study.curves import Curves
from firstshell.study.plan import StudyPlan
from firstshell.types import Metric, Target, main_metric

RULE = (
    "Rule: start from the composition, which costs nothing, and go to a costlier measurement only where it is shown to "
    "be better"
)
WIDTH = 100


def summary(curves: Curves, table: pd.DataFrame) -> str:
    """Return errors, learning curves and advice of every target; `table` is that of `advice_table`."""
    parts = ["\n".join(_of_target(curves, table[table["target"] == name], Target(name))) for name in curves.samples]
    parts += [f"{curves.metal}, {Target(name).label.lower()}: left out: {why}" for name, why in curves.left_out.items()]
    return "\n\n".join(parts)


def wrong_in(accuracy: float) -> str:
    """Say an accuracy as "1 of 12", or as tenths where more than one in five is wrong."""
    wrong = 1.0 - accuracy
    if wrong < 1e-3:
        return "fewer than 1 of 1000"
    return f"{round(10 * wrong)} of 10" if wrong > 0.2 else f"1 of {round(1 / wrong)}"


def advice_sentences(curves: Curves, advice: Advice) -> Iterator[str]:
    """Yield the advice, then the tests that it rests on, then what cannot be told apart."""
    target = advice.target
    if advice.recommended is None:
        yield (
            "Advice: none. No measurement is shown to tell you more than the composition, which costs nothing; the "
            "data cannot decide between them."
        )
    else:
        yield f"Advice: measure {show(advice.recommended)}."
    for step in advice.steps:
        yield f"{change(step.without, step.with_)} {effect(main_metric(target), asdict(step.answer))}."
    if advice.alike:
        subject = show(advice.recommended) if advice.recommended else "the composition"
        limit = max(reach(advice.others[name]) for name in advice.alike)
        yield (
            f"Cannot be told apart from {subject}: {inputs_named(advice.alike)}; a difference of over "
            f"{amount(curves, target, limit)} would have been seen."
        )
    worse = [name for name, answer in advice.others.items() if answer.verdict == "hurts"]
    if worse:
        yield f"Shown to be worse: {inputs_named(worse)}."
    yield f"{RULE}. {order_of_cost(curves.plan)}"
    if advice.adjusted:
        yield f"Adjusted for {len(advice.adjusted)} tests (Holm), {_adjusted(advice)}."


def order_of_cost(plan: StudyPlan) -> str:
    """Say which inputs cost more than which, and what the measurements they are made of take."""
    inputs, parts = sorted(plan.inputs, key=cost), sorted((get(name) for name in plan.modalities), key=lambda m: m.cost)
    order = show(inputs[0])
    for cheaper, name in pairwise(inputs):
        order += f" {'=' if cost(name) == cost(cheaper) else '<'} {show(name)}"
    takes = ", ".join(part.takes for part in parts if part.takes)
    return f"Order: {order}. Cost: {takes}."


def _adjusted(advice: Advice) -> str:
    return listed(f"{show(name)}: {probability(p)}" for name, p in advice.adjusted.items())


def amount(curves: Curves, target: Target, value: float) -> str:
    """Write a difference of the main metric: in F1, or in % of the mean bond length and in Å."""
    metric = main_metric(target)
    if target.is_class:
        return f"{number(metric, value)} in weighted F1"
    length = value * float(curves.samples[target.value].labels.mean()) / 100.0
    return f"{number(metric, value)}{METRICS[metric][1]}, {number(Metric.RMSE, length)} Å"


def reach(answer: Comparison) -> float:
    """Return the difference that the test needs to exceed before it decides."""
    return (answer.high - answer.low) / 2.0


def _of_target(curves: Curves, table: pd.DataFrame, target: Target) -> list[str]:
    samples, plan = curves.samples[target.value], curves.plan
    n = float(curves.numbers(target.value)[-1])
    return [
        f"{samples.name}: {len(samples.rows)} {plan.level}s, {n:.0f} to train on and {len(samples.rows) - n:.0f} held "
        f"out, {plan.repeats} times; never one {plan.group_by.replace('_', ' ')} on both sides",
        "",
        f"Expected of a {plan.level} not seen before (interval: 95 %, of the mean, over data sets like this one)",
        *_aligned(_errors(curves, table, target)),
        "",
        f"{main_metric(target).label} by number of training {plan.level}s; in brackets extrapolated, with interval",
        *_aligned(_learning(curves, table, target)),
        *(f"  {line}" for line in _objections(curves, target)),
        "",
        *(
            line
            for text in advice_sentences(curves, advise(curves, target.value))
            for line in textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        ),
    ]


def _errors(curves: Curves, table: pd.DataFrame, target: Target) -> list[list[str]]:
    full = table[table["size"] == 1.0]
    scores = {(row["inputs"], row["metric"]): row for row in full.to_dict("records")}

    def both(name: str, metric: Metric) -> list[str]:
        row = scores[name, metric.value]
        return [number(metric, row["mean"]), f"{number(metric, row['low'])} to {number(metric, row['high'])}"]

    rows = [
        ["", "weighted F1", "interval", "accuracy", "wrong in"]
        if target.is_class
        else ["", "RMSE (% of mean)", "interval", "RMSE (Å)", "interval", "half within (Å)"]
    ]
    for name in (*curves.plan.inputs, *BASELINES):
        if target.is_class:
            accuracy = float(scores[name, "accuracy"]["mean"])
            cells = [*both(name, Metric.F1_WEIGHTED), number(Metric.ACCURACY, accuracy), wrong_in(accuracy)]
        else:
            median = float(scores[name, "median_error"]["mean"])
            cells = [*both(name, Metric.RMSE_PERCENT), *both(name, Metric.RMSE), number(Metric.MAE, median)]
        rows.append([input_name(name, target), *cells])
    return rows


def _learning(curves: Curves, table: pd.DataFrame, target: Target) -> list[list[str]]:
    """Rows of the main metric: measured sizes, and twice the largest where that may be said."""
    metric, n = main_metric(target), curves.numbers(target.value)
    rows = [["", *(f"{value:.0f}" for value in n), f"[{2 * n[-1]:.0f}]"]]
    of_metric = table[table["metric"] == metric.value]
    for name in (*curves.plan.inputs, *BASELINES):
        mine = of_metric[of_metric["inputs"] == name]
        cells = [number(metric, value) for value in mine.loc[~mine["extrapolated"], "mean"]]
        twice = mine[mine["size"] == 2.0].to_dict("records")
        rows.append([input_name(name, target), *cells, _ahead(metric, twice[0]) if twice else "–"])
    return rows


def _ahead(metric: Metric, row: dict[Hashable, Any]) -> str:
    return f"[{number(metric, row['mean'])}; {number(metric, row['low'])} to {number(metric, row['high'])}]"


def _objections(curves: Curves, target: Target) -> Iterator[str]:
    """Say why a curve of spectra is not extrapolated."""
    found: dict[str, list[str]] = {}
    for name in curves.plan.inputs:
        if why := curves.curve(target.value, name, main_metric(target).value).objection:
            found.setdefault(why, []).append(show(name))
    yield from (f"{', '.join(names)} not extrapolated: {why}" for why, names in found.items())


def _aligned(rows: list[list[str]]) -> list[str]:
    """Set cells in columns: the first flush left, the others right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  " + "   ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
