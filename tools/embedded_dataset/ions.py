"""What is known of ions in oxides: which coordinations a metal ion takes, and which ions exist beside each other."""

import math
import warnings
from dataclasses import dataclass
from typing import Literal

from pymatgen.core.periodic_table import Species

from firstshell.crystal.bond_valence import B, unit_length

OXYGEN_RADIUS = 1.38
"""Å; ionic radius of O²⁻ with four neighbours (Shannon, Acta Cryst. A32, 751, 1976)."""
_ROMAN = {4: "IV", 5: "V", 6: "VI"}


@dataclass(frozen=True)
class Ion:
    """An ion of a metal in oxides.

    coordinations : numbers of oxygen neighbours that it is known with, of those that are studied (4, 5, 6)
    spin : "High Spin" or "Low Spin" where Shannon's radii tell them apart
    square : whether four neighbours may or must stand in a plane: "never", "may" or "always"
    elongated : for ions that distort an octahedron (Jahn–Teller), the parts of the charge that each of the four short
        and the two long bonds carries
    """

    symbol: str
    charge: int
    coordinations: tuple[int, ...]
    spin: str = ""
    square: Literal["never", "may", "always"] = "never"
    elongated: tuple[float, float] | None = None

    def __str__(self) -> str:
        return f"{self.symbol}{self.charge}+"

    def length(self, coordination: int) -> float:
        """Return the length in Å of its bonds to oxygen when all are equal, by bond valence."""
        return unit_length(self.symbol, self.charge) + B * math.log(coordination / self.charge)

    def shannon_length(self, coordination: int) -> float:
        """Return the sum of Shannon's radii in Å; the bond-valence length where the table has none."""
        radii = Species(self.symbol, self.charge)
        known = {}
        for number, roman in _ROMAN.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pymatgen warns when a spin state is not told apart
                try:
                    known[number] = float(radii.get_shannon_radius(roman, spin=self.spin, radius_type="ionic"))  # type: ignore[arg-type]
                except (KeyError, ValueError, StopIteration):
                    continue
        if coordination not in known and {4, 6} <= known.keys():
            known[coordination] = (known[4] + known[6]) / 2
        return known[coordination] + OXYGEN_RADIUS if coordination in known else self.length(coordination)


# Coordinations: those of Shannon's table (1976) and of oxide minerals (Burns, Mineralogical Applications of Crystal
# Field Theory, 1993; Waychunas, Am. Mineral. 72, 89, 1987, for Ti). Not taken: Cu⁺ with 5 and 6 and Mn⁴⁺ with 4 and 5
# neighbours, which oxides hardly have, tetrahedral Mn³⁺ (d⁴ gains much in octahedra), and V⁴⁺ with 5 and V⁵⁺ with 5 and
# 6, whose short vanadyl bonds do not follow from a parent's. The shares of long bonds are those of Cu²⁺ (4 × 1.98 and
# 2 × 2.46 Å; Burns and Hawthorne, Can. Mineral. 34, 1089, 1996: 1.97 and 2.44 Å) and of Mn³⁺ (4 × 1.94 and 2 × 2.26 Å;
# Burns, Cooper and Hawthorne, Can. Mineral. 32, 751, 1994).
IONS: dict[str, tuple[Ion, ...]] = {
    "Ti": (Ion("Ti", 3, (6,)), Ion("Ti", 4, (4, 5, 6))),
    "V": (Ion("V", 3, (6,)), Ion("V", 4, (6,)), Ion("V", 5, (4,))),
    "Mn": (
        Ion("Mn", 2, (4, 5, 6), "High Spin"),
        Ion("Mn", 3, (5, 6), "High Spin", elongated=(0.2067, 0.0867)),
        Ion("Mn", 4, (6,)),
    ),
    "Fe": (Ion("Fe", 2, (4, 5, 6), "High Spin"), Ion("Fe", 3, (4, 5, 6), "High Spin"), Ion("Fe", 4, (6,))),
    "Cu": (
        Ion("Cu", 1, (4,)),
        Ion("Cu", 2, (4, 5, 6), square="may", elongated=(0.22, 0.06)),
        Ion("Cu", 3, (4, 6), "Low Spin", "always"),
    ),
}

