"""What a structure must be before compiled code sees it."""

from collections.abc import Iterable
from math import isfinite

import numpy as np
from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure

from firstshell.errors import InputError

MIN_VOLUME = 1e-6
"""Å³; below it a cell is flat."""


def check_structure(structure: Structure) -> list[float]:
    """Raise InputError unless this is a pymatgen Structure with atoms, finite numbers and a volume.

    Returns the occupancies: of one site after the other, each species on it.
    """
    if not isinstance(structure, Structure):
        raise InputError(f"a {type(structure).__name__} is no crystal structure", remedy="Read it with read_structure")
    if len(structure) == 0:
        raise InputError("the structure has no atoms", remedy="Give a crystal structure")
    occupancies = [amount for site in structure for amount in _amounts(site.species)]
    for what, finite in (
        ("cell vector", np.isfinite(structure.lattice.matrix).all()),
        ("coordinate", np.isfinite(structure.frac_coords).all()),
        ("occupancy", all(map(isfinite, occupancies))),
    ):
        if not finite:
            raise InputError(f"the structure has a {what} that is not finite", remedy="Correct it")
    if abs(np.linalg.det(structure.lattice.matrix)) < MIN_VOLUME:
        raise InputError("the cell has no volume or is flat", remedy="Correct the cell vectors")
    return occupancies


def _amounts(species: Composition) -> Iterable[float]:
    """Return how much there is of each species on a site, at once for the single one that most sites hold."""
    return (species.num_atoms,) if len(species) == 1 else species.values()
