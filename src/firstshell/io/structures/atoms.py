"""What a structure file says before it is checked: a cell, atoms with occupancies, and the declared formula."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from pymatgen.core.periodic_table import Element

from firstshell.errors import InputError
from firstshell.types import Array

_FORMULA = re.compile(r"\s*([A-Z][a-z]?)(\d+\.?\d*|\.\d+)?", re.ASCII)
_GROUP = re.compile(r"\(([^()]*)\)(\d+\.?\d*|\.\d+)?", re.ASCII)

HYDROGEN = ("H", "D", "T")


@dataclass(frozen=True, eq=False)
class Atoms:
    """The content of one structure file.

    cell : (3, 3) lattice vectors in Å, one per row
    species : for each position the elements on it with their occupancies
    positions : (n, 3) fractional coordinates
    formula : declared amount of each element, up to a common factor; empty when none is declared
    formula_line : where the formula is declared
    notes : what a person should know of how the file was read
    """

    cell: Array
    species: list[dict[str, float]]
    positions: Array
    formula: dict[str, float] = field(default_factory=dict)
    formula_line: int | None = None
    notes: tuple[str, ...] = ()


def element(symbol: str) -> str | None:
    """Return the spelling of an element ("FE" is "Fe"; D and T are elements), or None for anything else."""
    name = symbol.title()
    return name if Element.is_valid_symbol(name) else None


def parse_formula(text: str) -> dict[str, float] | None:
    """Return the amounts in "Cu2 O", "CuO2", "Fe.95 O" or "Mn (O H)2"; None when the text is not such a formula."""
    amounts: dict[str, float] = {}
    position, text = 0, _GROUP.sub(_multiplied, text).strip()
    while position < len(text):
        match = _FORMULA.match(text, position)
        if match is None or element(match[1]) is None:
            return None
        amounts[match[1]] = amounts.get(match[1], 0.0) + float(match[2] or 1)
        position = match.end()
    return amounts if sum(amounts.values()) > 0 else None


def _multiplied(group: re.Match[str]) -> str:
    inner = parse_formula(group[1]) or {}
    return "".join(f" {symbol}{amount * float(group[2] or 1):.6f}" for symbol, amount in inner.items()) or "?"


def without_hydrogen(formula: Mapping[str, float]) -> dict[str, float]:
    """Return a formula without H, D and T."""
    return {name: amount for name, amount in formula.items() if name not in HYDROGEN}


def same_composition(first: Mapping[str, float], second: Mapping[str, float], tolerance: float) -> bool:
    """Whether two formulas agree up to a common factor, each element within the relative `tolerance`; D and T are H."""
    a, b = _fractions(first), _fractions(second)
    return a.keys() == b.keys() and all(abs(a[name] - b[name]) <= tolerance * b[name] for name in a)


def check_count(number: int, max_sites: int, source: str, line: int | None = None) -> None:
    """Raise InputError when a cell holds more than `max_sites` atoms."""
    if number > max_sites:
        raise InputError(
            f"the cell holds {number:,} atoms, more than the limit of {max_sites:,}",
            remedy="Use the primitive cell, or raise max_sites",
            file=source,
            line=line,
        )


def wrapped(positions: Array, source: str) -> Array:
    """Return fractional coordinates within the cell, so that nothing is ever sized by where an atom was written.

    Raises InputError when a coordinate is beyond what wrapping leaves exact.
    """
    if np.abs(positions).max(initial=0.0) > 100:
        raise InputError("an atom is more than 100 cells away", remedy="Correct the coordinates", file=source)
    return np.asarray(positions - np.floor(positions + 1e-6))  # what is 0 but for rounding stays there


def _fractions(formula: Mapping[str, float]) -> dict[str, float]:
    total, fractions = sum(formula.values()), dict[str, float]()
    for name, amount in formula.items():
        name = "H" if name in HYDROGEN else name
        fractions[name] = fractions.get(name, 0.0) + amount / total
    return {name: fraction for name, fraction in fractions.items() if fraction > 0}
