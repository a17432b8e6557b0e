"""Constants of nature in the units of spectra."""

HARTREE = 27.211386
"""eV, with the digits that feff8l uses."""
BOHR = 0.52917721
"""Å."""
EV_PER_K2 = 3.80998
"""Kinetic energy in eV of an electron of 1 Å⁻¹."""
EV_PER_K2_OF_MESHES = 3.81
"""The same, rounded: energy meshes of XANES are laid out with it, and another digit would move all their energies."""
