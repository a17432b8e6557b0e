"""Strict reading of crystal structures from CIF: cell, symmetry, atoms, declared formula and volume.

Magnetic CIFs (Gallego et al., J. Appl. Cryst. 49, 1750, 2016) are read without their moments. What the CIF
declares is compared with what was read: a CIF that lost or changed a line is usually still a CIF.
"""

import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from firstshell.errors import InputError
from firstshell.io.spectra.measured import About
from firstshell.io.structures.atoms import Atoms, check_count, element, parse_formula, wrapped
from firstshell.io.structures.spacegroups import operations
from firstshell.io.structures.star import Block, Value, parse_star
from firstshell.types import Array

abouts = (
    About(
        title="CIF",
        written_by="ICSD, COD, AMCSD, Materials Project, pymatgen, VESTA, refinement programs",
        read="cell, operations or space group, atoms with occupancies, declared formula and volume",
        ignored="displacements, bonds, text; as a note: operations listed again, missing hydrogen",
        refused="other formulas and volumes than declared, operations that are no group, two origins of which none is "
        "named, several structures, '.' or '?' for a coordinate (but '.' for 0 where the multiplicity of the Wyckoff "
        "position agrees), modulated structures",
    ),
    About(
        title="magnetic CIF",
        written_by="MAGNDATA, ISODISTORT, FullProf, JANA",
        read="as CIF, with the magnetic operations and centrings",
        ignored="moments and time reversal, as a note",
        refused="incommensurate structures, magnetic groups by name alone",
    ),
)
SAME_POSITION = 0.02
"""Å; images of one atom closer than this are one atom on a special position (4-digit coordinates leave 0.005 Å)."""
MAX_IMAGES_PER_SITE = 50
"""Bound on the work of the expansion: rows times operations over max_sites."""
LARGEST = 1e6
"""No number of a structure is larger (in Å, Å³ or degrees)."""

MOST_LISTED = 2000
"""Operations that are read: a conventional cell has 192 at most, and some files list each several times."""

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\(\d+\))?", re.ASCII)
_TERM = re.compile(r"([+-]?)(?:(\d+)/(\d+)|(\d+\.?\d*|\.\d+))?\*?([xyz]?)", re.ASCII)
_WYCKOFF = re.compile(r"[a-zA-Z]|alpha|\d+[a-zA-Z]", re.ASCII)
_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_NAMES = ("_space_group_name_h-m_alt", "_symmetry_space_group_name_h-m", "_space_group_name_h-m_ref")
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")
_MULTIPLICITIES = ("_atom_site_symmetry_multiplicity", "_atom_site_site_symmetry_multiplicity")
_MAGNETIC = "_space_group_symop_magn_operation_xyz"
_CENTRINGS = "_space_group_symop_magn_centering_xyz"
_MODULATED = ("_cell_modulation_dimension", "_space_group_symop_ssg_operation_algebraic")
_MODULATED_MAGNETIC = "_space_group_symop_magn_ssg_operation_algebraic"

Operations = tuple[Array, Array]
Images = tuple[int, Value] | None
Fail = Callable[[str, Value | None], InputError]


def parse_cif(text: str, *, source: str, max_sites: int) -> Atoms:
    """Read the one structure of CIF text and expand it to the full cell.

    Raises
    ------
    InputError : with the line, when the text is not a CIF, holds no structure or several, or contradicts itself

    """

    def fail(what: str, at: Value | None = None) -> InputError:
        return InputError(what, remedy="Correct the CIF", file=source, line=None if at is None else at.line)

    blocks = [block for block in parse_star(text, source) if "_atom_site_fract_x" in block.values]
    if not blocks:
        raise fail("the CIF holds no atoms with fractional coordinates")
    if len(blocks) > 1:
        names = ", ".join(block.name for block in blocks[:5])
        raise InputError(f"the CIF holds {len(blocks)} structures ({names})", remedy="Keep one block", file=source)
    block = blocks[0]
    declared = block.first("_chemical_formula_sum")
    formula = parse_formula(declared.text) if declared is not None else {}
    if formula is None:
        raise fail("_chemical_formula_sum is not a formula", declared)
    cell = _cell(block, fail)
    symbols, positions, occupancies, images = _rows(block, formula, fail)
    check_count(len(symbols), max_sites, source)
    positions = wrapped(positions, source)
    (rotations, translations), notes = _operations(block, source, fail)
    if len(symbols) * len(rotations) > MAX_IMAGES_PER_SITE * max_sites:
        check_count(len(symbols) * len(rotations), max_sites, source)
    species: list[dict[str, float]] = []
    sites = np.empty((0, 3))
    for symbol, position, occupancy, expected in zip(symbols, positions, occupancies, images, strict=True):
        orbit = _orbit(position, rotations, translations, cell)
        if expected is not None and len(orbit) != expected[0]:
            raise fail(
                f"'.' for 0 puts {symbol} on a position of {len(orbit)} atoms where {expected[0]} are declared",
                expected[1],
            )
        for image in orbit:
            distance = _distances(sites, image, cell)
            if len(sites) and distance.min() < SAME_POSITION:  # several elements share the position
                there = species[int(distance.argmin())]
                there[symbol] = there.get(symbol, 0.0) + occupancy
            else:
                sites = np.vstack([sites, image])
                species.append({symbol: occupancy})
        check_count(len(sites), max_sites, source)
    return Atoms(cell, species, sites, formula, None if declared is None else declared.line, notes)


