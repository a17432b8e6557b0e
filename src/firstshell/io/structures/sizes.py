"""How much room atoms take: the least distances and the volumes that a crystal of these elements can have.

Radii are the covalent ones of Cordero et al., Dalton Trans. 2832 (2008), as pymatgen has them. Limits lie beyond all of
3,331 ordered structures of the American Mineralogist's database and 1,097 oxides of copper, but for disorder that was
written as if it were ordered, misprints, and elements under hundreds of GPa.
"""

from collections.abc import Sequence

import numpy as np
from pymatgen.analysis.molecule_structure_comparator import CovalentRadius
from pymatgen.core.structure import Structure

from firstshell.errors import InputError
from firstshell.types import Array

MIN_CONTACT_HYDROGEN = 0.5
"""Å; contacts of hydrogen (the bond of H₂ is 0.74 Å)."""
CLOSEST = 0.63
"""Least distance over the sum of covalent radii: uranyl has 0.67 (1.76 Å), vanadyl 0.71 (1.55 Å)."""
DENSEST, SPARSEST = 0.5, 300.0
"""Range of the volume over that of spheres of covalent radius: oxides have 1 to 3, porous solids up to 100."""
OPEN = 12.0
"""The same from which on a note is given."""
LARGEST_KNOWN = 1.7
"""Å; taken for elements without a covalent radius, which come after curium."""


def check_volume(symbols: Sequence[str], volume: float, source: str) -> str | None:
    """Return a note when a cell is as open as a porous solid; InputError when no crystal has its volume.

    symbols : element of each atom of the cell; volume : Å³
    """
    spheres = 4 / 3 * np.pi * float(np.sum(_radii(symbols) ** 3))
    each = volume / len(symbols)
    if not DENSEST <= volume / spheres <= SPARSEST:
        seems = "too small" if volume < spheres else "too large"
        what = f"the cell of {volume:.4g} Å³ is {seems} for its {len(symbols)} atoms ({each:.3g} Å³ each)"
        raise InputError(what, remedy="Correct the cell vectors, or complete the atoms", file=source)
    if volume / spheres > OPEN:
        return f"the cell has {each:.0f} Å³ an atom, as a porous solid, a surface or a molecule in a box has"
    return None


def check_contacts(structure: Structure, min_contact: float, source: str) -> None:
    """Raise InputError for the closest pair that is too close for its elements, periodic images included.

    min_contact : Å; least distance of any two atoms but hydrogen
    """
    radii = _radii([site.specie.symbol for site in structure])
    reach = max(min_contact, MIN_CONTACT_HYDROGEN, 2 * CLOSEST * float(radii.max()))
    first, second, _, distances = structure.get_neighbor_list(reach)
    hydrogen = np.array([site.specie.Z == 1 for site in structure])
    by_element = np.maximum(min_contact, CLOSEST * (radii[first] + radii[second]))
    limits = np.where(hydrogen[first] | hydrogen[second], MIN_CONTACT_HYDROGEN, by_element)
    if (distances < limits).any():
        worst = int(np.argmin(distances - limits))
        a, b = sorted((int(first[worst]), int(second[worst])))
        raise InputError(
            f"atoms {a + 1} ({structure[a].specie}) and {b + 1} ({structure[b].specie}) are "
            f"{distances[worst]:.2f} Å apart, closer than {limits[worst]:.3g} Å",
            remedy="Correct the cell, the coordinates or the symmetry",
            file=source,
        )


def _radii(symbols: Sequence[str]) -> Array:
    """Return covalent radii in Å; those of D and T are hydrogen's."""
    known = CovalentRadius.radius
    return np.array([known.get("H" if symbol in ("D", "T") else symbol, LARGEST_KNOWN) for symbol in symbols])
