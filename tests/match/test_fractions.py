"""Fractions by generalised least squares: planted weights, coverage, what is not known."""

import numpy as np
import pytest

from firstshell.match.fractions import STEP, Column, Fractions, Observed, alike, free_sum, intervals, simplex

ENERGY = np.arange(-15.0, 48.0, STEP)
P = len(ENERGY)


def edge(at, height):
    return 0.5 + np.arctan((ENERGY - at) / 1.5) / np.pi + height * np.exp(-(((ENERGY - at - 6) / 3) ** 2))


PHASES = (edge(8.0, 0.4), edge(12.0, 0.7), edge(10.0, 0.1))


def column(mu, offset=0.15):
    return Column(mu, -offset * np.gradient(mu, STEP)[:, None])


def observed(mu, noise=0.002):
    return Observed(mu, np.zeros((P, 1)), noise)


@pytest.mark.parametrize("weights", [(0.1, 0.9, 0.0), (0.5, 0.3, 0.2), (1.0, 0.0, 0.0)])
def test_planted_weights_come_back(weights):
    mu = np.array(weights) @ np.array(PHASES)
    found = Fractions([column(each) for each in PHASES], observed(mu), 0.002)
    assert found.weights == pytest.approx(weights, abs=0.01)
    assert found.weights.sum() == pytest.approx(1.0)
    parts, residual = found.parts()
    assert np.abs(residual).max() < 0.01
    assert parts.sum(axis=0) + residual == pytest.approx(mu, abs=0.02)


@pytest.mark.slow
def test_nine_of_ten_intervals_hold_the_truth_when_errors_are_as_believed():
    rng = np.random.default_rng(1)
    true, held = np.array([0.3, 0.5, 0.2]), []
    root = np.linalg.cholesky(alike(P))
    for _ in range(60):
        columns = [column(each) for each in PHASES]
        wrong = [each.mu + each.changes @ rng.normal(size=1) for each in columns]
        mu = true @ np.array(wrong) + 0.004 * root @ rng.normal(size=P) + 0.002 * rng.normal(size=P)
        found = Fractions(columns, observed(mu), 0.004)
        ends = intervals(found.draws(rng, count=200), found.weights)
        held.append((ends[:, 0] <= true) & (true <= ends[:, 1]))
    assert 0.8 <= np.mean(held) <= 0.98


def test_wider_errors_make_wider_intervals():
    found = Fractions([column(each) for each in PHASES], observed(0.5 * PHASES[0] + 0.5 * PHASES[1]), 0.002)
    narrow, wide = (
        np.ptp(intervals(found.draws(np.random.default_rng(0), widen), found.weights), axis=1) for widen in (1.0, 3.0)
    )
    assert (wide > narrow).all()


def test_a_phase_that_is_missing_shows_in_the_misfit():
    mu = 0.6 * PHASES[0] + 0.4 * PHASES[1]
    right = Fractions([column(each) for each in PHASES[:2]], observed(mu), 0.002)
    lacking = Fractions([column(PHASES[0]), column(PHASES[2])], observed(mu), 0.002)
    assert lacking.misfit > 5 * right.misfit
    assert lacking.deviance > right.deviance


def test_the_misfit_of_a_simulated_phase_widens_intervals():
    mu = 0.5 * PHASES[0] + 0.5 * PHASES[1]
    measured = [column(each) for each in PHASES[:2]]
    simulated = [Column(each.mu, each.changes, 0.04) for each in measured]
    widths = [
        np.ptp(intervals(found.draws(np.random.default_rng(0)), found.weights), axis=1).mean()
        for found in (Fractions(columns, observed(mu), 0.002) for columns in (measured, simulated))
    ]
    assert widths[1] > 2 * widths[0]


def test_what_phases_have_in_common_costs_less_than_what_each_has_alone():
    mu = 0.5 * PHASES[0] + 0.5 * PHASES[1]
    changes = [-0.5 * np.gradient(each, STEP)[:, None] for each in PHASES[:2]]
    widths = []
    for shared in (0, 1):
        columns = [Column(each, change, shared=shared) for each, change in zip(PHASES, changes, strict=False)]
        found = Fractions(columns, observed(mu), 0.002)
        widths.append(np.ptp(intervals(found.draws(np.random.default_rng(0)), found.weights), axis=1).mean())
        assert all(len(each) == 1 for each in found.unknown(found.middle)[1])
    assert widths[1] < 0.95 * widths[0]


def test_weights_on_the_simplex():
    assert simplex(np.eye(2), np.array([0.2, 0.6])) == pytest.approx([0.3, 0.7])
    assert simplex(np.eye(2), np.array([-3.0, 1.0])) == pytest.approx([0.0, 1.0])
    assert simplex(np.ones((2, 2)), np.array([1.0, 1.0])).sum() == pytest.approx(1.0)


def test_the_free_sum_is_that_of_weights_that_need_not_add_to_one():
    assert free_sum(np.column_stack(PHASES[:2]), 0.55 * PHASES[0] + 0.55 * PHASES[1]) == pytest.approx(1.1)
