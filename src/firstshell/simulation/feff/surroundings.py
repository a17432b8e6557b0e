"""The atoms around one atom of a crystal, the same ones in the same order however the crystal is written down."""

import numpy as np
from numpy.typing import NDArray
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from firstshell.errors import InputError
from firstshell.simulation.feff.cards import MAX_ATOMS, Potential
from firstshell.types import Array

TIE = 1e-3
"""Å. Distances closer than this are the same shell."""


def surroundings(structure: Structure, site: int, radius: float) -> tuple[Array, NDArray[np.intp]]:
    """Return the atoms within `radius` Å of atom `site`, itself first, by distance; no shell is cut in two.

    Returns positions (n, 3) in Å relative to the atom, and atomic numbers (n,).

    Atoms of one shell are put in order by their own surroundings, which neither a rotation nor another cell changes.

    """
    centre = structure.cart_coords[site]
    near = structure.get_sites_in_sphere(centre, radius + 20 * TIE)
    positions = np.array([atom.coords for atom in near]) - centre
    charges = np.array([atom.specie.Z for atom in near], dtype=np.intp)
    distances = np.linalg.norm(positions, axis=1)
    order = np.argsort(distances, kind="stable")
    order = order[: shell_end(distances[order], radius)]
    positions, charges, distances = positions[order], charges[order], distances[order]
    shell = np.cumsum(np.diff(distances, prepend=0.0) > TIE)
    separations = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    crowding = (charges * np.exp(-separations)).sum(axis=1)
    order = np.lexsort((np.round(crowding, 4), charges, shell))
    return positions[order], charges[order]


def site_atoms(structure: Structure, site: int, radius: float) -> tuple[Array, NDArray[np.intp], tuple[Potential, ...]]:
    """Return positions (n, 3) in Å, kinds (n,) and potentials of the atoms within `radius` Å, as `Job` takes them.

    One potential is the absorber's and one each element's around it. Of more than `MAX_ATOMS` the outer ones are left
    out by whole shells.

    Raises InputError for partly occupied positions.
    """
    if not structure.is_ordered:
        raise InputError(
            "XANES needs every position fully occupied by one element",
            remedy="Give an ordered structure or round the occupancies",
        )
    positions, charges = surroundings(structure, site, radius)
    if len(positions) > MAX_ATOMS:
        distances = np.linalg.norm(positions, axis=1)
        kept = shell_end(distances, distances[MAX_ATOMS - 1] - 0.1)
        positions, charges = positions[:kept], charges[:kept]
    amounts = structure.composition.reduced_composition
    elements = [Element.from_Z(charge) for charge in sorted(set(charges[1:].tolist()))]
    kinds = 1 + np.searchsorted([element.Z for element in elements], charges)
    kinds[0] = 0
    absorber = Element.from_Z(int(charges[0]))
    potentials = (
        Potential(absorber.Z, absorber.symbol, 1e-4),
        *(Potential(element.Z, element.symbol, float(amounts[element])) for element in elements),
    )
    return positions, kinds, potentials


def shell_end(distances: Array, radius: float) -> int:
    """Return how many of the ascending `distances` lie within `radius`, the last shell complete."""
    count = int(np.searchsorted(distances, radius + TIE, side="right"))
    while 0 < count < len(distances) and distances[count] - distances[count - 1] < TIE:
        count += 1
    return count


def clear_radius(distances: Array, radius: float, most: float = np.inf) -> float:
    """Return the radius nearest to `radius`, not above `most`, in a gap of 0.02 Å between ascending `distances`.

    A sphere through a shell lets rounding decide who belongs to it.
    """
    low, high = distances, np.minimum(np.append(distances[1:], np.inf), most)
    wide = high - low >= 0.02
    best = np.clip(radius, low[wide] + 0.01, high[wide] - 0.01)
    return float(best[np.argmin(np.abs(best - radius))])
