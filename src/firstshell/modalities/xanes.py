"""XANES: X-ray absorption near the K edge, in units of the edge step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firstshell.engines.edges import k_edge
from firstshell.errors import InputError
from firstshell.types import Grid, Spectrum

name = "xanes"


@dataclass(frozen=True)
class XanesParams:
    """The XANES grid.

    emin, emax : first and last energy in eV, counted from the metal's tabulated K edge. FEFF places the Fermi level
        4 to 10 eV above that edge for the 3d metals, so the window spans the pre-edge to about 50 eV past it.
    points : number of evenly spaced energies, both ends included
    """

    emin: float = 0.0
    emax: float = 55.0
    points: int = 100

    def __post_init__(self) -> None:
        if not np.isfinite([self.emin, self.emax]).all() or self.emax <= self.emin:
            raise InputError(f"emin {self.emin} and emax {self.emax} make no range", remedy="Give emin < emax in eV")
        if not 2 <= self.points <= 100_000:
            raise InputError(f"points = {self.points} is out of range", remedy="Give 2 to 100000")


Params = XanesParams


def grid(params: XanesParams, metal: str | None = None) -> Grid:
    """Return the energies relative to the tabulated K edge, or absolute ones when `metal` is named."""
    relative = np.linspace(params.emin, params.emax, params.points)
    if metal is None:
        return Grid(relative, "E − E(K)", "eV")
    return Grid(k_edge(metal) + relative, "Energy", "eV")


def prepare(measured: Spectrum, params: XanesParams) -> Spectrum:
    """Put a normalised spectrum (absolute energies, in edge steps) on the grid by linear interpolation.

    Below its first energy a spectrum keeps its first value, for at most `HOLD` eV: calculated spectra start about
    4 eV below the Fermi level, on the flat tail of the edge. Above its last energy nothing is made up.

    Raises InputError where the spectrum does not reach over the grid.
    """
    target = grid(params, measured.metal)
    energy, (low, high) = measured.grid.values, target.values[[0, -1]]
    if energy[0] > low + HOLD or energy[-1] < high:
        raise InputError(
            f"the spectrum spans {energy[0]:.1f} to {energy[-1]:.1f} eV and the grid {low:.1f} to {high:.1f} eV",
            remedy="Choose emin and emax within the spectrum's range",
        )
    values = np.interp(target.values, energy, measured.values)
    return Spectrum(target, values, name, "μ(E)", "edge steps", measured.metal, measured.site, measured.provenance)


HOLD = 10.0
