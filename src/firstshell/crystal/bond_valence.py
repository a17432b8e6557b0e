"""Bond valences of oxides: s = exp((R0 − R)/0.37 Å) for a bond of length R between a cation and oxygen.

R0 of a cation in its charge: Brown and Altermatt, Acta Cryst. B41, 244 (1985), and where they give none Brese and
O'Keeffe, Acta Cryst. B47, 192 (1991). Other cations take the element's parameters of O'Keeffe and Brese, JACS 113,
3226 (1991), as pymatgen holds them.
"""

import math

import numpy as np
from numpy.typing import NDArray
from pymatgen.core.bond_valence import BV_PARAMS
from pymatgen.core.periodic_table import Element

from firstshell.types import Array

B = 0.37
"""Å; softness of a bond, the same for all."""
RADIUS = 4.0
"""Å; bonds up to this length count. Even Cs⁺ has only 0.014 of a valence in one bond so long."""

R0: dict[tuple[str, int], float] = {
    ("Ag", 1): 1.842, ("Al", 3): 1.651, ("As", 3): 1.789, ("As", 5): 1.767, ("B", 3): 1.371, ("Ba", 2): 2.285,
    ("Be", 2): 1.381, ("Bi", 3): 2.094, ("Bi", 5): 2.06, ("Ca", 2): 1.967, ("Cd", 2): 1.904, ("Ce", 3): 2.151,
    ("Ce", 4): 2.028, ("Co", 2): 1.692, ("Co", 3): 1.70, ("Cr", 3): 1.724, ("Cr", 6): 1.794, ("Cs", 1): 2.417,
    ("Cu", 1): 1.610, ("Cu", 2): 1.679, ("Cu", 3): 1.735, ("Dy", 3): 2.001, ("Er", 3): 1.988, ("Eu", 2): 2.147,
    ("Eu", 3): 2.074, ("Fe", 2): 1.734, ("Fe", 3): 1.759, ("Fe", 4): 1.775, ("Ga", 3): 1.730, ("Gd", 3): 2.065,
    ("Ge", 4): 1.748, ("Hf", 4): 1.923, ("Hg", 1): 1.90, ("Hg", 2): 1.972, ("Ho", 3): 2.025, ("In", 3): 1.902,
    ("K", 1): 2.132, ("La", 3): 2.172, ("Li", 1): 1.466, ("Lu", 3): 1.971, ("Mg", 2): 1.693, ("Mn", 2): 1.790,
    ("Mn", 3): 1.760, ("Mn", 4): 1.753, ("Mn", 7): 1.79, ("Mo", 6): 1.907, ("Na", 1): 1.803, ("Nb", 5): 1.911,
    ("Nd", 3): 2.105, ("Ni", 2): 1.654, ("Os", 4): 1.811, ("P", 5): 1.617, ("Pb", 2): 2.112, ("Pb", 4): 2.042,
    ("Pd", 2): 1.792, ("Pr", 3): 2.138, ("Pt", 2): 1.768, ("Pt", 4): 1.879, ("Rb", 1): 2.263, ("Rh", 3): 1.793,
    ("Ru", 4): 1.834, ("Sb", 3): 1.973, ("Sb", 5): 1.942, ("Sc", 3): 1.849, ("Se", 4): 1.811, ("Se", 6): 1.788,
    ("Si", 4): 1.624, ("Sm", 3): 2.088, ("Sn", 2): 1.984, ("Sn", 4): 1.905, ("Sr", 2): 2.118, ("Ta", 5): 1.920,
    ("Tb", 3): 2.032, ("Te", 4): 1.977, ("Te", 6): 1.917, ("Th", 4): 2.167, ("Ti", 3): 1.791, ("Ti", 4): 1.815,
    ("Tl", 1): 2.124, ("Tl", 3): 2.003, ("Tm", 3): 2.000, ("U", 4): 2.112, ("U", 5): 2.075, ("U", 6): 2.075,
    ("V", 3): 1.743, ("V", 4): 1.784, ("V", 5): 1.803, ("W", 6): 1.921, ("Y", 3): 2.014, ("Yb", 3): 1.985,
    ("Zn", 2): 1.704, ("Zr", 4): 1.937,
}  # fmt: skip
"""Å; length of a bond of valence 1 to oxygen, by symbol and charge. Fe⁴⁺ is from the cell of SrFeO3 (a = 3.85 Å)."""


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
