import numpy as np
import pytest

from firstshell.measured.xanes import augment
from firstshell.measured.xanes.augment import disturbed, typical
from firstshell.measured.xanes.population import BROAD, default_population
from firstshell.measured.xanes.training_grid import ENERGY
from quick import on_dataset_grid
from synthetic import GRIDS

GRID = GRIDS["xanes"].values
SPECTRA = np.array([on_dataset_grid(charge, number) for charge in (1, 2, 3) for number in (4, 5, 6)])
STATES = np.repeat([1.0, 2.0, 3.0], 3)


def test_what_is_drawn_is_what_is_applied(monkeypatch):
    monkeypatch.setattr(augment, "BLOCK", 1)  # nothing shared
    population, drawn = default_population(), []
    draw = type(population).draw

    def spy(self, states, rng):
        drawn.extend(draw(self, states, rng))
        return drawn[-1:]

    monkeypatch.setattr(type(population), "draw", spy)
    made = disturbed(GRID, SPECTRA, STATES, population, np.random.default_rng(1), noise=0.0)
    order = np.random.default_rng(1).permutation(len(SPECTRA))
    for row, transfer in zip(order, drawn, strict=True):
        # The shift is applied by interpolation at half an eV, which rounds the edge a little.
        assert np.abs(made[row] - transfer.apply(GRID, SPECTRA[row], ENERGY)).max() < 0.02


def test_the_same_seed_gives_the_same_and_another_another():
    one, two, three = (disturbed(GRID, SPECTRA, STATES, BROAD, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, two)
    assert np.abs(one - three).max() > 0.05
    assert np.isfinite(one).all()
    assert one.shape == (len(SPECTRA), len(ENERGY))


def test_noise_is_as_large_as_is_said():
    quiet, noisy = (
        disturbed(GRID, SPECTRA, STATES, BROAD, np.random.default_rng(0), noise=noise) for noise in (0.0, 0.05)
    )
    assert (noisy - quiet).std() == pytest.approx(0.05, rel=0.1)


def test_typical_is_the_mean_transfer():
    population = default_population()
    made = typical(GRID, SPECTRA, STATES, population)
    assert np.allclose(made[3], population.typical(STATES[3]).apply(GRID, SPECTRA[3], ENERGY))
