"""Symmetry of a structure: space group, distinct sites of a metal, and the primitive cell that labels are made on."""

from dataclasses import dataclass

import numpy as np
import spglib
from numpy.typing import NDArray
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from firstshell.crystal.sanity import check_structure
from firstshell.errors import InputError
from firstshell.types import Array, Site


@dataclass(frozen=True, eq=False)
class Symmetry:
    """What spglib finds (Togo, Shinohara and Tanaka, STAM Methods 4, 2384822, 2024).

    symbol, number : international symbol and number of the space group
    orbits : (n,) for each atom the first atom that is equivalent to it, also by translations that the cell hides
    to_primitive : (n,) for each atom its atom of the primitive cell
    primitive_cell : (3, 3) vectors of the primitive cell in Å, one per row, in the orientation of the structure
    """

    symbol: str
    number: int
    orbits: NDArray[np.int64]
    to_primitive: NDArray[np.int64]
    primitive_cell: Array


def symmetry(structure: Structure, symprec: float = 0.01) -> Symmetry:
    """Find the symmetry of a structure; P1 with the cell as it is when spglib finds none.

    symprec : distance in Å within which atoms are equivalent
    """
    kinds: dict[str, int] = {}
    numbers = [kinds.setdefault(site.species_string, len(kinds) + 1) for site in structure]
    try:
        cell = (structure.lattice.matrix.tolist(), structure.frac_coords.tolist(), numbers)
        found = spglib.get_symmetry_dataset(cell, symprec=symprec)
    except spglib.SpglibError:
        found = None
    if found is None:
        atoms = np.arange(len(structure))
        return Symmetry("P1", 1, atoms, atoms, structure.lattice.matrix)
    return Symmetry(
        str(found.international),
        int(found.number),
        _first_of_each(found.crystallographic_orbits),
        _first_of_each(found.mapping_to_primitive),
        found.primitive_lattice,
    )


def space_group(structure: Structure, symprec: float = 0.01) -> tuple[str, int]:
    """Return international symbol and number of the space group; ("P1", 1) when spglib finds none."""
    found = symmetry(structure, symprec)
    return found.symbol, found.number


def distinct_sites(structure: Structure, metal: str, symprec: float = 0.01) -> list[Site]:
    """Return the symmetry-distinct sites of a metal, by the index of their first atom.

    A supercell has the distinct sites of its primitive cell, with multiplicities that count its own atoms.

    Raises
    ------
    InputError : `metal` is not the symbol of an element, or is not in the structure

    """
    check_structure(structure)
    if not Element.is_valid_symbol(metal):
        raise InputError(f"{metal!r} is not the symbol of an element", remedy='Write it as in "Cu"')
    atoms = [i for i, site in enumerate(structure) if metal in (species.symbol for species in site.species)]
    if not atoms:
        raise InputError(
            f"the structure {structure.composition.reduced_formula} holds no {metal}", remedy="Check the metal"
        )
    orbits = symmetry(structure, symprec).orbits
    members: dict[int, list[int]] = {}
    for atom in atoms:
        members.setdefault(int(orbits[atom]), []).append(atom)
    return [Site(index, tuple(indices)) for index, indices in sorted(members.items())]


def primitive(structure: Structure, symprec: float = 0.01) -> tuple[Structure, NDArray[np.int64]]:
    """Return a primitive cell in the same orientation, not idealised, and for each atom its index in that cell."""
    found = symmetry(structure, symprec)
    chosen, index = np.unique(found.to_primitive, return_inverse=True)
    cell = Structure(
        Lattice(found.primitive_cell),
        [structure[i].species for i in chosen],
        structure.cart_coords[chosen],
        coords_are_cartesian=True,
    )
    return cell, index


def _first_of_each(groups: NDArray[np.int32]) -> NDArray[np.int64]:
    """Name every group of atoms by its first atom."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)
