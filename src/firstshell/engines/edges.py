"""Where edges lie: the tabulated K edges that energies are counted from, and the half step of a spectrum."""

import numpy as np

from firstshell.engines.k_edges import K_EDGES
from firstshell.errors import InputError
from firstshell.types import Array


def k_edge(metal: str) -> float:
    """Return the tabulated K-edge energy of `metal` in eV (Elam, Ravel and Sieber 2002)."""
    if metal not in K_EDGES:
        raise InputError(f"{metal!r} is not an element with a K edge", remedy="Give an element symbol, such as Fe")
    return K_EDGES[metal]


def half_step(energy: Array, spectra: Array) -> Array:
    """Return where normalised spectra first reach half an edge step, in eV; NaN where one starts above or stays below.

    energy : (p,) increasing; spectra : (p,) or (n, p) in edge steps

    Returns (n,).
    """
    rows = np.atleast_2d(spectra)
    place = np.argmax(rows >= 0.5, axis=1)
    after, number = np.maximum(place, 1), np.arange(len(rows))
    low, high = rows[number, after - 1], rows[number, after]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = energy[after - 1] + (0.5 - low) / (high - low) * (energy[after] - energy[after - 1])
    return np.asarray(np.where(place > 0, found, np.nan))
