"""Labels of the first shell, one function per Target: per distinct site of a metal, and per material.

Coordination number and bond length come from CrystalNN (Pan et al., Inorg. Chem. 60, 1590, 2021) with its default
settings, oxidation states from bond valences (`structures.valences`). Both see the primitive cell, so a supercell,
another orientation or another order of atoms has the same labels.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from pymatgen.analysis.local_env import CrystalNN
from pymatgen.core.periodic_table import Species
from pymatgen.core.structure import Structure

from firstshell.crystal.sites import primitive
from firstshell.crystal.valences import valences
from firstshell.errors import InputError
from firstshell.runtime.timelimit import time_limit
from firstshell.types import Array, Labels, Site, Target

T = TypeVar("T")

OXIDATION, COORDINATION, LENGTH = (target.value for target in Target)


def label_sites(structure: Structure, metal: str, sites: Sequence[Site], limit_s: float = 30.0) -> list[Labels]:
    """Return the labels of each distinct site of the metal.

    structure : ordered
    sites : of `distinct_sites(structure, metal)`
    limit_s : processor time in s that the valences, and the neighbours of one site, may take

    Raises
    ------
    InputError : a site is not an atom of the metal

    A label that cannot be had is None, with the reason in `reasons`.

    """
    for site in sites:
        if not 0 <= site.index < len(structure) or structure[site.index].specie.symbol != metal:
            raise InputError(
                f"atom {site.index} is not an atom of {metal}", remedy="Use distinct_sites of this structure"
            )
    cell, index = primitive(structure)
    states, why_no_state = _attempt(lambda: oxidation_states(cell), limit_s)
    neutral = _without_charges(cell)
    labels = []
    for site in sites:
        atom = int(index[site.index])
        shell, why_no_shell = _attempt(lambda atom=atom: first_shell(neutral, atom), limit_s)  # type: ignore[misc]
        reasons = {OXIDATION: why_no_state} if states is None else {}
        if shell is None:
            reasons |= {COORDINATION: why_no_shell, LENGTH: why_no_shell}
        labels.append(
            Labels(
                None if states is None else states[atom],
                None if shell is None else coordination_number(shell.distances),
                None if shell is None else bond_length(shell.distances),
                reasons,
                "" if shell is None else join_ligands(shell.elements),
            )
        )
    return labels


def label_material(site_labels: Sequence[Labels], multiplicities: Sequence[int]) -> Labels:
    """Return the labels of a material from those of its sites.

    Oxidation state and coordination number are those that all sites share, otherwise None with the values in `reasons`;
    the bond length is the mean over all atoms of each atom's mean, also when the classes disagree; the ligand names the
    elements in the shells of all sites, "" where one is not known.
    """
    reasons: dict[str, str] = {}

    def collect(name: str) -> list[float]:
        missing = [labels.reasons.get(name, "unknown") for labels in site_labels if getattr(labels, name) is None]
        if missing:
            part = f"{len(missing)} of {len(site_labels)} sites: " if len(missing) < len(site_labels) else ""
            reasons[name] = part + missing[0]
            return []
        return [getattr(labels, name) for labels in site_labels]

    def agree(name: str) -> int | None:
        counts: dict[int, int] = {}
        for value, multiplicity in zip(collect(name), multiplicities, strict=name not in reasons):
            counts[int(value)] = counts.get(int(value), 0) + multiplicity
        if len(counts) > 1:
            reasons[name] = "sites disagree: " + ", ".join(f"{value} (×{n})" for value, n in sorted(counts.items()))
        return next(iter(counts)) if len(counts) == 1 else None

    lengths = collect(LENGTH)
    length = float(np.average(lengths, weights=multiplicities)) if lengths else None
    shells = [labels.ligand for labels in site_labels]
    ligand = join_ligands("+".join(shells).split("+")) if all(shells) else ""
    return Labels(agree(OXIDATION), agree(COORDINATION), length, reasons, ligand)


def oxidation_states(primitive_cell: Structure) -> list[int]:
    """Return the formal valence of each atom of a primitive cell in elementary charges; ValueError says why not."""
    return valences(primitive_cell)


def coordination_number(shell: Array) -> int:
    """Return the number of neighbours in a first shell, given its distances."""
    return len(shell)


def bond_length(shell: Array) -> float:
    """Return the mean distance to a first shell in Å."""
    return float(shell.mean())


def join_ligands(elements: Iterable[str]) -> str:
    """Return symbols of elements, each once, in alphabetical order, joined by "+"."""
    return "+".join(sorted(set(elements)))


@dataclass(frozen=True, eq=False)
class Shell:
    """The n neighbours in a first shell: (n,) ascending distances in Å, and the element of each."""

    distances: Array
    elements: tuple[str, ...]


def first_shell(structure: Structure, atom: int) -> Shell:
    """Return the neighbours that CrystalNN gives an atom.

    Raises
    ------
    ValueError : there are none

    """
    centre = structure[atom].coords
    neighbours = CrystalNN().get_nn_info(structure, atom)  # type: ignore[no-untyped-call]
    if not neighbours:
        raise ValueError("CrystalNN finds no neighbours")
    found = sorted(
        (float(np.linalg.norm(neighbour["site"].coords - centre)), neighbour["site"].specie.symbol)
        for neighbour in neighbours
    )
    return Shell(np.array([distance for distance, _ in found]), tuple(element for _, element in found))


def _without_charges(structure: Structure) -> Structure:
    """Return the structure with valence 0 everywhere and D, T as H.

    CrystalNN takes covalent radii for it, as it does for undecorated structures, but there it warns at every pair.
    """
    symbols = ["H" if site.specie.Z == 1 else site.specie.symbol for site in structure]
    return Structure(structure.lattice, [Species(symbol, 0) for symbol in symbols], structure.frac_coords)


def _attempt(task: Callable[[], T], limit_s: float) -> tuple[T | None, str]:
    """Return what `task` gives, or None and why."""
    try:
        with time_limit(limit_s):
            return task(), ""
    except Exception as error:
        return None, str(error) or type(error).__name__