def _number(value: Value, fail: Fail) -> float:
    match = _NUMBER.fullmatch(value.text)
    if match is None or abs(float(match[1])) > LARGEST:
        raise fail(f"{value.text[:40]!r} is not a number, or too large", value)
    return float(match[1])


def _cell(block: Block, fail: Fail) -> Array:
    """Return the lattice vectors as rows, a along x; the volume must be as declared within 1 %."""
    parameters = []
    for tag in ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"):
        value = block.first(f"_cell_{tag}")
        if value is None:
            raise fail(f"the CIF has no _cell_{tag}", None)
        number = _number(value, fail)
        if number <= 0 or (tag.startswith("angle") and not 1 < number < 179):
            raise fail(f"_cell_{tag} cannot be {number:g}", value)
        parameters.append(number)
    (a, b, c), (alpha, beta, gamma) = parameters[:3], np.cos(np.radians(parameters[3:]))
    squared = 1 - alpha**2 - beta**2 - gamma**2 + 2 * alpha * beta * gamma
    if squared <= 0:
        raise fail("the cell angles enclose no volume", block.first("_cell_angle_alpha"))
    sine = np.sqrt(1 - gamma**2)
    cell = np.array(
        [
            [a, 0, 0],
            [b * gamma, b * sine, 0],
            [c * beta, c * (alpha - beta * gamma) / sine, c * np.sqrt(squared) / sine],
        ]
    )
    declared, volume = block.first("_cell_volume"), float(np.linalg.det(cell))
    if declared is not None and abs(_number(declared, fail) - volume) > 0.01 * volume:
        raise fail(f"_cell_volume is {declared.text} but the cell has {volume:.2f} Å³", declared)
    return cell


def _rows(block: Block, formula: dict[str, float], fail: Fail) -> tuple[list[str], Array, list[float], list[Images]]:
    """Return element, position and occupancy of each row of the atom list, and what a row with "." for 0 promises."""
    columns = [block.values.get(f"_atom_site_fract_{axis}", []) for axis in "xyz"]
    names = block.values.get("_atom_site_type_symbol") or block.values.get("_atom_site_label") or []
    by_type = bool(block.values.get("_atom_site_type_symbol"))
    occupancies = block.values.get("_atom_site_occupancy") or [Value(".", 0)] * len(names)
    if not names or len({len(column) for column in (*columns, names, occupancies)}) != 1:
        raise fail("the atom list is incomplete (it needs label or type, fract_x, fract_y, fract_z)", columns[0][0])
    dummy = [value.text.lower() == "dum" for value in block.values.get("_atom_site_calc_flag", [])]
    keep = [i for i in range(len(names)) if not (dummy and dummy[i])]
    symbols = [_symbol(names[i], by_type, formula, fail) for i in keep]
    zeros = _dots(block, columns, keep, fail)
    positions = np.array(
        [[0.0 if i in zeros and c[i].text == "." else _number(c[i], fail) for c in columns] for i in keep]
    ).reshape(-1, 3)
    amounts = [1.0 if occupancies[i].text in ("?", ".") else _number(occupancies[i], fail) for i in keep]
    return symbols, positions, amounts, [zeros.get(i) for i in keep]


