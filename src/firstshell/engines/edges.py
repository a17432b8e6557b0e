"""Tabulated K edges: where the energy axis of a metal has its zero."""

from functools import cache

from firstshell.errors import InputError


@cache
def k_edge(metal: str) -> float:
    """Return the tabulated K-edge energy of `metal` in eV (Elam, Ravel and Sieber 2002, by way of xraydb)."""
    import xraydb  # half a second to import

    try:
        edge = xraydb.xray_edge(metal, "K")
    except (ValueError, KeyError):
        edge = None
    if edge is None:
        raise InputError(f"{metal!r} is not an element with a K edge", remedy="Give an element symbol, such as Fe")
    return float(edge.energy)
