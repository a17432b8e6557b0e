"""Which crystals the dataset is made from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core.structure import Structure
from scipy.spatial import cKDTree

from embedded_dataset import amcsd, minerals, substitution
from embedded_dataset.amcsd_database import database, read_rows
from embedded_dataset.amcsd_quality import UnfitError
from embedded_dataset.distort import distort
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset import embedded
from firstshell.dataset.materials import Material
from firstshell.errors import InputError
from firstshell.simulation.feff.site import site_job
from firstshell.simulation.xanes import PRESETS

PER_SERIES = 2


def planned(metal: str, first_edition: list[tuple[str, str]], derived: int) -> Iterator[dict[str, Any]]:
    rows = list(read_rows(database()))
    old = {name for name, other in first_edition if other == metal}
    taken: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for row in minerals.candidates(rows, metal):
        try:
            if row.id in old:
                entry = amcsd.read_entry(row.id)
                found = minerals.Mineral(row.id, "natural", entry.name, entry.reference, entry.series, entry.structure)
            else:
                found = minerals.mineral(row, metal)
                key = found.origin + " " + (found.series if found.origin == "natural" else (row.name or row.formula))
                if taken[key] >= PER_SERIES:
                    refused["series"] += 1
                    continue
                taken[key] += 1
        except UnfitError as error:
            refused[error.stage] += 1
            continue
        kind = "old" if row.id in old else found.origin
        yield record(found.id, metal, found.structure, found, kind)
        name = f"{found.id}/distorted-{metal}-1"
        try:
            yield record(name, metal, distort(found.structure, metal, name), found, "distorted-" + kind)
        except (ValueError, UnfitError):
            refused["distortion"] += 1
    count = 0
    for name in sorted(name for name in old if "/" in name):
        if count >= derived:
            break
        entry = amcsd.read_entry(name.partition("/")[0])
        crystal = substitution.derive(name, entry)
        if len(crystal.structure) > 24:
            continue
        found = minerals.Mineral(name, "derived", entry.name, crystal.change, crystal.series, crystal.structure)
        new = f"{name}/distorted-{metal}-1"
        try:
            yield record(new, metal, distort(crystal.structure, metal, new), found, "distorted-derived")
            count += 1
        except ValueError:
            pass
    print(metal, dict(refused))


def record(name: str, metal: str, cell: Structure, found: minerals.Mineral, kind: str) -> dict[str, Any]:
    sites = distinct_sites(cell, metal)
    try:
        shells = [minerals.shell_elements(cell, site.index) for site in sites]
    except UnfitError:
        shells = []
    try:
        cost = effort(cell, metal)
    except InputError as error:
        cost = [-1.0]
        kind = "refused: " + error.what
    return {
        "id": name,
        "metal": metal,
        "kind": kind,
        "origin": found.origin,
        "name": found.name,
        "series": found.series,
        "reference": found.reference,
        "ligand": sorted({e for s in shells for e in s}),
        "sites": [s.index for s in sites],
        "cost": cost,
        "lattice": cell.lattice.matrix.tolist(),
        "species": [s.specie.symbol for s in cell],
        "fractions": cell.frac_coords.tolist(),
    }


def effort(cell: Structure, metal: str) -> list[float]:
    costs = []
    for site in distinct_sites(cell, metal):
        job = site_job(cell, site.index, PRESETS["fast"])
        tree = cKDTree(job.positions)
        total = 0.0
        for kind in range(len(job.potentials)):
            first = job.positions[np.flatnonzero(job.kinds == kind)[0]]
            total += len(tree.query_ball_point(first, job.scf.radius)) ** 3
        costs.append(total)
    return costs


def material_of(row: dict[str, Any]) -> Material:
    return Material(row["id"], row["metal"], Structure(row["lattice"], row["species"], row["fractions"]))


if __name__ == "__main__":
    import sys

    out, derived, *metals = sys.argv[1:]
    known = embedded.plan()
    shipped = embedded.load_dataset().frame
    have = list(zip(shipped["id"], shipped["metal"], strict=True))
    for metal in metals:
        path = Path(out) / f"{metal}.jsonl"
        with path.open("w") as file:
            for row in planned(metal, have, int(derived)):
                file.write(json.dumps(row) + "\n")
