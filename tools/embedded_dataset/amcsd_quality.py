"""What makes a measured crystal structure fit to calculate with: whole atoms, contacts, valences, bond valences.

Bond valences are those of `firstshell.crystal.bond_valence`. The global instability index is the root mean square
deviation of the atoms' sums from their formal valences (Salinas-Sanchez et al., J. Solid State Chem. 100, 201, 1992).
"""

import math

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from firstshell.crystal.bond_valence import RADIUS, B, nearest_unit_length, strength
from firstshell.crystal.sites import primitive
from firstshell.crystal.valences import valences
from firstshell.io.structures.atoms import Atoms, same_composition
from firstshell.io.structures.files import MIN_CONTACT, MIN_THICKNESS
from firstshell.types import Array

MAJORITY = 0.8
"""Least occupancy of the element that a site is given to; the rest is other elements or empty."""
OVERFULL = 1.05
"""Largest total occupancy of a site."""
EMPTY = 0.02
"""A site of less occupancy is left out."""
FORMULA_TOLERANCE = 0.05
"""Relative difference between declared and listed amounts of an element."""
MAX_ATOMS = 160
"""Most atoms in the primitive cell."""
MAX_INSTABILITY = 0.4
"""Largest global instability index in valence units: 89 % of the oxides have less, barium titanate 0.38."""
MAX_DEVIATION = 0.8
"""Largest deviation of one atom's sum in valence units: 90 % have less; magnetite, of mixed valence, has 0.75."""
MAX_SHARE = 0.6
"""Largest part of a cation's valence in one bond: half in linear CuO2, 0.57 in the shortest bonds of YBa2Cu3O6."""
LIKE_CONTACT = 2.1
"""Å; no two oxygen atoms, and no two cations, come closer (the edge of a BO3 triangle is 2.3 Å)."""
VOLUME_PER_ATOM = (3.0, 100.0)
"""Å³; the oxides of the database have 6.0 (a silicate at high pressure) to 33 (Cs2O)."""


class UnfitError(ValueError):
    """A structure is not fit for use: `stage` names the check, the message the reason."""

    def __init__(self, stage: str, reason: str) -> None:
        self.stage = stage
        super().__init__(reason)


def check_mixed(symbols: list[str], positions: Array, occupancies: Array) -> None:
    """Raise UnfitError for a listed position without clear majority: most are found before symmetry is applied."""
    sites: dict[tuple[float, ...], dict[str, float]] = {}
    for symbol, position, occupancy in zip(symbols, positions, occupancies, strict=True):
        on_site = sites.setdefault(tuple((position % 1).tolist()), {})
        on_site[symbol] = on_site.get(symbol, 0.0) + float(occupancy)
    for on_site in sites.values():
        if len(on_site) > 1:  # one element alone may be listed again at an equivalent position
            majority(on_site)


def settle(atoms: Atoms) -> Structure:
    """Return the ordered primitive cell: every site becomes its majority element.

    Raises
    ------
    UnfitError : formula not as declared, a site without clear majority, no atom left, more than MAX_ATOMS atoms

    """
    found: dict[str, float] = {}
    for on_site in atoms.species:
        for symbol, amount in on_site.items():
            found[symbol] = found.get(symbol, 0.0) + amount
    if not sum(found.values()) > 0 or not same_composition(found, atoms.formula, FORMULA_TOLERANCE):
        declared, read = (" ".join(f"{s}{n:.3g}" for s, n in sorted(f.items())) for f in (atoms.formula, found))
        raise UnfitError("formula", f"declared as {declared} but the atoms are {read}")
    settled = [(majority(on_site), position) for on_site, position in zip(atoms.species, atoms.positions, strict=True)]
    symbols = [symbol for symbol, _ in settled if symbol is not None]
    kept = np.array([position for symbol, position in settled if symbol is not None])
    if not symbols:
        raise UnfitError("occupancy", "no atom is left in the cell")
    per_atom = abs(np.linalg.det(atoms.cell)) / len(symbols)
    thickness = 1 / np.linalg.norm(np.linalg.inv(atoms.cell), axis=0).max()
    if not VOLUME_PER_ATOM[0] <= per_atom <= VOLUME_PER_ATOM[1] or thickness < MIN_THICKNESS:
        raise UnfitError("size", f"the cell has {per_atom:.3g} Å³ per atom and is {thickness:.3g} Å thick")
    cell, _ = primitive(Structure(Lattice(atoms.cell), symbols, kept))
    if len(cell) > MAX_ATOMS:
        raise UnfitError("size", f"{len(cell)} atoms in the primitive cell, more than {MAX_ATOMS}")
    return cell


