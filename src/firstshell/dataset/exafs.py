"""Scattering paths of all sites of a dataset, and the EXAFS that they make under any conditions."""

from __future__ import annotations

from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firstshell.config import stable_hash
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.paths import Key, SitePaths, write_paths
from firstshell.errors import EngineError, InputError
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.simulation.exafs import Conditions, chi_under
from firstshell.simulation.feff.paths import PathTable, site_paths
from firstshell.types import Array

if TYPE_CHECKING:
    from firstshell.dataset.table import Crystal, Dataset
    from firstshell.runtime.executors import Executor
    from firstshell.runtime.progress import Reporter

LONGEST, LEGS = 5.0, 4
"""Å and number, of the longest paths; the defaults of `simulate`."""
LIMIT_S = 600.0
"""Wall-clock seconds for one material."""


def spectra_under(data: Dataset, metal: str, k: Array, conditions: Conditions) -> tuple[NDArray[np.intp], Array]:
    """Return χ(k) of the samples of a metal, with S0² = 1, under d conditions.

    k : (q,) Å⁻¹

    Returns the (n,) row numbers of samples all of whose sites have paths, and (n, d, q) their spectra; a material's is
    the mean over its sites by multiplicity.

    Raises InputError where the dataset has no paths of the metal.
    """
    tables = {} if data.paths is None else data.paths.tables
    own = data.frame[data.frame["metal"] == metal]
    known: dict[str, dict[int, int]] = {}
    for name, element, site in tables:
        if element == metal:
            known.setdefault(name, {})[site] = tables[name, element, site].multiplicity
    made = {
        (name, site): chi_under(tables[name, metal, site].table, k, conditions)
        for name in set(own["id"]) & known.keys()
        for site in known[name]
    }
    rows, spectra = [], []
    for row, name, level, site, multiplicity in zip(
        own.index, own["id"], own["level"], own["site"], own["multiplicity"], strict=True
    ):
        amounts = known.get(name, {})
        chosen = list(amounts) if level == "material" else [int(site)]
        if not amounts.keys() >= set(chosen) or sum(amounts[each] for each in chosen) != multiplicity:
            continue
        rows.append(row)
        weights = np.array([amounts[each] for each in chosen], dtype=float)
        spectra.append(np.average([made[name, each] for each in chosen], axis=0, weights=weights))
    if not rows:
        raise InputError(
            f"the dataset has no scattering paths of {metal}", remedy="Build it with --paths, or leave EXAFS out"
        )
    return np.array(rows, dtype=np.intp), np.array(spectra)


def make_paths(
    data: Dataset,
    path: Path,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> dict[str, str]:
    """Calculate the paths of all sites of a dataset that keeps structures, into `path`; return failures by material.

    Results are kept in a store beside it, so that a run that was stopped goes on, and materials that are added later
    are all that is calculated.

    Raises InputError where the dataset has no structures.
    """
    if not data.crystals:
        raise InputError(
            "the dataset has no structures", remedy="Build it again with this firstshell, which keeps them"
        )
    keys = {
        (name, metal): stable_hash(["paths", crystal.columns, metal, LONGEST, LEGS, version("xraylarch")])
        for (name, metal), crystal in data.crystals.items()
    }
    work = {key: (data.crystals[each], each[1]) for each, key in keys.items()}
    with Store.open(path.with_suffix(".store")) as store:
        done = run_tasks(
            paths_of_material,
            work,
            store=store,
            executor=executor,
            workers=workers,
            reporter=reporter,
            label="Scattering paths",
            limit_s=LIMIT_S,
        )
    tables: dict[Key, SitePaths] = {}
    failures: dict[str, str] = {}
    for (name, metal), key in keys.items():
        each = done[key]
        if isinstance(each, Failure) or "failure" in each.meta:
            failures[f"{name} ({metal})"] = each.reason if isinstance(each, Failure) else each.meta["failure"]
            continue
        for site, amount in each.meta["sites"].items():
            parts = {part.name: each.arrays[f"{site}/{part.name}"] for part in fields(PathTable)}
            tables[name, metal, int(site)] = SitePaths(amount, PathTable(**parts))
    write_paths(tables, path)
    return failures


def paths_of_material(_: object, task: tuple[Crystal, str]) -> Record:
    """Return the path tables of the distinct sites of a metal in a crystal, or the `failure`, which is kept as well."""
    crystal, metal = task
    structure = crystal.structure()
    try:
        sites = distinct_sites(structure, metal)
        tables = {
            site.index: site_paths(structure, site.index, longest=LONGEST, legs=LEGS, timeout=LIMIT_S) for site in sites
        }
    except (InputError, EngineError) as error:
        return Record({"failure": str(error)})
    arrays = {
        f"{site}/{part.name}": getattr(table, part.name) for site, table in tables.items() for part in fields(table)
    }
    return Record({"sites": {str(site.index): site.multiplicity for site in sites}}, arrays)
