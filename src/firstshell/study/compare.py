"""Does the other input help? Paired tests over the same splits."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import t as student

from firstshell.types import Array, Metric, Target, main_metric

BASELINES = ("composition", "modal")
LEVEL = 0.95
MARGIN = {Metric.F1_WEIGHTED: 0.02, Metric.RMSE_PERCENT: 0.2}
"""How much worse, in the main metric, still counts as "at least as good"."""


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


def corrected_test(improvement: Array, test_over_train: float | None) -> Comparison:
    """Nadeau and Bengio's corrected resampled t-test on (J,) improvements over J splits of one data set.

    test_over_train : held-out samples over training samples. The variance of the mean is s²(1/J + n_test/n_train):
        training sets overlap, so that 1/J alone would be far too sure (Machine Learning 52, 239 (2003), eq. 11).
        None for repeats on one split, which do not sample the data: the mean is returned without a test.
    """
    repeats, mean = len(improvement), float(np.mean(improvement))
    if test_over_train is None:
        return Comparison(mean, np.nan, np.nan, np.nan, repeats, "undecided")
    error = float(np.std(improvement, ddof=1) * np.sqrt(1.0 / repeats + test_over_train))
    if error < 1e-12:  # the same difference in every split
        return Comparison(mean, mean, mean, 1.0 if abs(mean) < 1e-12 else 0.0, repeats, _verdict(mean, mean))
    half = float(student.ppf(0.5 + LEVEL / 2, repeats - 1)) * error
    p_value = float(2.0 * student.sf(abs(mean) / error, repeats - 1))
    return Comparison(mean, mean - half, mean + half, p_value, repeats, _verdict(mean - half, mean + half))


def improvement_of(metric: Metric, without: Array, with_: Array) -> Array:
    """Return the (J,) paired improvements, positive = better whatever the metric's direction."""
    return with_ - without if metric.higher_is_better else without - with_


def not_worse(answer: Comparison, margin: float) -> bool:
    """Whether a test of non-inferiority passes: the 95 % interval stays above minus the margin. Without a test, no."""
    return answer.low >= -margin


def holm(p_values: Array) -> Array:
    """Return (n,) p-values adjusted for there being n tests (Holm, Scand. J. Stat. 6, 65 (1979)); NaN do not count.

    An adjusted value below 0.05 keeps the chance of a single false finding among all tests at 5 %, whatever their
    dependence.
    """
    adjusted = np.full(len(p_values), np.nan)
    order = np.argsort(p_values, kind="stable")[: int(np.isfinite(p_values).sum())]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def _verdict(low: float, high: float) -> str:
    return "helps" if low > 1e-12 else "hurts" if high < -1e-12 else "undecided"


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
        return corrected_test(improvement, self.test_over_train)

    def mean(self, name: str) -> Comparison:
        """Return the mean score with its 95 % interval by the corrected test."""
        return corrected_test(self.values[name], self.test_over_train)

    def best(self, inputs: tuple[str, ...]) -> str:
        """Return the input with the best mean."""
        sign = 1.0 if main_metric(self.target).higher_is_better else -1.0
        return max(inputs, key=lambda name: sign * float(np.mean(self.values[name])))
