"""The bonds of an oxide as a network: which cation binds which oxygen across which cell edge, and with what valence."""

from dataclasses import dataclass, replace

import numpy as np
import spglib
from numpy.typing import NDArray
from pymatgen.core.structure import Structure

from firstshell.crystal.bond_valence import RADIUS, strength, sums, unit_lengths
from firstshell.io.structures.spacegroups import spglib_raises
from firstshell.types import Array

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Network:
    """An ordered oxide of n atoms with m bonds between cations and oxygens.

    cell : (3, 3) lattice vectors in Å, one per row
    fractions : (n, 3) fractional coordinates
    charges : (n,) formal charges
    unit : (n,) R0 of each cation in Å, 0 for oxygen
    cation, anion, image : (m,), (m,) and (m, 3): a bond joins `cation` and the copy of `anion` that is `image` cells on
    """

    cell: Array
    fractions: Array
    charges: Ints
    unit: Array
    cation: Ints
    anion: Ints
    image: Array

    def vectors(self) -> Array:
        """Return the (m, 3) bonds from cation to oxygen in Å."""
        return np.asarray(
            (self.fractions[self.anion] + self.image - self.fractions[self.cation]) @ self.cell, dtype=np.float64
        )

    def lengths(self) -> Array:
        """Return the (m,) lengths in Å."""
        return np.asarray(np.linalg.norm(self.vectors(), axis=1), dtype=np.float64)

    def strengths(self) -> Array:
        """Return the (m,) bond valences."""
        return strength(self.unit[self.cation], self.lengths())

    def sums(self) -> Array:
        """Return the (n,) bond valence sums, positive for cations and anions."""
        return sums(self.strengths(), self.cation, self.anion, len(self.charges))

    def misfits(self) -> Array:
        """Return the (n,) bond valence sums less the charges, positive where an atom is bonded too strongly."""
        return np.asarray(self.sums() - np.abs(self.charges), dtype=np.float64)

    def moved(self, cell: Array, fractions: Array) -> "Network":
        """Return the same bonds with other coordinates."""
        return replace(self, cell=cell, fractions=fractions)


@dataclass(frozen=True, eq=False)
class Operations:
    """The k symmetry operations of a structure of n atoms, the first one being the identity.

    rotations : (k, 3, 3) orthogonal matrices that turn vectors in Å
    images : (k, n) the atom that each atom is brought to
    """

    rotations: Array
    images: Ints

    def subset(self, kept: NDArray[np.bool_]) -> "Operations":
        """Return the operations that `kept` (k,) marks."""
        return Operations(self.rotations[kept], self.images[kept])

    def orbits(self) -> Ints:
        """Return the (n,) first atom that is equivalent to each atom."""
        return np.asarray(self.images.min(axis=0), dtype=np.int64)


def network(structure: Structure, charges: list[int]) -> Network:
    """Return the network of an oxide; ValueError when a cation has no bond-valence parameters."""
    states = np.array(charges, dtype=np.int64)
    first, second, image, _ = structure.get_neighbor_list(RADIUS)
    bonds = (states[first] > 0) & (states[second] < 0)
    first, second, image = first[bonds], second[bonds], image[bonds]
    order = np.lexsort((*image.T, second, first))  # sums must not depend on the order a search found
    return Network(
        structure.lattice.matrix.copy(),
        structure.frac_coords.copy(),
        states,
        unit_lengths([site.specie.symbol for site in structure], charges),
        first[order],
        second[order],
        np.asarray(image[order], dtype=np.float64),
    )


def operations(structure: Structure, symprec: float = 0.01) -> Operations:
    """Return the symmetry operations of a primitive cell; the identity alone when spglib finds none."""
    n = len(structure)
    lattice, fractions = structure.lattice.matrix, structure.frac_coords
    kinds = {symbol: i for i, symbol in enumerate(sorted({site.species_string for site in structure}))}
    numbers = [kinds[site.species_string] + 1 for site in structure]
    identity = Operations(np.eye(3)[None], np.arange(n)[None])
    try:
        with spglib_raises():
            found = spglib.get_symmetry((lattice.tolist(), fractions.tolist(), numbers), symprec=symprec)
    except spglib.SpglibError:
        return identity
    if found is None:
        return identity
    rotations, images = [identity.rotations[0]], [identity.images[0]]
    for turn, shift in zip(found["rotations"], found["translations"], strict=True):
        apart = (fractions @ turn.T + shift)[:, None, :] - fractions[None, :, :]
        distances = np.linalg.norm((apart - np.round(apart)) @ lattice, axis=2)
        distances[np.not_equal.outer(numbers, numbers)] = np.inf
        image = distances.argmin(axis=1)
        if np.array_equal(turn, np.eye(3)) or len(set(image.tolist())) < n:
            continue
        # Rounded cell constants leave the matrix orthogonal only to their last digit.
        left, _, right = np.linalg.svd(lattice.T @ turn @ np.linalg.inv(lattice.T))
        rotations.append(left @ right)
        images.append(image)
    return Operations(np.array(rotations), np.array(images, dtype=np.int64))
