"""What measurements are compared with: structures from files, from a list of files, or from a database."""

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from firstshell.crystal.symmetry import symmetry
from firstshell.dataset import embedded
from firstshell.dataset.materials import Material, Refused, each_in_folder
from firstshell.dataset.table import Crystal, Dataset
from firstshell.elements import k_edge
from firstshell.errors import DomainWarning, InputError
from firstshell.io.structures import amcsd
from firstshell.io.structures.atoms import HYDROGEN, without_hydrogen
from firstshell.io.structures.files import FORMULA, Partial, declared_formula, parse_structure
from firstshell.runtime.progress import Reporter, Silent, stage
from firstshell.runtime.spreadsheet import read_list

EMBEDDED, AMCSD = "embedded", "amcsd"
AMCSD_ENTRY = re.compile(r"amcsd-(\d+)")
REAL = ("natural", "decorated")
"""Origins of the embedded dataset that were measured as crystals; the others were made for training."""
MOST_ATOMS = 300
"""Atoms in the cell of an entry of a database."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One determination of a structure, as the arrays of its crystal: of 10,000 candidates little is kept."""

    id: str
    metal: str
    crystal: Crystal

    @classmethod
    def of(cls, material: Material) -> Self:
        """Return what is kept of a material."""
        return cls(material.id, material.metal, Crystal.of(material.structure))

    @property
    def structure(self) -> Structure:
        """The crystal as a pymatgen Structure."""
        return self.crystal.structure()


