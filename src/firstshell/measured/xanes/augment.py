"""Simulated XANES as they might be measured: random transfers, so that a model meets what it was trained for."""

from __future__ import annotations  # else numpy.random is loaded for its name

import numpy as np

from firstshell.measured.xanes.population import Population
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.measured.xanes.transfer import Transfer
from firstshell.types import Array

BLOCK = 24
"""Spectra that share stretch and broadening, whose kernel costs most."""
NOISE = 0.004
"""Edge steps, standard deviation of noise at every point."""
MARGIN = 16.0
"""eV past the ends of the grid that are calculated, for shifts."""
_WIDE = np.arange(ENERGY[0] - MARGIN, ENERGY[-1] + MARGIN + 0.25, 0.5)


def typical(grid: Array, spectra: Array, states: Array, population: Population) -> Array:
    """Return (n, 111) spectra as the mean transfer makes them, without noise.

    grid : (p,) eV from the tabulated K edge; spectra : (n, p) in edge steps; states : (n,) oxidation states
    """
    pairs = zip(states, spectra, strict=True)
    made = [population.typical(float(state)).apply(grid, row, ENERGY) for state, row in pairs]
    return np.array(made).reshape(len(spectra), len(ENERGY))


def disturbed(
    grid: Array,
    spectra: Array,
    states: Array,
    population: Population,
    rng: np.random.Generator,
    noise: float = NOISE,
) -> Array:
    """Return (n, 111) spectra, each after a random transfer of the population, with noise.

    Transfers differ in everything but stretch, width and its growth, which `BLOCK` spectra share.

    grid : (p,) eV from the tabulated K edge; spectra : (n, p) in edge steps; states : (n,) oxidation states
    """
    made, order = np.empty((len(spectra), len(ENERGY))), rng.permutation(len(spectra))
    for start in range(0, len(order), BLOCK):
        rows = order[start : start + BLOCK]
        drawn = population.draw(states[rows], rng)
        shared = Transfer(stretch=drawn[0].stretch, sigma=drawn[0].sigma, growth=drawn[0].growth)
        wide = shared.apply(grid, spectra[rows], _WIDE)
        made[rows] = [_rest(mu, each) for mu, each in zip(wide, drawn, strict=True)]
    return made + rng.normal(0.0, noise, made.shape)


def _rest(wide: Array, transfer: Transfer) -> Array:
    """Apply what is left of a transfer once stretch and width are done."""
    return transfer.rescaled(np.interp(ENERGY - transfer.shift, _WIDE, wide), ENERGY)
