"""Elements and their K edges: names as headers of measured files write them, tabulated energies, the half step."""

import re

import numpy as np

from firstshell.errors import InputError
from firstshell.types import Array

# fmt: off
K_EDGES = {
    "H": 13.6, "He": 24.6, "Li": 54.7, "Be": 111.5, "B": 188.0, "C": 284.2, "N": 409.9, "O": 543.1, "F": 696.7,
    "Ne": 870.2, "Na": 1070.8, "Mg": 1303.0, "Al": 1559.0, "Si": 1839.0, "P": 2145.5, "S": 2472.0, "Cl": 2822.0,
    "Ar": 3205.9, "K": 3608.4, "Ca": 4038.5, "Sc": 4492.0, "Ti": 4966.0, "V": 5465.0, "Cr": 5989.0, "Mn": 6539.0,
    "Fe": 7112.0, "Co": 7709.0, "Ni": 8333.0, "Cu": 8979.0, "Zn": 9659.0, "Ga": 10367.0, "Ge": 11103.0,
    "As": 11867.0, "Se": 12658.0, "Br": 13474.0, "Kr": 14326.0, "Rb": 15200.0, "Sr": 16105.0, "Y": 17038.0,
    "Zr": 17998.0, "Nb": 18986.0, "Mo": 20000.0, "Tc": 21044.0, "Ru": 22117.0, "Rh": 23220.0, "Pd": 24350.0,
    "Ag": 25514.0, "Cd": 26711.0, "In": 27940.0, "Sn": 29200.0, "Sb": 30491.0, "Te": 31814.0, "I": 33169.0,
    "Xe": 34561.0, "Cs": 35985.0, "Ba": 37441.0, "La": 38925.0, "Ce": 40443.0, "Pr": 41991.0, "Nd": 43569.0,
    "Pm": 45184.0, "Sm": 46834.0, "Eu": 48519.0, "Gd": 50239.0, "Tb": 51996.0, "Dy": 53789.0, "Ho": 55618.0,
    "Er": 57486.0, "Tm": 59390.0, "Yb": 61332.0, "Lu": 63314.0, "Hf": 65351.0, "Ta": 67416.0, "W": 69525.0,
    "Re": 71676.0, "Os": 73871.0, "Ir": 76111.0, "Pt": 78395.0, "Au": 80725.0, "Hg": 83102.0, "Tl": 85530.0,
    "Pb": 88005.0, "Bi": 90526.0, "Po": 93105.0, "At": 95730.0, "Rn": 98404.0, "Fr": 101137.0, "Ra": 103922.0,
    "Ac": 106755.0, "Th": 109651.0, "Pa": 112601.0, "U": 115606.0, "Np": 118669.0, "Pu": 121791.0, "Am": 124982.0,
    "Cm": 128241.0, "Bk": 131556.0, "Cf": 134939.0,
}
# fmt: on
"""eV, by symbol: Elam, Ravel and Sieber, Radiat. Phys. Chem. 63, 121 (2002); the tests compare it with xraydb."""

