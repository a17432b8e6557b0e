"""Which measurement to take: expected errors, paired tests and a stated rule, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from firstshell.study.compare import BASELINES, Comparison, corrected_test, improvement_of
from firstshell.study.curves import METRICS, Curves
from firstshell.study.powerlaw import REACH
from firstshell.types import Array, Target, main_metric

COLUMNS = ("metal", "target", "inputs", "size", "n_train", "metric", "unit", "mean", "low", "high", "extrapolated")
UNITS = {"rmse_percent": "% of mean bond length", "rmse": "Å", "median_error": "Å"}
AHEAD = (2.0, REACH)
RULE = (
    "the fewest measurements whose error is not significantly worse than that of the best input; among equally many, "
    "those with the smallest error"
)


@dataclass(frozen=True, eq=False)
class Advice:
    """What the paired tests say of one target.

    best : the input with the best mean
    single : the best of single measurements, None where only combinations were asked for
    recommended : by `RULE`
    worse : by how much the recommended input is worse than the best, None where they are the same
    second : what each combination improves on `single`, by combination
    composition : what the best input improves on the composition alone
    """

    target: Target
    best: str
    single: str | None
    recommended: str
    worse: Comparison | None
    second: dict[str, Comparison]
    composition: Comparison

    @property
    def composition_is_enough(self) -> bool:
        """Whether no measurement could be shown to tell more than the composition."""
        return self.composition.verdict != "helps"


def advise(curves: Curves, target: str) -> Advice:
    """Compare the inputs at the full training side and choose by `RULE`."""
    metric, ratio = main_metric(Target(target)), curves.test_over_train(target)
    inputs = curves.plan.inputs
    values = {name: curves.values(target, name, metric.value)[:, -1] for name in (*inputs, *BASELINES)}

    def merit(name: str) -> float:
        return float(np.mean(values[name])) * (1.0 if metric.higher_is_better else -1.0)

    def gain(without: str, with_: str) -> Comparison:
        return corrected_test(improvement_of(metric, values[without], values[with_]), ratio)

    best = max(inputs, key=merit)
    good = [name for name in inputs if name == best or gain(name, best).verdict != "helps"]
    recommended = min(good, key=lambda name: (len(name.split("+")), -merit(name)))
    singles = [name for name in inputs if "+" not in name]
    single = max(singles, key=merit) if singles else None
    return Advice(
        target=Target(target),
        best=best,
        single=single,
        recommended=recommended,
        worse=None if recommended == best else gain(recommended, best),
        second={} if single is None else {name: gain(single, name) for name in inputs if "+" in name},
        composition=gain("composition", best),
    )


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
