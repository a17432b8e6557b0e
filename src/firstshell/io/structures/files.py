"""Checked reading of crystal structures: CIF and POSCAR files become pymatgen structures, or one clear InputError."""

import warnings
from pathlib import Path
from typing import Literal

import numpy as np
from pymatgen.core.composition import Composition
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from firstshell.errors import DomainWarning, InputError
from firstshell.io.structures.atoms import HYDROGEN, Atoms, check_count, same_composition, without_hydrogen
from firstshell.io.structures.cif import parse_cif
from firstshell.io.structures.poscar import parse_poscar
from firstshell.io.structures.sizes import check_contacts, check_volume

Partial = Literal["refuse", "round"]
Format = Literal["cif", "poscar"]

MAX_BYTES = 4_000_000
MAX_LINE = 10_000
MIN_CONTACT = 1.2
"""Å; no two atoms but hydrogen come closer in an oxide (the O–O bond of O₂ is 1.21 Å)."""
MIN_CONTACT_MOLECULES = 1.05
"""Å; the same where N₂, CO or CN⁻ may be there (1.10 Å, 1.13 Å, 1.15 Å)."""
FORMULA = "formula"
"""Property of a structure whose atoms lack hydrogen: the amounts of the elements as its file declares them."""
MIN_THICKNESS, MAX_EDGE = 0.5, 500.0
"""Å; beyond them a neighbour search may not end."""


