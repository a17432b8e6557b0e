"""A dataset of one's own with another that trains beside it: tested on the own one only, and never on its relatives."""

from dataclasses import replace

import numpy as np
import pytest

from firstshell.dataset.joint import OWN, joined
from firstshell.errors import InputError
from firstshell.study.plan import ForestParams, StudyPlan
from firstshell.study.samples import choose_samples, held_out, trained_on
from firstshell.study.study import run_study
from firstshell.types import Grid, Target
from synthetic import synthetic_dataset

PLAN = StudyPlan(
    repeats=3, inputs=("xanes",), targets=("coordination_number",), forest=ForestParams((15,)), permutations=0,
    reference=(), random_repeats=2,
)  # fmt: skip


def renamed(data, prefix):
    return replace(data, frame=data.frame.assign(id=prefix + data.frame["id"]))


@pytest.fixture(scope="module")
def own():
    return renamed(synthetic_dataset(36), "mine ")


@pytest.fixture(scope="module")
def both(own):
    return joined(own, synthetic_dataset(90, ("Cu", "Fe"), seed=1))


def test_own_samples_stand_first_and_only_their_metals_are_added(own, both):
    assert len(both.frame) == 36 + 90  # iron is of no use to a study of copper
    assert both.frame[OWN].tolist() == [True] * 36 + [False] * 90
    assert set(both.frame["metal"]) == {"Cu"}
    for name, values in own.spectra.items():
        assert np.array_equal(both.spectra[name][:36], values)
    assert both.hash != own.hash


def test_a_material_that_both_hold_is_the_own_one(own):
    twice = joined(own, renamed(synthetic_dataset(60), "mine "))
    assert len(twice.frame) == 60
    assert not twice.frame.duplicated(["id", "metal"]).any()
    with pytest.raises(InputError, match="adds nothing"):
        joined(own, own)


def test_other_grids_are_refused(own):
    other = synthetic_dataset(30)
    grids = other.grids | {"pdf": Grid(np.arange(100) * 0.2, "r", "Å")}
    with pytest.raises(InputError, match="the grids of pdf differ"):
        joined(own, replace(other, grids=grids))


@pytest.mark.parametrize("split", ["grouped", "random"])
def test_only_own_samples_are_held_out_and_their_relatives_train_nowhere(own, both, split):
    samples = choose_samples(both, PLAN, "Cu", Target.COORDINATION_NUMBER)
    alone = choose_samples(own, PLAN, "Cu", Target.COORDINATION_NUMBER)
    for repeat in range(3):
        held = held_out(samples, PLAN, split, repeat)
        assert held.sum() == held_out(alone, PLAN, split, repeat).sum()
        assert samples.own[held].all()
        trained = trained_on(samples, held, split)
        assert not (trained & held).any()
        assert trained[~samples.own].any()
        if split == "grouped":
            assert not set(samples.groups[trained]) & set(samples.groups[held])


def test_a_study_of_both_is_tested_on_the_own_data_and_says_what_the_other_is_worth(own, both):
    study = run_study(both, PLAN, workers=0)
    assert study.predictions["id"].str.startswith("mine ").all()
    counts = study.provenance["counts"]["Cu"]["coordination_number"]
    assert (counts["samples"], counts["added"]) == (36, 90)
    (row,) = study.origins.query("alone == 'own'").to_dict("records")
    assert row["alone_train"] < row["alone_train"] + row["added_train"] <= 36 + 90
    assert row["all_score"] > row["alone_score"]  # three times as many samples of the same kind
    plain = run_study(own, replace(PLAN, splits=("grouped",)), workers=0).frame()
    score = plain.query("inputs == 'xanes' and metric == 'f1_weighted'")["mean"].item()
    assert row["alone_score"] == pytest.approx(score, abs=0.15)
