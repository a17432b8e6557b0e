"""From complex absorption to the measured one: cut at the Fermi level, core-hole lifetime.

Taranukhina et al. and Ankudinov and Rehr, Phys. Rev. B 62, 2437 (2000): the integral over the occupied states is bent
into the complex plane, where everything is smooth and few points suffice. Hartree atomic units.
"""

import numpy as np

from firstshell.simulation.scattering.pad import Complex
from firstshell.types import Array

TOUCHING = 1e-4
"""A pole this near to a segment's end (hartree) leaves its logarithm to the neighbour."""


def lifetime(energy: Complex, absorption: Complex, horizontal: int, fermi: float, half_width: float) -> Array:
    """Return μ at the real parts of the `horizontal` first energies: absorption above the Fermi level, broadened.

    energy : (ne,) complex mesh: `horizontal` points with Im E = half_width, then points straight up from `fermi`
    absorption : (ne,) complex absorption X(E) there
    fermi : Fermi level
    half_width : half the core hole's full width Γ
    """
    level = energy[:horizontal]
    omega = level.real
    above = level.real > fermi
    up = (np.arange(len(energy)) >= horizontal) & (energy.imag < half_width)
    at_corner = np.interp(fermi, omega, absorption[:horizontal].real) + 1j * np.interp(
        fermi, omega, absorption[:horizontal].imag
    )
    corner = fermi + 1j * half_width
    path = np.concatenate([energy[up], [corner], level[above]])
    values = np.concatenate([absorption[up], [at_corner], absorption[:horizontal][above]])
    local = np.where(omega >= fermi, absorption[:horizontal], at_corner)

    # Rows: ω; columns: segments [z1, z2] on which F = X - X(ω̃) is linear, so that each integral is a logarithm.
    z1, z2 = path[:-1], path[1:]
    f1, f2 = values[:-1] - local[:, None], values[1:] - local[:, None]
    upper, lower = omega[:, None] + 1j * half_width, omega[:, None] - 1j * half_width
    touching = np.minimum(np.abs(z1 - upper), np.abs(z2 - upper)) < TOUCHING
    ratio = np.where(touching, 1.0, (z2 - upper) / np.where(touching, 1.0, z1 - upper))
    near = np.log(ratio) * (f1 * (z2 - upper) + f2 * (upper - z1))
    far = np.log((z2 - lower) / (z1 - lower)) * (f1 * (z2 - lower) + f2 * (lower - z1))
    integral = ((near - far) / (z2 - z1)).sum(axis=1) / (2j * np.pi)

    # Between the Fermi level on the real axis and the first point above it X is taken as constant.
    rise = path[0].imag
    integral += 1j * rise * f1[:, 0] * half_width / np.pi / (half_width**2 + (1j * rise - (omega - fermi)) ** 2)
    occupied = 0.5 + np.arctan((omega - fermi) / half_width) / np.pi
    return np.asarray((local * occupied + integral).imag)