@dataclass(frozen=True, eq=False)
class Candidate:
    """A structure that a sample may have.

    name : of its file or its mineral
    formula, space_group : reduced formula as declared, with hydrogen that the atoms lack; and number
    entries : its determinations; several where a database has one structure several times
    """

    name: str
    formula: str
    space_group: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates for one metal, and what could not be one.

    stored : dataset that holds their XANES; None where these have to be simulated
    """

    metal: str
    found: tuple[Candidate, ...]
    refused: tuple[Refused, ...] = ()
    stored: Dataset | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.found)


def find_candidates(
    source: str | Path | Sequence[str | Path],
    metal: str,
    elements: Sequence[str] = (),
    *,
    partial: Partial = "refuse",
    reporter: Reporter | None = None,
) -> Candidates:
    """Return the candidates of a source that hold a metal.

    source : structure files and folders of them, a CSV with a column `file` (as COD's searches export), "embedded" for
        the dataset that comes with firstshell, or "amcsd" for all of AMCSD; databases give each structure once
    elements : those of the sample; candidates of others are left out. Hydrogen is always allowed. AMCSD needs them
    partial : what to do with partly occupied positions of files

    Raises InputError for an unknown metal or element, and when no candidate holds the metal.
    """
    for symbol in (metal, *elements):
        k_edge(symbol) if symbol == metal else _check_element(symbol)
    if source == EMBEDDED:
        found = _embedded(metal)
    elif source == AMCSD:
        if not elements:
            raise InputError("all of AMCSD is too much", remedy="Name the elements of the sample, as in Fe,O")
        found = _amcsd(metal, elements, reporter or Silent())
    else:
        found = _files(source, metal, partial, reporter or Silent())
    kept = tuple(each for each in found.found if not elements or _holds(each, {*elements, metal, *HYDROGEN}))
    if not kept:
        held = f" of {', '.join(elements)}" if elements else ""
        reasons = f"; the first reason: {found.refused[0].id}: {found.refused[0].reason}" if found.refused else ""
        what = f"there is no candidate with {metal}{held}{reasons}"
        raise InputError(what, remedy="Give structures that hold the metal, or other elements")
    return replace(found, found=kept)


def _check_element(symbol: str) -> None:
    if not Element.is_valid_symbol(symbol):
        raise InputError(f"{symbol!r} is not the symbol of an element", remedy="Write them as in Fe,O")


def _holds(candidate: Candidate, allowed: set[str]) -> bool:
    return allowed.issuperset(candidate.entries[0].crystal.species)


def _files(source: str | Path | Sequence[str | Path], metal: str, partial: Partial, reporter: Reporter) -> Candidates:
    several = [source] if isinstance(source, str | Path) else list(source)
    paths, refused = [], []
    for each in map(Path, several):
        if each.suffix.lower() == ".csv":
            listed, lacking = _listed(each)
            paths += listed
            refused += lacking
        else:
            paths.append(each)
    found = []
    for read in each_in_folder(paths, (metal,), partial, (), reporter):
        if isinstance(read, Refused):
            refused.append(read)
        else:
            formula, number = declared_formula(read.structure), symmetry(read.structure).number
            found.append(Candidate(read.id, formula, number, (Entry.of(read),)))
    return Candidates(metal, tuple(found), tuple(refused))


def _listed(path: Path) -> tuple[list[Path], list[Refused]]:
    """Return the files that a CSV lists, relative to it, and what of it is missing."""
    remedy = 'Give a CSV with a column "file": names of structure files beside it'
    names = [row.get("file", "") for _, row in read_list(path, ("file",), remedy)]
    found, refused = [], []
    for name in filter(None, names):
        place = next((p for p in (path.parent / name, path.parent / f"{name}.cif") if p.is_file()), None)
        if place is None:
            refused.append(Refused(name, "structure", f"there is no such file beside {path.name}"))
        else:
            found.append(place)
    if not found:
        raise InputError("none of the files that it lists is there", remedy=remedy, file=path)
    return found, refused


def _embedded(metal: str) -> Candidates:
    data = embedded.load_everything()
    if metal not in data.metals:
        what = f"the embedded dataset holds no {metal}"
        raise InputError(what, remedy=f"It holds {', '.join(data.metals)}; give structure files, or search AMCSD")
    real = [each for each in embedded.materials((metal,), data) if each.origin in REAL]
    _declare_hydrogen(real)
    return Candidates(metal, tuple(_merged(real)), stored=data)


def _declare_hydrogen(materials: Sequence[Material]) -> None:
    """Have structures of the dataset know of the hydrogen that the formulas of their AMCSD entries have."""
    numbers = {each.id: int(found[1]) for each in materials if (found := AMCSD_ENTRY.match(each.id))}
    shares = amcsd.hydrogen(numbers.values())
    for each in materials:
        amounts = without_hydrogen(each.structure.composition.as_dict())
        share = shares.get(numbers.get(each.id, 0), 0.0)
        if share:
            each.structure.properties[FORMULA] = amounts | {"H": round(share * sum(amounts.values()), 3)}


def _amcsd(metal: str, elements: Sequence[str], reporter: Reporter) -> Candidates:
    refused: list[Refused] = []
    listed = list(amcsd.search(elements, metal))

    def read() -> Iterator[Material]:
        for name, mineral, text in listed:
            reporter.advance()
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DomainWarning)  # of hydrogen that entries lack
                    structure = parse_structure(text, format="cif", source=name, max_sites=MOST_ATOMS)
            except InputError as error:
                refused.append(Refused(name, "structure", error.what))
                continue
            yield Material(name, metal, structure, "natural", mineral, mineral)

    with stage(reporter, "Structures of AMCSD", len(listed)):
        found = _merged(read())
    return Candidates(metal, tuple(found), tuple(refused))


def _merged(materials: Iterable[Material]) -> list[Candidate]:
    """Return candidates, each with all determinations of one structure: formula, space group, heavy atoms of a cell."""
    kinds: dict[tuple[str, int, int], tuple[str, list[Entry]]] = {}
    for each in materials:
        found = symmetry(each.structure)
        heavy = [i for i, site in enumerate(each.structure) if site.specie.Z > 1]
        atoms = len(np.unique(found.to_primitive[heavy]))
        formula = declared_formula(each.structure)
        kinds.setdefault((formula, found.number, atoms), (_name(each), []))[1].append(Entry.of(each))
    return [Candidate(name, formula, number, tuple(entries)) for (formula, number, _), (name, entries) in kinds.items()]


def _name(first: Material) -> str:
    """Return the mineral's name where there is one, and the entry."""
    mineral = first.group if first.group and " " not in first.group else ""
    return f"{mineral} ({first.id})" if mineral else first.id
