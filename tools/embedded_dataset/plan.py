"""Which crystals the dataset is made from: minerals with the metal, decorated where disordered, and distortions.

Each has one distortion; of minerals that the first edition has, and of crystals derived from others, the spectra exist
or are not wanted, and the distortion alone is new. `build.queue` says which of them are simulated first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from pymatgen.core.structure import Structure
from scipy.spatial import cKDTree

from embedded_dataset import amcsd, minerals, substitution
from embedded_dataset.amcsd_database import database, read_rows
from embedded_dataset.amcsd_quality import UnfitError
from embedded_dataset.distort import distort
from firstshell.crystal.sites import distinct_sites
from firstshell.errors import InputError
from firstshell.simulation.feff.site import site_job
from firstshell.simulation.xanes import PRESETS

PER_SERIES = 2
"""Members of one temperature or pressure series, and decorations of one mineral, that are taken."""
SECONDS = {1: 2.5, 2: 2.8, 3: 5.0, 4: 11.0, 5: 18.0, 6: 28.0}
"""Processor time for a site by number of elements, each of which has a potential, as measured."""
ATOMS_PER_SECOND = 1500.0
"""Cubed numbers of atoms, summed over the clusters of the self-consistent field, that add a second to it."""


def crystals(metal: str, first_edition: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Yield the crystals for a metal, as rows: JSON-able, the structure with every digit.

    first_edition : (id, metal) of crystals that keep their spectra
    """
    old = {name for name, other in first_edition if other == metal}
    taken: Counter[str] = Counter()
    for row in minerals.candidates(list(read_rows(database())), metal):
        try:
            if row.id in old:
                entry = amcsd.read_entry(row.id)
                found = minerals.Mineral(row.id, "natural", entry.name, entry.reference, entry.series, entry.structure)
            else:
                found = minerals.mineral(row, metal)
                key = f"{found.origin} {found.series if found.origin == 'natural' else row.name or row.formula}"
                taken[key] += 1
                if taken[key] > PER_SERIES:
                    continue
        except UnfitError:
            continue
        kind = "old" if row.id in old else found.origin
        yield from _with_distortion(found, metal, kind)
    for name in sorted(name for name in old if "/" in name):
        entry = amcsd.read_entry(name.partition("/")[0])
        crystal = substitution.derive(name, entry)
        derived = minerals.Mineral(name, "derived", entry.name, crystal.change, crystal.series, crystal.structure)
        yield from list(_with_distortion(derived, metal, "derived"))[1:]  # in place of its relaxed self


def seconds(row: Mapping[str, Any]) -> float:
    """Return the processor time in s that the spectra of a crystal are expected to take."""
    return float(sum(SECONDS[min(len(set(row["species"])), 6)] + cost / ATOMS_PER_SECOND for cost in row["cost"]))


def _with_distortion(found: minerals.Mineral, metal: str, kind: str) -> Iterator[dict[str, Any]]:
    try:
        yield _row(found.id, metal, found.structure, found, kind)
        name = f"{found.id}/distorted-{metal}-1"
        yield _row(name, metal, distort(found.structure, metal, name), found, f"distorted-{kind}")
    except (InputError, ValueError):  # more potentials than the engine takes; atoms that cannot be kept apart
        return


def _row(name: str, metal: str, cell: Structure, found: minerals.Mineral, kind: str) -> dict[str, Any]:
    sites = distinct_sites(cell, metal)
    shells = [minerals.shell_elements(cell, site.index) for site in sites]
    return {
        "id": name,
        "metal": metal,
        "kind": kind,
        "origin": found.origin,
        "name": found.name,
        "series": found.series,
        "reference": found.reference,
        "ligand": sorted({element for shell in shells for element in shell}),
        "sites": [site.index for site in sites],
        "numbers": [len(shell) for shell in shells],
        "cost": [_cubed_atoms(cell, site.index) for site in sites],
        "lattice": cell.lattice.matrix.tolist(),
        "species": [site.specie.symbol for site in cell],
        "fractions": cell.frac_coords.tolist(),
    }


def _cubed_atoms(cell: Structure, site: int) -> float:
    """Return the cubes of the numbers of atoms in the clusters of a site's self-consistent field, summed up."""
    job = site_job(cell, site, PRESETS["fast"])
    tree = cKDTree(job.positions)
    total = 0.0
    for kind in range(len(job.potentials)):
        first = job.positions[np.flatnonzero(job.kinds == kind)[0]]
        total += len(tree.query_ball_point(first, job.scf.radius)) ** 3
    return total
