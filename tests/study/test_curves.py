"""Learning curves: nested parts of the training side, nothing of the held-out one, and the study at its end."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from firstshell.dataset.paths import Paths, SitePaths, write_paths
from firstshell.errors import InputError
from firstshell.study import trainer as module
from firstshell.study.curves import check_sizes, part_of, run_curves
from firstshell.study.plan import ForestParams, StudyPlan
from firstshell.study.samples import choose_samples, held_out
from firstshell.study.splits import seeded
from firstshell.study.study import run_study
from firstshell.types import Target
from synthetic import synthetic_dataset
from two_shells import sites

SIZES = (0.1, 0.3, 1.0)
PLAN = StudyPlan(
    targets=("oxidation_state", "bond_length"), inputs=("xanes", "pdf"), repeats=3,
    forest=ForestParams((8,), kind="random"),
    permutations=0,
)  # fmt: skip
HOW = {"workers": 0, "backend": "sklearn"}


@pytest.fixture(scope="module")
def data():
    return synthetic_dataset(90, derived=True)


@pytest.fixture(scope="module")
def curves(data):
    return run_curves(data, "Cu", PLAN, sizes=SIZES, **HOW)


@pytest.mark.parametrize("target", PLAN.targets)
@pytest.mark.parametrize("repeat", range(3))
def test_parts_are_nested_whole_groups_of_the_training_side(data, target, repeat):
    samples = choose_samples(data, PLAN, "Cu", Target(target))
    held = held_out(samples, PLAN, "grouped", repeat)
    parts = [part_of(samples, held, size, seeded("part", repeat)) for size in SIZES]
    assert parts[0].any()
    for smaller, larger in pairwise(parts):
        assert smaller.sum() < larger.sum()
        assert not (smaller & ~larger).any()
    assert np.array_equal(parts[-1], ~held)
    for part in parts:
        assert not (part & held).any()
        # No group is taken apart, so that none stands on both sides either.
        assert not set(samples.groups[part]) & set(samples.groups[~part])
        if samples.target.is_class:
            assert set(samples.labels[part]) == set(samples.labels[~held])


def test_what_is_held_out_is_the_same_at_every_size(curves):
    rows = curves.scores.groupby(["target", "repeat"])
    assert (rows["n_test"].nunique() == 1).all()
    trained = curves.scores.groupby(["target", "repeat", "size"])["n_train"]
    assert (trained.nunique() == 1).all()  # whatever the input
    for target in PLAN.targets:
        assert (np.diff(curves.numbers(target)) > 0).all()


def test_the_forest_never_sees_what_is_held_out(data, monkeypatch):
    seen = []
    real = module.fit_forest
    monkeypatch.setattr(module, "fit_forest", lambda x, y, **how: seen.append(x) or real(x, y, **how))
    run_curves(data, "Cu", replace(PLAN, targets=("bond_length",), inputs=("xanes",), repeats=2), sizes=SIZES, **HOW)
    samples = choose_samples(data, PLAN, "Cu", Target.BOND_LENGTH)
    spectra = data.spectra["xanes"][samples.rows]
    fitted = [x for x in seen if x.shape[1] == spectra.shape[1]]
    assert len(fitted) == 2 * len(SIZES)
    tests = [{row.tobytes() for row in spectra[held_out(samples, PLAN, "grouped", repeat)]} for repeat in range(2)]
    for i, x in enumerate(fitted):
        rows = {row.tobytes() for row in np.ascontiguousarray(x)}
        assert len(rows) == len(x)
        assert not rows & tests[i % 2]


def test_the_whole_training_side_gives_the_scores_of_the_study(data, curves):
    study = run_study(data, replace(PLAN, splits=("grouped",), origins=()), **HOW).scores
    for target, metric in (("oxidation_state", "f1_weighted"), ("bond_length", "rmse_percent")):
        for inputs in (*PLAN.inputs, "composition", "modal"):
            rows = study.query("target == @target and inputs == @inputs and metric == @metric")
            assert curves.values(target, inputs, metric)[:, -1].tolist() == rows["value"].tolist()


def test_more_materials_help_where_there_is_something_to_learn(curves):
    errors = curves.curve("oxidation_state", "xanes", "f1_weighted").errors.mean(axis=0)
    assert errors[-1] < 0.5 * errors[0]


def test_a_second_run_trains_nothing_and_more_sizes_only_those(data, curves, tmp_path, monkeypatch):
    small = replace(PLAN, targets=("bond_length",), inputs=("xanes",), repeats=3)
    first = run_curves(data, "Cu", small, sizes=SIZES, out=tmp_path, **HOW)
    calls = []
    real = module.modal_prediction
    monkeypatch.setattr(module, "modal_prediction", lambda labels, n: calls.append(n) or real(labels, n))
    again = run_curves(data, "Cu", small, sizes=SIZES, out=tmp_path, **HOW)
    assert calls == []
    assert again.scores.equals(first.scores)
    run_curves(data, "Cu", small, sizes=(*SIZES, 0.6), out=tmp_path, **HOW)
    assert len(calls) == small.repeats


def test_a_target_that_cannot_be_studied_is_named(data):
    one = data.take(np.flatnonzero(data.frame["oxidation_state"] == 2))
    found = run_curves(one, "Cu", replace(PLAN, repeats=2), sizes=(1.0,), **HOW)
    assert list(found.samples) == ["bond_length"]
    assert "one class" in found.left_out["oxidation_state"]


def test_sizes_come_in_order_and_end_with_the_whole():
    assert check_sizes([0.5, 0.1, 0.5]) == (0.1, 0.5, 1.0)
    for size in (0.0, 1.5, -1.0, float("nan")):
        with pytest.raises(InputError, match="out of range"):
            check_sizes([size])


@pytest.mark.parametrize(
    ("metal", "change", "message"),
    [
        ("Xx", {}, "no samples of 'Xx'"),
        ("Cu", {"splits": ("random",)}, "grouped splits"),
        ("Cu", {"repeat_over": "seeds"}, "grouped splits"),
        ("Cu", {"forest": ForestParams((5, 10))}, "one forest"),
        ("Cu", {"inputs": ("xanes", "exafs")}, "exafs"),
    ],
)
def test_plans_that_advice_cannot_be_made_on(data, metal, change, message):
    with pytest.raises(InputError, match=message):
        run_curves(data, metal, replace(PLAN, **change), **HOW)


def test_exafs_is_made_of_the_scattering_paths_of_the_data(data, tmp_path):
    own = data.frame[data.frame["level"] == "material"]
    tables = {
        (name, "Cu", 0): SitePaths(int(amount), sites(length, 3.1)[0].table)
        for name, amount, length in zip(own["id"], own["multiplicity"], own["bond_length"], strict=True)
        if np.isfinite(length)
    }
    write_paths(tables, tmp_path / "x-paths.parquet")
    plan = replace(PLAN, inputs=("exafs",), targets=("bond_length",), repeats=2)
    found = run_curves(replace(data, paths=Paths(tmp_path / "x-paths.parquet")), "Cu", plan, sizes=(1.0,), **HOW)
    mean = found.scores.query("metric == 'rmse_percent'").groupby("inputs")["value"].mean()
    assert mean["exafs"] < 0.5 * mean["modal"]
