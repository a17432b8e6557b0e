"""Formal valences from bond valences: the method and tables of pymatgen's BVAnalyzer, with an exact search.

Bond valence sums (O'Keeffe and Brese, JACS 113, 3226, 1991) give each site's probabilities of its valences by what the
ICSD holds; the most probable neutral assignment wins. BVAnalyzer enumerates assignments in an order that follows the
order of atoms and gives up after 100,000; here all of them count, so the result belongs to the crystal. BVAnalyzer
takes the first atom of each set of equivalent atoms; here the mean bond valence sum of the set is taken, for the same
reason.
"""

import math
from functools import cache
from typing import TypeAlias

import numpy as np
from pymatgen.core.bond_valence import BV_PARAMS, ELECTRONEG, ICSD_BV_DATA, PRIOR_PROB
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from firstshell.crystal.symmetry import symmetry
from firstshell.types import Array

RADIUS = 4.0
"""Å; bonds up to this length count (BVAnalyzer's max_radius)."""
SCALE = 1.015
"""Factor on distances, for cells relaxed with GGA (BVAnalyzer's distance_scale_factor)."""
SYMPREC = 0.1
"""Å; atoms equivalent within it share their valence (BVAnalyzer's symm_tol)."""
LIKE_BONDS = {"N": 1.7, "S": 2.4, "Se": 2.6, "Te": 2.95}
"""Å; two of them this close share a bond, as in azides and pyrite (N–N to 1.5 Å, S–S 2.05 to 2.2, Se–Se 2.4, Te–Te
2.8), so that their valence is not that of N³⁻ or S²⁻, which the tables know alone."""
UNLIKELY = 0.01
"""Valences less probable than this fraction of a site's most probable one are not tried."""

Choice = tuple[int, float]  # a valence and its probability
Chain: TypeAlias = "tuple[int, Chain] | None"  # the valences assigned so far, the last one first
Table: TypeAlias = dict[int, tuple[float, Chain]]  # for each charge the best log-probability and its assignment


def valences(primitive: Structure) -> list[int]:
    """Return the formal valence of every atom of an ordered primitive cell.

    Raises
    ------
    ValueError : an element without bond-valence data, anions bound to each other, or no neutral assignment of likely
        valences

    """
    elements = [Element("H") if site.specie.Z == 1 else Element(site.specie.symbol) for site in primitive]
    unknown = sorted({element.symbol for element in elements if element not in BV_PARAMS})
    if unknown:
        raise ValueError(f"no bond-valence parameters for {', '.join(unknown)}")
    _check_like_bonds(primitive, elements)
    sums = bond_valence_sums(primitive, elements)
    orbits = symmetry(primitive, SYMPREC).orbits
    names, counts = np.unique(orbits, return_counts=True)
    choices = [_choices(elements[name].symbol, float(sums[orbits == name].mean())) for name in names]
    for name, choice in zip(names, choices, strict=True):
        if not choice:
            raise ValueError(f"no valence of {elements[name].symbol} fits its bonds")
    best = _best_neutral([elements[name].symbol for name in names], counts.tolist(), choices)
    if best is None:
        raise ValueError("no likely valences make the cell neutral")
    chosen = dict(zip(names.tolist(), best, strict=True))
    return [chosen[orbit] for orbit in orbits.tolist()]


def _check_like_bonds(structure: Structure, elements: list[Element]) -> None:
    limits = np.array([LIKE_BONDS.get(element.symbol, 0.0) for element in elements])
    if not limits.any():
        return
    charges = np.array([element.Z for element in elements])
    first, second, _, distances = structure.get_neighbor_list(float(limits.max()))
    bound = (charges[first] == charges[second]) & (distances < limits[first])
    if bound.any():
        symbol = elements[int(first[bound][0])].symbol
        raise ValueError(f"{symbol} is bound to {symbol}, so that its valence is not known")


def bond_valence_sums(structure: Structure, elements: list[Element]) -> Array:
    """Return the (n,) bond valence sums of all atoms in elementary charges, positive for cations."""
    kinds = sorted(set(elements))
    pairs = np.array([[_pair(a, b) for b in kinds] for a in kinds])  # (k, k, 2): bond length of valence 1 in Å, sign
    kind = np.array([kinds.index(element) for element in elements])
    first, second, _, distances = structure.get_neighbor_list(RADIUS)
    length, sign = pairs[kind[first], kind[second]].T
    strengths = sign * np.exp((length - distances * SCALE) / 0.31)
    return np.asarray(np.bincount(first, strengths, minlength=len(structure)), dtype=np.float64)


def _pair(a: Element, b: Element) -> tuple[float, float]:
    if a == b or not (a in ELECTRONEG or b in ELECTRONEG):
        return 0.0, 0.0
    (ra, ca), (rb, cb) = ((BV_PARAMS[element]["r"], BV_PARAMS[element]["c"]) for element in (a, b))
    length = ra + rb - ra * rb * (math.sqrt(ca) - math.sqrt(cb)) ** 2 / (ca * ra + cb * rb)
    return length, 1.0 if a.X < b.X else -1.0


@cache
def _known(symbol: str) -> list[tuple[int, float, float, float]]:
    """Return valence, mean and spread of its bond valence sums, and its frequency, for what the ICSD holds."""
    return [
        (int(species.oxi_state or 0), data["mean"], data["std"], PRIOR_PROB[species])
        for species, data in ICSD_BV_DATA.items()
        if species.symbol == symbol and species.oxi_state and data["std"] > 0
    ]


def _choices(symbol: str, bond_valence_sum: float) -> list[Choice]:
    """Return the valences worth trying with their probabilities, the most probable first."""
    weights = [
        (valence, math.exp(-((bond_valence_sum - mean) ** 2) / 2 / spread**2) / spread * prior)
        for valence, mean, spread, prior in _known(symbol)
    ]
    total = sum(weight for _, weight in weights)
    ranked = sorted(((v, w / total) for v, w in weights if w > 0), key=lambda choice: -choice[1])
    return [choice for choice in ranked if choice[1] > UNLIKELY * ranked[0][1]]


def _best_neutral(symbols: list[str], counts: list[int], choices: list[list[Choice]]) -> list[int] | None:
    """Return the neutral assignment of highest probability in which an element's valences differ by at most one.

    Dynamic programming over the charge: of all partial assignments with the same charge only the best can win.
    """
    total: Table = {0: (0.0, None)}
    order: list[int] = []
    for symbol in sorted(set(symbols)):
        members = [i for i, name in enumerate(symbols) if name == symbol]
        order += members
        merged: Table = {}
        for low in sorted({valence for i in members for valence, _ in choices[i]}):
            table = total
            for i in members:
                table = _extend(table, [c for c in choices[i] if c[0] in (low, low + 1)], counts[i])
            for charge, entry in table.items():
                if charge not in merged or entry[0] > merged[charge][0]:
                    merged[charge] = entry
        total = merged
    if 0 not in total:
        return None
    chosen, best = total[0][1], [0] * len(order)
    for i in reversed(order):
        assert chosen is not None
        best[i], chosen = chosen
    return best


def _extend(table: Table, choices: list[Choice], count: int) -> Table:
    """Return the best assignment of every charge after one more set of `count` atoms."""
    extended: Table = {}
    for charge, (score, chosen) in table.items():
        for valence, probability in choices:
            key, value = charge + count * valence, score + math.log(probability)
            if key not in extended or value > extended[key][0]:
                extended[key] = (value, (valence, chosen))
    return extended
