"""How a measurement relates to the simulation of the same structure: transfers fitted to standards."""

from dataclasses import dataclass

import numpy as np

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.measured.xanes.foil import reliable_foil_shift
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.population import BROAD, REFERENCE_STATE, Population
from firstshell.measured.xanes.transfer import HIGHEST, LOWEST, PARAMETERS, Transfer
from firstshell.types import Array

BEFORE, AFTER, STEP = -15.0, 48.0, 0.5
"""eV from the tabulated edge between which a standard is compared, and how densely."""
MISFIT = 0.04
"""Edge steps that a simulation misses a measurement by after the best transfer (`validation/transfers.py fit`)."""
LEAST = 30.0
"""eV that are needed."""
RESOLUTION = 2.0
"""eV that neighbouring points err together over: the width of the core hole."""
STARTS = (-6.0, -3.0, 0.0, 3.0, 6.0)
"""eV of shift that a fit begins from, since it may end in another wiggle of the spectrum."""
ALIKE = 0.985
"""Correlation below which a sample is not what its structure says: an impurity, or another order of its ions."""


@dataclass(frozen=True, eq=False)
class Standard:
    """A compound of known structure, measured and simulated.

    compound : what is left out together when a model is tested on it
    metal : the absorber
    energy, measured : (m,) eV from the tabulated K edge, and μ in edge steps
    grid, simulated : (p,) the same of the simulation
    state : oxidation state of the metal, mean over its sites
    anchored : whether the energies were set by a foil, and not only taken as published
    """

    name: str
    compound: str
    metal: str
    energy: Array
    measured: Array
    grid: Array
    simulated: Array
    state: float = REFERENCE_STATE
    anchored: bool = False


@dataclass(frozen=True, eq=False)
class Fit:
    """The best transfer of a standard, and what it leaves: root mean square in edge steps, and the correlation."""

    standard: Standard
    transfer: Transfer
    rmse: float
    correlation: float


def standard(
    measured: Normalised, compound: str, grid: Array, simulated: Array, state: float = REFERENCE_STATE
) -> Standard:
    """Pair a normalised measurement with the simulation of its structure; a foil sets its energies, where it has one.

    grid : (p,) eV from the tabulated K edge; simulated : (p,) in edge steps

    Raises InputError where they overlap too little.
    """
    shift = reliable_foil_shift(measured)
    away = measured.energy + (shift or 0.0) - k_edge(measured.metal)
    energy = np.arange(max(BEFORE, away[0]), min(AFTER, away[-1], grid[-1] - 5.0), STEP)
    if len(energy) < LEAST / STEP:
        what = f"{measured.name} and its simulation share {len(energy) * STEP:.0f} eV"
        raise InputError(what, remedy=f"At least {LEAST:.0f} eV around the edge are needed", file=measured.source)
    mu = np.interp(energy, away, measured.mu)
    return Standard(measured.name, compound, measured.metal, energy, mu, grid, simulated, state, shift is not None)


def fit(each: Standard, population: Population = BROAD) -> Fit:
    """Return the most probable transfer of a standard, given how those of others spread."""
    from scipy.optimize import least_squares  # loaded for this only: answers need the constants above

    expected = population.of_metal(each.metal).typical(each.state)
    centre = expected.values
    width = np.array([population.spread[name] for name in PARAMETERS])
    noise = MISFIT * np.sqrt(RESOLUTION / STEP)

    def residual(values: Array) -> Array:
        mu = Transfer.of(values).apply(each.grid, each.simulated, each.energy)
        return np.concatenate([(mu - each.measured) / noise, (values - centre) / width])

    found = []
    for start in STARTS:
        begin = np.clip(centre + np.where(np.array(PARAMETERS) == "shift", start, 0.0), LOWEST + 1e-6, HIGHEST - 1e-6)
        found.append(least_squares(residual, begin, bounds=(LOWEST, HIGHEST)))
    best = Transfer.of(min(found, key=lambda result: result.cost).x)
    mu = best.apply(each.grid, each.simulated, each.energy)
    rmse = float(np.sqrt(np.mean((mu - each.measured) ** 2)))
    return Fit(each, best, rmse, float(np.corrcoef(mu, each.measured)[0, 1]))
