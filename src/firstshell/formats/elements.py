"""Elements and absorption edges, as headers of measured files name them."""

from __future__ import annotations

import re

from firstshell.engines.k_edges import K_EDGES

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
