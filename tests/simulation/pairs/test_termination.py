"""Grids, sine transform and Q-range."""

import numpy as np
import pytest

from firstshell.simulation.pairs import peak_moments
from firstshell.simulation.pairs.kernels import POWERS
from firstshell.simulation.pairs.termination import PEAK_CUT, extent, limit_q, resolution_envelope


def test_the_grid_is_extended_by_ripples_and_peak_tails():
    grid = extent(2.0, 10.0, 0.01, 30.0, 0.1)
    assert grid.result == (200, 1000)
    ripples = 6 * 2 * np.pi / 30
    assert grid.ripples == (int((2 - ripples) / 0.01), int(np.ceil((10 + ripples) / 0.01)))
    beyond = ripples + PEAK_CUT * 0.1
    assert grid.pairs == (int((2 - beyond) / 0.01), int(np.ceil((10 + beyond) / 0.01)))
    assert grid.fft_points == 2048


def test_extensions_beyond_ten_angstrom_shrink_together():
    grid = extent(0.0, 20.0, 0.01, 1.0, 1.0)
    ripples, tails = 12 * np.pi, PEAK_CUT
    assert grid.pairs == (0, 3000)
    assert grid.ripples[1] == int(np.ceil((20 + 10 * ripples / (ripples + tails)) / 0.01))


@pytest.mark.parametrize("qmax", [0.0, 314.16, 400.0])
def test_an_unlimited_range_has_no_ripples_and_changes_nothing(qmax):
    grid = extent(0.0, 5.0, 0.01, qmax, 0.1)
    assert grid.ripples == grid.result
    g = np.random.default_rng(0).standard_normal(500)
    assert limit_q(g, grid, 0.0, qmax) is g


def wave(grid, bins):
    """A sine that fits the transform, of that many half periods."""
    return np.sin(np.arange(*grid.ripples) * np.pi * bins / grid.fft_points)


def whole(rstep=0.02, points=1024):
    """An extent whose grid fills the transform."""
    grid = extent(0.0, rstep * points, rstep, 0.0, 0.0)
    assert grid.ripples == (0, grid.fft_points)
    return grid


@pytest.mark.parametrize(("bins", "kept"), [(99, False), (100, True), (299, True), (300, False)])
def test_a_wave_passes_from_qmin_up_to_below_qmax(bins, kept):
    grid = whole()
    dq = np.pi / (grid.fft_points * grid.rstep)
    passed = limit_q(wave(grid, bins), grid, 99.5 * dq, 299.5 * dq)
    assert np.abs(passed - (wave(grid, bins) if kept else 0)).max() < 1e-10


def test_the_filter_is_linear_and_a_projection():
    grid = extent(0.0, 20.48, 0.02, 20.0, 0.1)
    g = np.random.default_rng(1).standard_normal((2, grid.ripples[1]))
    passed = limit_q(g, grid, 1.0, 20.0)
    together = limit_q(2 * g[0] - g[1], grid, 1.0, 20.0)
    assert np.abs(2 * passed[0] - passed[1] - together).max() < 1e-10
    full = whole()
    once = limit_q(np.random.default_rng(2).standard_normal(1024), full, 1.0, 20.0)
    assert np.abs(limit_q(once, full, 1.0, 20.0) - once).max() < 1e-10


def test_a_weight_acts_in_q_space():
    grid = whole()
    passed = limit_q(wave(grid, 50) + wave(grid, 80), grid, 0.0, 0.0, np.where(np.arange(1024) == 50, 3.0, 0.5))
    assert np.abs(passed - 3 * wave(grid, 50) - 0.5 * wave(grid, 80)).max() < 1e-10


def test_the_envelope_is_a_gaussian():
    assert np.abs(resolution_envelope(np.array([0.0, 10.0]), 0.1) - [1, np.exp(-0.5)]).max() < 1e-15


@pytest.mark.parametrize("sigma", [0.05, 0.118, 0.31])
@pytest.mark.parametrize("distance", [0.004, 3.0, 2.7182818, 4.9999])
@pytest.mark.parametrize("transformed", [False, True])
def test_a_folded_peak_is_a_gaussian(sigma, distance, transformed, monkeypatch):
    rstep, n = 0.01, 500
    monkeypatch.setattr(peak_moments, "TRANSFORM_COSTS", 0 if transformed else 1e9)
    cell = int(distance / rstep)
    moments = (2 * (distance / rstep - cell) - 1) ** np.arange(POWERS)
    index = np.arange(n)
    expected = np.exp(-(((index * rstep - distance) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
    expected[np.abs(index - cell) > int(PEAK_CUT * sigma / rstep)] = 0
    folded = peak_moments.fold(np.array([cell]), moments[None], n, sigma, rstep)
    assert np.abs(folded - expected).max() < 1e-10
