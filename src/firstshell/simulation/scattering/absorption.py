"""From phase shifts and a cluster to the absorption coefficient: the K edge's near-edge structure."""

from dataclasses import dataclass

import numpy as np

from firstshell.simulation.scattering.convolution import lifetime
from firstshell.simulation.scattering.pad import Complex, Phases
from firstshell.simulation.scattering.propagator import Scattering
from firstshell.types import Array
from firstshell.units import BOHR, HARTREE

ABOVE = 50.0
"""eV past the Fermi level at which FEFF takes the edge step."""


@dataclass(frozen=True, eq=False)
class Absorption:
    """The K edge on FEFF's own energies, as in the columns of xmu.dat.

    energy : (n,) photon energy in eV
    level : (n,) energy of the photoelectron in eV, from the vacuum
    wavenumber : (n,) in 1/Å from the Fermi level, negative below
    mu, background : (n,) absorption of the atom in its surroundings and of the atom alone, in edge steps
    fermi : Fermi level in eV, from the vacuum
    step : the edge step, in bohr²; what FEFF divides by
    """

    energy: Array
    level: Array
    wavenumber: Array
    mu: Array
    background: Array
    fermi: float
    step: float


def propagators(phases: Phases, scattering: Scattering) -> Complex:
    """Return the propagator of the absorber's p orbitals at all energies of `phases`: (ne, 3, 3) over x, y, z."""
    shifts = [delta[:, : lmax + 1] for delta, lmax in zip(phases.shifts, scattering.cluster.lmax, strict=True)]
    return np.array(
        [scattering.propagator(k, [delta[point] for delta in shifts]) for point, k in enumerate(phases.momentum)]
    )


def average(propagator: Complex, directions: Array | None = None) -> Complex:
    """Return e·G·e averaged over unit vectors `directions` (m, 3), or over all directions when None."""
    if directions is None:
        return np.asarray(np.trace(propagator, axis1=1, axis2=2) / 3)
    return np.asarray(np.einsum("ma,eab,mb->e", directions, propagator, directions) / len(directions))


def absorption(phases: Phases, scattered: Complex, s02: float = 0.0) -> Absorption:
    """Add the fine structure to the atom's absorption, cut at the Fermi level and broaden.

    phases : from the engine
    scattered : (ne,) the mean propagator of `average`
    s02 : amplitude reduction; 0 takes the engine's own
    """
    horizontal, energy = phases.horizontal, phases.energy
    fermi = float(energy[-1].real)
    fine = -scattered / 3 * (phases.dipole**2).sum(axis=0)
    total = phases.atomic + (s02 or phases.s02) * phases.norm * fine
    omega = energy[:horizontal].real
    step = float(np.interp(fermi + ABOVE / HARTREE, omega, phases.norm[:horizontal]))
    mu, background = (lifetime(energy, x, horizontal, fermi, phases.half_width) / step for x in (total, phases.atomic))
    kinetic = omega - fermi
    return Absorption(
        energy=(omega - phases.edge + phases.emu) * HARTREE,
        level=omega * HARTREE,
        wavenumber=np.sign(kinetic) * np.sqrt(2 * np.abs(kinetic)) / BOHR,
        mu=mu,
        background=background,
        fermi=phases.fermi * HARTREE,
        step=step,
    )
