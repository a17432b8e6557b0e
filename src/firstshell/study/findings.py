"""The findings of the paper, asked anew of the data at hand: a claim, a verdict, and the test behind the word.

The claims are those of Na Narong et al., npj Comput. Mater. 11, 98 (2025); the test is the corrected one of `compare`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd

from firstshell.simulation import show
from firstshell.study.compare import WORDS, Comparison, Paired, corrected_test, sentence, untested
from firstshell.types import Array, Metric, Target, main_metric

CONFIRMED, REFUTED, OPEN = "confirmed", "not confirmed", "undecided"
MARGIN = {Metric.F1_WEIGHTED: 0.02, Metric.RMSE_PERCENT: 0.2}
CLAIMS = {
    "xanes_not_worse": "XANES is at least as good as PDF",
    "dpdf_closes_gap": "dPDF closes the gap to XANES",
    "xanes_dominates": "XANES dominates the combination",
    "dpdf_helps_length": "Adding dPDF to XANES helps bond lengths",
}
SHARES = {"impurity": "impurity importance", "permutation": "permutation loss"}


@dataclass(frozen=True)
class Finding:
    """One claim about one metal and target.

    code : the claim, a key of `CLAIMS`; inputs : what it is about; measure : "score", "impurity" or "permutation"
    verdict : "confirmed", "not confirmed" or "undecided"
    value, low, high : the estimate and its 95 % interval (NaN where there is no test): for "score" the improvement in
        the main metric, positive = better; else the share that falls to XANES
    margin : how much worse still counts as "at least as good", in the main metric; 0 for the other claims
    """

    code: str
    metal: str
    target: str
    split: str
    inputs: str
    measure: str
    claim: str
    verdict: str
    value: float
    low: float
    high: float
    margin: float
    sentence: str


COLUMNS = tuple(field.name for field in fields(Finding))


def findings_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return the findings as a table, in the order given."""
    return pd.DataFrame([asdict(finding) for finding in findings], columns=list(COLUMNS))


def find(head: tuple[str, str, str], scores: Paired, shares: Mapping[tuple[str, str], Array]) -> Iterator[Finding]:
    """Yield the findings of one metal, target and split kind; a claim about inputs that were not studied has none.

    shares : (repeats,) share of an importance that falls to XANES, by combined inputs and measure
    """
    studied = scores.values.keys()
    if {"xanes", "pdf"} <= studied:
        yield _not_worse(head, scores)
    if {"xanes", "pdf", "dpdf"} <= studied:
        yield _gap(head, scores)
    for (inputs, measure), share in shares.items():
        yield _dominates(head, inputs, measure, share, scores.test_over_train)
    if {"xanes", "xanes+dpdf"} <= studied and not scores.target.is_class:
        answer = scores.compare("xanes", "xanes+dpdf")
        verdict = {"helps": CONFIRMED, "hurts": REFUTED}.get(answer.verdict, OPEN)
        words = sentence(scores.target, "xanes", "xanes+dpdf", answer)
        yield _finding(head, "dpdf_helps_length", "xanes+dpdf", "score", verdict, answer, words)


def xanes_share(importance: Array, in_xanes: Array) -> Array:
    """Return the (J,) share of (J, n) importances that falls to the features or blocks where `in_xanes` (n,) is set.

    Negative losses are luck and count as none; where nothing matters neither dominates, and the share is 0.5.
    """
    kept = np.clip(importance, 0.0, None)
    total = kept.sum(axis=1)
    return np.asarray(np.where(total > 0, kept[:, in_xanes].sum(axis=1) / np.where(total > 0, total, 1.0), 0.5))


def _not_worse(head: tuple[str, str, str], scores: Paired) -> Finding:
    """XANES against PDF: a test of non-inferiority, unless PDF is better beyond doubt."""
    metric, answer = main_metric(scores.target), scores.compare("pdf", "xanes")
    margin = MARGIN[metric]
    # Where there is no test, the interval is NaN, and the comparison false.
    verdict = REFUTED if answer.verdict == "hurts" else CONFIRMED if answer.low >= -margin else OPEN
    words = sentence(scores.target, "pdf", "xanes", answer)
    if verdict == CONFIRMED and answer.verdict != "helps":
        words += f"; at worst it is worse by less than the margin of {margin:g}{WORDS[metric][1]}"
    elif verdict == OPEN and np.isfinite(answer.low):
        words += f"; it may be worse by more than the margin of {margin:g}{WORDS[metric][1]}"
    return _finding(head, "xanes_not_worse", "xanes", "score", verdict, answer, words, margin)


def _gap(head: tuple[str, str, str], scores: Paired) -> Finding:
    """DPDF closes the gap when there is one, dPDF is better than PDF, and XANES no longer better than dPDF."""
    gap, gain, left = (scores.compare(*pair) for pair in (("pdf", "xanes"), ("pdf", "dpdf"), ("dpdf", "xanes")))
    said = sentence(scores.target, "pdf", "dpdf", gain)
    if np.isnan(gain.p_value):
        verdict, why = OPEN, ""
    elif gap.verdict == "hurts":
        verdict, why = REFUTED, "PDF is better than XANES to begin with"
    elif left.verdict == "helps":
        verdict, why = REFUTED, "XANES is still better than dPDF"
    elif gain.verdict == "hurts":
        verdict, why = REFUTED, "dPDF is worse than PDF"
    elif gap.verdict != "helps":
        verdict, why = OPEN, "no gap between XANES and PDF could be shown"
    elif gain.verdict != "helps":
        verdict, why = OPEN, "XANES is better than PDF, and no longer shown to be better than dPDF"
    else:
        verdict, why = CONFIRMED, "XANES is better than PDF, but no longer shown to be better than dPDF"
    words = f"{said}; {why} ({_interval(scores.target, left)})" if why else said
    return _finding(head, "dpdf_closes_gap", "dpdf", "score", verdict, gain, words)


def _dominates(
    head: tuple[str, str, str], inputs: str, measure: str, share: Array, test_over_train: float | None
) -> Finding:
    """XANES dominates when the interval of its share lies above a half."""
    if test_over_train is None:
        answer = untested(share - 0.5)
        tested = "on this one split, which allows no test"
    else:
        answer = corrected_test(share - 0.5, test_over_train)
        tested = f"(95 % interval {max(0.0, 50 + 100 * answer.low):.0f} to {min(100.0, 50 + 100 * answer.high):.0f} %)"
    verdict = {"helps": CONFIRMED, "hurts": REFUTED}.get(answer.verdict, OPEN)
    moved = Comparison(
        answer.difference + 0.5, answer.low + 0.5, answer.high + 0.5, answer.p_value, answer.repeats, answer.verdict
    )
    words = f"{100 * moved.difference:.0f} % of the {SHARES[measure]} in {show(inputs)} falls to XANES {tested}"
    return _finding(head, "xanes_dominates", inputs, measure, verdict, moved, words)


def _interval(target: Target, answer: Comparison) -> str:
    """Return the interval of XANES against dPDF in words."""
    unit = WORDS[main_metric(target)][1]
    return f"XANES against dPDF: {answer.low:.3f} to {answer.high:.3f}{unit}".replace("-", "−")


def _finding(
    head: tuple[str, str, str],
    code: str,
    inputs: str,
    measure: str,
    verdict: str,
    answer: Comparison,
    words: str,
    margin: float = 0.0,
) -> Finding:
    numbers = (answer.difference, answer.low, answer.high, margin)
    return Finding(code, *head, inputs, measure, CLAIMS[code], verdict, *numbers, words)