def majority(on_site: dict[str, float]) -> str | None:
    """Return the element that a site is given to, None for an empty one; UnfitError when that would not be honest."""
    total = sum(on_site.values())
    symbol, amount = min(on_site.items(), key=lambda item: (-item[1], item[0]))
    if min(on_site.values()) >= 0 and total < EMPTY:
        return None
    if min(on_site.values()) < 0 or amount < MAJORITY or total > OVERFULL:
        shown = ", ".join(f"{symbol} {amount:.3g}" for symbol, amount in sorted(on_site.items()))
        raise UnfitError("occupancy", f"a site holds {shown}")
    return symbol


def check_contacts(cell: Structure) -> None:
    """Raise UnfitError when two atoms, or two both cations or both oxygen, are closer than they can be."""
    first, second, _, distances = cell.get_neighbor_list(LIKE_CONTACT)
    anion = np.array([site.specie.symbol == "O" for site in cell])
    limits = np.where(anion[first] == anion[second], LIKE_CONTACT, MIN_CONTACT)
    if (distances < limits).any():
        worst = int(np.argmin(distances - limits))
        a, b = sorted((cell[int(first[worst])].specie.symbol, cell[int(second[worst])].specie.symbol))
        raise UnfitError("contacts", f"{a} and {b} are {distances[worst]:.2f} Å apart")


def check_bonds(cell: Structure) -> float:
    """Return the global instability index in valence units.

    Raises
    ------
    UnfitError : formal valences cannot be assigned, are not those of an oxide, or disagree with the bonds

    """
    try:
        states = np.array(valences(cell), dtype=np.float64)
    except ValueError as error:
        raise UnfitError("valences", str(error)) from None
    symbols = np.array([site.specie.symbol for site in cell])
    if (states[symbols == "O"] != -2).any() or (states[symbols != "O"] <= 0).any():
        odd = sorted({f"{s}{int(v):+d}" for s, v in zip(symbols, states, strict=True) if (s == "O") != (v == -2)})
        raise UnfitError("valences", f"not an oxide of cations and O2-: {', '.join(odd) or 'negative cations'}")
    sums, strongest = bond_valences(cell, states)
    share = np.where(symbols == "O", 0.0, strongest / np.abs(states))
    if share.max() > MAX_SHARE:
        i = int(np.argmax(share))
        length = nearest_unit_length(symbols[i], int(states[i])) - B * math.log(strongest[i])
        raise UnfitError("bonds", f"{symbols[i]}{int(states[i]):+d} and O-2 are only {length:.2f} Å apart")
    deviations = sums - np.abs(states)
    instability = float(np.sqrt(np.mean(deviations**2)))
    worst = int(np.argmax(np.abs(deviations)))
    shown = f"the bonds of {symbols[worst]}{int(states[worst]):+d} sum to {deviations[worst]:+.2f} of its valence"
    if abs(deviations[worst]) > MAX_DEVIATION:
        raise UnfitError("bonds", f"{shown}; instability {instability:.2f}")
    if instability > MAX_INSTABILITY:
        raise UnfitError("bonds", f"instability {instability:.2f}; {shown}")
    return instability


def bond_valences(cell: Structure, states: Array) -> tuple[Array, Array]:
    """Return sum and maximum, both (n,), of every atom's bond valences; only bonds of cations with oxygen count."""
    symbols = [site.specie.symbol for site in cell]
    anion = np.array([symbol == "O" for symbol in symbols])
    lengths = np.array(
        [0.0 if s == "O" else nearest_unit_length(s, int(v)) for s, v in zip(symbols, states, strict=True)]
    )
    first, second, _, distances = cell.get_neighbor_list(RADIUS)
    bonds = anion[first] != anion[second]
    first, second, distances = first[bonds], second[bonds], distances[bonds]
    strengths = strength(lengths[first] + lengths[second], distances)
    strongest = np.zeros(len(cell))
    np.maximum.at(strongest, first, strengths)
    return np.bincount(first, strengths, minlength=len(cell)).astype(np.float64), strongest
