"""A site of a natural oxide and the ion that is to take it: whether it fits, and what the bonds are to become."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from pymatgen.core.structure import Structure

from embedded_dataset.bond_network import Ints, Network, Operations, network, operations
from embedded_dataset.ions import ELONGATING, PLANAR, SHAPING, UNLIKE_OTHERS, Ion, coexist
from embedded_dataset.jahn_teller import WIDE, elongate, flatten, shell, widest_angle
from embedded_dataset.plausibility import NotChemistryError
from embedded_dataset.relaxation import Goal
from firstshell.crystal.bond_valence import B, unit_length
from firstshell.crystal.sites import distinct_sites, primitive
from firstshell.crystal.valences import valences
from firstshell.types import Array, Site

MAX_ATOMS = 120
"""Largest primitive cell of a parent; what is simulated later costs more than the square of it."""
SIZE = 0.20
"""Å; most that the bonds of old and new ion may differ by, at equal valence. Isotypes span Ca2SiO4 and Ba2TiO4 (0.19),
CaO and MnO (0.18), Al2O3 and Fe2O3 (0.11)."""
STRONG = 0.25
"""Least mean valence of bonds around spectator cations whose polyhedra keep their edges."""
OWN_BOND, OTHER_BOND = 0.06, 0.15
"""Tolerated deviations in valence of the new ion's bonds and of all others: the newcomer shapes its surroundings."""
FIRM = 9.0
"""Weight of the edges of a tetrahedron that is to be flattened, against others."""


@dataclass(frozen=True, eq=False)
class Parent:
    """A natural oxide in its primitive cell, with charges, bonds and symmetry."""

    cell: Structure
    charges: list[int]
    bonds: Network
    symmetry: Operations


def understand(structure: Structure) -> Parent:
    """Return charges, bonds and symmetry of a natural oxide; ValueError says why it is no parent."""
    cell, _ = primitive(structure)
    if len(cell) > MAX_ATOMS:
        raise ValueError(f"its primitive cell holds {len(cell)} atoms, more than {MAX_ATOMS}")
    charges = valences(cell)
    for atom, charge in zip(cell, charges, strict=True):
        if (charge != -2) if atom.specie.symbol == "O" else (charge <= 0):
            raise ValueError(f"a charge of {charge:+d} on {atom.specie.symbol} is not that of an oxide")
    return Parent(cell, charges, network(cell, charges), operations(cell))


def cation_sites(cell: Structure) -> Iterator[tuple[str, int, Site]]:
    """Yield element, number from 1, and atoms of every distinct cation site of a primitive cell."""
    for element in sorted({atom.specie.symbol for atom in cell} - {"O"}):
        for number, site in enumerate(distinct_sites(cell, element), start=1):
            yield element, number, site


def why_not(parent: Parent, site: Site, new: Ion) -> str:
    """Return why an ion does not fit a site, "" when it does."""
    symbol = parent.cell[site.index].specie.symbol
    states = {parent.charges[i] for i in site.indices}
    if states != {new.charge}:
        return f"{new} does not fit {symbol} of charge {', '.join(map(str, sorted(states)))}"
    if (symbol, new.charge) in UNLIKE_OTHERS:
        return f"the site of {symbol}{new.charge}+ has a shape of its own"
    neighbours = len(shell(parent.bonds, site.index))
    if (symbol, new.charge) in ELONGATING and neighbours != 5:
        return f"the site of {symbol}{new.charge}+ has a shape of its own"
    if neighbours not in new.coordinations:
        return f"{new} is not known with {neighbours} neighbours"
    planar = (symbol, new.charge) in PLANAR
    if (new.square == "never" and planar) or (new.square == "always" and neighbours == 4 and not planar):
        return f"{new} does not take the shape of the site of {symbol}{new.charge}+"
    apart = unit_length(new.symbol, new.charge) - unit_length(symbol, new.charge)
    if abs(apart) > SIZE:
        return f"bonds of {new} are {apart:+.2f} Å longer than those of {symbol}{new.charge}+"
    others = {
        (atom.specie.symbol, charge)
        for i, (atom, charge) in enumerate(zip(parent.cell, parent.charges, strict=True))
        if charge > 0 and i not in site.indices
    }
    if not coexist(others | {(new.symbol, new.charge)}):
        return f"{new} does not last beside the other cations"
    return ""


def plan(parent: Parent, atoms: Ints, new: Ion) -> tuple[Network, Goal, Operations]:
    """Return the network with the new ion in the parent's place, what it is to come to, and the symmetry it keeps."""
    old = parent.bonds
    replaced = np.isin(old.cation, atoms)
    aims = old.strengths()
    aims[replaced] *= new.charge / old.sums()[old.cation[replaced]]
    if (parent.cell[int(atoms[0])].specie.symbol, new.charge) in SHAPING:
        for atom in atoms:
            members = shell(old, int(atom))
            aims[members] = (aims[members] + aims[members].mean()) / 2
    unit = old.unit.copy()
    unit[atoms] = unit_length(new.symbol, new.charge)
    bonds = replace(old, unit=unit)
    symmetry, wide = parent.symmetry, set[tuple[int, int]]()
    if new.elongated is not None:
        members = shell(old, int(atoms[0]))
        try:
            if len(members) == 6:
                aims, symmetry = elongate(old, aims, atoms, new.elongated, symmetry)
            elif len(members) == 4 and widest_angle(old, members) < WIDE:
                wide, symmetry = flatten(old, atoms, symmetry)
        except ValueError as error:
            raise NotChemistryError("Jahn–Teller", str(error)) from None
    return bonds, _goal(old, bonds, aims, atoms, symmetry, wide), symmetry


def _goal(
    old: Network, bonds: Network, aims: Array, atoms: Ints, symmetry: Operations, wide: set[tuple[int, int]]
) -> Goal:
    """Return what bonds aim at, and edges of polyhedra: their angles stay the parent's or become a flattened shell's.

    wide : pairs of bonds that are to stand wide; the other angles of their tetrahedra follow
    """
    vectors, before = old.vectors(), old.lengths()
    # Bonds beyond a neighbour's distance may aim at nothing, so their lengths are not asked for.
    wanted = bonds.unit[bonds.cation] - B * np.log(np.maximum(aims, 1e-9))
    changed = np.isin(bonds.cation, atoms)
    length = np.where(changed, wanted, before)
    orbits = symmetry.orbits()
    half = np.radians(WIDE / 2)
    edges, images, lengths, weights = [], [], [], []
    for centre in np.unique(bonds.cation).tolist():
        members = shell(old, centre)
        if orbits[centre] != centre or (centre not in atoms and old.charges[centre] / len(members) < STRONG):
            continue
        flat = bool(wide) and centre in atoms
        for i, j in combinations(members.tolist(), 2):
            cosine = vectors[i] @ vectors[j] / before[i] / before[j]
            if flat:
                cosine = np.cos(2 * half) if (i, j) in wide else -(np.cos(half) ** 2)
            edges.append((bonds.anion[i], bonds.anion[j]))
            images.append(bonds.image[j] - bonds.image[i])
            lengths.append(np.sqrt(length[i] ** 2 + length[j] ** 2 - 2 * length[i] * length[j] * cosine))
            weights.append((orbits == centre).sum() * (FIRM if flat else 1.0))
    return Goal(
        aims,
        np.where(changed, OWN_BOND, OTHER_BOND),
        np.array(edges, dtype=np.int64).reshape(-1, 2),
        np.array(images, dtype=np.float64).reshape(-1, 3),
        np.array(lengths, dtype=np.float64),
        np.array(weights, dtype=np.float64),
    )
