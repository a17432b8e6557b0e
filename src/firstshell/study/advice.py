"""Which measurement to take: expected errors, paired tests and a stated order of cost, as numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from firstshell.simulation import get
from firstshell.study.compare import BASELINES, Comparison, corrected_test, holm, improvement_of
from firstshell.study.curves import METRICS, Curves
from firstshell.study.powerlaw import REACH
from firstshell.types import Array, Target, main_metric

COLUMNS = ("metal", "target", "inputs", "size", "n_train", "metric", "unit", "mean", "low", "high", "extrapolated")
UNITS = {"rmse_percent": "% of mean bond length", "rmse": "Å", "median_error": "Å"}
AHEAD = (2.0, REACH)
FREE = "composition"


@dataclass(frozen=True)
class Step:
    """A costlier input that is shown to be better than a cheaper one: gain, interval and p-value in `answer`."""

    without: str
    with_: str
    answer: Comparison


@dataclass(frozen=True, eq=False)
class Advice:
    """What the paired tests say of one target.

    recommended : where the steps end; None where no input is shown to be better than the composition
    steps : from the composition, which costs nothing, to the recommended input; each is a decided test
    others : what each other input improves on the recommended one, or on the composition where there is none
    adjusted : p-values by input of `others`, for the number of them (Holm)
    """

    target: Target
    recommended: str | None
    steps: tuple[Step, ...]
    others: dict[str, Comparison]
    adjusted: dict[str, float]

    @property
    def alike(self) -> list[str]:
        """Inputs that cannot be distinguished from the recommended one, the cheaper first."""
        return [name for name, answer in self.others.items() if answer.verdict == "undecided"]


def cost(inputs: str) -> float:
    """Return what an input costs to measure: the sum over its measurements, less those that others of them hold."""
    if inputs in BASELINES:
        return 0.0
    parts = [get(part) for part in inputs.split("+")]
    held = {part.holds for part in parts}
    return sum(part.cost for part in parts if part.name not in held)


def advise(curves: Curves, target: str) -> Advice:
    """Start from the composition, and pay for a costlier input only where it is shown to be better.

    Of several that are shown to be better the cheapest is the next step, which is tested in turn; one that costs the
    same counts as well. A test that cannot
    decide never moves the advice: what it leaves open is in `Advice.others`.
    """
    metric, ratio = main_metric(Target(target)), curves.test_over_train(target)
    inputs = sorted(curves.plan.inputs, key=cost)
    values = {name: curves.values(target, name, metric.value)[:, -1] for name in (*inputs, *BASELINES)}

    def gain(without: str, with_: str) -> Comparison:
        return corrected_test(improvement_of(metric, values[without], values[with_]), ratio)

    steps: list[Step] = []
    current, searching = FREE, True
    while searching:
        ahead = [name for name in inputs if name != current and cost(name) >= cost(current)]
        tested = [Step(current, name, gain(current, name)) for name in ahead]
        better = [step for step in tested if step.answer.verdict == "helps"]
        steps += better[:1]
        current, searching = better[0].with_ if better else current, bool(better)
    others = {name: gain(current, name) for name in inputs if name != current}
    p_values = holm(np.array([answer.p_value for answer in others.values()]))
    adjusted = dict(zip(others, map(float, p_values), strict=True))
    return Advice(Target(target), None if current == FREE else current, tuple(steps), others, adjusted)


def advice_table(curves: Curves) -> pd.DataFrame:
    """Return `COLUMNS`: every score by target, input and size, with its 95 % interval.

    size : share of the groups of the training side; above 1 extrapolated, to that many times its samples
    n_train : mean number of training samples
    low, high : of the mean, as in the corrected test
    """
    rows = []
    for target in curves.samples:
        n, ratio, is_class = curves.numbers(target), curves.test_over_train(target), Target(target).is_class
        for inputs in (*curves.plan.inputs, *BASELINES):
            for metric in METRICS[is_class]:
                head, what = (curves.metal, target, inputs), (metric, UNITS.get(metric, ""))
                values = curves.values(target, inputs, metric)
                for place, size in enumerate(curves.sizes):
                    mean, low, high = interval(values[:, place], ratio, is_class)
                    rows.append((*head, size, float(n[place]), *what, mean, low, high, False))
                curve = curves.curve(target, inputs, metric)
                if not curve.objection:
                    for factor in AHEAD:
                        value, low, high = curve.ahead(factor)
                        if is_class:
                            value, low, high = 1.0 - value, max(1.0 - high, 0.0), 1.0 - low
                        rows.append((*head, factor, factor * float(n[-1]), *what, value, low, high, True))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def interval(values: Array, test_over_train: float, is_share: bool) -> tuple[float, float, float]:
    """Return mean, low and high of (J,) scores over overlapping splits, kept within what a score can be."""
    answer = corrected_test(values, test_over_train)
    return answer.difference, max(answer.low, 0.0), min(answer.high, 1.0) if is_share else answer.high
