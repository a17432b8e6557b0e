"""Spectra of phases, linear about what is not known of them."""

from dataclasses import replace

import numpy as np
import pytest

from firstshell.elements import k_edge
from firstshell.match.phases import MeasuredPhase, Sample, SimulatedPhase, noise_of
from firstshell.measured.xanes.population import BROAD
from mixing import KINDS
from quick import normalised, on_dataset_grid
from synthetic import GRIDS

ENERGY = np.arange(-15.0, 48.0, 0.5)


def at(count, **values):
    found = np.zeros(count)
    for place, value in values.items():
        found[int(place[1:])] = value
    return found


def test_a_standard_is_moved_by_its_offset():
    phase = MeasuredPhase("one", normalised(**KINDS["one"]), offset=0.5)
    here, there = phase.column(ENERGY, at(6)), phase.column(ENERGY, at(6, a0=2.0))
    moved = there.mu + there.changes @ at(6, a0=2.0)
    spectrum = phase.spectrum
    expected = np.interp(ENERGY - 1.0, spectrum.energy - k_edge("Cu"), spectrum.flat)
    assert moved == pytest.approx(expected, abs=1e-9)
    assert here.mu + here.changes @ at(6, a0=0.2) == pytest.approx(np.interp(ENERGY, ENERGY + 0.1, here.mu), abs=0.01)


def test_a_sample_is_moved_the_other_way():
    sample = Sample(normalised(**KINDS["one"], shift=1.0), 1.2)
    phase = MeasuredPhase("one", normalised(**KINDS["one"]))
    found = sample.observed(ENERGY, 1.0 / 1.2)
    moved = found.mu - found.changes @ at(6, a0=1.0 / 1.2)
    assert moved == pytest.approx(phase.column(ENERGY, at(6)).mu, abs=0.01)


def test_a_simulation_is_linear_about_a_transfer():
    phase = SimulatedPhase("made", GRIDS["xanes"].values, on_dataset_grid(), 2.0, BROAD)
    place = np.concatenate([at(7, a0=0.5, a4=0.3), at(7, a0=0.2)])
    column = phase.column(ENERGY, place)
    assert column.changes.shape == (len(ENERGY), 14)
    assert column.own.shape == column.common.shape == (len(ENERGY), 7)
    near = place + np.concatenate([at(7, a0=0.05), at(7)])
    other = phase.column(ENERGY, near)
    assert column.mu + column.changes @ near == pytest.approx(other.mu + other.changes @ near, abs=0.01)


def test_noise_of_a_scan():
    quiet = normalised()
    noise = np.random.default_rng(0).normal(0.0, 0.005, len(quiet.mu))
    assert noise_of(quiet) < 0.001
    assert noise_of(replace(quiet, mu=quiet.mu + noise)) == pytest.approx(0.005, rel=0.3)
