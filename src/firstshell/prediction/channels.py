"""What a channel is, and that of XANES: how it is disturbed for training, and its features for a forest."""

from __future__ import annotations  # else numpy.random is loaded for its name

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from firstshell.measured.xanes import augment, matching, training_grid
from firstshell.measured.xanes.population import PLAIN, Population
from firstshell.prediction.training_set import Samples
from firstshell.types import Array, Target


class Channel(Protocol):
    """One kind of measurement."""

    @property
    def name(self) -> str:
        """Return the modality."""

    @property
    def unit(self) -> str:
        """Return the unit of the axis that features stand on."""

    @property
    def distance_unit(self) -> str:
        """Return what distances are counted in, as it is printed behind them."""

    @property
    def whole(self) -> bool:
        """Return whether it is measured of a whole material, so that those of two materials do not just add up."""

    @property
    def misfit(self) -> float:
        """Return how far a measurement is from the simulation of its own structure, as `distances` has it."""

    @property
    def doubt(self) -> float:
        """Return the share of an answer that all classes have alike, so that none is ever certain or ruled out.

        A temperature alone says 0.95 and more too often; docs/results/answers.md has how the shares were chosen.
        """

    def disturbed(self, samples: Samples, rng: np.random.Generator) -> Array:
        """Return (n, p) simulated spectra as they might be measured."""

    def features(self, values: Array) -> Array:
        """Return (n, q) the features of spectra (n, p)."""

    def positions(self) -> Array:
        """Return the (q,) places on the axis that features stand for."""

    def reference(self, samples: Samples) -> tuple[Array, ...]:
        """Return what `distances` compares a measurement with."""

    @property
    def reference_shape(self) -> tuple[int, int]:
        """Return the number of arrays of a reference, and the points of their last axis."""

    def distances(self, reference: tuple[Array, ...], values: Array) -> Array:
        """Return how far one measurement (p,) is from each of n samples, what may differ being let differ."""

    def overlay(self, reference: tuple[Array, ...], index: int, values: Array) -> tuple[Array, Array, Array]:
        """Return an axis (a,), the measurement on it, and sample `index` at its best beside it: to be plotted."""


@dataclass(frozen=True)
class XanesChannel:
    """XANES on `training_grid.ENERGY`.

    population : transfers that samples may have been through; None trains on simulations as they are
    view : the view, one of `training_grid.VIEWS`
    noise : edge steps
    """

    population: Population | None
    view: str = "both"
    noise: float = augment.NOISE

    name = "xanes"
    unit = "eV"
    distance_unit = "edge steps"
    whole = False
    doubt = 0.02

    @property
    def misfit(self) -> float:
        """What the best transfers of standards leave, in edge steps."""
        return self.population.misfit if self.population is not None else 0.0

    def disturbed(self, samples: Samples, rng: np.random.Generator) -> Array:
        """Return (n, 111) spectra, each after a random transfer."""
        grid, spectra = samples.grids[self.name], samples.spectra[self.name]
        if self.population is None:
            return np.array([np.interp(training_grid.ENERGY, grid, row) for row in spectra])
        return augment.disturbed(grid, spectra, _states(samples), self.population, rng, self.noise)

    def features(self, values: Array) -> Array:
        """Return what the view shows of (n, 111) spectra."""
        return training_grid.view(self.view, values)[0]

    def positions(self) -> Array:
        """Return the energies in eV that features stand for."""
        return training_grid.view(self.view, np.zeros((1, len(training_grid.ENERGY))))[1]

    def reference(self, samples: Samples) -> tuple[Array, ...]:
        """Return the bank of simulated spectra as they would be measured."""
        grid, spectra = samples.grids[self.name], samples.spectra[self.name]
        bank = matching.make_bank(grid, spectra, _states(samples), self.population or PLAIN)
        return bank.whole, bank.tilted

    @property
    def reference_shape(self) -> tuple[int, int]:
        """Return the number of arrays of a bank, and of the energies of `training_grid.ENERGY`."""
        return 2, len(training_grid.ENERGY)

    def distances(self, reference: tuple[Array, ...], values: Array) -> Array:
        """Return root mean squares in edge steps, a shift, stretch, width, scale and tilt being free."""
        return matching.match(matching.Bank(*reference), values, self.misfit).rmse

    def overlay(self, reference: tuple[Array, ...], index: int, values: Array) -> tuple[Array, Array, Array]:
        """Return energies in eV from the tabulated edge, the measurement, and a sample after its best transfer."""
        alone = matching.Bank(*(part[index : index + 1] for part in reference))
        shift = float(matching.match(alone, values, self.misfit).shift[0])
        return training_grid.ENERGY, values, matching.fitted(alone, 0, values, shift)


def _states(samples: Samples) -> Array:
    return samples.truth(Target.OXIDATION_STATE)