# How oxidising the surroundings are in which an ion lasts, from 0 (beside Ti³⁺) through 2 (beside Fe²⁺ and Fe³⁺),
# 3 (air at high temperature) to 6 (high oxygen pressure). The order is that of the oxides in the Ellingham diagram;
# pairs known in one oxide overlap (CuFeO2, CuMnO2, FeTiO3, MnV2O6). Ions not named last everywhere.
_WINDOWS: dict[tuple[str, int], tuple[int, int]] = {
    ("Ti", 3): (0, 0), ("V", 2): (0, 0), ("V", 3): (0, 1), ("V", 4): (1, 2), ("V", 5): (2, 6), ("Eu", 2): (0, 0),
    ("Cr", 2): (0, 0), ("Cr", 3): (0, 4), ("Cr", 4): (5, 6), ("Cr", 6): (4, 6), ("Nb", 5): (1, 6), ("Nb", 4): (0, 0),
    ("Mo", 4): (0, 1), ("Mo", 5): (1, 1), ("Mo", 6): (2, 6), ("W", 6): (1, 6), ("W", 5): (0, 0), ("W", 4): (0, 0),
    ("U", 4): (0, 1), ("U", 5): (1, 1), ("U", 6): (1, 6), ("Re", 7): (3, 6), ("Fe", 2): (1, 2), ("Fe", 3): (1, 6),
    ("Fe", 4): (6, 6), ("Cu", 1): (1, 4), ("Cu", 2): (3, 6), ("Cu", 3): (6, 6), ("Mn", 2): (0, 3), ("Mn", 3): (3, 5),
    ("Mn", 4): (4, 6), ("Mn", 7): (6, 6), ("Co", 2): (1, 4), ("Co", 3): (4, 6), ("Ni", 2): (1, 6), ("Ni", 3): (5, 6),
    ("Ce", 3): (0, 2), ("Ce", 4): (2, 6), ("Sn", 2): (0, 1), ("Sn", 4): (1, 6), ("Pb", 2): (2, 4), ("Pb", 4): (5, 6),
    ("As", 3): (1, 3), ("As", 5): (2, 6), ("Sb", 3): (1, 3), ("Sb", 5): (2, 6), ("Bi", 3): (2, 6), ("Bi", 5): (6, 6),
    ("Se", 4): (2, 6), ("Se", 6): (4, 6), ("Te", 4): (2, 6), ("Te", 6): (3, 6), ("Ag", 1): (3, 6), ("Hg", 1): (2, 4),
    ("Hg", 2): (3, 6), ("Pd", 2): (3, 6), ("Pt", 2): (3, 6), ("Pt", 4): (3, 6), ("Au", 1): (3, 6), ("Au", 3): (4, 6),
    ("Tl", 1): (1, 3), ("Tl", 3): (4, 6), ("Ru", 4): (2, 6), ("Rh", 3): (3, 6), ("Ir", 4): (3, 6), ("Os", 4): (2, 6),
}  # fmt: skip

UNLIKE_OTHERS = {
    ("As", 3), ("Sb", 3), ("Bi", 3), ("Sn", 2), ("Pb", 2), ("Te", 4), ("Se", 4), ("Tl", 1), ("Hg", 1), ("Hg", 2),
    ("Cr", 2), ("Ag", 1), ("Au", 1),
}  # fmt: skip
"""Ions whose sites have a shape of their own (lone pairs, linear bonds), unfit for others."""
SHAPING = {("Cu", 2), ("Mn", 3), ("Ti", 4), ("V", 4)}
"""Ions that distort their shells (Jahn–Teller of first and second order), more than another in their place would."""
ELONGATING = {("Cu", 2), ("Mn", 3)}
"""Those of them whose elongated octahedra and planes another ion would not keep; five neighbours are a common site."""
PLANAR = {("Pd", 2), ("Pt", 2), ("Au", 3)}
"""Ions with four neighbours in a plane, a site that Cu²⁺ and Cu³⁺ also take."""


def ion(symbol: str, charge: int) -> Ion | None:
    """Return the ion of a metal with a charge, None when there is no such ion in oxides."""
    return next((known for known in IONS.get(symbol, ()) if known.charge == charge), None)


def coexist(ions: set[tuple[str, int]]) -> bool:
    """Whether all ions (symbol, charge) can last in one oxide."""
    windows = [_WINDOWS.get(each, (0, 6)) for each in ions]
    return max(low for low, _ in windows) <= min(high for _, high in windows)
