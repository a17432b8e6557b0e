import numpy as np
import pytest
from scipy.integrate import quad

from firstshell.study.compare import (
    corrected_test,
    improvement_of,
    questions,
    sentence,
    untested,
)
from firstshell.types import Metric, Target

# Five improvements, 3 training samples to each held-out one: mean 0.02, s² = 0.00025.
DIFFERENCES = np.array([0.02, 0.04, 0.00, 0.03, 0.01])


def student_tail(t, df):
    """P(T > t) by integrating Student's density, without the function under test's own library call."""
    from math import gamma, pi, sqrt

    scale = gamma((df + 1) / 2) / (sqrt(df * pi) * gamma(df / 2))
    return quad(lambda x: scale * (1 + x * x / df) ** (-(df + 1) / 2), t, np.inf)[0]


def test_corrected_test_by_hand():
    answer = corrected_test(DIFFERENCES, 1 / 3)
    error = np.sqrt(0.00025 * (1 / 5 + 1 / 3))
    assert answer.difference == pytest.approx(0.02)
    assert answer.p_value == pytest.approx(2 * student_tail(0.02 / error, 4), rel=1e-6)
    assert answer.high - answer.difference == pytest.approx(2.7764451 * error, rel=1e-6)  # t(0.975, 4) from tables
    assert answer.low + answer.high == pytest.approx(0.04)
    assert (answer.repeats, answer.verdict) == (5, "undecided")


def test_verdict_follows_the_interval_and_turns_with_the_sign():
    large = DIFFERENCES + 0.1
    assert corrected_test(large, 1 / 3).verdict == "helps"
    assert corrected_test(-large, 1 / 3).verdict == "hurts"
    assert corrected_test(large, 1 / 3).p_value == corrected_test(-large, 1 / 3).p_value


def test_correction_keeps_its_promise_where_the_plain_test_does_not():
    """Two equal learners on overlapping resamples: the corrected test errs far less often than the plain one."""
    rng, wrong, plain = np.random.default_rng(0), 0, 0
    for _ in range(300):
        sample = rng.normal(size=100)  # per-sample difference of two equally good learners
        drawn = np.array([np.mean(sample[rng.permutation(100)[:25]]) for _ in range(10)])
        wrong += corrected_test(drawn, 1 / 3).verdict != "undecided"
        plain += corrected_test(drawn, 0.0).verdict != "undecided"
    assert plain > 75
    assert wrong < plain / 2


@pytest.mark.parametrize(
    ("value", "verdict", "p"), [(0.0, "undecided", 1.0), (0.1, "helps", 0.0), (-0.1, "hurts", 0.0)]
)
def test_zero_variance_has_an_answer(value, verdict, p):
    answer = corrected_test(np.full(4, value), 1 / 3)
    assert (answer.low, answer.high, answer.verdict, answer.p_value) == (value, value, verdict, p)


def test_seeds_allow_no_test():
    answer = untested(DIFFERENCES)
    assert np.isnan([answer.low, answer.high, answer.p_value]).all()
    assert answer.verdict == "undecided"
    assert "allows no test" in sentence(Target.OXIDATION_STATE, "xanes", "xanes+pdf", answer)


def test_improvement_is_positive_when_an_error_falls():
    without, with_ = np.array([3.0]), np.array([2.0])
    assert improvement_of(Metric.RMSE_PERCENT, without, with_) == [1.0]
    assert improvement_of(Metric.F1_WEIGHTED, without, with_) == [-1.0]


def test_questions_of_the_default_inputs():
    asked = questions(("xanes", "pdf", "dpdf", "xanes+pdf", "xanes+dpdf"))
    assert set(asked) == {
        ("xanes", "xanes+pdf"),
        ("pdf", "xanes+pdf"),
        ("xanes", "xanes+dpdf"),
        ("dpdf", "xanes+dpdf"),
        ("xanes", "pdf"),
        ("xanes", "dpdf"),
        ("pdf", "dpdf"),
    }


@pytest.mark.parametrize(
    ("target", "without", "with_", "shift", "words"),
    [
        (
            Target.OXIDATION_STATE,
            "xanes",
            "xanes+pdf",
            0.1,
            "Adding PDF to XANES raises weighted F1 by 0.120: it helps",
        ),
        (
            Target.BOND_LENGTH,
            "xanes",
            "xanes+dpdf",
            0.1,
            "Adding dPDF to XANES lowers the RMSE by 0.120 % of the mean bond",
        ),
        (
            Target.BOND_LENGTH,
            "pdf",
            "dpdf",
            -0.1,
            "Using dPDF instead of PDF raises the RMSE by 0.080 % of the mean bond",
        ),
        (
            Target.BOND_LENGTH,
            "composition",
            "dpdf",
            0.1,
            "Using dPDF, the best input, instead of the composition alone",
        ),
        (
            Target.OXIDATION_STATE,
            "pdf",
            "xanes",
            0.0,
            "makes no difference to weighted F1 that these splits could show",
        ),
    ],
)
def test_sentences(target, without, with_, shift, words):
    answer = corrected_test(DIFFERENCES + shift, 1 / 3)
    said = sentence(target, without, with_, answer)
    assert words in said
    assert "5 paired splits" in said
