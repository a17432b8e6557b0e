import numpy as np
import pytest

from firstshell.match.posterior import LEVELS, none_ratio, posterior

RIGHT = np.array([0.02, 0.03, 0.04, 0.05])
WRONG = np.array([np.interp(LEVELS, [0, 1], [0.05 + k / 100, 0.3]) for k in range(5)])


def test_probabilities_add_to_one_and_follow_the_evidence():
    shares, none = posterior({"xanes": np.array([0.0, -1.0]), "pdf": np.array([0.0, -2.0])}, {}, 0.1)
    assert shares.sum() + none == pytest.approx(1.0)
    assert shares[0] / shares[1] == pytest.approx(np.exp(3.0))
    assert none == pytest.approx(0.1)


def test_a_far_leader_speaks_for_none():
    near, far = (none_ratio(distance, 5, RIGHT, WRONG) for distance in (0.03, 0.2))
    assert near < 0 < far
    assert posterior({"pdf": np.zeros(2)}, {"pdf": far})[1] > 0.1 > posterior({"pdf": np.zeros(2)}, {"pdf": near})[1]


def test_the_more_candidates_the_less_a_distance_says():
    few, many = (none_ratio(0.2, count, RIGHT, WRONG) for count in (2, 100))
    assert few < many  # 0.2 is odd for the nearest of a hundred, even if all are wrong


def test_no_information_where_wrong_structures_are_as_near_as_right_ones():
    assert none_ratio(0.5, 1000, RIGHT, WRONG - 0.04) == 0.0
