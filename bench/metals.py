"""One site of every metal from Sc to Zn, and of Zr, Nb and Mo, beside O, N, S, F and Cl: what XANES and labels say.

python bench/metals.py [METAL ...]      needs about a quarter of a CPU minute a metal; prints one row each
"""

from __future__ import annotations

import os
import sys

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from firstshell import simulation as modalities
from firstshell.crystal.labels import label_sites
from firstshell.crystal.sites import distinct_sites
from firstshell.elements import k_edge
from firstshell.errors import EngineError, InputError

ROCK_SALT = ("Fm-3m", [[0, 0, 0], [0.5, 0.5, 0.5]])
ZINC_BLENDE = ("F-43m", [[0, 0, 0], [0.25, 0.25, 0.25]])
PEROVSKITE = ("Pm-3m", [[0, 0, 0], [0.5, 0.5, 0.5], [0, 0.5, 0.5]])
CRYSTALS = {
    "Sc": (ROCK_SALT, 4.50, "Sc N"),
    "Ti": (PEROVSKITE, 3.905, "Sr Ti O"),
    "V": (ROCK_SALT, 4.139, "V N"),
    "Cr": (ROCK_SALT, 4.148, "Cr N"),
    "Mn": (ROCK_SALT, 5.224, "Mn S"),
    "Fe": (ROCK_SALT, 4.307, "Fe O"),
    "Co": (ROCK_SALT, 4.261, "Co O"),
    "Ni": (ROCK_SALT, 4.177, "Ni O"),
    "Cu": (ZINC_BLENDE, 5.406, "Cu Cl"),
    "Zn": (ZINC_BLENDE, 5.409, "Zn S"),
    "Zr": (PEROVSKITE, 4.109, "Sr Zr O"),
    "Nb": (PEROVSKITE, 4.007, "K Nb O"),
    "Mo": (PEROVSKITE, 3.975, "Sr Mo O"),
}
"""Cubic crystals: edges in Å, rounded from the literature's."""


def main() -> None:
    for metal in sys.argv[1:] or CRYSTALS:
        print(row(metal), flush=True)


def row(metal: str) -> str:
    """Labels; first calculated energy and half step, from the tabulated edge; last value, attempts, CPU seconds."""
    (group, places), edge, names = CRYSTALS[metal]
    structure = Structure.from_spacegroup(group, Lattice.cubic(edge), names.split(), places)
    labels = label_sites(structure, metal, distinct_sites(structure, metal))[0]
    began = children()
    try:
        spectrum = modalities.simulate(structure, metal, "xanes")
    except (EngineError, InputError) as error:
        return f"{metal:2} {structure.composition.reduced_formula:7} FAILED {error}"
    assert not isinstance(spectrum, list)
    site = spectrum.provenance["sites"][0]
    relative = spectrum.grid.values - k_edge(metal)
    first = relative[int(np.flatnonzero(np.diff(spectrum.values))[0])]
    half = relative[int(np.argmax(spectrum.values >= 0.5))]
    return (
        f"{metal:2} {structure.composition.reduced_formula:7} {labels.oxidation_state}+ {labels.coordination_number} "
        f"{labels.bond_length:.3f} Å  begins {first:+.1f} eV  half a step {half:+.1f} eV  "
        f"end {spectrum.values[-1]:.2f}  attempts {len(site['scf'])}  CPU {children() - began:.0f} s"
    )


def children() -> float:
    """Return processor seconds of this process and its children."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    main()
