"""Scattering paths of all sites of a dataset, and the EXAFS that they make under any conditions."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from firstshell.config import stable_hash, to_dict
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.paths import SitePaths, recorded, sites_of, write_paths
from firstshell.dataset.table import Crystal, Dataset
from firstshell.errors import EngineError, InputError
from firstshell.runtime.executors import Executor
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.simulation import get
from firstshell.simulation.exafs import Conditions, chi_under
from firstshell.simulation.feff.paths import site_paths
from firstshell.types import Array

K = TypeVar("K", bound=Hashable)

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
    rows, spectra = _of_samples(data, metal, chi_under, k, conditions)
    if not rows:
        raise InputError(
            f"the dataset has no scattering paths of {metal}", remedy="Build it with --paths, or leave EXAFS out"
        )
    return np.array(rows, dtype=np.intp), np.array(spectra)


def with_spectra(data: Dataset, names: Iterable[str]) -> Dataset:
    """Return a dataset with the spectra of modalities that it lacks and that can be made of the paths it keeps.

    Samples without paths are left out: then all inputs of a study are compared on the same samples.
    """
    for name in names:
        made = get(name)
        if name in data.spectra or made.from_paths is None or data.paths is None:
            continue
        params = made.Params()
        parts = [_of_samples(data, metal, made.from_paths, params) for metal in data.metals]
        order = np.argsort([row for rows, _ in parts for row in rows])
        rows = np.array([row for rows, _ in parts for row in rows], dtype=np.intp)[order]
        values = np.array([each for _, spectra in parts for each in spectra])[order]
        kept = data.take(rows)
        grids = {**data.grids, name: made.grid(params)}
        settings = {**data.settings, "modalities": {**data.settings.get("modalities", {}), name: to_dict(params)}}
        data = replace(kept, spectra={**kept.spectra, name: values}, grids=grids, settings=settings)
    return data


def _of_samples(
    data: Dataset, metal: str, spectrum: Callable[..., Array], *how: object
) -> tuple[list[int], list[Array]]:
    """Return the row numbers of samples of a metal all of whose sites have paths, and the means over their sites.

    spectrum : makes that of a site, of its paths and `how`
    """
    tables = {} if data.paths is None else data.paths.tables
    own = data.frame[data.frame["metal"] == metal]
    known: dict[str, dict[int, int]] = {}
    for name, element, site in tables:
        if element == metal:
            known.setdefault(name, {})[site] = tables[name, element, site].multiplicity
    made = {
        (name, site): spectrum(tables[name, metal, site].table, *how)
        for name in sorted(set(own["id"]) & known.keys())
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
        rows.append(int(row))
        weights = np.array([amounts[each] for each in chosen], dtype=float)
        spectra.append(np.average([made[name, each] for each in chosen], axis=0, weights=weights))
    return rows, spectra


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
    crystals = {key: (crystal, key[1]) for key, crystal in data.crystals.items()}
    with Store.open(path.with_suffix(".store")) as store:
        found, failures = calculate_paths(crystals, store, executor=executor, workers=workers, reporter=reporter)
    write_paths({(*key, site): table for key, tables in found.items() for site, table in tables.items()}, path)
    return {f"{name} ({metal})": reason for (name, metal), reason in failures.items()}


def calculate_paths(
    crystals: Mapping[K, tuple[Crystal, str]],
    store: Store | None,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> tuple[dict[K, dict[int, SitePaths]], dict[K, str]]:
    """Return by site the paths of a metal in each crystal, and why other crystals have none.

    store : keeps finished ones, and failures; None keeps nothing
    """
    keys = {
        name: stable_hash(["paths", crystal.columns, metal, LONGEST, LEGS, version("xraylarch")])
        for name, (crystal, metal) in crystals.items()
    }
    done = run_tasks(
        paths_of_material,
        {key: crystals[name] for name, key in keys.items()},
        store=store,
        executor=executor,
        workers=workers,
        reporter=reporter,
        label="Scattering paths",
        limit_s=LIMIT_S,
    )
    found: dict[K, dict[int, SitePaths]] = {}
    failures: dict[K, str] = {}
    for name, key in keys.items():
        each = done[key]
        if isinstance(each, Failure) or "failure" in each.meta:
            failures[name] = each.reason if isinstance(each, Failure) else str(each.meta["failure"])
        else:
            found[name] = sites_of(each)
    return found, failures


def paths_of_material(_: object, task: tuple[Crystal, str]) -> Record:
    """Return the path tables of the distinct sites of a metal in a crystal, or the `failure`, which is kept as well."""
    crystal, metal = task
    structure = crystal.structure()
    try:
        sites = distinct_sites(structure, metal)
        tables = [site_paths(structure, site.index, longest=LONGEST, legs=LEGS, timeout=LIMIT_S) for site in sites]
    except (InputError, EngineError) as error:
        return Record({"failure": str(error)})
    return recorded({s.index: SitePaths(s.multiplicity, table) for s, table in zip(sites, tables, strict=True)})
