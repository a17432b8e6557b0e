"""The energy grid of training and measured XANES, and the features of a forest on it."""

import numpy as np

from firstshell.config import did_you_mean
from firstshell.elements import half_step, k_edge
from firstshell.errors import InputError
from firstshell.measured.xanes.normalise import Normalised
from firstshell.types import Array

ENERGY = np.linspace(-5.0, 50.0, 111)
"""eV from the tabulated K edge."""
AROUND = np.linspace(-8.0, 32.0, 81)
"""eV from a spectrum's own half step."""
NEEDED = (5.0, 35.0)
"""eV from the tabulated K edge that a measurement must hold: beyond its ends it is continued with its last value."""


def interpolate(measured: Normalised, shift: float = 0.0) -> Array:
    """Return μ (111,) of a normalised measurement on `ENERGY`, moved up by `shift` eV, continued past its ends."""
    return np.interp(ENERGY, measured.energy - k_edge(measured.metal) + shift, measured.mu)


def on_grid(measured: Normalised, shift: float = 0.0) -> Array:
    """Return μ (111,) of a normalised measurement on `ENERGY`, moved up by `shift` eV.

    Raises InputError where the scan does not reach far enough.
    """
    away = measured.energy - k_edge(measured.metal) + shift
    if away[0] > NEEDED[0] or away[-1] < NEEDED[1]:
        raise InputError(
            f"{measured.name} runs from {away[0]:.0f} to {away[-1]:.0f} eV about the K edge of {measured.metal}",
            remedy=f"At least {NEEDED[0]:.0f} to {NEEDED[1]:.0f} eV are needed",
            file=measured.source,
        )
    return interpolate(measured, shift)


def absolute(mu: Array) -> tuple[Array, Array]:
    """Take spectra as they are, on tabulated energies."""
    return mu, ENERGY


def about_edge(mu: Array) -> tuple[Array, Array]:
    """Take spectra about their own half step, and where that lies."""
    edge = np.nan_to_num(half_step(ENERGY, mu), nan=ENERGY[0])
    moved = np.array([np.interp(at + AROUND, ENERGY, row) for at, row in zip(edge, mu, strict=True)])
    return np.column_stack([moved, edge]), np.append(AROUND, 0.0)


def both(mu: Array) -> tuple[Array, Array]:
    """Take spectra on tabulated energies and about their own half step."""
    (one, here), (two, there) = absolute(mu), about_edge(mu)
    return np.hstack([one, two]), np.concatenate([here, there])


VIEWS = {each.__name__: each for each in (absolute, about_edge, both)}


def view(name: str, mu: Array) -> tuple[Array, Array]:
    """Return features (n, q) of spectra (n, 111), and the energies (q,) in eV that they stand for.

    Raises InputError for an unknown view.
    """
    if name not in VIEWS:
        raise InputError(f"there is no view {name!r} of XANES", remedy=did_you_mean(name, VIEWS))
    return VIEWS[name](np.atleast_2d(mu))
