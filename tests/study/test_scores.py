import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, r2_score, root_mean_squared_error

from firstshell.study.scores import class_scores, length_scores, main_scores, score
from firstshell.types import Target

OXIDATION, LENGTH = Target.OXIDATION_STATE, Target.BOND_LENGTH


def test_class_scores_by_hand():
    true, predicted = np.array([1, 1, 2, 2, 2]), np.array([1, 2, 2, 2, 1])
    scores = class_scores(true, predicted)
    assert scores["f1_1"] == pytest.approx(0.5)
    assert scores["f1_2"] == pytest.approx(2 / 3)
    assert scores["f1_weighted"] == pytest.approx((2 * 0.5 + 3 * 2 / 3) / 5)
    assert scores["balanced_accuracy"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scores["accuracy"] == pytest.approx(0.6)


@pytest.mark.parametrize("predicted", [[4, 4, 4], [5, 6, 6], [4, 5, 6]])
def test_one_true_class_neither_warns_nor_fails(predicted):
    scores = class_scores(np.array([4, 4, 4]), np.array(predicted))
    assert set(scores) == {"f1_weighted", "balanced_accuracy", "accuracy", "f1_4"}
    assert all(0 <= value <= 1 for value in scores.values())


labels = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=2, max_size=40)


@given(labels)
@settings(deadline=None, max_examples=50)
def test_scores_agree_with_scikit_learn(drawn):
    true, predicted = (np.array(column) for column in zip(*drawn, strict=True))
    scores = class_scores(true, predicted)
    f1 = f1_score(true, predicted, average="weighted", zero_division=0.0)
    assert scores["f1_weighted"] == pytest.approx(f1)
    assert main_scores(OXIDATION, true, predicted[None], np.nan)[0] == pytest.approx(f1)
    if set(predicted) <= set(true) and len(set(true)) > 1:
        assert scores["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(true, predicted))


def test_length_scores_by_hand_and_by_scikit_learn():
    true, predicted = np.array([1.9, 2.0, 2.1]), np.array([1.95, 2.0, 2.0])
    scores = length_scores(true, predicted, mean=2.0)
    assert scores["rmse"] == pytest.approx(root_mean_squared_error(true, predicted))
    assert scores["rmse_percent"] == pytest.approx(50 * scores["rmse"])
    assert scores["mae"] == pytest.approx(0.05)
    assert scores["r2"] == pytest.approx(r2_score(true, predicted))
    assert main_scores(LENGTH, true, predicted[None], 2.0)[0] == pytest.approx(scores["rmse_percent"])


def test_r2_of_equal_lengths_is_nan_without_a_warning():
    assert np.isnan(score(LENGTH, np.array([2.0]), np.array([2.1]), 2.0)["r2"])
