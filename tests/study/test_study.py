from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from firstshell.errors import InputError
from firstshell.runtime.store import Store
from firstshell.study import tasks, trainer
from firstshell.study.compare import holm
from firstshell.study.features import source_matrices
from firstshell.study.plan import ForestParams, StudyPlan
from firstshell.study.result import Study
from firstshell.study.samples import choose_samples, held_out
from firstshell.study.study import run_study
from firstshell.study.tasks import Task, search, train_and_score
from firstshell.study.trainer import Shared
from firstshell.types import Target
from synthetic import GRIDS, synthetic_dataset

SMALL = StudyPlan(repeats=3, forest=ForestParams(trees=(15,)), windows=4, permutations=2)
TABLES = (
    *("scores", "predictions", "impurity", "permutation", "comparisons", "ranking"),
    *("findings", "natural", "origins", "reference", "checks"),
)


def same(one, other):
    for name in TABLES:
        a, b = getattr(one, name), getattr(other, name)
        # A table without rows has no types to compare.
        pd.testing.assert_frame_equal(a, b, check_exact=True, check_dtype=len(a) > 0)


@pytest.fixture(scope="module")
def data():
    return synthetic_dataset(60)


@pytest.fixture(scope="module")
def study(data):
    return run_study(data, SMALL, workers=0, backend="sklearn")


@pytest.mark.slow
def test_tables_are_complete(study):
    assert len(study.scores.query("metric == 'f1_weighted'")) == 2 * 7 * 2 * 3
    assert set(study.scores["learner"]) == {"extra-trees", "dummy"}
    assert set(study.scores.query("inputs == 'modal'")["learner"]) == {"dummy"}
    first = study.provenance["counts"]["Cu"]["bond_length"]["first"]
    points = {name: int((GRIDS[name].values >= first[name]).sum()) for name in GRIDS}
    assert points["xanes"] == 100
    assert points["dpdf"] < points["pdf"] < 100  # PDFs begin where the first pair can be
    xanes, pdf, dpdf = points.values()
    assert len(study.impurity) == 3 * 2 * (xanes + pdf + dpdf + (xanes + pdf) + (xanes + dpdf))
    assert len(study.permutation) == 3 * (5 + 5 + 5 + 10 + 10)  # of the grouped splits
    assert len(study.ranking) == 3 * 2 * 5
    assert len(study.reference) == 3 * 3
    assert len(study.comparisons) == 3 * 2 * 9
    assert len(study.findings) == 2 * (3 * (1 + 1 + 2) + 1) + 3 * 2  # permutation: grouped splits only
    assert study.origins.empty  # nothing here is natural or derived
    assert study.impurity.groupby(["target", "inputs", "split"])["mean"].sum().to_numpy() == pytest.approx(1.0)


@pytest.mark.slow
def test_the_known_signals_are_found(study):
    mean = study.frame().query("split == 'grouped'").set_index(["target", "inputs", "metric"])["mean"]
    assert mean["oxidation_state", "xanes", "f1_weighted"] > 0.85
    assert mean["oxidation_state", "xanes", "f1_weighted"] > mean["oxidation_state", "modal", "f1_weighted"] + 0.2
    assert mean["bond_length", "dpdf", "rmse_percent"] < 0.5 * mean["bond_length", "modal", "rmse_percent"]
    edge = study.impurity.query("target == 'oxidation_state' and inputs == 'xanes'").groupby("position")["mean"].mean()
    assert 10 < edge.idxmax() < 16  # the made-up edges stand at 12 and 14 eV
    whole = study.permutation.query("target == 'oxidation_state' and inputs == 'xanes+pdf' and low.isna()")
    blocks = whole.groupby("modality")["mean"].mean()
    assert blocks["xanes"] > 0.2 > blocks["pdf"]


@pytest.mark.slow
def test_predictions_give_the_scores(study):
    keys = ["target", "inputs", "split", "repeat"]
    right = study.predictions.assign(right=lambda f: f["true"] == f["predicted"]).groupby(keys)["right"].mean()
    scores = study.scores.query("metric == 'accuracy'").set_index(keys)["value"]
    assert np.allclose(right.loc[scores.index], scores)
    lengths = study.predictions.query("target == 'bond_length'")
    rmse = lengths.assign(e=lambda f: (f["true"] - f["predicted"]) ** 2).groupby(keys)["e"].mean() ** 0.5
    values = study.scores.query("metric == 'rmse'").set_index(keys)["value"]
    assert np.allclose(rmse.loc[values.index], values)


@pytest.mark.slow
def test_every_input_is_scored_on_the_same_samples(study):
    held = study.predictions.groupby(["target", "split", "repeat", "inputs"])["id"].agg(tuple)
    assert held.groupby(["target", "split", "repeat"]).nunique().eq(1).all()
    assert held.xs("xanes", level="inputs").nunique() > 1


@pytest.mark.slow
def test_workers_change_nothing(data, study):
    same(run_study(data, SMALL, workers=2, backend="sklearn"), study)


