"""Symmetry of a crystal structure, found by spglib (Togo, Shinohara and Tanaka, STAM Methods 4, 2384822, 2024)."""

from dataclasses import dataclass

import numpy as np
import spglib
from numpy.typing import NDArray
from pymatgen.core.structure import Structure

from firstshell.io.structures.spacegroups import spglib_raises
from firstshell.types import Array


@dataclass(frozen=True, eq=False)
class Symmetry:
    """Space group of a structure of n atoms, and what it makes equivalent.

    symbol, number : international symbol and number of the space group
    rotations : (k, 3, 3) integers, the rotations of its operations in fractional coordinates
    orbits : (n,) for each atom the first atom that is equivalent to it, also by translations that the cell hides
    to_primitive : (n,) for each atom its atom of the primitive cell
    primitive_cell : (3, 3) vectors of the primitive cell in Å, one per row, in the orientation of the structure
    """

    symbol: str
    number: int
    rotations: NDArray[np.int32]
    orbits: NDArray[np.int64]
    to_primitive: NDArray[np.int64]
    primitive_cell: Array


def symmetry(structure: Structure, symprec: float = 0.01) -> Symmetry:
    """Find the symmetry of a structure; P1 with the cell as it is when spglib finds none.

    symprec : distance in Å within which atoms are equivalent
    """
    kinds: dict[str, int] = {}
    numbers = [kinds.setdefault(site.species_string, len(kinds) + 1) for site in structure]
    cell = (structure.lattice.matrix.tolist(), structure.frac_coords.tolist(), numbers)
    try:
        with spglib_raises():
            found = spglib.get_symmetry_dataset(cell, symprec=symprec)
    except spglib.SpglibError:
        found = None
    if found is None:
        atoms = np.arange(len(structure))
        return Symmetry("P1", 1, np.eye(3, dtype=np.int32)[None], atoms, atoms, structure.lattice.matrix)
    return Symmetry(
        str(found.international),
        int(found.number),
        found.rotations,
        _first_of_each(found.crystallographic_orbits),
        _first_of_each(found.mapping_to_primitive),
        found.primitive_lattice,
    )


def space_group(structure: Structure, symprec: float = 0.01) -> tuple[str, int]:
    """Return international symbol and number of the space group; ("P1", 1) when spglib finds none."""
    found = symmetry(structure, symprec)
    return found.symbol, found.number


def _first_of_each(groups: NDArray[np.int32]) -> NDArray[np.int64]:
    """Name every group of atoms by its first atom."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)
