"""Phases that a measurement may contain, measured or simulated, and the uncertainties of their spectra."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from firstshell.elements import k_edge
from firstshell.match.fractions import STEP, Column, Observed
from firstshell.measured.xanes.foil import reliable_foil_shift
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.population import Population
from firstshell.measured.xanes.transfer import LIMITS, MIDDLE, PARAMETERS, SPAN, Transfer
from firstshell.types import Array

FOIL_CALIBRATION = 0.3
"""eV, assumed offset between a sample and its standards where foils set the energies of all."""
STANDARD = {"offset": 0.15, "width": 0.2, "slope": 0.02, "over_absorption": 0.05, "base": 0.01, "step": 0.02}
SAMPLE = STANDARD | {"step": 0.03, "slope": 0.03}
"""Uncertainties of measured spectra, standard deviations: energy offset in eV, square of the width in eV²,
slope past the edge over 40 eV, over-absorption, level below the edge and edge step in edge steps."""
SMOOTHED = 0.7
"""eV, standard deviation of the Gaussian before derivatives are taken."""
DIFFERENCE = 0.1
"""Standard deviations over which changes of simulated spectra are taken."""
SHARED = 0.8
"""Share of the variance of transfers that phases of one metal have in common: beamline, normalisation and what
simulations of the metal err by."""
MOST = 3.0
"""Limit of an unknown in standard deviations."""


class Phase(Protocol):
    """What fractions are wanted of."""

    @property
    def name(self) -> str:
        """How it is called in tables."""

    @property
    def unknowns(self) -> int:
        """Number of unknowns of its spectrum."""

    @property
    def range(self) -> tuple[float, float]:
        """First and last energy in eV from the tabulated K edge."""

    def plain(self, energy: Array) -> Array:
        """Return it on energies (p,), all unknowns at their means."""

    def column(self, energy: Array, at: Array) -> Column:
        """Return it on energies (p,), linear about the unknowns (q,), which are in standard deviations."""


@dataclass(frozen=True, eq=False)
class MeasuredPhase:
    """A measured standard; energies by its foil, where it has one.

    offset : eV, standard deviation of its energies beside the other phases'
    """

    name: str
    spectrum: Normalised
    offset: float = STANDARD["offset"]

    @property
    def unknowns(self) -> int:
        """Those of `STANDARD`."""
        return len(STANDARD)

    @property
    def range(self) -> tuple[float, float]:
        """Of the scan."""
        away = _away(self.spectrum)
        return float(away[0]), float(away[-1])

    @property
    def anchored(self) -> bool:
        """Whether a foil sets its energies."""
        return reliable_foil_shift(self.spectrum) is not None

    def plain(self, energy: Array) -> Array:
        """Return it as measured."""
        return _on(self.spectrum, energy)

    def column(self, energy: Array, at: Array) -> Column:
        """Return it linear about the unknowns; all but the offset are so anyway."""
        moved = _on(self.spectrum, energy - at[0] * self.offset)
        changes = _changes(energy, moved, STANDARD | {"offset": self.offset})
        return Column(moved - changes[:, 0] * at[0], changes)


@dataclass(frozen=True, eq=False)
class SimulatedPhase:
    """A structure's simulated spectrum, which transfers of a population turn into measured ones.

    grid, mu : (p,) eV from the tabulated K edge, and edge steps
    state : oxidation state of the metal, mean over its sites
    population : of the metal's compounds
    """

    name: str
    grid: Array
    mu: Array
    state: float
    population: Population

    @property
    def unknowns(self) -> int:
        """Those of a transfer, of this phase and of all."""
        return 2 * len(PARAMETERS)

    @property
    def range(self) -> tuple[float, float]:
        """What is simulated; below its first energy a spectrum keeps its first value."""
        return float("-inf"), float(self.grid[-1]) - 5.0

    def plain(self, energy: Array) -> Array:
        """Return it after the typical transfer."""
        return self._made(energy, np.zeros(len(PARAMETERS)))

    def column(self, energy: Array, at: Array) -> Column:
        """Return it linear about a transfer."""
        count = len(PARAMETERS)
        parts = np.sqrt(1.0 - SHARED), np.sqrt(SHARED)
        away = parts[0] * at[:count] + parts[1] * at[count:]
        here = self._made(energy, away)
        steps = DIFFERENCE * np.eye(count)
        each = np.column_stack([(self._made(energy, away + step) - here) / DIFFERENCE for step in steps])
        changes = np.hstack([part * each for part in parts])
        return Column(here - changes @ at, changes, self.population.misfit, count)

    def _made(self, energy: Array, at: Array) -> Array:
        typical, population = self.population.typical(self.state), self.population
        known = np.array(population.correlation) if population.correlation else np.eye(len(PARAMETERS))
        away = np.linalg.cholesky(known) @ at
        values = {
            name: float(np.clip(getattr(typical, name) + population.spread[name] * value, *LIMITS[name]))
            for name, value in zip(PARAMETERS, away, strict=True)
        }
        return Transfer(**values).apply(self.grid, self.mu, energy)


@dataclass(frozen=True, eq=False)
class Sample:
    """A measurement whose fractions are wanted.

    calibration : eV, standard deviation of its energies beside those of the phases
    """

    spectrum: Normalised
    calibration: float

    @property
    def range(self) -> tuple[float, float]:
        """Of the scan."""
        away = _away(self.spectrum)
        return float(away[0]), float(away[-1])

    def observed(self, energy: Array, at: float) -> Observed:
        """Return it linear about an offset of its energies, in standard deviations."""
        moved = self.moved(energy, at)
        changes = _changes(energy, moved, SAMPLE | {"offset": self.calibration})
        return Observed(moved + changes[:, 0] * at, changes, noise_of(self.spectrum))

    def moved(self, energy: Array, at: float) -> Array:
        """Return it (p,) with its energies moved up by `-at` standard deviations."""
        return _on(self.spectrum, energy + at * self.calibration)


def noise_of(spectrum: Normalised) -> float:
    """Return the noise of single points in edge steps: robust, from third differences."""
    past = np.diff(spectrum.mu[spectrum.energy > spectrum.e0 - 50.0], 3)
    return float(np.median(np.abs(past)) / 0.6745 / np.sqrt(20.0)) if len(past) > 5 else 0.0


def _away(spectrum: Normalised) -> Array:
    return spectrum.energy - k_edge(spectrum.metal) + (reliable_foil_shift(spectrum) or 0.0)


def _on(spectrum: Normalised, energy: Array) -> Array:
    return np.interp(energy, _away(spectrum), spectrum.flat)


def _changes(energy: Array, mu: Array, spread: dict[str, float]) -> Array:
    """Return (p, 6) what one standard deviation of each unknown, in the order of `STANDARD`, adds to a spectrum."""
    smooth = _smooth(mu)
    slope = np.gradient(smooth, STEP)
    return np.column_stack(
        [
            -spread["offset"] * slope,
            spread["width"] * np.gradient(slope, STEP),
            spread["slope"] * mu * (energy - MIDDLE) / SPAN * np.clip(mu, 0.0, 1.0),
            spread["over_absorption"] * (mu - mu * np.abs(mu)),
            spread["base"] * (1.0 - mu),
            spread["step"] * mu,
        ]
    )


def _smooth(mu: Array) -> Array:
    reach = int(np.ceil(4.0 * SMOOTHED / STEP))
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) * STEP / SMOOTHED) ** 2)
    return np.convolve(np.pad(mu, reach, mode="edge"), weight / weight.sum(), "valid")
