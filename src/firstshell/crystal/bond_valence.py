"""Bond valences of oxides: s = exp((R0 − R)/0.37 Å) for a bond of length R between a cation and oxygen.

R0 of a cation in its charge stands in `bond_valence.csv`, where each row names its source: Brown and Altermatt, Acta
Cryst. B41, 244 (1985); Brese and O'Keeffe, Acta Cryst. B47, 192 (1991); Mahapatra et al., JACS 118, 11555 (1996); Brown
in the IUCr's table bvparm2020, without a publication; for Fe⁴⁺ the cell of SrFeO3 (a = 3.85 Å). Other cations take the
element's parameters of O'Keeffe and Brese, JACS 113, 3226 (1991), as pymatgen holds them.
"""

import csv
import math
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pymatgen.core.bond_valence import BV_PARAMS
from pymatgen.core.periodic_table import Element

from firstshell.types import Array

B = 0.37
"""Å; softness of a bond, the same for all."""
RADIUS = 4.0
"""Å; bonds up to this length count. Even Cs⁺ has only 0.014 of a valence in one bond so long."""

TABLE = Path(str(files("firstshell.crystal"))) / "bond_valence.csv"
"""R0 of cations in their charges; each row names its source."""


def _read_table(path: Path) -> dict[tuple[str, int], float]:
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["element"], int(row["charge"])): float(row["r0"]) for row in csv.DictReader(file)}


R0 = _read_table(TABLE)
"""Å; length of a bond of valence 1 to oxygen, by symbol and charge."""


def unit_length(symbol: str, charge: int) -> float:
    """Return R0 in Å of a cation and oxygen.

    Raises
    ------
    ValueError : no parameters are known for the element

    """
    if (symbol, charge) in R0:
        return R0[symbol, charge]
    cation, oxygen = Element(symbol), Element("O")
    if cation not in BV_PARAMS:
        raise ValueError(f"no bond-valence parameters for {symbol}")
    (ra, ca), (rb, cb) = ((BV_PARAMS[element]["r"], BV_PARAMS[element]["c"]) for element in (cation, oxygen))
    return float(ra + rb - ra * rb * (math.sqrt(ca) - math.sqrt(cb)) ** 2 / (ca * ra + cb * rb))


def nearest_unit_length(symbol: str, charge: int) -> float:
    """Return R0 in Å for the charge next to this one that the table has of the element; else as `unit_length`.

    For charges that an analysis has assigned, which may be off by one: Ti²⁺ takes the value of Ti³⁺.
    """
    known = [other for element, other in R0 if element == symbol]
    return unit_length(symbol, min(known, key=lambda other: (abs(other - charge), other), default=charge))


def unit_lengths(symbols: list[str], charges: list[int]) -> Array:
    """Return the (n,) R0 in Å of every atom, 0 for anions; ValueError as in `unit_length`."""
    return np.array([unit_length(s, c) if c > 0 else 0.0 for s, c in zip(symbols, charges, strict=True)])


def strength(unit: Array, length: Array) -> Array:
    """Return the valences of bonds of the given lengths in Å with the given R0 in Å."""
    return np.asarray(np.exp((unit - length) / B), dtype=np.float64)


def sums(strengths: Array, cation: NDArray[np.int64], anion: NDArray[np.int64], n: int) -> Array:
    """Return the (n,) bond valence sums of all atoms, positive, given every bond once."""
    return np.asarray(
        np.bincount(cation, strengths, minlength=n) + np.bincount(anion, strengths, minlength=n), dtype=np.float64
    )
