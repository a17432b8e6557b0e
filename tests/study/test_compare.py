import numpy as np
import pytest
from scipy.integrate import quad

from firstshell.study.compare import Paired, corrected_test, holm, improvement_of, not_worse, questions
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
    answer = corrected_test(DIFFERENCES, None)
    assert np.isnan([answer.low, answer.high, answer.p_value]).all()
    assert answer.verdict == "undecided"


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


def test_non_inferiority_needs_the_whole_interval_above_the_margin():
    close = corrected_test(DIFFERENCES - 0.02, 1 / 3)  # no difference on average, low = -0.032
    assert not_worse(close, 0.04)
    assert not not_worse(close, 0.02)
    assert not not_worse(corrected_test(DIFFERENCES, None), 1.0)


def test_holm_by_hand():
    # Four tests: 4 · 0.005, 3 · 0.01, 2 · 0.03, and for 0.04 no less than the one before it.
    adjusted = holm(np.array([0.01, 0.04, 0.03, np.nan, 0.005]))
    assert adjusted[[0, 1, 2, 4]] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert np.isnan(adjusted[3])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


def test_holm_keeps_false_findings_rare_where_raw_p_values_do_not():
    """Forty tests without any effect: with Holm's p-values at most one family in twenty has a finding."""
    rng = np.random.default_rng(0)
    families = rng.uniform(size=(400, 40))
    raw = np.mean([(p < 0.05).any() for p in families])
    adjusted = np.mean([(holm(p) < 0.05).any() for p in families])
    assert raw > 0.8
    assert adjusted < 0.08


def test_the_best_and_the_mean_of_paired_scores():
    scores = Paired(Target.BOND_LENGTH, {"xanes": DIFFERENCES + 2.0, "pdf": DIFFERENCES + 3.0}, 1 / 3)
    assert scores.best(("xanes", "pdf")) == "xanes"  # the smaller error
    mean = scores.mean("pdf")
    assert mean.difference == pytest.approx(3.02)
    assert mean.low < 3.02 < mean.high
    assert np.isnan(Paired(Target.BOND_LENGTH, scores.values, None).mean("pdf").low)
