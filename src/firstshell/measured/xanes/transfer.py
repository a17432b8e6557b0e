"""What turns a simulated XANES into its measured one: shift, stretch, broadening, slope, over-absorption, scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import isfinite

import numpy as np

from firstshell.errors import InputError
from firstshell.measured.xanes.broadening import broaden
from firstshell.types import Array

ANCHOR = 12.0
"""eV above the tabulated edge: what a stretch leaves in place. Edges of oxides of the 3d metals lie there."""
MIDDLE, SPAN = 30.0, 40.0
"""eV above the tabulated edge where a slope leaves a spectrum as it is, and eV that it is counted over."""
LIMITS = {
    "shift": (-15.0, 15.0),
    "stretch": (-0.25, 0.25),
    "sigma": (0.0, 6.0),
    "growth": (0.0, 0.5),
    "over_absorption": (0.0, 2.0),
    "slope": (-1.0, 1.0),
    "scale": (0.1, 10.0),
}
"""What each parameter may be; values outside have no meaning."""


@dataclass(frozen=True)
class Transfer:
    """The way from a simulated spectrum to the measured one of the same structure; the default changes nothing.

    shift : eV; the measured spectrum lies higher by it
    stretch : a feature x eV above the anchor in the simulation lies x (1 + stretch) above it in the measurement
    sigma : eV, standard deviation of the Gaussian that the simulation is convolved with at all energies: the instrument
        and what the simulation's own width lacks
    growth : half width of a Lorentzian that grows from zero at the anchor, in eV per eV: inelastic losses
    over_absorption : a in μ (1 + a)/(1 + a μ), 0 for a thin or dilute sample: self-absorption or a sample too thick
    slope : of a factor 1 + slope·(E − middle)/40 eV: error of the normalisation
    scale : error of the edge step

    Raises InputError for values outside `LIMITS`.
    """

    shift: float = 0.0
    stretch: float = 0.0
    sigma: float = 0.0
    growth: float = 0.0
    over_absorption: float = 0.0
    slope: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
                raise InputError(f"{name} = {value!r} is not a number", remedy="Correct it")
            if not low - 1e-9 <= value <= high + 1e-9:
                raise InputError(f"{name} = {value:g} is out of range", remedy=f"Give {low:g} to {high:g}")

    def apply(self, energy: Array, simulated: Array, at: Array | None = None) -> Array:
        """Return simulated spectra as they would be measured.

        energy : (p,) eV from the tabulated K edge, increasing
        simulated : (..., p) in edge steps
        at : (m,) energies of the result in eV from the tabulated edge; those of the simulation by default

        Returns (..., m). Beyond its ends a simulated spectrum is taken as constant.
        """
        at = energy if at is None else at
        source = ANCHOR + (at - ANCHOR - self.shift) / (1.0 + self.stretch)
        gamma = self.growth * np.maximum(source - ANCHOR, 0.0)
        return self.rescaled(broaden(energy, simulated, source, self.sigma, gamma), at)

    def rescaled(self, mu: Array, at: Array) -> Array:
        """Return spectra (..., m) at energies (m,) after over-absorption, slope and scale alone."""
        mu = over_absorbed(mu, self.over_absorption)
        return np.asarray(self.scale * (1.0 + self.slope * (at - MIDDLE) / SPAN) * mu)

    @classmethod
    def of(cls, values: Iterable[float]) -> Transfer:
        """Return the transfer of values in the order of `PARAMETERS`."""
        return cls(**{name: float(value) for name, value in zip(PARAMETERS, values, strict=True)})

    @property
    def values(self) -> Array:
        """The parameters in the order of `PARAMETERS`."""
        return np.array([getattr(self, name) for name in PARAMETERS])


PARAMETERS = tuple(field.name for field in fields(Transfer))
LOWEST, HIGHEST = (np.array([LIMITS[name][end] for name in PARAMETERS]) for end in (0, 1))
"""The limits in the order of `PARAMETERS`."""


def over_absorbed(mu: Array, amount: float) -> Array:
    """Return spectra in edge steps after an over-absorption; see `Transfer`."""
    return np.asarray(mu * (1.0 + amount) / (1.0 + amount * np.maximum(mu, 0.0)))
