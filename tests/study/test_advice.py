"""Advice on made-up scores: the plainly better input is chosen, and what cannot be told apart is not."""

import numpy as np
import pandas as pd
import pytest

from firstshell.study.advice import COLUMNS, advice_table, advise, cost
from firstshell.study.compare import holm
from firstshell.study.curves import COLUMNS as SCORES
from firstshell.study.curves import METRICS, Curves
from firstshell.study.plan import StudyPlan
from firstshell.study.powerlaw import law_at
from firstshell.study.samples import choose_samples
from firstshell.types import Target
from synthetic import synthetic_dataset

SIZES = (0.1, 0.18, 0.32, 0.56, 1.0)
REPEATS = 10
BASE = {"composition": 0.5, "modal": 0.4}


@pytest.fixture(scope="module")
def samples():
    plan, data = StudyPlan(), synthetic_dataset(60)
    return {t: choose_samples(data, plan, "Cu", Target(t)) for t in ("oxidation_state", "bond_length")}


def made_up(samples, scores, target="oxidation_state", noise=0.01, law=None):
    """Curves whose main score at the full size is `scores` by input, or its error a power law of the size."""
    rng, rows, metrics = np.random.default_rng(0), [], METRICS[Target(target).is_class]
    for inputs, level in scores.items():
        for repeat in range(REPEATS):
            for size in SIZES:
                value = level if law is None else 1.0 - float(law_at(np.array(law), np.array([size]))[0])
                for metric in metrics:
                    head = (target, inputs, size, repeat, round(200 * size), 60, metric)
                    rows.append((*head, value + rng.normal(0, noise)))
    plan = StudyPlan(metals=("Cu",), inputs=tuple(name for name in scores if name not in BASE), targets=(target,))
    return Curves("Cu", plan, SIZES, pd.DataFrame(rows, columns=list(SCORES)), {target: samples[target]}, {})


def steps(advice):
    return [(step.without, step.with_) for step in advice.steps]


def test_the_plainly_better_input_is_chosen(samples):
    advice = advise(made_up(samples, {"xanes": 0.95, "pdf": 0.60, "xanes+pdf": 0.951, **BASE}), "oxidation_state")
    assert advice.recommended == "xanes"
    assert steps(advice) == [("composition", "xanes")]
    assert advice.alike == ["xanes+pdf"]
    assert advice.others["pdf"].verdict == "hurts"


def test_the_plainly_better_combination_is_chosen(samples):
    advice = advise(made_up(samples, {"xanes": 0.70, "pdf": 0.60, "xanes+pdf": 0.95, **BASE}), "oxidation_state")
    assert steps(advice) == [("composition", "xanes"), ("xanes", "xanes+pdf")]
    assert advice.recommended == "xanes+pdf"
    assert advice.steps[1].answer.difference == pytest.approx(0.25, abs=0.02)


def test_an_undecided_test_never_moves_the_advice(samples):
    """The dearest input has by far the best mean, and the splits cannot tell it from the cheapest."""
    scores = {"xanes": 0.70, "dpdf": 0.80, "xanes+dpdf": 0.85, **BASE}
    advice = advise(made_up(samples, scores, noise=0.12), "oxidation_state")
    assert advice.recommended in (None, "xanes")
    assert all(step.answer.verdict == "helps" for step in advice.steps)
    assert "xanes+dpdf" in advice.alike
    assert advice.others["xanes+dpdf"].low < 0 < advice.others["xanes+dpdf"].high


def test_of_better_inputs_the_cheaper_comes_first(samples):
    scores = {"xanes+dpdf": 0.95, "dpdf": 0.95, "xanes+pdf": 0.94, "pdf": 0.60, "xanes": 0.60, **BASE}
    advice = advise(made_up(samples, scores), "oxidation_state")
    assert sorted(scores, key=cost)[2:] == ["xanes", "pdf", "xanes+pdf", "dpdf", "xanes+dpdf"]
    assert steps(advice)[:2] == [("composition", "xanes"), ("xanes", "xanes+pdf")]


def test_exafs_costs_less_than_a_pdf_and_holds_the_xanes(samples):
    names = ["xanes", "exafs", "pdf", "xanes+pdf", "exafs+pdf", "dpdf", "xanes+exafs+dpdf"]
    costs = [cost(name) for name in names]
    assert costs == sorted(set(costs))
    assert cost("xanes+exafs") == cost("exafs")
    scores = {"xanes": 0.60, "pdf": 0.95, "exafs": 0.80, "xanes+exafs": 0.95, **BASE}
    advice = advise(made_up(samples, scores), "oxidation_state")
    assert steps(advice) == [("composition", "xanes"), ("xanes", "exafs"), ("exafs", "xanes+exafs")]


def test_without_a_gain_on_the_composition_nothing_is_advised(samples):
    advice = advise(made_up(samples, {"xanes": 0.81, "composition": 0.80, "modal": 0.4}, noise=0.05), "oxidation_state")
    assert (advice.recommended, advice.steps, advice.alike) == (None, (), ["xanes"])


def test_of_errors_the_smaller_is_better(samples):
    scores = {"xanes": 1.0, "pdf": 3.0, "composition": 4.0, "modal": 5.0}
    advice = advise(made_up(samples, scores, "bond_length", noise=0.1), "bond_length")
    assert advice.recommended == "xanes"
    assert advice.steps[0].answer.difference == pytest.approx(3.0, abs=0.2)


def test_pvalues_are_adjusted_for_the_number_of_inputs(samples):
    advice = advise(made_up(samples, {"xanes": 0.95, "pdf": 0.60, "xanes+pdf": 0.951, **BASE}), "oxidation_state")
    raw = np.array([answer.p_value for answer in advice.others.values()])
    assert list(advice.adjusted.values()) == pytest.approx(holm(raw).tolist())


def test_the_table_holds_every_size_with_its_interval(samples):
    table = advice_table(made_up(samples, {"xanes": 0.95, "pdf": 0.60, **BASE}))
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 4 * 2 * len(SIZES)  # flat curves are not carried on
    assert (table["low"] <= table["mean"]).all()
    assert (table["mean"] <= table["high"]).all()
    assert table["high"].max() <= 1.0


def test_extrapolated_scores_of_a_known_law_hold_the_truth(samples):
    law = (0.02, 0.10, 0.5)
    table = advice_table(made_up(samples, {"xanes": None, **BASE}, noise=0.003, law=law))
    ahead = table.query("inputs == 'xanes' and metric == 'f1_weighted' and extrapolated")
    assert ahead["size"].tolist() == [2.0, 4.0]
    assert ahead["n_train"].tolist() == [400.0, 800.0]
    truth = 1.0 - law_at(np.array(law), ahead["size"].to_numpy())
    assert ((ahead["low"] <= truth) & (truth <= ahead["high"])).all()
    assert (ahead["high"] - ahead["low"]).max() < 0.1
