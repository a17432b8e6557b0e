"""Elements and absorption edges, as headers of measured files name them."""

from __future__ import annotations

from firstshell.engines.k_edges import K_EDGES

EDGES = frozenset(
    ["K", "L", "M", "N", "O"]
    + [f"{shell}{i}" for shell, last in zip("LMNO", (3, 5, 7, 7), strict=True) for i in range(1, last + 1)]
)


def element(symbol: str | None) -> str | None:
    """Return the spelling of an element ("FE" is "Fe"), or None for anything else."""
    name = (symbol or "").strip().title()
    return name if name in K_EDGES else None


def edge(name: str | None) -> str | None:
    """Return the spelling of an edge ("k" is "K"), or None for anything else."""
    name = (name or "").strip().upper()
    return name if name in EDGES else None
