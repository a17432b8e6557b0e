"""Components of a series: how many, their spectra, their fractions."""

from dataclasses import replace

import numpy as np
import pytest
from test_fractions import PHASES

from firstshell.errors import InputError
from firstshell.match.components import alternating, components_of, different, number, significance
from mixing import KINDS
from quick import normalised


def series(count, scans=12, noise=0.002, seed=0):
    """Scans that go from one phase to the next, beginning and ending pure, and their weights."""
    along = np.linspace(0.0, count - 1.0, scans)
    weights = np.maximum(1.0 - np.abs(along[:, None] - np.arange(count)), 0.0)
    values = weights @ np.array(PHASES[:count])
    return values + np.random.default_rng(seed).normal(0.0, noise, values.shape), weights


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_number_of_components(count, seed):
    values = series(count, seed=seed)[0]
    assert number(*significance(values)) == count


def test_the_fewer_of_both_counts_is_taken():
    assert number(np.array([3.0, 1.0, 2.0]), np.array([1e-9, 1e-9, 1e-9])) == 2
    assert number(np.array([3.0, 2.0, 1.0]), np.array([1e-9, 0.3, 1e-9])) == 1


def test_spectra_and_fractions_of_a_series_that_holds_each_phase_pure():
    values, weights = series(3)
    spectra, fractions = alternating(values, 3)
    order = [int(np.argmin(np.abs(spectra - phase).sum(axis=1))) for phase in PHASES]
    assert sorted(order) == [0, 1, 2]
    assert fractions[:, order] == pytest.approx(weights, abs=0.1)
    assert spectra[order] == pytest.approx(np.array(PHASES), abs=0.05)
    assert fractions.sum(axis=1) == pytest.approx(np.ones(12))


def test_the_scans_that_differ_most_are_the_ends():
    assert set(different(series(2)[0], 2)) == {0, 11}


def test_scans_of_a_beamline():
    scans = [normalised(**KINDS["one"], name=f"s{i}") for i in range(3)]
    with pytest.raises(InputError, match="at least 4 scans"):
        components_of(scans)
    with pytest.raises(InputError, match="components of 4 scans"):
        components_of([*scans, scans[0]], 4)


def test_what_scans_share_is_needed():
    whole = normalised(**KINDS["one"])
    kept = whole.energy < whole.e0 + 15.0
    short = replace(whole, energy=whole.energy[kept], flat=whole.flat[kept])
    with pytest.raises(InputError, match="share"):
        components_of([whole, whole, whole, short])
