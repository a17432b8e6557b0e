"""Structures -> sites -> spectra -> labels -> dataset, resumable at every step.

Modalities that take seconds are simulated site by site, each site a task whose result is stored under the hash of its
structure and settings; labels and the quick modalities follow, material by material.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from firstshell import simulation as modalities
from firstshell.config import from_dict, portable, stable_hash, to_dict
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.build import assemble, build_samples, default_params, software
from firstshell.dataset.materials import Material, Refused
from firstshell.dataset.output import check_output
from firstshell.dataset.table import EXCLUDED, Dataset, write_dataset
from firstshell.errors import EngineError, InputError, UnavailableError
from firstshell.runtime.executors import Executor
from firstshell.runtime.progress import Reporter, noted_as
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.types import Site, Spectrum

LIMIT_S = 7200.0
"""Wall-clock seconds for one material's labels and PDFs, against the unexpected; of a site its modality knows them."""


@dataclass(frozen=True)
class Shard:
    """Part `index` (from 1) of `of`: which materials a run takes, by the hash of their names."""

    index: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.of <= 100_000:
            raise InputError(f"there is no shard {self.index}/{self.of}", remedy="Write i/N with 1 <= i <= N")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read "i/N"."""
        index, slash, of = text.partition("/")
        if not (slash and index.strip().isdecimal() and of.strip().isdecimal()):
            raise InputError(f"--shard {text!r} is not i/N", remedy="Write it as in --shard 1/8")
        return cls(int(index), int(of))

    def holds(self, material: Material) -> bool:
        """Whether a material belongs to this part."""
        return int(stable_hash([material.id, material.metal])[:15], 16) % self.of == self.index - 1


@dataclass(frozen=True, eq=False)
class SiteTask:
    """One distinct site of a material, to be simulated by one slow modality."""

    material: Material
    site: Site
    modality: str


MaterialTask = tuple[Material, Mapping[str, Mapping[int, Any]], list[dict[str, str]]]
"""A material, the values of its sites' spectra by slow modality and site, and what failed."""


@dataclass(frozen=True, eq=False)
class BuildItem:
    """A material, the hash of its crystal, and the tasks of its sites by key."""

    material: Material
    content: str
    tasks: dict[str, SiteTask]


def build_dataset(
    materials: Sequence[Material],
    out: str | Path | None = None,
    *,
    refused: Sequence[Refused] = (),
    params: Mapping[str, Any] | None = None,
    per_site: bool = True,
    shard: Shard | None = None,
    finished_only: bool = False,
    retry_failed: bool = False,
    executor: Executor | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> Dataset:
    """Simulate and label materials; the dataset is written to `out`, and `<out>.store` beside it makes runs resume.

    refused : what was left out before; it becomes part of `excluded`
    params : settings by modality, their defaults where not given
    per_site : whether site-level samples are wanted beside the materials
    shard : the part of the materials to take; all by default
    finished_only : simulate nothing; take the materials all of whose sites earlier runs have finished
    retry_failed : try sites again that failed before
    executor, workers : where tasks run; local processes, one a core, by default

    Materials are simulated in the order given. The same ones and the same settings give the same bytes, whatever their
    order, whatever the workers, and however often the run was killed.

    Raises InputError when nothing can be built of the whole (a shard may be empty), `out` cannot be written, two
    materials have one name and metal, or an engine that the settings name does not work.
    """
    _check(materials, out)
    wanted, chosen = default_params() | dict(params or {}), shard or Shard()
    params = {name: modalities.get(name).ready(each) for name, each in wanted.items()}  # as with a program's version
    settings = {"modalities": to_dict(params), "software": software() | {"xraylarch": version("xraylarch")}}
    kept = [material for material in materials if chosen.holds(material)]
    left_out = [vars(each) for each in refused] if chosen.index == 1 else []
    with Store.open(Path(out).with_suffix(".store")) if out is not None else nullcontext() as store:
        run = partial(run_tasks, store=store, executor=executor, workers=workers, reporter=reporter)
        items = build_items(kept, settings, left_out)
        tasks = {key: task for item in items for key, task in item.tasks.items()}
        if store is not None and retry_failed:
            store.delete(key for key in store.keys() & tasks.keys() if "failure" in _stored(store, key).meta)
        if finished_only:
            spectra: dict[str, Any] = _finished(store, tasks)
            items = [item for item in items if item.tasks.keys() <= spectra.keys()]
        else:
            limit_s = max((params[task.modality].limit_s for task in tasks.values()), default=LIMIT_S)
            spectra = run(simulate_site, tasks, shared=params, label="Spectra", limit_s=limit_s)
        work = dict(_with_spectra(item, spectra, settings, per_site) for item in items)
        done = run(label_and_simulate, work, shared=(params, per_site), label="Labels and PDFs", limit_s=LIMIT_S)
    named = sorted((work[key][0].id, work[key][0].metal, key) for key in done)
    data = assemble(((name, done[key]) for name, _, key in named), params, settings)
    data = _with_excluded(data, left_out)
    if data.frame.empty and chosen.of == 1:  # a part may hold nothing but what was left out
        reason = f"; the first reason: {data.excluded['reason'].iloc[0]}" if len(data.excluded) else ""
        raise InputError(f"none of {len(materials)} materials could be built{reason}", remedy="Check the structures")
    if out is not None:
        write_dataset(data, out)
    return data


def params_of(data: Dataset) -> dict[str, Any]:
    """Return the settings of each modality that a dataset was built with; never a program that its file names."""
    return {
        name: portable(from_dict(modalities.get(name).Params, settings))
        for name, settings in data.settings["modalities"].items()
    }


def simulate_site(params: Mapping[str, Any], task: SiteTask) -> Record:
    """Return the spectrum of one site: `values` on the grid, `provenance`; or its `failure`, which is kept as well.

    Raises UnavailableError where the engine is missing: that is this machine's failure, and not kept.
    """
    simulate, material = modalities.get(task.modality).simulate_site, task.material
    assert simulate is not None, "only slow modalities have sites as tasks"
    try:
        with noted_as(material.id):
            spectrum = simulate(material.structure, material.metal, task.site, params[task.modality])
    except UnavailableError:
        raise
    except (InputError, EngineError) as error:
        return Record({"failure": str(error)})
    return Record({"provenance": spectrum.provenance}, {"values": spectrum.values})


def label_and_simulate(shared: tuple[Mapping[str, Any], bool], task: MaterialTask) -> Record:
    """Return the samples of one material, given the spectra of its sites by slow modality, and what failed of them."""
    (params, per_site), (material, values, problems) = shared, task
    metal = material.metal
    given: dict[str, dict[int, Spectrum]] = {}
    for name, by_site in values.items():
        grid = modalities.get(name).grid(params[name], metal)
        given[name] = {i: Spectrum(grid, v, name, "", "", metal, i) for i, v in by_site.items()}
    try:
        if not all(given.values()):
            raise InputError(f"no site of {metal} could be simulated")
        sites = distinct_sites(material.structure, metal)
        samples = build_samples(material, sites, given, params, per_site=per_site)
    except InputError as error:
        problems = [*problems, {"id": material.id, "stage": "material", "reason": error.what}]
        return Record({"rows": [], "excluded": problems})
    return Record(samples.meta | {"excluded": problems}, samples.arrays)


def _check(materials: Sequence[Material], out: str | Path | None) -> None:
    names = [(material.id, material.metal) for material in materials]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"the material {twice[0]!r} ({twice[1]}) is there twice", remedy="Give each its own name")
    if out is not None:
        check_output(out)


