"""XANES of many candidates compared with one measurement: all quickly, the nearest ones by their best transfer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firstshell.errors import InputError
from firstshell.match.first_shell import UNKNOWN, PredictedShell, Shell
from firstshell.match.held_out import HeldOut
from firstshell.match.xanes_fit import XanesFit, fit_xanes
from firstshell.measured.xanes.foil import reliable_foil_shift
from firstshell.measured.xanes.matching import CALIBRATION, Match, make_bank, match
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.population import REFERENCE_STATE, Population
from firstshell.measured.xanes.standards import standard
from firstshell.measured.xanes.training_grid import on_grid
from firstshell.runtime.progress import Reporter, Silent
from firstshell.types import Array

FITTED = 45
"""Spectra that get a fit, the nearest of the quick comparison."""
ANCHORED = 1.0
"""eV, standard deviation of what is left of a shift where a foil sets the energies."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """The simulated XANES of one structure.

    values : (p,) edge steps
    state : oxidation state of the metal, mean over its sites; NaN where it is not known
    shell : means over the sites; unknown where others than oxygen surround the metal
    """

    name: str
    values: Array
    state: float
    shell: Shell = UNKNOWN


@dataclass(frozen=True, eq=False)
class Compared:
    """One structure's XANES compared with the measurement.

    distance : edge steps that the quick comparison leaves
    fit : None where others are so much nearer that none was made
    evidence : log of the likelihood of the spectrum and of the first shell, up to a constant; without a fit, the
        spectrum counts as that of the worst one
    """

    distance: float
    fit: XanesFit | None
    evidence: float


def compare_xanes(
    measured: Normalised,
    grid: Array,
    simulated: Sequence[Simulated],
    population: Population,
    known: HeldOut,
    reporter: Reporter | None = None,
    shell: PredictedShell | None = None,
) -> list[Compared]:
    """Return how each of several simulated XANES compares with a measurement.

    grid : (p,) eV from the tabulated K edge
    population : transfers of all metals
    shell : first shell that the sample is predicted to have; None compares spectra alone

    Raises InputError where the measurement covers too little.
    """
    if not simulated:
        raise InputError("there is no simulated XANES to compare with", remedy="Give candidates that can be simulated")
    reporter, states = reporter or Silent(), states_of(simulated)
    quick = distances(measured, grid, simulated, population)
    nearest = np.argsort(quick.rmse, kind="stable")[:FITTED]
    fits: dict[int, XanesFit] = {}
    reporter.start("XANES", len(nearest))
    for i in nearest:
        pair = standard(measured, simulated[i].name, grid, simulated[i].values, float(states[i]))
        fits[int(i)] = fit_xanes(pair, population, known, -float(quick.shift[i]))
        reporter.advance()
    reporter.finish()
    least = min(found.evidence for found in fits.values())
    known_shells = np.array([each.shell for each in simulated])
    of_shell = np.zeros(len(simulated)) if shell is None else shell.evidence(known_shells)
    return [
        Compared(float(distance), fits.get(i), (fits[i].evidence if i in fits else least) + float(of_shell[i]))
        for i, distance in enumerate(quick.rmse)
    ]


def distances(measured: Normalised, grid: Array, simulated: Sequence[Simulated], population: Population) -> Match:
    """Return the quick comparison of simulated XANES with a measurement, at stretches and widths of a coarse table."""
    foil, own = reliable_foil_shift(measured), population.of_metal(measured.metal)
    bank = make_bank(grid, np.array([each.values for each in simulated]), states_of(simulated), own)
    return match(bank, on_grid(measured, foil or 0.0), own.misfit, CALIBRATION if foil is None else ANCHORED)


def states_of(simulated: Sequence[Simulated]) -> Array:
    """Return the oxidation states; where one is not known, the mean of the others."""
    states = np.array([each.state for each in simulated])
    known = states[np.isfinite(states)]
    return np.where(np.isfinite(states), states, known.mean() if len(known) else REFERENCE_STATE)
