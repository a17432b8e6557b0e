import numpy as np
import pytest

from firstshell.study.compare import MARGIN, Paired
from firstshell.study.findings import CLAIMS, COLUMNS, find, findings_frame, xanes_share
from firstshell.types import Metric, Target

HEAD = ("Cu", "coordination_number", "grouped")
NOISE = np.array([0.004, -0.004, 0.002, -0.002, 0.001, -0.001])


def scores(target=Target.COORDINATION_NUMBER, ratio=1 / 3, noise=1.0, **means):
    """Paired scores with these means, inputs spelt with an underscore for the plus."""
    values = {name.replace("_", "+"): mean + noise * k * NOISE for k, (name, mean) in enumerate(means.items())}
    return Paired(target, values, ratio)


def verdicts(paired, shares=None):
    return {finding.code: finding for finding in find(HEAD, paired, shares or {})}


@pytest.mark.parametrize(
    ("xanes", "noise", "verdict"),
    [
        (0.9, 1.0, "confirmed"),  # better beyond doubt
        (0.8, 0.1, "confirmed"),  # equal, and too precise to be worse by the margin
        (0.8, 10.0, "undecided"),  # equal on average only
        (0.79, 0.1, "refuted"),  # worse by less than the margin, but worse beyond doubt
        (0.7, 1.0, "refuted"),
    ],
)
def test_xanes_is_not_worse(xanes, noise, verdict):
    found = verdicts(scores(noise=noise, xanes=xanes, pdf=0.8))["xanes_not_worse"]
    assert (found.verdict, found.margin) == (verdict, MARGIN[Metric.F1_WEIGHTED])
    assert found.value == pytest.approx(xanes - 0.8)
    assert found.low < found.value < found.high
    reasons = {"confirmed": ("better", "within_margin"), "undecided": ("may_be_worse",), "refuted": ("worse",)}
    assert found.reason in reasons[verdict]


@pytest.mark.parametrize(
    ("pdf", "dpdf", "noise", "verdict", "reason"),
    [
        (0.7, 0.9, 1.0, "confirmed", "closed"),
        (0.7, 0.95, 1.0, "confirmed", "closed"),
        (0.7, 0.8, 1.0, "narrowed", "narrowed"),  # XANES is still better, but dPDF is better than PDF
        (0.7, 0.9, 8.0, "narrowed", "narrowed"),  # equal on average only: no evidence that it is not worse
        (0.7, 0.7, 1.0, "refuted", "remains"),
        (0.7, 0.6, 1.0, "refuted", "dpdf_worse"),
        (0.95, 0.97, 1.0, "refuted", "pdf_ahead"),
        (0.9, 0.95, 1.0, "undecided", "no_gap"),
        (0.85, 0.87, 6.0, "undecided", "unclear"),
    ],
)
def test_dpdf_closes_the_gap(pdf, dpdf, noise, verdict, reason):
    found = verdicts(scores(noise=noise, xanes=0.9, pdf=pdf, dpdf=dpdf))["dpdf_closes_gap"]
    assert (found.verdict, found.reason) == (verdict, reason)
    assert found.value == pytest.approx(dpdf - 0.9)
    assert found.margin == MARGIN[Metric.F1_WEIGHTED]


@pytest.mark.parametrize(("below", "verdict"), [(0.017, "confirmed"), (0.0215, "narrowed")])
def test_the_gap_closes_on_the_margin_and_not_beyond(below, verdict):
    """The interval's lower end decides: a little above minus the margin, and a little below it."""
    found = verdicts(scores(noise=0.1, xanes=0.9, pdf=0.5, dpdf=0.9 - below))["dpdf_closes_gap"]
    assert found.verdict == verdict
    assert (found.low >= -found.margin) == (verdict == "confirmed")


@pytest.mark.parametrize(("shift", "verdict"), [(0.5, "confirmed"), (-0.5, "refuted"), (0.0, "undecided")])
def test_adding_dpdf_to_bond_lengths(shift, verdict):
    lengths = scores(Target.BOND_LENGTH, xanes=2.0, xanes_dpdf=2.0 - shift)
    assert verdicts(lengths)["dpdf_helps_length"].verdict == verdict
    assert "dpdf_helps_length" not in verdicts(scores(xanes=0.8, xanes_dpdf=0.9))


@pytest.mark.parametrize(("middle", "verdict"), [(0.9, "confirmed"), (0.5, "undecided"), (0.2, "refuted")])
def test_xanes_dominates(middle, verdict):
    found = verdicts(scores(xanes=0.8), {("xanes+pdf", "impurity"): middle + NOISE})["xanes_dominates"]
    assert found.verdict == verdict
    assert found.value == pytest.approx(middle)
    assert found.low < middle < found.high


def test_what_was_not_studied_has_no_finding():
    assert set(verdicts(scores(pdf=0.8, dpdf=0.9))) == set()
    assert set(verdicts(scores(xanes=0.8, pdf=0.9))) == {"xanes_not_worse"}
    assert list(findings_frame([]).columns) == list(COLUMNS)


def test_one_split_decides_nothing():
    lengths = scores(Target.BOND_LENGTH, ratio=None, xanes=1.0, pdf=2.0, dpdf=1.5, xanes_dpdf=0.5)
    found = verdicts(lengths, {("xanes+dpdf", "impurity"): 0.9 + NOISE})
    assert set(found) == set(CLAIMS)
    assert {f.verdict for f in found.values()} == {"undecided"}
    assert {f.reason for f in found.values()} == {"no_test"}
    assert np.isnan([f.p_value for f in found.values()]).all()


def test_shares():
    importance = np.array([[0.3, 0.3, 0.2, 0.2], [0.5, -0.1, 0.5, -0.2], [0.0, -0.1, 0.0, 0.0]])
    assert xanes_share(importance, np.array([True, True, False, False])) == pytest.approx([0.6, 0.5, 0.5])
