"""The claims of the paper, tested on the data at hand: a code, a verdict, a reason and the numbers of the test.

The claims are those of Na Narong et al., npj Comput. Mater. 11, 98 (2025); the test is the corrected one of `compare`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import pandas as pd

from firstshell.study.compare import MARGIN, Comparison, Paired, corrected_test, not_worse
from firstshell.types import Array, main_metric

CONFIRMED, NARROWED, REFUTED, OPEN = "confirmed", "narrowed", "refuted", "undecided"
CLAIMS = ("xanes_not_worse", "dpdf_closes_gap", "xanes_dominates", "dpdf_helps_length")
SHARES = ("impurity", "permutation")


@dataclass(frozen=True)
class Finding:
    """One claim about one metal and target.

    code : the claim, one of `CLAIMS`; inputs : what it is about; measure : "score", "impurity" or "permutation"
    verdict : "confirmed", "narrowed" (of a gap only), "refuted" or "undecided"
    reason : which part of the test decided, see `_gap` and `_not_worse`; "" where the verdict says all
    value, low, high : the estimate and its 95 % interval (NaN where there is no test): for "score" the improvement in
        the main metric, positive = better; else the share that falls to XANES
    margin : how much worse still counts as "at least as good", in the main metric; 0 where no margin is used
    """

    code: str
    metal: str
    target: str
    split: str
    inputs: str
    measure: str
    verdict: str
    reason: str
    value: float
    low: float
    high: float
    p_value: float
    margin: float


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
        yield _finding(head, "dpdf_helps_length", "xanes+dpdf", "score", (verdict, ""), answer)


def xanes_share(importance: Array, in_xanes: Array) -> Array:
    """Return the (J,) share of (J, n) importances that falls to the features or blocks where `in_xanes` (n,) is set.

    Negative losses are chance and count as none; where nothing matters neither dominates, and the share is 0.5.
    """
    kept = np.clip(importance, 0.0, None)
    total = kept.sum(axis=1)
    return np.asarray(np.where(total > 0, kept[:, in_xanes].sum(axis=1) / np.where(total > 0, total, 1.0), 0.5))


def _not_worse(head: tuple[str, str, str], scores: Paired) -> Finding:
    """XANES against PDF: a test of non-inferiority, unless PDF is shown to be better.

    Reasons: "better", "worse", "within_margin", "may_be_worse".
    """
    answer, margin = scores.compare("pdf", "xanes"), MARGIN[main_metric(scores.target)]
    if answer.verdict == "hurts":
        verdict = REFUTED, "worse"
    elif answer.verdict == "helps":
        verdict = CONFIRMED, "better"
    elif not_worse(answer, margin):
        verdict = CONFIRMED, "within_margin"
    else:
        verdict = OPEN, "may_be_worse"
    return _finding(head, "xanes_not_worse", "xanes", "score", verdict, answer, margin)


def _gap(head: tuple[str, str, str], scores: Paired) -> Finding:
    """DPDF closes the gap: XANES is better than PDF, dPDF is better than PDF, and dPDF is not inferior to XANES.

    That XANES is no longer shown to be better than dPDF is not enough: lack of evidence is none. The numbers are those
    of dPDF against XANES, tested with the margin of "XANES is at least as good as PDF". Reasons:
        "closed"       confirmed
        "narrowed"     narrowed: dPDF is better than PDF, and may still be worse than XANES by more than the margin
        "pdf_ahead"    refuted: PDF is better than XANES to begin with
        "dpdf_worse"   refuted: dPDF is worse than PDF
        "remains"      refuted: XANES is still better than dPDF, which is not shown to be better than PDF
        "no_gap"       undecided: XANES is not shown to be better than PDF
        "unclear"      undecided: there is a gap, and dPDF can be distinguished neither from PDF nor from XANES
    """
    gap, gain, left = (scores.compare(*pair) for pair in (("pdf", "xanes"), ("pdf", "dpdf"), ("xanes", "dpdf")))
    margin = MARGIN[main_metric(scores.target)]
    if gap.verdict == "hurts":
        verdict = REFUTED, "pdf_ahead"
    elif gain.verdict == "hurts":
        verdict = REFUTED, "dpdf_worse"
    elif gap.verdict != "helps":
        verdict = OPEN, "no_gap"
    elif gain.verdict == "helps":
        verdict = (CONFIRMED, "closed") if not_worse(left, margin) else (NARROWED, "narrowed")
    else:
        verdict = (REFUTED, "remains") if left.verdict == "hurts" else (OPEN, "unclear")
    return _finding(head, "dpdf_closes_gap", "dpdf", "score", verdict, left, margin)


def _dominates(
    head: tuple[str, str, str], inputs: str, measure: str, share: Array, test_over_train: float | None
) -> Finding:
    """XANES dominates when the interval of its share lies above a half."""
    answer = corrected_test(share - 0.5, test_over_train)
    verdict = {"helps": CONFIRMED, "hurts": REFUTED}.get(answer.verdict, OPEN)
    moved = replace(
        answer,
        difference=answer.difference + 0.5,
        low=float(np.clip(answer.low + 0.5, 0.0, 1.0)),
        high=float(np.clip(answer.high + 0.5, 0.0, 1.0)),
    )
    return _finding(head, "xanes_dominates", inputs, measure, (verdict, ""), moved)


def _finding(
    head: tuple[str, str, str],
    code: str,
    inputs: str,
    measure: str,
    verdict: tuple[str, str],
    answer: Comparison,
    margin: float = 0.0,
) -> Finding:
    if np.isnan(answer.p_value):
        verdict = OPEN, "no_test"
    numbers = (answer.difference, answer.low, answer.high, answer.p_value, margin)
    return Finding(code, *head, inputs, measure, *verdict, *numbers)
