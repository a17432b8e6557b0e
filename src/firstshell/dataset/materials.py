"""What a dataset is built from: structures with a name, a metal and an origin."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from firstshell.config import stable_hash
from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.structures.files import MIN_CONTACT, MIN_CONTACT_MOLECULES, Partial, read_structure
from firstshell.runtime.progress import Reporter, Silent

SUFFIXES = (".cif", ".mcif", ".vasp", ".poscar")
NAMES = ("POSCAR", "CONTCAR")
METALS = (*range(21, 31), 40, 41, 42)
"""Atomic numbers of the absorbers taken where none is named: Sc to Zn, Zr, Nb, Mo."""
MAX_FILES = 100_000


@dataclass(frozen=True, eq=False)
class Material:
    """One structure and the metal that is asked about.

    id : unique in a dataset together with the metal
    origin, group, source : as the columns of a dataset
    states : by index of the distinct site its oxidation state, where something better is known than bond valences of
        this crystal; `states_from` says what: "site" or "parent"
    """

    id: str
    metal: str
    structure: Structure
    origin: str = "given"
    group: str = ""
    source: str = ""
    states: Mapping[int, int | None] | None = None
    states_from: str = "crystal"

    @property
    def content(self) -> str:
        """Hash of the crystal alone: what is simulated from it does not depend on its name."""
        species = [site.species_string for site in self.structure]
        return stable_hash([self.structure.lattice.matrix.tolist(), species, self.structure.frac_coords.tolist()])


@dataclass(frozen=True)
class Refused:
    """What could not become a material, and why."""

    id: str
    stage: str
    reason: str


def read_folder(
    paths: Sequence[Path],
    metals: Sequence[str] = (),
    partial: Partial = "refuse",
    ligands: Sequence[str] = ("O",),
    reporter: Reporter | None = None,
) -> tuple[list[Material], list[Refused]]:
    """Read structure files, and all those in folders, as `each_in_folder` does.

    Raises InputError also when no structure holds a metal.
    """
    materials: list[Material] = []
    refused: list[Refused] = []
    for each in each_in_folder(paths, metals, partial, ligands, reporter):
        if isinstance(each, Material):
            materials.append(each)
        else:
            refused.append(each)
    if not materials:
        first = f"; the first reason: {refused[0].id}: {refused[0].reason}" if refused else ""
        raise InputError(f"no structure can be used{first}", remedy="Give CIF or POSCAR files with the metal")
    return materials, refused


def each_in_folder(
    paths: Sequence[Path],
    metals: Sequence[str] = (),
    partial: Partial = "refuse",
    ligands: Sequence[str] = ("O",),
    reporter: Reporter | None = None,
) -> Iterator[Material | Refused]:
    """Read structure files, and all those in folders, one by one; a material is named by its path below the folder.

    metals : absorbers; () takes every 3d metal, Zr, Nb and Mo that a structure holds
    ligands : elements of which a structure must hold one; () takes any structure. What the first shell is made of
        follows from the structure all the same
    reporter : shows progress

    Raises InputError when a path does not exist or nothing is found. A file that cannot be used is Refused and stops
    nothing.
    """
    for metal in metals:
        k_edge(metal)
    for ligand in ligands:
        if not Element.is_valid_symbol(ligand):
            raise InputError(f"{ligand!r} is not the symbol of an element", remedy='Write it as in "O" or "F,Cl"')
    contact = MIN_CONTACT if set(ligands) == {"O"} else MIN_CONTACT_MOLECULES
    files, reporter = _files(paths), reporter or Silent()
    reporter.start("Reading structures", len(files))
    for name, path in files:
        reporter.advance()
        try:
            structure = read_structure(path, partial=partial, min_contact=contact)
        except InputError as error:
            yield Refused(name, "structure", error.what)
            continue
        if ligands and not {element.symbol for element in structure.elements} & set(ligands):
            yield Refused(name, "structure", f"holds no {' or '.join(ligands)}; its ligand can be set")
            continue
        found = [metal for metal in _metals(structure) if not metals or metal in metals]
        if not found:
            wanted = ", ".join(metals) or "metal with a K edge that is simulated"
            yield Refused(name, "structure", f"holds no {wanted}")
        yield from (Material(name, metal, structure, source=path.name) for metal in found)
    reporter.finish()


def _metals(structure: Structure) -> list[str]:
    """Symbols of the absorbers in a structure, by atomic number; a rule for all where the user names none."""
    return [element.symbol for element in sorted(structure.elements, key=lambda e: e.Z) if element.Z in METALS]


def _files(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    found: dict[str, Path] = {}
    for path in paths:
        if not path.exists():
            raise InputError("there is no such file or folder", remedy="Check the path", file=path)
        for name, file in _below(path) if path.is_dir() else [(path.name, path)]:
            if found.setdefault(name, file) != file:
                raise InputError(f"two structures are called {name!r}", remedy="Rename one of them", file=file)
    if not found:
        raise InputError("no structure files there", remedy=f"Give {', '.join(SUFFIXES)} or POSCAR files")
    return sorted(found.items())


def is_structure(path: Path) -> bool:
    """Whether a file is one of a structure by its name."""
    return path.suffix.lower() in SUFFIXES or path.name in NAMES


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    count = 0
    for path in sorted(folder.rglob("*")):
        if path.is_file() and is_structure(path):
            count += 1
            if count > MAX_FILES:
                raise InputError(f"over {MAX_FILES:,} structure files", remedy="Build them in parts", file=folder)
            yield path.relative_to(folder).as_posix(), path
