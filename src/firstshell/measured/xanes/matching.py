"""Which simulated spectra a measurement is like, once allowed to shift, stretch, broaden and tilt."""

from dataclasses import dataclass, replace

import numpy as np

from firstshell.measured.xanes.foil import LARGE
from firstshell.measured.xanes.population import Population
from firstshell.measured.xanes.standards import MISFIT
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.measured.xanes.transfer import MIDDLE, SPAN, Transfer
from firstshell.types import Array

OFFSETS = np.array([-1.0, 0.0, 1.0])
"""Standard deviations from the mean that stretch and width are tried at."""
SHIFTS = np.arange(-8.0, 8.01, 0.5)
"""eV that a measurement is moved by, beside the mean shift."""
CALIBRATION = 1.5
"""eV, standard deviation that the calibration of a monochromator is believed to have where no foil was measured."""
FINE = 200
"""Spectra of a bank that are compared at all stretches and widths: those that are nearest at the mean ones. Distances
of the others are those at the mean, which are no smaller."""
MIDDLE_VARIANT = len(OFFSETS) ** 2 // 2
TOGETHER = 8.0
"""Points that err together: what is wrong with a simulated spectrum is wrong over some 4 eV."""
_RAMP = (ENERGY - MIDDLE) / SPAN


@dataclass(frozen=True, eq=False)
class Bank:
    """Simulated spectra as they would be measured, at several stretches and widths, the mean shift of each included.

    whole, tilted : (n, v, 111) unit vectors on `ENERGY`: each spectrum, and what its product with a ramp adds to it, so
        that a measurement's projections on both leave what neither a scale nor a tilt explains
    """

    whole: Array
    tilted: Array


@dataclass(frozen=True, eq=False)
class Match:
    """How a measurement compares with each spectrum of a bank.

    rmse : (n,) root mean square in edge steps after the best stretch, width, scale and tilt, and shift of at most
        `LARGE` eV: what asks for more is not similar
    shift : (n,) eV that the measurement was moved up by for it
    likelihood : (s,) of each of `SHIFTS`, adding to one
    """

    rmse: Array
    shift: Array
    likelihood: Array

    @property
    def best_shift(self) -> float:
        """Mean of the shifts in eV, weighted by their likelihood."""
        return float(self.likelihood @ SHIFTS)

    @property
    def ambiguous(self) -> bool:
        """Whether a shift over 2 eV from the best one is believed with more than one part in ten."""
        top = SHIFTS[int(self.likelihood.argmax())]
        return bool(self.likelihood[np.abs(SHIFTS - top) > 2.0].sum() > 0.1)


def make_bank(grid: Array, spectra: Array, states: Array, population: Population) -> Bank:
    """Return the bank of (n, p) simulated spectra on `grid` (eV from the tabulated edge).

    states : (n,) oxidation states
    """
    made = np.empty((len(spectra), len(OFFSETS) ** 2, len(ENERGY)))
    for i, (state, row) in enumerate(zip(states, spectra, strict=True)):
        made[i] = [each.apply(grid, row, ENERGY) for each in _variants(population, float(state))]
    whole = made / np.linalg.norm(made, axis=2, keepdims=True)
    tilted = whole * _RAMP
    tilted -= (tilted * whole).sum(axis=2, keepdims=True) * whole
    return Bank(whole, tilted / np.linalg.norm(tilted, axis=2, keepdims=True))


def _variants(population: Population, state: float) -> list[Transfer]:
    """Return the mean transfer with other stretches and widths, without scale and slope."""
    mean, spread = population.typical(state), population.spread
    return [
        replace(
            mean,
            stretch=mean.stretch + one * spread["stretch"],
            sigma=max(0.0, mean.sigma + two * spread["sigma"]),
            slope=0.0,
            scale=1.0,
        )
        for one in OFFSETS
        for two in OFFSETS
    ]


def match(bank: Bank, mu: Array, misfit: float, calibration: float = CALIBRATION) -> Match:
    """Compare one measurement (111,) on `ENERGY` with a bank.

    misfit : edge steps that a right match still differs by; 0 where it is not known, for which `MISFIT` stands
    calibration : eV, standard deviation of the shifts that are believed
    """
    moved = np.array([np.interp(ENERGY - shift, ENERGY, mu) for shift in SHIFTS]).astype(bank.whole.dtype)
    far = 0.5 * (SHIFTS / calibration)[:, None] ** 2
    scale = 2 * (misfit or MISFIT) ** 2 * TOGETHER
    squares = _left(bank.whole[:, MIDDLE_VARIANT], bank.tilted[:, MIDDLE_VARIANT], moved)
    nearest = np.argsort((squares / scale + far).min(axis=0), kind="stable")[:FINE]
    squares[:, nearest] = _left(bank.whole[nearest], bank.tilted[nearest], moved)
    cost = squares / scale + far
    best = np.where(np.abs(SHIFTS)[:, None] <= LARGE, cost, np.inf).argmin(axis=0)
    each = np.logaddexp.reduce(-cost, axis=1)
    likelihood = np.exp(each - each.max())
    rmse = np.sqrt(squares[best, np.arange(len(best))] / len(ENERGY))
    return Match(rmse, SHIFTS[best], likelihood / likelihood.sum())


def _left(whole: Array, tilted: Array, moved: Array) -> Array:
    """Return the (s, n) sums of squares that the best variant of each of n spectra leaves of s shifted measurements."""
    along, across = (moved @ part.reshape(-1, len(ENERGY)).T for part in (whole, tilted))
    explained = (along**2 + across**2).reshape(len(moved), len(whole), -1).max(axis=2)
    return np.asarray(np.maximum((moved**2).sum(axis=1)[:, None] - explained, 0.0))


def fitted(bank: Bank, index: int, mu: Array, shift: float) -> Array:
    """Return what spectrum `index` of a bank looks like at its best, (111,) on `ENERGY`, beside a measurement.

    shift : eV that the measurement is moved up by for it, as `Match.shift` has it
    """
    moved = np.interp(ENERGY - shift, ENERGY, mu)
    along, across = bank.whole[index] @ moved, bank.tilted[index] @ moved
    best = int(np.argmax(along**2 + across**2))
    curve = along[best] * bank.whole[index, best] + across[best] * bank.tilted[index, best]
    return np.asarray(np.interp(ENERGY + shift, ENERGY, curve))
