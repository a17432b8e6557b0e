from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from firstshell.study.origins import check_origins, objection
from firstshell.study.plan import ForestParams, StudyPlan
from firstshell.study.samples import choose_samples, held_out
from firstshell.study.study import run_study
from firstshell.study.tasks import NATURAL, Task, sides
from firstshell.types import Target
from synthetic import synthetic_dataset

PLAN = StudyPlan(
    repeats=3, inputs=("xanes", "pdf"), forest=ForestParams((15,)), permutations=0, targets=("coordination_number",)
)


@pytest.fixture(scope="module")
def data():
    return synthetic_dataset(120, derived=True)


@pytest.fixture(scope="module")
def study(data):
    return run_study(data, PLAN, workers=0, backend="sklearn")


def samples_of(data, plan=PLAN):
    return choose_samples(data, plan, "Cu", Target.COORDINATION_NUMBER)


def test_sides_hold_natural_samples_of_the_studys_own_split(data):
    samples = samples_of(data)
    held = held_out(samples, PLAN, "grouped", 1)
    train, test = sides(samples, PLAN, Task("Cu", "coordination_number", "xanes", "grouped", 1, alone=NATURAL))
    assert set(samples.origins[train]) == set(samples.origins[test]) == {NATURAL}
    assert held[test].all()
    assert not held[train].any()
    whole, _ = sides(samples, PLAN, Task("Cu", "coordination_number", "xanes", "grouped", 1))
    assert not set(samples.groups[test]) & set(samples.groups[whole])


@pytest.mark.slow
def test_the_larger_set_is_scored_on_the_same_natural_samples(data, study):
    (row,) = study.origins.itertuples()  # of the plan's inputs only XANES is asked about
    assert (row.inputs, row.split, row.repeats) == ("xanes", "grouped", 3)
    natural = set(data.frame.loc[data.frame["origin"] == NATURAL, "id"])
    held = study.predictions.query("inputs == 'xanes' and split == 'grouped'")
    held = held[held["id"].isin(natural)]
    assert row.tested == pytest.approx(len(held) / 3)
    assert row.added_train == pytest.approx(2 * row.alone_train)  # two derived ones to each natural
    assert row.difference == pytest.approx(row.all_score - row.alone_score)
    assert row.low < row.difference < row.high
    assert (row.alone, row.added) == ("natural", "derived")
    right = (held["true"] == held["predicted"]).groupby(held["repeat"]).mean().mean()
    assert row.all_score == pytest.approx(right, abs=0.1)


@pytest.mark.slow
def test_trainings_on_natural_samples_leave_the_other_tables_alone(data, study):
    without = run_study(data, replace(PLAN, origins=()), workers=0, backend="sklearn")
    assert without.origins.empty
    for name in ("scores", "predictions", "impurity", "comparisons", "ranking", "findings", "natural", "checks"):
        pd.testing.assert_frame_equal(getattr(without, name), getattr(study, name), check_exact=True)


@pytest.mark.slow
def test_derived_samples_of_wrong_labels_do_not_help(data):
    """Derived ones that carry another number's spectrum harm: the test can come out against them."""
    derived = (data.frame["origin"] == "derived").to_numpy()
    numbers = data.frame["coordination_number"].to_numpy(int)
    numbers[derived] = 4 + (numbers[derived] - 3) % 3
    spoiled = replace(data, frame=data.frame.assign(coordination_number=pd.array(numbers, dtype="Int64")))
    row = run_study(spoiled, replace(PLAN, repeats=8), workers=0, backend="sklearn").origins.iloc[0]
    assert row["difference"] < -0.2
    assert row["verdict"] == "hurts"


def test_too_few_samples_and_other_splits_are_said(data):
    assert objection(samples_of(data), PLAN, NATURAL) == ""
    random = replace(PLAN, splits=("random",))
    assert objection(samples_of(data, random), random, NATURAL) == "the splits are not grouped"
    few = data.take(np.flatnonzero((data.frame["origin"] == "derived") | (data.frame.index < 24)))
    assert objection(samples_of(few), PLAN, NATURAL) == "8 natural and 80 other samples"
    (check,) = check_origins(samples_of(few), PLAN)
    assert (check.code, check.severity) == ("FS108", "note")
    given = synthetic_dataset(60)
    assert not list(check_origins(samples_of(given), PLAN))


@pytest.mark.slow
def test_seeds_on_one_split_allow_no_test(data):
    plan = replace(PLAN, repeat_over="seeds", splits=("grouped",))
    row = run_study(data, plan, workers=0, backend="sklearn").origins.iloc[0]
    assert row["verdict"] == "undecided"
    assert np.isnan(row["p_value"])


@pytest.mark.slow
def test_scores_on_natural_samples_stand_beside_those_on_all(data, study):
    row = study.natural.query("inputs == 'xanes' and split == 'grouped'").iloc[0]
    mean = study.frame().query("inputs == 'xanes' and split == 'grouped' and metric == 'f1_weighted'")["mean"].item()
    assert row["all"] == pytest.approx(mean)
    assert row["natural"] == pytest.approx(study.origins["all_score"].item())
    assert row["tested"] == pytest.approx(study.origins["tested"].item())
    assert run_study(synthetic_dataset(60), replace(PLAN, origins=()), workers=0).natural.empty  # all of one origin
