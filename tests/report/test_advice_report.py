"""Advice as text and as a figure: the numbers of the table, and verdicts that follow from the tests."""

from dataclasses import replace

import pytest
from matplotlib.colors import to_hex

from firstshell.report.figures.advice import curves_figure
from firstshell.report.style import number
from firstshell.report.words.advice import RULE, advice_sentences, order_of_cost, reach, summary, wrong_in
from firstshell.study.advice import advice_table, advise
from firstshell.study.curves import run_curves
from firstshell.study.plan import ForestParams, StudyPlan
from firstshell.types import Metric, Target
from synthetic import synthetic_dataset

INPUTS = ("xanes", "pdf", "xanes+pdf")


@pytest.fixture(scope="module")
def curves():
    plan = StudyPlan(
        targets=("oxidation_state", "bond_length"),
        inputs=INPUTS,
        repeats=4,
        forest=ForestParams((10,), (20,), kind="random"),
        permutations=0,
    )
    return run_curves(synthetic_dataset(90), "Cu", plan, sizes=(0.2, 0.4, 0.7), workers=0, backend="sklearn")


@pytest.fixture(scope="module")
def table(curves):
    return advice_table(curves)


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [(1.0, "fewer than 1 of 1000"), (0.9, "1 of 10"), (0.92, "1 of 13"), (0.7, "3 of 10"), (0.0, "10 of 10")],
)
def test_an_accuracy_in_words(accuracy, words):
    assert wrong_in(accuracy) == words


@pytest.mark.slow
def test_the_text_shows_the_numbers_of_the_table(curves, table):
    words = summary(curves, table)
    for target, metric in (("oxidation_state", Metric.F1_WEIGHTED), ("bond_length", Metric.RMSE_PERCENT)):
        full = table[(table["target"] == target) & (table["metric"] == metric.value) & (table["size"] == 1.0)]
        assert len(full) == len(INPUTS) + 2
        for row in full.to_dict("records"):
            assert f"{number(metric, row['low'])} to {number(metric, row['high'])}" in words
    assert words.count("Advice:") == 2
    assert "nan" not in words


def test_the_advice_comes_first_and_the_rule_with_its_order_of_cost_is_stated(curves):
    advice = advise(curves, "oxidation_state")
    said = list(advice_sentences(curves, advice))
    assert advice.recommended == "xanes"  # the edge carries the charge, the PDF does not
    assert said[0] == "Advice: measure XANES."
    assert said[1].startswith("XANES instead of the composition alone raises weighted F1 by")
    assert any(line.startswith(RULE) and "Order: XANES < PDF < XANES+PDF." in line for line in said)


def test_the_order_of_cost_knows_that_exafs_holds_the_xanes():
    said = order_of_cost(StudyPlan(inputs=("xanes", "pdf", "exafs", "xanes+exafs")))
    assert said.startswith("Order: XANES < EXAFS = XANES+EXAFS < PDF. Cost: a XANES scan takes minutes, EXAFS the time")
    assert "differential" not in said


def test_undecided_is_said_with_what_would_have_decided(curves):
    advice = advise(curves, "oxidation_state")
    answer = replace(advice.others["xanes+pdf"], difference=0.01, low=-0.03, high=0.05, verdict="undecided")
    assert reach(answer) == pytest.approx(0.04)
    said = list(advice_sentences(curves, replace(advice, others={"xanes+pdf": answer})))
    line = next(line for line in said if line.startswith("Cannot be told apart from XANES"))
    assert line.endswith("XANES+PDF; a difference of over 0.040 in weighted F1 would have been seen.")
    worse = replace(answer, low=-0.05, high=-0.01, verdict="hurts")
    said = list(advice_sentences(curves, replace(advice, others={"xanes+pdf": worse})))
    assert "Shown to be worse: XANES+PDF." in said
    assert not any("Cannot be told apart" in line for line in said)


def test_without_a_decided_test_nothing_is_advised(curves):
    advice = replace(advise(curves, "oxidation_state"), recommended=None, steps=())
    said = list(advice_sentences(curves, advice))
    assert said[0].startswith("Advice: none. No measurement is shown to tell you more than the composition")
    assert not any(line.startswith("Advice: measure") for line in said)


def test_a_target_left_out_is_named(curves, table):
    words = summary(replace(curves, left_out={"coordination_number": "all samples are of one class"}), table)
    assert words.endswith("Cu, coordination number: left out: all samples are of one class")


def test_the_figure_has_a_line_for_every_input_at_the_sizes_measured(table):
    figure = curves_figure(table, "material")
    assert [axes.get_ylabel() for axes in figure.axes] == [Metric.F1_WEIGHTED.label, Metric.RMSE_PERCENT.label]
    for axes, target in zip(figure.axes, (Target.OXIDATION_STATE, Target.BOND_LENGTH), strict=True):
        labels = axes.get_legend_handles_labels()[1]
        assert labels == ["XANES", "PDF", "XANES+PDF", "Composition alone", "Modal class or mean"]
        named = [line for line in axes.lines if line.get_label() in labels]
        rows = table[(table["target"] == target.value) & ~table["extrapolated"]]
        sizes = sorted(set(rows["n_train"]))
        assert all(line.get_xdata().tolist() == sizes for line in named)
        assert len({to_hex(line.get_color()) for line in named}) == 5
        assert axes.get_xlabel() == "Number of training materials"
        assert target.label.lower() in axes.get_title(loc="left")
