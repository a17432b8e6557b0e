"""Elements and their K edges: names as headers of measured files write them, tabulated energies, the half step."""

from __future__ import annotations

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

EDGES = frozenset(
    ["K", "L", "M", "N", "O"]
    + [f"{shell}{i}" for shell, last in zip("LMNO", (3, 5, 7, 7), strict=True) for i in range(1, last + 1)]
)


def element(symbol: str | None) -> str | None:
    """Return the spelling of an element ("FE" is "Fe"), or None for anything else."""
    name = (symbol or "").strip().title()
    return name if name in K_EDGES else None


def elements_in(formula: str) -> set[str]:
    """Return the elements that a formula names, "La0.2Mn0.2O0.6" as well as "Ti2 O4"; words are not told from them."""
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
