"""Does the other input help? Paired tests over the same splits, and their answers in words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import t as student

from firstshell.simulation import show
from firstshell.types import Array, Metric, Target, main_metric

BASELINES = ("composition", "modal")
LEVEL = 0.95


@dataclass(frozen=True)
class Comparison:
    """Answer of a paired test; NaN where the repeats allow none.

    difference : mean improvement, positive = better, in the metric's unit; low, high : its 95 % interval
    verdict : "helps", "hurts" or "undecided"
    """

    difference: float
    low: float
    high: float
    p_value: float
    repeats: int
    verdict: str


def questions(inputs: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the pairs (without, with) that a plan's inputs allow.

    One modality added to an input, for every such pair; then every two single modalities against each other.
    """
    parts = {name: frozenset(name.split("+")) for name in inputs}
    added = [(a, b) for b in inputs for a in inputs if parts[a] < parts[b] and len(parts[b]) == len(parts[a]) + 1]
    return added + list(combinations([name for name in inputs if len(parts[name]) == 1], 2))


def corrected_test(improvement: Array, test_over_train: float) -> Comparison:
    """Nadeau and Bengio's corrected resampled t-test on (J,) improvements over J splits of one data set.

    test_over_train : held-out samples over training samples. The variance of the mean is s²(1/J + n_test/n_train):
    training sets overlap, so that 1/J alone would be far too sure (Machine Learning 52, 239 (2003), eq. 11).
    """
    repeats, mean = len(improvement), float(np.mean(improvement))
    error = float(np.std(improvement, ddof=1) * np.sqrt(1.0 / repeats + test_over_train))
    if error < 1e-12:  # the same difference in every split
        return Comparison(mean, mean, mean, 1.0 if abs(mean) < 1e-12 else 0.0, repeats, _verdict(mean, mean))
    half = float(student.ppf(0.5 + LEVEL / 2, repeats - 1)) * error
    p_value = float(2.0 * student.sf(abs(mean) / error, repeats - 1))
    return Comparison(mean, mean - half, mean + half, p_value, repeats, _verdict(mean - half, mean + half))


def untested(improvement: Array) -> Comparison:
    """Return the mean improvement without a test: repeats on one split do not sample the data."""
    nan = float("nan")
    return Comparison(float(np.mean(improvement)), nan, nan, nan, len(improvement), "undecided")


def improvement_of(metric: Metric, without: Array, with_: Array) -> Array:
    """Return the (J,) paired improvements, positive = better whatever the metric's direction."""
    return with_ - without if metric.higher_is_better else without - with_


def sentence(target: Target, without: str, with_: str, answer: Comparison) -> str:
    """Say in plain words, with numbers and units, what the comparison found."""
    return phrase(main_metric(target), _subject(without, with_), answer)


def phrase(metric: Metric, subject: str, answer: Comparison) -> str:
    """Say what `subject` ("Adding PDF to XANES") does to a metric, with interval, p-value and number of splits."""
    name, unit = WORDS[metric]
    up = (answer.difference > 0) == metric.higher_is_better
    change = f"{'raises' if up else 'lowers'} {name} by {abs(answer.difference):.3f}{unit}"
    if np.isnan(answer.p_value):
        return f"{subject} {change} on this one split, which allows no test"
    p_value = "p < 0.001" if answer.p_value < 0.001 else f"p = {answer.p_value:.3f}"
    interval = f"95 % interval of the improvement {answer.low:.3f} to {answer.high:.3f}{unit}"
    interval = interval.replace("-", "−")
    detail = f"({interval}, {p_value}, {answer.repeats} paired splits)"
    if answer.verdict == "undecided":
        return f"{subject} makes no difference to {name} that these splits could show {detail}"
    return f"{subject} {change}: it {answer.verdict} {detail}"


WORDS = {
    Metric.F1_WEIGHTED: ("weighted F1", ""),
    Metric.RMSE_PERCENT: ("the RMSE", " % of the mean bond length"),
}


def _verdict(low: float, high: float) -> str:
    return "helps" if low > 1e-12 else "hurts" if high < -1e-12 else "undecided"


def _subject(without: str, with_: str) -> str:
    if without in BASELINES:
        return f"Using {show(with_)}, the best input, instead of {BASELINE_NAMES[without]}"
    if set(without.split("+")) < set(with_.split("+")):
        return f"Adding {show('+'.join(m for m in with_.split('+') if m not in without.split('+')))} to {show(without)}"
    return f"Using {show(with_)} instead of {show(without)}"


BASELINE_NAMES = {"composition": "the composition alone", "modal": "a guess without data (modal class or mean)"}


@dataclass(frozen=True, eq=False)
class Paired:
    """The main metric of one metal, target and split kind, repeat by repeat.

    values : (repeats,) by input and baseline
    test_over_train : held-out samples over training samples, None where the repeats are seeds on one split
    """

    target: Target
    values: dict[str, Array]
    test_over_train: float | None

    def compare(self, without: str, with_: str) -> Comparison:
        """Test whether `with_` is better than `without`."""
        improvement = improvement_of(main_metric(self.target), self.values[without], self.values[with_])
        if self.test_over_train is None:
            return untested(improvement)
        return corrected_test(improvement, self.test_over_train)

    def best(self, inputs: tuple[str, ...]) -> str:
        """Return the input with the best mean."""
        sign = 1.0 if main_metric(self.target).higher_is_better else -1.0
        return max(inputs, key=lambda name: sign * float(np.mean(self.values[name])))
