"""Crystal structures of oxides as found in nature or grown in the laboratory: American Mineralogist's database.

What the file says is read by `amcsd_database`, what is fit for use is decided by `amcsd_quality`; here entries are put
together, named, grouped into series and freed of duplicates.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from embedded_dataset.amcsd_database import Row, database, expand, read_atoms, read_formula, read_rows
from embedded_dataset.amcsd_quality import MAX_ATOMS, UnfitError, check_bonds, check_contacts, check_mixed, settle
from firstshell.crystal.symmetry import symmetry
from firstshell.errors import InputError
from firstshell.runtime.progress import Reporter, Silent
from firstshell.types import Array

EXCLUDED = frozenset({"H", "D", "T", "C", "N", "S", "F", "Cl", "Br", "I", "At", "He", "Ne", "Ar", "Kr", "Xe", "Rn"})
"""Elements of which an oxide, as meant here, holds nothing."""
SAME = 0.002
"""Two structures of a series whose distances agree within this fraction are one."""
NEIGHBOURS = 12
"""Distances of every atom that are compared."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One structure as found in nature (or the laboratory), ordered and checked.

    id : "amcsd-00156"
    name : name of the mineral, "" when it has none
    series : what the members of a temperature or pressure series and repeated determinations have in common: formula,
        space group and occupied positions
    reference : "Authors, Journal volume, page (year)"
    structure : primitive cell, ordered; lengths to 1e-5 Å, fractions to 1e-6
    """

    id: str
    name: str
    series: str
    reference: str
    structure: Structure


@dataclass(frozen=True)
class Refusal:
    """Why a structure of the database is not among the entries; `stage` is the check it did not pass."""

    id: str
    stage: str
    reason: str


def read_entry(id: str) -> Entry:  # noqa: A002
    """Return one structure of the database by its id ("amcsd-00156").

    Raises
    ------
    InputError : no such id, or the structure is not an oxide or not fit for use, with the reason

    """
    match = re.fullmatch(r"amcsd-(\d{5,9})", id)
    row = next(read_rows(database(), int(match[1])), None) if match else None
    if row is None:
        raise InputError(f"there is no structure {id[:40]!r}", remedy='Give an id as "amcsd-00156"')
    try:
        if not _is_oxide(row):
            raise UnfitError("elements", f"{row.formula} is not an oxide")
        return _entry(row)[0]
    except UnfitError as error:
        raise InputError(f"{id} is refused: {error}", remedy="Use another structure") from None


def oxides(metals: Sequence[str] = (), reporter: Reporter | None = None) -> tuple[list[Entry], list[Refusal]]:
    """Return all oxides of the database by id, and why others are not among them.

    metals : only oxides that hold one of these elements; all by default

    Oxides hold O and no other anion, no H, C, N, S, halogen or noble gas. Of determinations that agree within SAME the
    latest is kept. Refusals are given of oxides only.

    Raises
    ------
    InputError : not an element; the database is missing or is not one

    """
    unknown = [metal for metal in metals if not Element.is_valid_symbol(metal)]
    if unknown:
        raise InputError(f"{unknown[0]!r} is not the symbol of an element", remedy='Write it as in "Cu"')
    reporter = reporter or Silent()
    rows = [row for row in read_rows(database()) if _is_oxide(row) and _holds(read_formula(row), metals)]
    reporter.start("reading structures", len(rows))
    found: list[tuple[Entry, Array, int]] = []
    refusals: list[Refusal] = []
    for row in rows:
        try:
            entry, fingerprint = _entry(row)
            if not _holds({site.specie.symbol: 1.0 for site in entry.structure}, metals):
                raise UnfitError("occupancy", f"{', '.join(metals)} only as a minor part of a site")
            found.append((entry, fingerprint, row.year))
        except UnfitError as error:
            refusals.append(Refusal(row.id, error.stage, str(error)))
        reporter.advance()
    reporter.finish()
    kept, repeated = _distinct(found)
    return kept, sorted([*refusals, *repeated], key=lambda refusal: refusal.id)


def _is_oxide(row: Row) -> bool:
    try:
        elements = read_formula(row).keys()
    except InputError:
        return False
    return "O" in elements and len(elements) > 1 and not elements & EXCLUDED


def _holds(elements: dict[str, float], metals: Sequence[str]) -> bool:
    return not metals or any(metal in elements for metal in metals)


def _entry(row: Row) -> tuple[Entry, Array]:
    """Return a structure and its distances; UnfitError when it is not fit for use."""
    try:
        listed = read_atoms(row)
        check_mixed(listed.symbols, listed.positions, listed.occupancies)
        atoms = expand(row, listed, max_sites=4 * MAX_ATOMS)
    except InputError as error:
        raise UnfitError("file", error.what) from None
    cell = settle(atoms)
    check_contacts(cell)
    check_bonds(cell)
    # Six decimals are the same on every machine, where the last bits of a primitive cell are not.
    cell = Structure(
        Lattice.from_parameters(*np.round(cell.lattice.parameters, 5)),
        cell.species,
        np.round(cell.frac_coords % 1, 6) % 1,
    )
    return Entry(row.id, row.name, _series(cell), row.reference, cell), _distances(cell)


def _series(cell: Structure) -> str:
    """Return formula, space group and occupied positions as text: "TiO2 P4_2/mnm O4 Ti2"."""
    found = symmetry(cell)
    names, counts = np.unique(found.orbits, return_counts=True)
    positions = sorted(f"{cell[int(name)].specie.symbol}{count}" for name, count in zip(names, counts, strict=True))
    return f"{cell.composition.reduced_formula} {found.symbol} {' '.join(positions)}"


def _distances(cell: Structure) -> Array:
    """Return the distances in Å to each atom's nearest neighbours; equal for equal structures in any setting."""
    radius = 4.0
    while True:
        first, _, _, distances = cell.get_neighbor_list(radius)
        if np.bincount(first, minlength=len(cell)).min() >= NEIGHBOURS:
            break
        radius += 1.0
    nearest = [np.sort(distances[first == i])[:NEIGHBOURS] for i in range(len(cell))]
    numbers = np.array([site.specie.Z for site in cell])
    return np.concatenate([np.sort(np.array(nearest)[numbers == z], axis=0).ravel() for z in np.unique(numbers)])


def _distinct(found: Sequence[tuple[Entry, Array, int]]) -> tuple[list[Entry], list[Refusal]]:
    """Return entries by id without those that repeat another of their series; the latest of equals stays."""
    kept: dict[str, list[tuple[Entry, Array]]] = {}
    repeated = []
    for entry, distances, _ in sorted(found, key=lambda item: (-item[2], item[0].id)):
        series = kept.setdefault(entry.series, [])
        same = next((other for other, known in series if (np.abs(distances / known - 1) < SAME).all()), None)
        if same is None:
            series.append((entry, distances))
        else:
            repeated.append(Refusal(entry.id, "duplicate", f"the same as {same.id} within {SAME:.1%}"))
    return sorted((entry for series in kept.values() for entry, _ in series), key=lambda entry: entry.id), repeated
