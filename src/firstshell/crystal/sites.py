"""Distinct sites of a metal, and the primitive cell that labels are made on."""

import numpy as np
from numpy.typing import NDArray
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from firstshell.crystal.sanity import check_structure
from firstshell.crystal.symmetry import symmetry
from firstshell.errors import InputError
from firstshell.types import Site


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