def _dots(block: Block, columns: list[list[Value]], keep: list[int], fail: Fail) -> dict[int, tuple[int, Value]]:
    """Return the declared number of atoms of each row that has "." for a coordinate, as the ICSD writes 0.

    In CIF "." means that there is no value. It is taken for 0 where the row names a Wyckoff position, whose number of
    atoms then shows whether that is right.
    """
    found = {}
    letters = next((v for tag, v in block.values.items() if tag.startswith("_atom_site_wyckoff_")), [])
    numbers = next((block.values[tag] for tag in _MULTIPLICITIES if block.values.get(tag)), [])
    for i in keep:
        dot = next((column[i] for column in columns if column[i].text == "."), None)
        if dot is None:
            continue
        named = i < len(letters) and _WYCKOFF.fullmatch(letters[i].text)
        if not named or i >= len(numbers) or not re.fullmatch(r"\d{1,3}", numbers[i].text, re.ASCII):
            raise fail("'.' is not a number: write 0 where a coordinate is 0", dot)
        found[i] = (int(numbers[i].text), dot)
    return found


def _symbol(value: Value, by_type: bool, formula: dict[str, float], fail: Fail) -> str:
    """Return the element of "Cu2+" or "O2-" (type) or of "CU1", "OW2" (label, where the formula decides)."""
    match = re.match(r"[A-Za-z]+", value.text)
    letters = match[0] if match else ""
    for name in [letters] if by_type else [letters[:2], letters[:1]]:
        symbol = element(name)
        if symbol is not None and (by_type or not formula or symbol in formula or symbol in "DT"):
            return symbol
    raise fail(f"{value.text[:20]!r} is not an element" + (" of the formula" if formula and not by_type else ""), value)


def _operations(block: Block, source: str, fail: Fail) -> tuple[Operations, tuple[str, ...]]:
    """Return the space group's (k, 3, 3) rotations and (k, 3) translations, listed or from its name, and notes."""
    modulated = block.first(*_MODULATED, _MODULATED_MAGNETIC)
    if modulated is not None and modulated.text != "0":
        raise InputError(
            "a modulated (incommensurate) structure, which has no cell",
            remedy="Give a commensurate approximant",
            file=source,
            line=modulated.line,
        )
    notes: tuple[str, ...] = ()
    magnetic = block.values.get(_MAGNETIC, [])
    listed = magnetic or next((block.values[tag] for tag in _OPERATIONS if block.values.get(tag)), [])
    if magnetic:
        notes = ("a magnetic CIF: its cell and atoms are used, its moments are not",)
    elif any(tag.startswith("_space_group_magn_") for tag in block.values) and not listed:
        raise InputError(
            "a magnetic CIF without a list of operations", remedy="Add its magnetic operations", file=source
        )
    if listed:
        centrings = block.values.get(_CENTRINGS, []) if magnetic else []
        if len(listed) * max(len(centrings), 1) > MOST_LISTED:
            raise fail(f"{len(listed) * max(len(centrings), 1):,} symmetry operations are listed", listed[0])
        rotations, translations = _product(
            _parsed(listed, bool(magnetic), fail), _parsed(centrings, bool(magnetic), fail)
        )
        first = _first_of_each(rotations, translations)
        if repeated := len(rotations) - len(first):
            notes += (f"{repeated} of {len(rotations)} symmetry operations are listed again, which changes nothing",)
        rotations, translations = rotations[first], translations[first]
        if not _is_group(rotations.tobytes(), translations.tobytes()):
            raise fail("the symmetry operations are not a complete group", listed[0])
        return (rotations, translations), notes
    name = block.first(*_NAMES, *_NUMBERS)
    if name is None:
        raise fail("the CIF gives no symmetry: neither operations nor a space group", None)
    gamma = block.first("_cell_angle_gamma")
    try:
        return operations(name.text, 0.0 if gamma is None else _number(gamma, fail)), notes
    except ValueError as error:
        raise InputError(str(error), remedy="List the symmetry operations", file=source, line=name.line) from None


def _parsed(listed: list[Value], magnetic: bool, fail: Fail) -> Operations:
    parsed = [_operation(value, magnetic, fail) for value in listed]
    return np.array([r for r, _ in parsed]).reshape(-1, 3, 3), np.array([t for _, t in parsed]).reshape(-1, 3)


