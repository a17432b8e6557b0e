"""The smallest sufficient set of phases."""

import numpy as np
import pytest
from test_fractions import ENERGY, PHASES, column

from firstshell.match.fractions import Observed
from firstshell.match.phases import MeasuredPhase, Sample
from firstshell.match.solve import Linear, Place, linear, most_probable, screen_phases, sufficient
from mixing import KINDS
from quick import normalised

TYPICAL = 0.002


def scan(weights, seed=0):
    rng = np.random.default_rng(seed)
    mu = np.array(weights) @ np.array(PHASES) + rng.normal(0.0, 0.002, len(ENERGY))
    return Linear([column(each) for each in PHASES], Observed(mu, np.zeros((len(ENERGY), 1)), 0.002), TYPICAL)


@pytest.mark.parametrize(
    ("weights", "chosen"), [((0.3, 0.7, 0.0), (0, 1)), ((1.0, 0.0, 0.0), (0,)), ((0.3, 0.3, 0.4), (0, 1, 2))]
)
def test_phases_that_are_there_and_no_others(weights, chosen):
    assert sufficient([scan(weights)], 3) == chosen


def test_scans_of_a_series_have_what_any_of_them_needs():
    assert sufficient([scan((1.0, 0.0, 0.0)), scan((0.4, 0.6, 0.0))], 3) == (0, 1)


def test_each_phase_costs_the_log_of_the_independent_points():
    made = scan((0.5, 0.5, 0.0))
    cost = made.criterion((0, 1, 2)) - made.of((0, 1, 2)).deviance
    assert cost == pytest.approx(3 * np.log(len(ENERGY) * 0.5 / 2.0))


def test_of_many_phases_those_are_tried_that_least_squares_choose():
    sample = Sample(normalised(**KINDS["one"]), 0.3)
    near = [MeasuredPhase(name, normalised(**kind)) for name, kind in KINDS.items()]
    assert screen_phases(sample, near, ENERGY, 1) == [0]
    assert screen_phases(sample, near, ENERGY, 3) == [0, 1, 2]


def test_the_offset_of_a_sample_is_found():
    sample = Sample(normalised(**KINDS["one"], shift=2.0), 1.2)
    phases = [MeasuredPhase(name, normalised(**KINDS[name])) for name in ("one", "other")]
    place, made = most_probable(sample, phases, ENERGY, TYPICAL)
    assert place.sample * 1.2 == pytest.approx(2.0, abs=0.3)
    assert made.of((0, 1)).weights[0] > 0.9
    started = linear(sample, phases, ENERGY, TYPICAL, Place.start(phases))
    assert started.of((0, 1)).misfit > made.of((0, 1)).misfit
