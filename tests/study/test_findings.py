import numpy as np
import pytest

from firstshell.study.compare import Paired
from firstshell.study.findings import CLAIMS, COLUMNS, MARGIN, find, findings_frame, xanes_share
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
        (0.79, 0.1, "not confirmed"),  # worse by less than the margin, but worse beyond doubt
        (0.7, 1.0, "not confirmed"),
    ],
)
def test_xanes_is_not_worse(xanes, noise, verdict):
    found = verdicts(scores(noise=noise, xanes=xanes, pdf=0.8))["xanes_not_worse"]
    assert (found.verdict, found.margin) == (verdict, MARGIN[Metric.F1_WEIGHTED])
    assert found.value == pytest.approx(xanes - 0.8)
    assert found.low < found.value < found.high
    if verdict == "undecided":
        assert found.sentence.endswith("it may be worse by more than the margin of 0.02")


@pytest.mark.parametrize(
    ("pdf", "dpdf", "noise", "verdict", "why"),
    [
        (0.7, 0.9, 1.0, "confirmed", "XANES is better than PDF, but no longer"),
        (0.7, 0.95, 1.0, "confirmed", "XANES is better than PDF, but no longer"),
        (0.7, 0.8, 1.0, "not confirmed", "XANES is still better than dPDF"),
        (0.95, 0.97, 1.0, "not confirmed", "PDF is better than XANES to begin with"),
        (0.9, 0.95, 1.0, "undecided", "no gap between XANES and PDF could be shown"),
        (0.85, 0.87, 6.0, "undecided", ""),
    ],
)
def test_dpdf_closes_the_gap(pdf, dpdf, noise, verdict, why):
    found = verdicts(scores(noise=noise, xanes=0.9, pdf=pdf, dpdf=dpdf))["dpdf_closes_gap"]
    assert found.verdict == verdict
    assert why in found.sentence


@pytest.mark.parametrize(("shift", "verdict"), [(0.5, "confirmed"), (-0.5, "not confirmed"), (0.0, "undecided")])
def test_adding_dpdf_to_bond_lengths(shift, verdict):
    lengths = scores(Target.BOND_LENGTH, xanes=2.0, xanes_dpdf=2.0 - shift)
    assert verdicts(lengths)["dpdf_helps_length"].verdict == verdict
    assert "dpdf_helps_length" not in verdicts(scores(xanes=0.8, xanes_dpdf=0.9))


@pytest.mark.parametrize(("middle", "verdict"), [(0.9, "confirmed"), (0.5, "undecided"), (0.2, "not confirmed")])
def test_xanes_dominates(middle, verdict):
    found = verdicts(scores(xanes=0.8), {("xanes+pdf", "impurity"): middle + NOISE})["xanes_dominates"]
    assert found.verdict == verdict
    assert found.value == pytest.approx(middle)
    assert found.low < middle < found.high
    assert f"{100 * middle:.0f} % of the impurity importance in XANES+PDF falls to XANES" in found.sentence


def test_what_was_not_studied_has_no_finding():
    assert set(verdicts(scores(pdf=0.8, dpdf=0.9))) == set()
    assert set(verdicts(scores(xanes=0.8, pdf=0.9))) == {"xanes_not_worse"}
    assert list(findings_frame([]).columns) == list(COLUMNS)


def test_one_split_decides_nothing():
    lengths = scores(Target.BOND_LENGTH, ratio=None, xanes=1.0, pdf=2.0, dpdf=1.5, xanes_dpdf=0.5)
    found = verdicts(lengths, {("xanes+dpdf", "impurity"): 0.9 + NOISE})
    assert set(found) == set(CLAIMS)
    assert {f.verdict for f in found.values()} == {"undecided"}
    assert all("one split, which allows no test" in f.sentence for f in found.values())


def test_shares():
    importance = np.array([[0.3, 0.3, 0.2, 0.2], [0.5, -0.1, 0.5, -0.2], [0.0, -0.1, 0.0, 0.0]])
    assert xanes_share(importance, np.array([True, True, False, False])) == pytest.approx([0.6, 0.5, 0.5])
