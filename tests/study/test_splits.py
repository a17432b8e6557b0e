import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstshell.study.splits import fold_of, hold_out, quantile_strata, seeded

samples = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 2)), min_size=8, max_size=150)


def codes(values):
    return np.unique(values, return_inverse=True)[1]


@pytest.mark.slow
@given(samples, st.integers(0, 1000), st.sampled_from([0.1, 0.25, 0.5]))
@settings(deadline=None, max_examples=200)
def test_whole_groups_are_held_out_and_every_class_stays_in_training(drawn, seed, fraction):
    groups, strata = (codes(column) for column in zip(*drawn, strict=True))
    held = hold_out(groups, strata, fraction, np.random.default_rng(seed))
    assert not set(groups[held]) & set(groups[~held])
    assert set(strata) == set(strata[~held])


@pytest.mark.slow
@given(st.lists(st.integers(0, 3), min_size=20, max_size=200), st.integers(0, 1000))
@settings(deadline=None, max_examples=100)
def test_single_samples_are_stratified_to_the_nearest_one(labels, seed):
    strata = codes(labels)
    held = hold_out(np.arange(len(strata)), strata, 0.25, np.random.default_rng(seed))
    for stratum in range(strata.max() + 1):
        total = np.sum(strata == stratum)
        wanted = min(np.floor(0.25 * total + 0.5), total - 1)
        assert abs(np.sum(held & (strata == stratum)) - wanted) <= (0.25 * total % 1 == 0.5)


def test_grouped_splits_hold_out_a_quarter_of_each_class():
    rng = np.random.default_rng(1)
    groups, strata = codes(rng.integers(0, 200, 600)), rng.choice(3, 600, p=[0.1, 0.3, 0.6])
    for seed in range(20):
        held = hold_out(groups, strata, 0.25, np.random.default_rng(seed))
        assert held.mean() == pytest.approx(0.25, abs=0.01)
        for stratum in range(3):
            assert held[strata == stratum].mean() == pytest.approx(0.25, abs=0.03)


def test_every_group_is_held_out_about_equally_often():
    rng = np.random.default_rng(2)
    groups, strata = codes(rng.integers(0, 60, 240)), rng.integers(0, 2, 240)
    often = np.mean([hold_out(groups, strata, 0.25, np.random.default_rng(s)) for s in range(400)], axis=0)
    assert often.min() > 0.1
    assert often.max() < 0.4


def test_quantile_strata_are_equally_filled_and_ordered():
    values = np.random.default_rng(3).normal(size=103)
    strata = quantile_strata(values)
    assert set(np.bincount(strata)) == {10, 11}
    assert all(values[strata == k].max() <= values[strata == k + 1].min() for k in range(9))
    assert quantile_strata(np.ones(5)).tolist() == [0] * 5


@given(samples, st.integers(0, 100))
@settings(deadline=None, max_examples=50)
def test_folds_keep_groups_together(drawn, seed):
    groups, strata = (codes(column) for column in zip(*drawn, strict=True))
    fold = fold_of(groups, strata, 5, np.random.default_rng(seed))
    assert all(len(set(fold[groups == group])) == 1 for group in set(groups))
    assert len(set(fold)) == min(5, len(set(groups)))


def test_folds_of_single_samples_are_stratified():
    strata = np.repeat([0, 1, 2], [50, 25, 10])
    fold = fold_of(np.arange(85), strata, 5, np.random.default_rng(0))
    for stratum, share in ((0, 10), (1, 5), (2, 2)):
        assert np.bincount(fold[strata == stratum]).tolist() == [share] * 5


def test_seeded_depends_on_its_parts_only():
    assert seeded("split", 0, "Cu").random() == seeded("split", 0, "Cu").random()
    assert seeded("split", 0, "Cu").random() != seeded("split", 1, "Cu").random()