# fmt: off
L_EDGES = {
    "P": (189.0, 136.0, 135.0), "S": (230.9, 163.6, 162.5), "Cl": (270.0, 202.0, 200.0), "Ar": (326.3, 250.6, 248.4),
    "K": (378.6, 297.3, 294.6), "Ca": (438.4, 349.7, 346.2), "Sc": (498.0, 403.6, 398.7), "Ti": (560.9, 460.2, 453.8),
    "V": (626.7, 519.8, 512.1), "Cr": (696.0, 583.8, 574.1), "Mn": (769.1, 649.9, 638.7), "Fe": (844.6, 719.9, 706.8),
    "Co": (925.1, 793.2, 778.1), "Ni": (1008.6, 870.0, 852.7), "Cu": (1096.7, 952.3, 932.7),
    "Zn": (1196.2, 1044.9, 1021.8), "Ga": (1299.0, 1143.2, 1116.4), "Ge": (1414.6, 1248.1, 1217.0),
    "As": (1527.0, 1359.1, 1323.6), "Se": (1652.0, 1474.3, 1433.9), "Br": (1782.0, 1596.0, 1550.0),
    "Kr": (1921.0, 1730.9, 1678.4), "Rb": (2065.0, 1864.0, 1804.0), "Sr": (2216.0, 2007.0, 1940.0),
    "Y": (2373.0, 2156.0, 2080.0), "Zr": (2532.0, 2307.0, 2223.0), "Nb": (2698.0, 2465.0, 2371.0),
    "Mo": (2866.0, 2625.0, 2520.0), "Tc": (3043.0, 2793.0, 2677.0), "Ru": (3224.0, 2967.0, 2838.0),
    "Rh": (3412.0, 3146.0, 3004.0), "Pd": (3604.0, 3330.0, 3173.0), "Ag": (3806.0, 3524.0, 3351.0),
    "Cd": (4018.0, 3727.0, 3538.0), "In": (4238.0, 3938.0, 3730.0), "Sn": (4465.0, 4156.0, 3929.0),
    "Sb": (4698.0, 4380.0, 4132.0), "Te": (4939.0, 4612.0, 4341.0), "I": (5188.0, 4852.0, 4557.0),
    "Xe": (5453.0, 5107.0, 4786.0), "Cs": (5714.0, 5359.0, 5012.0), "Ba": (5989.0, 5624.0, 5247.0),
    "La": (6266.0, 5891.0, 5483.0), "Ce": (6548.0, 6164.0, 5723.0), "Pr": (6835.0, 6440.0, 5964.0),
    "Nd": (7126.0, 6722.0, 6208.0), "Pm": (7428.0, 7013.0, 6459.0), "Sm": (7737.0, 7312.0, 6716.0),
    "Eu": (8052.0, 7617.0, 6977.0), "Gd": (8376.0, 7930.0, 7243.0), "Tb": (8708.0, 8252.0, 7514.0),
    "Dy": (9046.0, 8581.0, 7790.0), "Ho": (9394.0, 8918.0, 8071.0), "Er": (9751.0, 9264.0, 8358.0),
    "Tm": (10116.0, 9617.0, 8648.0), "Yb": (10486.0, 9978.0, 8944.0), "Lu": (10870.0, 10349.0, 9244.0),
    "Hf": (11271.0, 10739.0, 9561.0), "Ta": (11682.0, 11136.0, 9881.0), "W": (12100.0, 11544.0, 10207.0),
    "Re": (12527.0, 11959.0, 10535.0), "Os": (12968.0, 12385.0, 10871.0), "Ir": (13419.0, 12824.0, 11215.0),
    "Pt": (13880.0, 13273.0, 11564.0), "Au": (14353.0, 13734.0, 11919.0), "Hg": (14839.0, 14209.0, 12284.0),
    "Tl": (15347.0, 14698.0, 12658.0), "Pb": (15861.0, 15200.0, 13035.0), "Bi": (16388.0, 15711.0, 13419.0),
    "Po": (16939.0, 16244.0, 13814.0), "At": (17493.0, 16785.0, 14214.0), "Rn": (18049.0, 17337.0, 14619.0),
    "Fr": (18639.0, 17907.0, 15031.0), "Ra": (19237.0, 18484.0, 15444.0), "Ac": (19840.0, 19083.0, 15871.0),
    "Th": (20472.0, 19693.0, 16300.0), "Pa": (21105.0, 20314.0, 16733.0), "U": (21757.0, 20948.0, 17166.0),
    "Np": (22427.0, 21600.0, 17610.0), "Pu": (23104.0, 22266.0, 18057.0), "Am": (23808.0, 22952.0, 18510.0),
    "Cm": (24526.0, 23651.0, 18970.0), "Bk": (25256.0, 24371.0, 19435.0), "Cf": (26010.0, 25108.0, 19907.0),
}
# fmt: on
"""eV, L1, L2 and L3 by symbol, from 100 eV on: of the same tables."""

EDGES = frozenset(
    ["K", "L", "M", "N", "O"]
    + [f"{shell}{i}" for shell, last in zip("LMNO", (3, 5, 7, 7), strict=True) for i in range(1, last + 1)]
)


def element(symbol: str | None) -> str | None:
    """Return the spelling of an element ("FE" is "Fe"), or None for anything else."""
    name = (symbol or "").strip().title()
    return name if name in K_EDGES else None


def elements_in(formula: str) -> set[str]:
    """Return the elements that a formula names, "La0.2Mn0.2O0.6" as well as "Ti2 O4"; words pass for formulas."""
    return {symbol for symbol in re.findall(r"[A-Z][a-z]?", formula) if symbol in K_EDGES}


def edge(name: str | None) -> str | None:
    """Return the spelling of an edge ("k" is "K"), or None for anything else."""
    name = (name or "").strip().upper()
    return name if name in EDGES else None


def is_foil(name: str, metal: str | None) -> bool:
    """Return whether a spectrum of a metal's edge is named as that of its foil: "Fe foil", "cufoil.001", "foil_Mn"."""
    if metal is None:
        return False
    before, after = rf"{metal}[\s_.-]*(foil|metal)", rf"foil[\s_.-]*{metal}"
    return re.search(rf"(?<![a-z])({before}|{after})(?![a-z])", name, re.IGNORECASE) is not None


def k_edge(metal: str) -> float:
    """Return the tabulated K-edge energy of `metal` in eV (Elam, Ravel and Sieber 2002)."""
    if metal not in K_EDGES:
        raise InputError(f"{metal!r} is not an element with a K edge", remedy="Give an element symbol, such as Fe")
    return K_EDGES[metal]


def half_step(energy: Array, spectra: Array) -> Array:
    """Return where normalised spectra first reach half an edge step, in eV; NaN where one starts above or stays below.

    energy : (p,) increasing; spectra : (p,) or (n, p) in edge steps

    Returns (n,).
    """
    rows = np.atleast_2d(spectra)
    place = np.argmax(rows >= 0.5, axis=1)
    after, number = np.maximum(place, 1), np.arange(len(rows))
    low, high = rows[number, after - 1], rows[number, after]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = energy[after - 1] + (0.5 - low) / (high - low) * (energy[after] - energy[after - 1])
    return np.asarray(np.where(place > 0, found, np.nan))
