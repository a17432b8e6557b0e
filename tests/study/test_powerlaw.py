"""The power law: found where it is, carried on with an interval, refused where it has no ground."""

import numpy as np
import pytest

from firstshell.study.powerlaw import REACH, Curve, fit_law, law_at

N = np.array([20.0, 36.0, 64.0, 112.0, 200.0])
TRUTH = (0.02, 0.10, 0.5)  # a, b (for n in units of the last), c


def curve(noise, seed=0, law=TRUTH, n=N, repeats=10):
    rng = np.random.default_rng(seed)
    clean = law_at(np.array(law), n / n[-1])
    return Curve(n, clean + rng.normal(0, noise, (repeats, len(n))), 0.0, ("test", seed))


def test_a_law_without_noise_is_found():
    law = fit_law(N / N[-1], law_at(np.array(TRUTH), N / N[-1])[None], np.ones(5))[0]
    assert law == pytest.approx(TRUTH, rel=0.15)  # the exponents are tried on a grid, 6 % apart
    assert law_at(law, np.array([1.0, 4.0])) == pytest.approx(law_at(np.array(TRUTH), np.array([1.0, 4.0])), rel=0.02)


def test_the_truth_lies_within_the_interval_about_as_often_as_said():
    truth = float(law_at(np.array(TRUTH), np.array([2.0]))[0])
    hits, widths = 0, []
    for seed in range(40):
        known = curve(0.004, seed)
        assert not known.objection
        value, low, high = known.ahead(2.0)
        assert low <= value <= high
        hits += low <= truth <= high
        widths.append(high - low)
    assert hits >= 34
    assert np.median(widths) < 0.03  # an interval that says something: the error itself is 0.09


def test_overlap_of_the_splits_widens_the_interval():
    loose = curve(0.004)
    tight = Curve(loose.n, loose.errors, 1 / 3, loose.seed)
    widths = [high - low for _, low, high in (loose.ahead(2.0), tight.ahead(2.0))]
    assert widths[1] > 1.5 * widths[0]


def test_the_same_curve_gives_the_same_interval():
    assert curve(0.004).ahead(3.0) == curve(0.004).ahead(3.0)


def test_coefficients_are_never_negative():
    rng = np.random.default_rng(1)
    laws = fit_law(N / N[-1], rng.uniform(0, 1, (200, 5)), np.ones(5))
    assert np.isfinite(laws).all()
    assert (laws >= 0).all()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"n": N[-3:]}, "four sizes"),
        ({"law": (0.1, 0.0, 0.5)}, "no gain"),
    ],
)
def test_what_may_not_be_carried_on(changed, why):
    refused = curve(0.01, **changed)
    assert why in refused.objection
    with pytest.raises(ValueError, match=why):
        refused.ahead(2.0)


def test_a_step_is_no_power_law():
    errors = np.array([0.5, 0.5, 0.5, 0.1, 0.1]) + np.random.default_rng(0).normal(0, 0.002, (10, 5))
    assert "do not follow" in Curve(N, errors, 0.0, ("step",)).objection


@pytest.mark.parametrize("factor", [1.0, 0.5, REACH + 0.1])
def test_how_far_is_limited(factor):
    with pytest.raises(ValueError, match="factor"):
        curve(0.004).ahead(factor)
