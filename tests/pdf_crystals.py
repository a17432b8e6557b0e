"""Crystals for the tests of the PDF engine."""

import numpy as np
from pymatgen.core import Lattice, Structure


def rutile():
    return Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(4.5937, 2.9587), ["Ti", "O"], [[0, 0, 0], [0.3053, 0.3053, 0]]
    )


def spinel():
    return Structure.from_spacegroup(
        "Fd-3m", Lattice.cubic(8.3941), ["Fe", "Fe", "O"], [[0, 0, 0], [0.625] * 3, [0.3799] * 3]
    )


def triclinic(atoms=7, seed=0):
    """A skewed, left-handed, unreduced cell without symmetry."""
    rng = np.random.default_rng(seed)
    lattice = np.array([[4.1, 0.3, -0.2], [5.0, -3.9, 0.4], [-3.3, 1.1, 6.7]])
    species = ["Cu", "Ti", "Cu", "O", "O", "O", "O"][:atoms]
    return Structure(lattice, species, rng.random((atoms, 3)))