@pytest.mark.slow
def test_intelex_repeats_to_the_bit_and_agrees(data, study):
    pytest.importorskip("sklearnex")
    plan = replace(SMALL, targets=("oxidation_state",), splits=("grouped",))
    one, two = (run_study(data, plan, workers=workers, backend="intelex") for workers in (0, 2))
    same(one, two)
    assert set(one.scores["learner"]) == {"forest-intelex", "dummy"}
    query = "inputs == 'xanes' and metric == 'f1_weighted' and split == 'grouped' and target == 'oxidation_state'"
    assert one.scores.query(query)["value"].mean() == pytest.approx(study.scores.query(query)["value"].mean(), abs=0.15)


@pytest.mark.slow
def test_a_stopped_study_goes_on(data, study, tmp_path, monkeypatch):
    same(run_study(data, SMALL, out=tmp_path, workers=0, backend="sklearn"), study)
    with Store.open(tmp_path / "store") as store:
        keys = sorted(store.keys())
        store.delete(keys[::2])
    trained = []
    monkeypatch.setattr("firstshell.study.study.train_and_score", counted(trained))
    same(run_study(data, SMALL, out=tmp_path, workers=0, backend="sklearn"), study)
    assert len(trained) == len(keys[::2])
    larger = replace(SMALL, repeats=4, targets=("bond_length",))
    run_study(data, larger, out=tmp_path, workers=0, backend="sklearn")
    assert len(trained) == len(keys[::2]) + 7 + 3  # the fourth grouped repeat only, and its random forests
    run_study(data, replace(larger, seed=1), out=tmp_path, workers=0, backend="sklearn")
    assert len(trained) == len(keys[::2]) + 10 + (7 + 3) * 4 + 7 * 3


def counted(trained):
    def run(shared, task):
        trained.append(task)
        return train_and_score(shared, task)

    run.__name__ = train_and_score.__name__
    return run


@pytest.mark.slow
def test_a_study_survives_its_folder(study, tmp_path):
    study.save(tmp_path)
    read = Study.load(tmp_path)
    same(read, study)
    assert (read.settings, read.provenance) == (study.settings, study.provenance)
    (tmp_path / "tables" / "checks.csv").unlink()
    with pytest.raises(InputError, match="not a finished study"):
        Study.load(tmp_path)
    (tmp_path / "study.json").write_text('{"protocol": 99}')
    with pytest.raises(InputError, match="a study of protocol 99"):
        Study.load(tmp_path)
    (tmp_path / "study.json").write_text("[")
    with pytest.raises(InputError, match="not a finished study"):
        Study.load(tmp_path)


@pytest.mark.slow
def test_the_ranking_names_a_best_input_only_where_it_is_shown(study):
    for _, rows in study.ranking.groupby(["target", "split"]):
        (first,) = rows[rows["place"].isin(["best", "leading"])].to_dict("records")
        others = rows[rows["inputs"] != first["inputs"]]
        assert (others["best_difference"] >= 0).all()
        assert (first["place"] == "best") == (others["best_verdict"] == "helps").all()
        assert ((others["place"] == "behind") == (others["best_verdict"] == "helps")).all()


@pytest.mark.slow
def test_pvalues_are_adjusted_within_a_kind_of_split(study):
    for _, rows in study.comparisons.groupby("split"):
        assert rows["p_holm"].to_numpy() == pytest.approx(holm(rows["p_value"].to_numpy()))
        assert (rows["p_holm"] >= rows["p_value"]).all()


@pytest.mark.slow
def test_the_papers_random_forest_stands_on_the_same_splits(data, study):
    plan = replace(SMALL, forest=ForestParams((100,), (20,), kind="random"), splits=("grouped",), inputs=("xanes",))
    plain = run_study(data, replace(plan, targets=("bond_length",)), workers=0).frame()
    expected = plain.query("inputs == 'xanes' and metric == 'rmse_percent'")["mean"].item()
    row = study.reference.query("target == 'bond_length' and inputs == 'xanes'").iloc[0]
    assert row["random_forest"] == pytest.approx(expected)
    assert row["difference"] == pytest.approx(row["random_forest"] - row["score"])


def test_the_paper_takes_pdfs_from_zero(data):
    plan = replace(SMALL, r_from="zero", inputs=("pdf",), targets=("bond_length",), splits=("grouped",), permutations=0)
    assert run_study(data, plan, workers=0).impurity["position"].min() == 0.0
    cut = run_study(data, replace(plan, r_from="first_pair"), workers=0).impurity["position"].min()
    assert 1.0 < cut <= 1.3


@pytest.mark.slow
def test_provenance_counts(data, study):
    counts = study.provenance["counts"]["Cu"]["coordination_number"]
    assert counts["samples"] == sum(counts["classes"].values()) == 60
    assert study.provenance["dataset_hash"] == data.hash
    assert study.provenance["versions"]["scikit-learn"]


