"""Strict reading of crystal structures from CIF: cell, symmetry, atoms, declared formula and volume.

What the CIF declares is compared with what was read: a CIF that lost or changed a line is usually still a CIF.
"""

import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from firstshell.errors import InputError
from firstshell.io.structures.atoms import Atoms, check_count, check_positions, element, parse_formula
from firstshell.io.structures.spacegroups import operations
from firstshell.io.structures.star import Block, Value, parse_star
from firstshell.types import Array

SAME_POSITION = 0.02
"""Å; images of one atom closer than this are one atom on a special position (4-digit coordinates leave 0.005 Å)."""
MAX_IMAGES_PER_SITE = 50
"""Bound on the work of the expansion: rows times operations over max_sites."""
LARGEST = 1e6
"""No number of a structure is larger (in Å, Å³ or degrees)."""

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\(\d+\))?")
_TERM = re.compile(r"([+-]?)(?:(\d+)/(\d+)|(\d+\.?\d*|\.\d+))?\*?([xyz]?)")
_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_NAMES = ("_space_group_name_h-m_alt", "_symmetry_space_group_name_h-m", "_space_group_name_h-m_ref")
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")

Operations = tuple[Array, Array]
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
    symbols, positions, occupancies = _rows(block, formula, fail)
    check_count(len(symbols), max_sites, source)
    check_positions(positions, source)
    rotations, translations = _operations(block, source, fail)
    if len(symbols) * len(rotations) > MAX_IMAGES_PER_SITE * max_sites:
        check_count(len(symbols) * len(rotations), max_sites, source)
    species: list[dict[str, float]] = []
    sites = np.empty((0, 3))
    for symbol, position, occupancy in zip(symbols, positions, occupancies, strict=True):
        for image in _orbit(position, rotations, translations, cell):
            distance = _distances(sites, image, cell)
            if len(sites) and distance.min() < SAME_POSITION:  # several elements share the position
                there = species[int(distance.argmin())]
                there[symbol] = there.get(symbol, 0.0) + occupancy
            else:
                sites = np.vstack([sites, image])
                species.append({symbol: occupancy})
        check_count(len(sites), max_sites, source)
    return Atoms(cell, species, sites, formula, None if declared is None else declared.line)


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


def _rows(block: Block, formula: dict[str, float], fail: Fail) -> tuple[list[str], Array, list[float]]:
    """Return element, position and occupancy of each row of the atom list."""
    columns = [block.values.get(f"_atom_site_fract_{axis}", []) for axis in "xyz"]
    names = block.values.get("_atom_site_type_symbol") or block.values.get("_atom_site_label") or []
    by_type = bool(block.values.get("_atom_site_type_symbol"))
    occupancies = block.values.get("_atom_site_occupancy") or [Value(".", 0)] * len(names)
    if not names or len({len(column) for column in (*columns, names, occupancies)}) != 1:
        raise fail("the atom list is incomplete (it needs label or type, fract_x, fract_y, fract_z)", columns[0][0])
    dummy = [value.text.lower() == "dum" for value in block.values.get("_atom_site_calc_flag", [])]
    keep = [i for i in range(len(names)) if not (dummy and dummy[i])]
    symbols = [_symbol(names[i], by_type, formula, fail) for i in keep]
    positions = np.array([[_number(column[i], fail) for column in columns] for i in keep]).reshape(-1, 3)
    amounts = [1.0 if occupancies[i].text in ("?", ".") else _number(occupancies[i], fail) for i in keep]
    return symbols, positions, amounts


def _symbol(value: Value, by_type: bool, formula: dict[str, float], fail: Fail) -> str:
    """Return the element of "Cu2+" or "O2-" (type) or of "CU1", "OW2" (label, where the formula decides)."""
    match = re.match(r"[A-Za-z]+", value.text)
    letters = match[0] if match else ""
    for name in [letters] if by_type else [letters[:2], letters[:1]]:
        symbol = element(name)
        if symbol is not None and (by_type or not formula or symbol in formula or symbol in "DT"):
            return symbol
    raise fail(f"{value.text[:20]!r} is not an element" + (" of the formula" if formula and not by_type else ""), value)


def _operations(block: Block, source: str, fail: Fail) -> Operations:
    """Return the space group's (k, 3, 3) rotations and (k, 3) translations: listed, or from its name or number."""
    listed = next((block.values[tag] for tag in _OPERATIONS if block.values.get(tag)), [])
    if listed:
        parsed = [_operation(value, fail) for value in listed[:193]]
        rotations, translations = np.array([r for r, _ in parsed]), np.array([t for _, t in parsed])
        if not _is_group(rotations.tobytes(), translations.tobytes()):
            raise fail("the symmetry operations are not a complete group", listed[0])
        return rotations, translations
    name = block.first(*_NAMES, *_NUMBERS)
    if name is None:
        raise fail("the CIF gives no symmetry: neither operations nor a space group", None)
    gamma = block.first("_cell_angle_gamma")
    try:
        return operations(name.text, 0.0 if gamma is None else _number(gamma, fail))
    except ValueError as error:
        raise InputError(str(error), remedy="List the symmetry operations", file=source, line=name.line) from None


def _operation(value: Value, fail: Fail) -> Operations:
    """Return rotation and translation of "-x+1/2, y-x, z"."""
    rotation, translation = np.zeros((3, 3)), np.zeros(3)
    parts = value.text.lower().replace(" ", "").split(",")
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
    steps = np.round(translations * 24).astype(int) % 24
    known = {(*r.astype(int).ravel(), *t) for r, t in zip(rotations, steps, strict=True)}
    products = np.einsum("aij,bjk->abik", rotations, rotations).astype(int).reshape(-1, 9)
    moved = np.round((np.einsum("aij,bj->abi", rotations, translations) + translations[:, None]) * 24) % 24
    return len(known) == len(rotations) and known.issuperset(
        (*r, *t) for r, t in zip(products.tolist(), moved.astype(int).reshape(-1, 3).tolist(), strict=True)
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
