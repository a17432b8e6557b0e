"""Distortions of a crystal that keep its symmetry: what temperature, pressure and solid solution do to bond lengths.

The cell is strained, isotropically and as far as symmetry allows, the atoms move as symmetry allows, and the shells of
the metal breathe, those of each distinct site by an amount of its own. Distinct sites stay distinct sites, so spectra
cost the same.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from embedded_dataset.bond_network import Operations, operations
from embedded_dataset.minerals import LIGANDS, rounded
from embedded_dataset.relaxation import STRAINS
from firstshell.crystal.sites import distinct_sites
from firstshell.types import Array

ISOTROPIC = 0.02
"""Largest isotropic strain; uniform between its negative and itself."""
STRAIN = 0.015
"""Standard deviation of each symmetric strain that symmetry allows."""
SHIFT = 0.03
"""Å; standard deviation of each coordinate of a displacement that symmetry allows."""
BREATHING = 0.05
"""Å; standard deviation of the change of a shell's radius."""
SHELL = 1.25
"""Neighbours nearer than this many times the nearest one breathe with a shell."""
CLOSER = 0.93
"""No contact becomes shorter than this part of the parent's shortest between the same elements."""
TRIES = 20


def distort(parent: Structure, metal: str, name: str) -> Structure:
    """Return the crystal with a distortion that follows from its name; ValueError when none keeps atoms apart."""
    generator = np.random.default_rng(int(sha256(name.encode()).hexdigest()[:15], 16))
    symmetry = operations(parent)
    natural = shortest_contacts(parent)
    for attempt in range(TRIES):
        softer = 0.8**attempt
        strain = np.eye(3) * generator.uniform(-ISOTROPIC, ISOTROPIC)
        strain = strain + allowed_strain(symmetry, generator.normal(0, STRAIN, 6))
        moves = allowed_shifts(symmetry, generator.normal(0, SHIFT, (len(parent), 3)))
        moves = moves + breathing(parent, metal, generator)
        cell = Structure(
            Lattice(parent.lattice.matrix @ (np.eye(3) + softer * strain)),
            parent.species,
            parent.frac_coords + softer * moves @ np.linalg.inv(parent.lattice.matrix),
        )
        if all(length >= CLOSER * natural.get(pair, 0.0) for pair, length in shortest_contacts(cell).items()):
            return rounded(cell)
    raise ValueError("no distortion keeps the atoms apart")


def allowed_strain(symmetry: Operations, random: Array) -> Array:
    """Return the (3, 3) part of a random strain that symmetry allows, the same on every machine.

    random : (6,) along `relaxation.STRAINS`; its standard deviation is kept in the directions that symmetry allows
    """
    strain = np.einsum("b,bij->ij", random, STRAINS)
    rotations = np.unique(symmetry.rotations.round(9), axis=0)  # each once: in centred cells they occur unequally often
    turned = np.einsum("gij,jk,glk->gil", rotations, strain, rotations)
    return np.asarray(turned.mean(axis=0))


def allowed_shifts(symmetry: Operations, random: Array) -> Array:
    """Return the (n, 3) displacements that agree with symmetry, each atom's as large as site symmetry leaves it.

    random : (n, 3) displacements, of which those of the first atom of each set of equivalent ones count
    """
    moves = np.zeros_like(random)
    for first in np.unique(symmetry.orbits()).tolist():
        staying = symmetry.images[:, first] == first
        move = symmetry.rotations[staying].mean(axis=0) @ random[first]
        for rotation, image in zip(symmetry.rotations, symmetry.images[:, first], strict=True):
            moves[image] = rotation @ move
    return moves


def breathing(parent: Structure, metal: str, generator: np.random.Generator) -> Array:
    """Return the (n, 3) displacements in Å that widen or narrow the shells of the metal; a shared atom adds them up."""
    moves = np.zeros((len(parent), 3))
    for site in distinct_sites(parent, metal):
        change = generator.normal(0, BREATHING)
        for atom in site.indices:
            near = [n for n in parent.get_neighbors(parent[atom], 3.6) if n.specie.symbol in LIGANDS]
            least = min((n.nn_distance for n in near), default=0.0)
            for neighbour in near:
                if neighbour.nn_distance <= SHELL * least:
                    away = (neighbour.coords - parent[atom].coords) / neighbour.nn_distance
                    moves[neighbour.index] += change * away
    return moves


def shortest_contacts(structure: Structure) -> dict[tuple[str, str], float]:
    """Return the shortest distance below 3 Å of each pair of elements."""
    first, second, _, distances = structure.get_neighbor_list(3.0)
    found: dict[tuple[str, str], float] = {}
    symbols = [site.specie.symbol for site in structure]
    for i, j, distance in zip(first.tolist(), second.tolist(), distances.tolist(), strict=True):
        pair = (min(symbols[i], symbols[j]), max(symbols[i], symbols[j]))
        found[pair] = min(found.get(pair, np.inf), distance)
    return found