def shared_of(data, plan):
    samples = {("Cu", t): choose_samples(data, plan, "Cu", Target(t)) for t in plan.targets}
    return Shared(plan, samples, source_matrices(data, plan), data.grids, "sklearn")


@pytest.mark.parametrize("target", ["coordination_number", "bond_length"])
def test_nothing_of_the_held_out_side_reaches_the_fit(data, target, monkeypatch):
    plan = replace(SMALL, targets=(target,), splits=("grouped",), forest=ForestParams((5, 10), (5, 10), folds=3))
    task = Task("Cu", target, "xanes+pdf", "grouped", 1, 10, 5)
    honest = shared_of(data, plan)
    samples = honest.samples["Cu", target]
    held = held_out(samples, plan, "grouped", 1)
    rng = np.random.default_rng(0)
    rows = samples.rows[held]
    spoiled = {name: values.copy() for name, values in honest.matrices.items()}
    for name in data.spectra:
        spoiled[name][rows] = rng.normal(size=spoiled[name][rows].shape)
    labels = samples.labels.copy()
    labels[held] = rng.permutation(labels[held])
    other = replace(honest, matrices=spoiled, samples={("Cu", target): replace(samples, labels=labels)})
    monkeypatch.setattr(tasks, "held_out", lambda *_: held)  # the same split, whatever the labels
    fits, real = [], trainer.fit_forest

    def kept(*arguments, **settings):
        fits.append(real(*arguments, **settings))
        return fits[-1]

    monkeypatch.setattr(trainer, "fit_forest", kept)
    one, two = train_and_score(honest, task), train_and_score(other, task)
    points = np.random.default_rng(1).normal(size=(200, 200))
    assert np.array_equal(fits[0].predict(points), fits[1].predict(points))
    assert not np.array_equal(one.arrays["predicted"], two.arrays["predicted"])
    if target == "coordination_number":  # bond-length folds are cut at quantiles of all lengths
        assert search(honest, task) == search(other, task)


def test_grid_search_chooses_and_is_done_once_for_all_seeds(data, tmp_path):
    plan = StudyPlan.preset(
        "paper",
        repeats=3,
        targets=("oxidation_state",),
        inputs=("xanes",),
        forest=ForestParams((2, 30), (1, 10), folds=3, kind="random"),
    )
    study = run_study(data, plan, out=tmp_path, workers=0, backend="sklearn")
    assert set(study.scores.query("inputs == 'xanes'")["learner"]) == {"random-forest-searched"}
    assert study.permutation.empty
    assert study.comparisons["p_value"].isna().all()
    assert set(study.checks.query("code == 'FS105'")["severity"]) == {"warning"}
    held = study.predictions.query("inputs == 'xanes'").groupby("repeat")["id"].agg(tuple)
    assert held.nunique() == 1
    with Store.open(tmp_path / "store") as store:
        chosen = [r.meta for r in map(store.get, store.keys()) if "trees" in r.meta]
    assert len(chosen) == 2  # XANES and composition
    assert all((c["trees"], c["max_features"]) != (2, 1) for c in chosen)


def test_a_target_of_one_class_is_left_out_beside_others(data):
    frame = data.frame.assign(oxidation_state=pd.array([2] * 60, dtype="Int64"))
    plan = replace(SMALL, inputs=("xanes",), splits=("grouped",))
    one_class = replace(data, frame=frame)
    study = run_study(one_class, plan, workers=0, backend="sklearn")
    assert set(study.scores["target"]) == {"coordination_number", "bond_length"}
    (check,) = study.checks.query("code == 'FS106'").itertuples()
    assert (check.severity, check.target) == ("error", "oxidation_state")
    assert "all 60 samples are of one class (2)" in check.facts
    with pytest.raises(InputError, match="all 60 samples are of one class"):
        run_study(one_class, replace(plan, targets=("oxidation_state",)), workers=0)


def test_what_cannot_be_studied_is_refused(data):
    with pytest.raises(InputError, match="no samples of 'Xx'"):
        run_study(data, StudyPlan(metals=("Xx",)), workers=0)
    with pytest.raises(InputError, match="9 samples in 3 groups are too few for 10 splits"):
        run_study(synthetic_dataset(9), StudyPlan(min_class=2), workers=0)
    with pytest.raises(InputError, match="no forest backend"):
        run_study(data, SMALL, backend="gpu")


@pytest.mark.slow
def test_several_metals_stand_in_one_study():
    data = synthetic_dataset(60, metals=("Cu", "Fe"))
    plan = replace(SMALL, inputs=("xanes",), splits=("grouped",), targets=("coordination_number",), permutations=0)
    both = run_study(data, plan, workers=0, backend="sklearn")
    assert both.scores["metal"].unique().tolist() == ["Cu", "Fe"]
    one = run_study(data, replace(plan, metals=("Fe",)), workers=0, backend="sklearn")
    pd.testing.assert_frame_equal(both.scores.query("metal == 'Fe'").reset_index(drop=True), one.scores)