def _product(ops: Operations, centrings: Operations) -> Operations:
    """Return every operation followed by every centring; the operations themselves where there are no centrings."""
    (rotations, translations), moves = ops, centrings[1]
    if not len(moves):
        return ops
    return np.tile(rotations, (len(moves), 1, 1)), (translations[None] + moves[:, None]).reshape(-1, 3)


def _first_of_each(rotations: Array, translations: Array) -> list[int]:
    """Return the places of the operations that differ by more than a lattice translation from those before them."""
    kept: dict[tuple[int, ...], int] = {}
    for i, (rotation, step) in enumerate(zip(rotations.astype(int), _steps(translations), strict=True)):
        kept.setdefault((*rotation.ravel().tolist(), *step.tolist()), i)
    return list(kept.values())


def _steps(translations: Array) -> NDArray[np.intp]:
    """Return translations within the cell in 24ths, which hold every fraction of a space group at 4 digits."""
    return np.round(translations * 24).astype(np.intp) % 24


def _operation(value: Value, magnetic: bool, fail: Fail) -> Operations:
    """Return rotation and translation of "-x+1/2, y-x, z", or of "-x+1/2, y-x, z, -1" of a magnetic group."""
    rotation, translation = np.zeros((3, 3)), np.zeros(3)
    parts = value.text.lower().replace(" ", "").split(",")
    if magnetic and len(parts) == 4 and parts[3] in ("1", "+1", "-1"):  # whether time is reversed
        parts = parts[:3]
    for row, part in enumerate(parts if len(parts) == 3 else [""]):
        position = 0
        while position < len(part):
            match = _TERM.match(part, position)
            if match is None or match.end() == position or not (match[2] or match[4] or match[5]) or match[3] == "0":
                break
            amount = float(match[2]) / float(match[3]) if match[2] else float(match[4] or 1)
            amount = -amount if match[1] == "-" else amount
            if match[5]:
                rotation[row, "xyz".index(match[5])] += amount
            else:
                translation[row] += amount
            position = match.end()
        if not part or position < len(part):
            raise fail(f"{value.text[:40]!r} is not a symmetry operation", value)
    if abs(abs(np.linalg.det(rotation)) - 1) > 1e-9 or not np.isin(rotation, (-1, 0, 1)).all():
        raise fail(f"{value.text[:40]!r} is not a symmetry operation", value)
    return rotation, translation


@lru_cache(maxsize=512)  # the files of one collection share a few hundred groups
def _is_group(rotation_bytes: bytes, translation_bytes: bytes) -> bool:
    """Whether the product of any two operations is one of them, up to lattice translations and 4-digit fractions."""
    rotations = np.frombuffer(rotation_bytes).reshape(-1, 3, 3)
    translations = np.frombuffer(translation_bytes).reshape(-1, 3)
    if len(rotations) > 192:  # the most a conventional cell has
        return False
    known = {(*r.astype(int).ravel(), *t) for r, t in zip(rotations, _steps(translations), strict=True)}
    products = np.einsum("aij,bjk->abik", rotations, rotations).astype(int).reshape(-1, 9)
    moved = _steps(np.einsum("aij,bj->abi", rotations, translations) + translations[:, None])
    return len(known) == len(rotations) and known.issuperset(
        (*r, *t) for r, t in zip(products.tolist(), moved.reshape(-1, 3).tolist(), strict=True)
    )


def _orbit(position: Array, rotations: Array, translations: Array, cell: Array) -> Array:
    """Return the distinct images of a position in the cell, put exactly on its special position first."""
    images = rotations @ position + translations
    here = images - np.round(images - position)
    position = here[_distances(here, position, cell) < SAME_POSITION].mean(axis=0)
    images = (rotations @ position + translations) % 1.0
    kept = np.empty((0, 3))
    for image in images:
        if not len(kept) or _distances(kept, image, cell).min() >= SAME_POSITION / 2:
            kept = np.vstack([kept, image])
    return kept


def _distances(positions: Array, position: Array, cell: Array) -> Array:
    """Return distances in Å of nearest images; exact while they are short against the cell."""
    difference = positions - position
    return np.asarray(np.linalg.norm((difference - np.round(difference)) @ cell, axis=1))