def read_structure(
    path: str | Path,
    *,
    partial: Partial = "refuse",
    occupancy_tolerance: float = 0.02,
    max_sites: int = 1000,
    min_contact: float = MIN_CONTACT,
    max_bytes: int = MAX_BYTES,
) -> Structure:
    """Read a CIF or POSCAR (VASP 5) and check it; the content decides which of them it is, then the name.

    Parameters
    ----------
    path : str or Path
        The file.
    partial : {"refuse", "round"}
        What to do with partial occupancies: refuse the file, or round: a position that is less than half occupied is
        dropped, any other belongs to its majority element (the alphabetically first of equals).
    occupancy_tolerance : float
        Occupancies within it of 0 and 1 are taken as 0 and 1.
    max_sites : int
        Most atoms in the cell.
    min_contact : float
        Least distance in Å between atoms other than hydrogen, beside what their radii say; molecules such as CO, CO₂,
        N₂ and CN⁻ need `MIN_CONTACT_MOLECULES`.
    max_bytes : int
        Largest file.

    Returns
    -------
    Structure
        pymatgen Structure, ordered.

    Raises
    ------
    InputError
        Unreadable, empty, binary or too large file; bad syntax; unknown element; several structures; formula or volume
        not as declared; partial occupancy; a degenerate cell; a volume or a distance that these elements do not have.

    Warns
    -----
    DomainWarning
        Hydrogen that the formula has and the atoms have not; symmetry operations listed twice; moments of a magnetic
        CIF; a cell as open as that of a porous solid or a molecule in a box.

    Examples
    --------
    >>> import firstshell as fs
    >>> fs.read_structure("rutile.cif").composition.reduced_formula
    'TiO2'

    """
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError("this is a folder", remedy="Give a CIF or POSCAR file", file=path)
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read the file: {reason}", remedy="Check the path", file=path) from None
    if len(content) > max_bytes:
        raise InputError(f"the file is larger than {max_bytes / 1e6:g} MB", remedy="Raise max_bytes", file=path)
    if b"\0" in content:
        raise InputError("the file is not text", remedy="Give a CIF or POSCAR file", file=path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # what older programs write in names of authors
    hint: Format = "cif" if path.suffix.lower() in (".cif", ".mcif") else "poscar"
    return parse_structure(
        text,
        format=_sniff(text, hint),
        source=str(path),
        partial=partial,
        occupancy_tolerance=occupancy_tolerance,
        max_sites=max_sites,
        min_contact=min_contact,
    )


def parse_structure(
    text: str,
    *,
    format: Format,  # noqa: A002
    source: str,
    partial: Partial = "refuse",
    occupancy_tolerance: float = 0.02,
    max_sites: int = 1000,
    min_contact: float = MIN_CONTACT,
) -> Structure:
    """Read CIF or POSCAR text that is in memory; `source` is named in errors, all else is as in `read_structure`."""
    if not text.strip():
        raise InputError("the file is empty", remedy="Give a CIF or POSCAR file", file=source)
    long = next((i for i, line in enumerate(text.splitlines(), start=1) if len(line) > MAX_LINE), None)
    if long is not None:
        what = f"the line is longer than {MAX_LINE:,} characters"
        raise InputError(what, remedy="Give a CIF or POSCAR file", file=source, line=long)
    parse = parse_cif if format == "cif" else parse_poscar
    atoms = parse(text, source=source, max_sites=max_sites)
    _check_cell(atoms, source)
    _check_occupancies(atoms, source)
    hydrogen = _check_formula(atoms, source)
    chosen = [_choose_element(on_site, partial, occupancy_tolerance, source) for on_site in atoms.species]
    kept = [i for i, symbol in enumerate(chosen) if symbol is not None]
    if not kept:
        raise InputError("no atom is left in the cell", remedy="Check the occupancies", file=source)
    symbols = [symbol for symbol in chosen if symbol is not None]
    structure = Structure(Lattice(atoms.cell), symbols, atoms.positions[kept])
    check_count(len(structure), max_sites, source)
    check_contacts(structure, min_contact, source)
    if hydrogen:
        structure.properties[FORMULA] = atoms.formula
    room = check_volume(symbols, structure.volume, source)
    for note in (*atoms.notes, hydrogen, room):
        if note:
            warnings.warn(f"{source}: {note}" if source else note, DomainWarning, stacklevel=2)
    return structure


def declared_formula(structure: Structure) -> str:
    """Return the reduced formula as the file declares it, hydrogen that the atoms lack included; D and T are H."""
    amounts: dict[str, float] = {}
    for symbol, amount in structure.properties.get(FORMULA, structure.composition.as_dict()).items():
        name = "H" if symbol in HYDROGEN else symbol
        amounts[name] = amounts.get(name, 0.0) + amount
    return str(Composition(amounts).reduced_formula)


def _sniff(text: str, hint: Format) -> Format:
    starts = {line.split(maxsplit=1)[0].lower() for line in text.splitlines() if line.strip()}
    if any(word.startswith("data_") for word in starts) and any(word.startswith(("_", "loop_")) for word in starts):
        return "cif"
    return hint


def _check_cell(atoms: Atoms, source: str) -> None:
    volume = abs(np.linalg.det(atoms.cell))
    edges = np.linalg.norm(atoms.cell, axis=1)
    if not np.isfinite(atoms.cell).all() or not np.isfinite(atoms.positions).all():
        raise InputError("a cell vector or coordinate is not finite", remedy="Correct the numbers", file=source)
    areas = np.linalg.norm(np.cross(atoms.cell[[1, 2, 0]], atoms.cell[[2, 0, 1]]), axis=1)
    if volume == 0 or (volume / areas).min() < MIN_THICKNESS:
        raise InputError("the cell has no volume or is flat", remedy="Correct the cell vectors", file=source)
    if edges.max() > MAX_EDGE:
        what = f"the cell of {edges.max():.4g} Å is too large"
        raise InputError(what, remedy="Correct the cell vectors", file=source)


def _check_occupancies(atoms: Atoms, source: str) -> None:
    for on_site in atoms.species:
        if not on_site or min(on_site.values()) < 0 or not np.isfinite(list(on_site.values())).all():
            raise _no_occupancies(on_site, source)
    if not any(amount > 0 for on_site in atoms.species for amount in on_site.values()):
        raise InputError("no atom is left in the cell", remedy="Check the occupancies", file=source)


def _check_formula(atoms: Atoms, source: str) -> str | None:
    """Return a note when hydrogen of the declared formula is missing; InputError when anything else differs.

    X-rays hardly see hydrogen, so that many determinations leave it out. PDFs from neutrons are another matter.
    """
    found: dict[str, float] = {}
    for on_site in atoms.species:
        for symbol, occupancy in on_site.items():
            found[symbol] = found.get(symbol, 0.0) + occupancy
    full = all(occupancy == 1 for on_site in atoms.species for occupancy in on_site.values())
    # Whole atoms must match to the atom; occupancies and fractional formulas are rounded in print.
    tolerance = 1e-3 if full else 0.02
    if not atoms.formula or same_composition(found, atoms.formula, tolerance):
        return None
    heavy, declared_heavy = without_hydrogen(found), without_hydrogen(atoms.formula)
    if heavy and declared_heavy and same_composition(heavy, declared_heavy, tolerance):
        ratio = sum(heavy.values()) / sum(declared_heavy.values())
        wanted = ratio * (sum(atoms.formula.values()) - sum(declared_heavy.values()))
        there = sum(found.values()) - sum(heavy.values())
        if there < wanted:
            lacking = f"{wanted - there:g} of {wanted:g} hydrogen atoms of the formula are missing"
            return f"{lacking}: it is used without them, as X-rays hardly see them (neutrons do)"
    declared, read = (" ".join(f"{s}{n:g}" for s, n in sorted(f.items())) for f in (atoms.formula, found))
    raise InputError(
        f"the formula is declared as {declared} but the atoms are {read}",
        remedy="Complete the atoms or correct the formula",
        file=source,
        line=atoms.formula_line,
    )


def _choose_element(on_site: dict[str, float], partial: Partial, tolerance: float, source: str) -> str | None:
    """Return the one element of a position, None for an empty one."""
    total = sum(on_site.values())
    majority, occupancy = min(on_site.items(), key=lambda item: (-item[1], item[0]))
    if total > 1 + tolerance:
        raise _no_occupancies(on_site, source)
    if occupancy >= 1 - tolerance:
        return majority
    if total <= tolerance:
        return None
    if partial == "refuse":
        what = f"a position is partly occupied ({_shown(on_site)})"
        remedy = 'Give an ordered structure, or allow --partial round where it is an option (partial="round" in Python)'
        raise InputError(what, remedy=remedy, file=source)
    return majority if total >= 0.5 else None


def _no_occupancies(on_site: dict[str, float], source: str) -> InputError:
    what = f"occupancies must lie between 0 and 1 (here {_shown(on_site)})"
    return InputError(what, remedy="Correct them", file=source)


def _shown(on_site: dict[str, float]) -> str:
    return ", ".join(f"{symbol} {amount:g}" for symbol, amount in on_site.items())
