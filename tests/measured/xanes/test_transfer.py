"""From a simulated XANES to what would be measured of it."""

import math

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.measured.xanes.transfer import ANCHOR, LIMITS, MIDDLE, PARAMETERS, SPAN, Transfer

ENERGY = np.linspace(0, 55, 551)


def peak(place, width=1.0, height=1.0):
    """An edge of 1 at 8 eV and a peak."""
    return 0.5 + np.arctan((ENERGY - 8) / 1.0) / np.pi + height * np.exp(-(((ENERGY - place) / width) ** 2))


def top(values, low=13.0, high=54.0):
    inside = np.flatnonzero((low < ENERGY) & (high > ENERGY))
    return ENERGY[inside[np.argmax(values[inside])]]


def test_the_default_changes_nothing():
    values = np.array([peak(20), peak(30)])
    same = Transfer().apply(ENERGY, values)
    assert same.shape == values.shape
    assert np.abs(same - values).max() < 1e-3  # the least width that is calculated with rounds the corners


def test_a_shift_moves_everything_upwards():
    for shift in (-3.0, 2.5):
        moved = Transfer(shift=shift).apply(ENERGY, peak(20))
        assert moved == pytest.approx(Transfer().apply(ENERGY, peak(20), ENERGY - shift), abs=1e-12)
        assert top(moved) == pytest.approx(20 + shift, abs=0.051)


def test_a_stretch_leaves_the_anchor_in_place():
    for place in (20.0, 32.0, 40.0):
        moved = Transfer(stretch=0.1).apply(ENERGY, peak(place))
        assert top(moved) == pytest.approx(ANCHOR + 1.1 * (place - ANCHOR), abs=0.051)
    still = Transfer(stretch=0.1).apply(ENERGY, peak(ANCHOR, height=5))
    assert top(still, 5) == pytest.approx(ANCHOR, abs=0.051)


def test_broadening_by_a_gaussian_keeps_areas_and_adds_variances():
    line = np.exp(-0.5 * ((ENERGY - 27) / 1.5) ** 2)
    wide = Transfer(sigma=2.0).apply(ENERGY, line)
    assert wide.sum() == pytest.approx(line.sum(), rel=1e-6)
    assert wide == pytest.approx(1.5 / 2.5 * np.exp(-0.5 * ((ENERGY - 27) / 2.5) ** 2), abs=1e-3)


def test_growth_broadens_above_the_anchor_only():
    values = peak(30, width=0.5)
    grown = Transfer(growth=0.1).apply(ENERGY, values)
    plain = Transfer().apply(ENERGY, values)
    below = ENERGY <= ANCHOR
    assert grown[below] == pytest.approx(plain[below], abs=1e-12)
    assert grown.max() < 0.7 * plain.max()


def test_over_absorption_keeps_zero_and_one_and_presses_down_what_is_above():
    low = np.linspace(-0.5, 2.0, len(ENERGY))
    seen = Transfer(over_absorption=0.5).apply(ENERGY, low)
    assert np.interp(0.0, low, seen) == pytest.approx(0.0, abs=1e-6)
    assert np.interp(1.0, low, seen) == pytest.approx(1.0, abs=1e-6)
    assert seen[-1] == pytest.approx(2 * 1.5 / (1 + 0.5 * 2), abs=1e-3)


def test_slope_and_scale_are_factors():
    values = peak(20)
    factor = Transfer(slope=0.2, scale=1.5).apply(ENERGY, values) / Transfer().apply(ENERGY, values)
    assert factor == pytest.approx(1.5 * (1 + 0.2 * (ENERGY - MIDDLE) / SPAN), rel=1e-9)


def test_other_energies_and_beyond_the_ends():
    at = np.array([-100.0, 10.0, 200.0])
    seen = Transfer().apply(ENERGY, peak(20), at)
    assert seen == pytest.approx(np.interp(at, ENERGY, peak(20)), abs=1e-3)


def test_every_parameter_has_limits():
    assert tuple(LIMITS) == PARAMETERS


@pytest.mark.parametrize("name", LIMITS)
def test_limits(name):
    low, high = LIMITS[name]
    for value in (low, high, (low + high) / 2):
        assert np.isfinite(Transfer(**{name: value}).apply(ENERGY, peak(20))).all()
    for value in (low - 0.01, high + 0.01):
        with pytest.raises(InputError, match=rf"{name} = .* is out of range"):
            Transfer(**{name: value})
    for value in (math.nan, math.inf, "1", None, True):
        with pytest.raises(InputError, match=f"{name} = .* is not a number"):
            Transfer(**{name: value})
