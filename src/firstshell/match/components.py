"""Spectra of the components of a series of scans when its phases are not known, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.match.fractions import energy_mesh, simplex
from firstshell.match.phases import MeasuredPhase
from firstshell.measured.xanes.foil import reliable_foil_shift
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.training_grid import NEEDED
from firstshell.types import Array

FEWEST = 4
"""Scans that a number of components needs."""
MOST = 6
"""Components that are sought."""
SIGNIFICANT = 0.05
"""Chance of an eigenvalue as large in noise, above which it is not that of a component."""
TOLERANCE, ROUNDS = 1e-7, 2000
"""Relative change of the residual at which the alternating fits end, and how many there may be."""


@dataclass(frozen=True, eq=False)
class Components:
    """What a series is made of.

    energy : (p,) eV from the tabulated K edge
    spectra : (k, p) of the components, in edge steps
    fractions : (n, k) of the scans, adding to one
    indicator : (m,) Malinowski's indicator function for 1, 2, … components
    chance : (m,) that the eigenvalue of the first, second, … is one of noise
    """

    energy: Array
    spectra: Array
    fractions: Array
    indicator: Array
    chance: Array

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.spectra)


def components_of(scans: Sequence[Normalised], count: int | None = None) -> Components:
    """Return the components of a series of scans by MCR-ALS.

    Spectra ≥ 0 and fractions ≥ 0 that add to one are fitted in turn to all scans (Tauler, Chemom. Intell. Lab. Syst.
    30, 133 (1995)), beginning from the scans that differ most. They are not unique: a component is a phase only where
    the series holds it nearly pure.

    count : of components; by default the smaller of what the indicator function and the F test say

    Raises InputError for fewer than `FEWEST` scans, scans that share too little, and more components than scans.
    """
    if len(scans) < FEWEST:
        remedy = "Give more scans, or name the phases with --with (with_= in Python)"
        raise InputError(
            f"components need a series of at least {FEWEST} scans, and there are {len(scans)}", remedy=remedy
        )
    energy, values = _together(scans)
    indicator, chance = significance(values)
    if count is None:
        count = number(indicator, chance)
    elif not 1 <= count < len(scans):
        raise InputError(f"{count} components of {len(scans)} scans", remedy=f"Give 1 to {len(scans) - 1}")
    spectra, fractions = alternating(values, count)
    return Components(energy, spectra, fractions, indicator, chance)


def as_phases(found: Components, like: Normalised) -> list[MeasuredPhase]:
    """Return the components as phases, as if they had been measured along with a scan of the series."""
    place = found.energy + k_edge(like.metal)
    phases = []
    for i, mu in enumerate(found.spectra, start=1):
        made = replace(
            like, name=f"component {i}", source="", energy=place, mu=mu, flat=mu, raw=mu, pre=np.zeros_like(mu),
            post=np.ones_like(mu), kept=True, edge_step=1.0, reference=None, warnings=(), how="",
        )  # fmt: skip
        phases.append(MeasuredPhase(made.name, made))
    return phases


def significance(values: Array) -> tuple[Array, Array]:
    """Return the indicator function for 1, 2, … components of (n, p) scans, and each eigenvalue's chance in noise.

    The first is the real error over the square of what is left of the smaller dimension (Malinowski, Anal. Chem. 49,
    612 (1977)), least at the number of components; the second an F test of each reduced eigenvalue against those behind
    it (Malinowski, J. Chemom. 3, 49 (1988)).
    """
    from scipy.stats import f

    eigenvalues = np.linalg.svd(values, compute_uv=False) ** 2
    small, large = min(values.shape), max(values.shape)
    most = min(MOST, small - 1)
    rows, columns = values.shape
    behind = np.cumsum(eigenvalues[::-1])[::-1]
    weights = np.array([(rows - j) * (columns - j) for j in range(small)], dtype=float)
    indicator, chance = np.empty(most), np.empty(most)
    for n in range(1, most + 1):
        left = max(float(behind[n]), np.finfo(float).tiny)
        indicator[n - 1] = np.sqrt(left / (large * (small - n))) / (small - n) ** 2
        ratio = weights[n:].sum() / weights[n - 1] * eigenvalues[n - 1] / left
        chance[n - 1] = f.sf(ratio, 1, small - n)
    return indicator, chance


def number(indicator: Array, chance: Array) -> int:
    """Return how many components there are: the fewer of where the indicator is least and of the significant ones."""
    significant = np.flatnonzero(chance > SIGNIFICANT)
    by_test = int(significant[0]) if len(significant) else len(chance)
    return max(1, min(int(indicator.argmin()) + 1, by_test))


def alternating(values: Array, count: int) -> tuple[Array, Array]:
    """Return spectra (k, p) and fractions (n, k) of (n, p) scans."""
    spectra = values[different(values, count)]
    last = np.inf
    for _ in range(ROUNDS):
        precision = spectra @ spectra.T
        fractions = np.array([simplex(precision, spectra @ row) for row in values])
        spectra = np.maximum(np.linalg.lstsq(fractions, values, rcond=None)[0], 0.0)
        left = float(np.sum((values - fractions @ spectra) ** 2))
        if last - left <= TOLERANCE * left:
            break
        last = left
    return spectra, fractions


def different(values: Array, count: int) -> list[int]:
    """Return the numbers of the scans that differ most: each the furthest from the plane through those before it."""
    first = int(np.argmax(np.linalg.norm(values - values.mean(axis=0), axis=1)))
    found, left = [first], values - values[first]
    for _ in range(count - 1):
        length = np.linalg.norm(left, axis=1)
        found.append(int(length.argmax()))
        direction = left[found[-1]] / max(float(length.max()), np.finfo(float).tiny)
        left = left - np.outer(left @ direction, direction)
    return found


def _together(scans: Sequence[Normalised]) -> tuple[Array, Array]:
    """Return the energies (p,) that scans share, and their spectra (n, p)."""
    away = [each.energy - k_edge(each.metal) + (reliable_foil_shift(each) or 0.0) for each in scans]
    low, high = max(each[0] for each in away), min(each[-1] for each in away)
    if low > NEEDED[0] or high < NEEDED[1]:
        what = f"the scans share {low:.0f} to {high:.0f} eV about the K edge of {scans[0].metal}"
        raise InputError(what, remedy=f"At least {NEEDED[0]:.0f} to {NEEDED[1]:.0f} eV are needed")
    energy = energy_mesh(low, high)
    return energy, np.array([np.interp(energy, x, each.flat) for x, each in zip(away, scans, strict=True)])