def build_items(
    materials: Iterable[Material], settings: Mapping[str, Any], left_out: list[dict[str, Any]]
) -> list[BuildItem]:
    """Return the materials with their site tasks, one for each slow modality; what has no sites is left out."""
    slow = [name for name in settings["modalities"] if modalities.get(name).slow]
    items = []
    for material in materials:
        try:
            sites = distinct_sites(material.structure, material.metal)
        except InputError as error:
            left_out.append({"id": material.id, "stage": "material", "reason": error.what})
            continue
        content, tasks = material.content, {}
        for name in slow:
            how = [name, settings["modalities"][name], settings["software"]]
            for site in sites:
                key = stable_hash(["site", content, material.metal, site.index, how])
                tasks[key] = SiteTask(material, site, name)
        items.append(BuildItem(material, content, tasks))
    return items


def _with_spectra(
    item: BuildItem, spectra: Mapping[str, Record | Failure], settings: Mapping[str, Any], per_site: bool
) -> tuple[str, MaterialTask]:
    """Return the task of labelling a material, with the spectra of its sites, and the task's key."""
    values: dict[str, dict[int, Any]] = {task.modality: {} for task in item.tasks.values()}
    problems: list[dict[str, str]] = []
    material = item.material
    for key, task in item.tasks.items():
        result = spectra[key]
        reason = result.reason if isinstance(result, Failure) else result.meta.get("failure")
        if isinstance(result, Failure) or reason is not None:
            problems.append({"id": material.id, "stage": task.modality, "reason": str(reason)})
        else:
            values[task.modality][task.site.index] = result.arrays["values"]
    states = [material.states_from, sorted((material.states or {}).items())]
    about = [material.id, material.metal, material.origin, material.group, material.source, states, per_site]
    key = stable_hash(["material", item.content, about, list(item.tasks), problems, settings])
    return key, (material, values, problems)


def _stored(store: Store, key: str) -> Record:
    return store.get(key) or Record()


def _finished(store: Store | None, tasks: Mapping[str, SiteTask]) -> dict[str, Record]:
    if store is None:
        raise InputError("there is no earlier run to take finished sites from", remedy="Name the output")
    return {key: _stored(store, key) for key in store.keys() & tasks.keys()}


def _with_excluded(data: Dataset, more: list[dict[str, Any]]) -> Dataset:
    rows: list[dict[Any, Any]] = [*more, *data.excluded.to_dict("records")]
    rows.sort(key=lambda row: tuple(str(row[name]) for name in EXCLUDED))
    return replace(data, excluded=pd.DataFrame(rows, columns=list(EXCLUDED)))
