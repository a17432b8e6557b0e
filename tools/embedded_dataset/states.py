"""Oxidation states of metals in crystals that are not neutral as listed: hydrogen missing, or decorated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pymatgen.core.structure import Structure

from firstshell.crystal.bond_valence import R0, RADIUS, strength
from firstshell.crystal.labels import label_sites
from firstshell.types import Site

CLEAR = 0.3
"""Valences; most that the bonds of a metal may miss the charge that they are taken to show."""


def states(cell: Structure, metal: str, sites: Sequence[Site], *, neutral: bool) -> tuple[dict[int, int | None], str]:
    """Return by index of the site the metal's oxidation state, None where it is not clear, and what tells it.

    neutral : whether the crystal lacks nothing, so that charges must balance

    Where it does, valences of all atoms are assigned together ("crystal"); else the bonds of each site decide, where it
    is bound to oxygen alone ("site").
    """
    known = label_sites(cell, metal, sites)
    if neutral:
        return {site.index: label.oxidation_state for site, label in zip(sites, known, strict=True)}, "crystal"
    return {
        site.index: site_state(cell, site.index) if label.ligand == "O" else None
        for site, label in zip(sites, known, strict=True)
    }, "site"


def site_state(cell: Structure, atom: int) -> int | None:
    """Return the charge that a cation's bonds to oxygen agree with best, None where no charge is clear."""
    symbol = cell[atom].specie.symbol
    near = cell.get_neighbors(cell[atom], RADIUS)
    lengths = np.array([n.nn_distance for n in near if n.specie.symbol == "O"])
    missed = {
        charge: abs(float(strength(np.full(len(lengths), length), lengths).sum()) - charge)
        for (element, charge), length in R0.items()
        if element == symbol
    }
    best = min(missed, key=lambda charge: (missed[charge], charge), default=None)
    return best if best is not None and missed[best] <= CLEAR else None
