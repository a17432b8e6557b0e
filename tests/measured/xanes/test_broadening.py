"""Convolution of broken lines with Voigt profiles, against numerical convolution."""

import numpy as np
import pytest
from scipy.special import voigt_profile

from firstshell.measured.xanes.broadening import broaden

RNG = np.random.default_rng(3)
X = np.sort(RNG.uniform(-20, 40, 60))
LINE = np.cumsum(RNG.normal(size=60)) / 5
AT = np.linspace(-30, 50, 41)


def convolved(x, values, at, sigma, gamma, reach, step=0.002):
    """The integral of profile times broken line by the midpoint rule; beyond the reach, the profile's two tails."""
    t = np.arange(-reach + step / 2, reach, step)
    profile = voigt_profile(t, sigma, gamma)
    tail = 0.5 - np.arctan(reach / gamma) / np.pi if gamma > 0 else 0.0
    within = np.array([np.sum(profile * np.interp(place - t, x, values)) * step for place in at])
    return within + tail * (values[0] + values[-1])


@pytest.mark.parametrize("sigma", [0.05, 0.4, 2.0, 6.0])
def test_a_gaussian_is_exact(sigma):
    """Agrees with numerical convolution to 2e-6, which is the error of the latter's mesh at the bends."""
    expected = convolved(X, LINE, AT, sigma, 0.0, reach=9 * sigma, step=sigma / 5000)
    assert np.abs(broaden(X, LINE, AT, sigma, 0.0) - expected).max() < 2e-6


@pytest.mark.parametrize("gamma", [0.05, 0.5, 3.0])
def test_a_lorentzian_is_exact(gamma):
    """Here the ends of the numerical convolution limit it: its tails are cut where the line is flat."""
    expected = convolved(X, LINE, AT, 0.0, gamma, reach=200.0)
    assert np.abs(broaden(X, LINE, AT, 0.0, gamma) - expected).max() < 5e-5 + 2e-4 * (gamma < 0.1)


@pytest.mark.slow
@pytest.mark.parametrize(("sigma", "gamma"), [(1, 0.1), (1, 0.5), (1, 0.7), (1, 1), (1, 2), (1, 5), (0.3, 2)])
def test_a_voigt_profile_is_off_by_half_a_per_cent_of_a_step(sigma, gamma):
    """Largest error on a step of 1: 0.0017 for sigma 1 and gamma 0.1, 0.0048 for 0.7, 0.0007 for 5."""
    step = np.array([-1e-4, 1e-4])
    at = np.linspace(-10, 10, 101)
    expected = convolved(step, np.array([0.0, 1.0]), at, sigma, gamma, reach=400.0)
    error = np.abs(broaden(step, np.array([0.0, 1.0]), at, sigma, gamma) - expected).max()
    assert 1e-5 < error < 0.005


def test_no_width_is_interpolation():
    assert np.abs(broaden(X, LINE, AT, 0.0, 0.0) - np.interp(AT, X, LINE)).max() < 1e-3
    assert broaden(X, LINE, X[1:-1] + 0.0, 0.0, -1.0) == pytest.approx(LINE[1:-1], abs=0.01)


def test_a_constant_and_a_straight_line_stay():
    assert np.abs(broaden(X, 0 * X + 0.7, AT, 2.0, 1.0) - 0.7).max() < 1e-12
    far = np.array([-1e5, 1e5])
    assert np.abs(broaden(far, far / 1e3, AT, 2.0, 0.0) - AT / 1e3).max() < 1e-9


def test_each_place_has_its_own_width():
    sigma, gamma = np.linspace(0, 3, len(AT)), np.linspace(2, 0, len(AT))
    together = broaden(X, LINE, AT, sigma, gamma)
    alone = [broaden(X, LINE, AT[i : i + 1], sigma[i], gamma[i])[0] for i in range(len(AT))]
    assert together == pytest.approx(alone, abs=1e-12)


def test_many_spectra_at_once():
    many = RNG.normal(size=(2, 3, len(X)))
    together = broaden(X, many, AT, 1.0, 0.5)
    assert together.shape == (2, 3, len(AT))
    assert together[1, 2] == pytest.approx(broaden(X, many[1, 2], AT, 1.0, 0.5), abs=1e-12)


def test_far_from_the_spectrum_its_ends_are_met():
    ends = broaden(X, LINE, np.array([-1e7, 1e7]), 1.0, 1.0)
    assert ends == pytest.approx([LINE[0], LINE[-1]], abs=1e-5)
