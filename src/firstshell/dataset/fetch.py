"""From the Materials Project to a dataset: XANES K edges and structures, then labels, PDFs and table as everywhere.

First the lists of what there is, then the documents of a hundred materials at a time by their ids: what a page holds
does not depend on the order in which the database happens to list things.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymatgen.core.periodic_table import Element

from firstshell.config import stable_hash, to_dict
from firstshell.dataset.build import assemble, default_params, software
from firstshell.dataset.materials_project import MaterialTask, build_material
from firstshell.dataset.output import check_output
from firstshell.dataset.table import PROTOCOL, Dataset, write_dataset
from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.materials_project.client import Api
from firstshell.io.materials_project.documents import canonical_id, document_id, id_order
from firstshell.io.materials_project.pages import Archive
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import run_tasks

XAS, SUMMARY = "materials/xas/", "materials/summary/"
LIST_LIMIT, BATCH = 1000, 100
"""Ids on one page of a list, the API's limit; materials asked for in one request, about 2 MB."""
FIELDS = "task_id,absorbing_element,edge,spectrum_type,spectrum,last_updated,builder_meta"
LIMIT_S = 600.0
"""Wall-clock seconds for one material, against the unforeseen: labelling has its own limits of processor time."""

PRESETS = ("default", "paper")

Params = Mapping[str, Any]


@dataclass(frozen=True)
class FetchOptions:
    """What is fetched.

    metals : absorbers
    elements : what a material must hold beside the metal; () takes every material
    max_materials : most materials of each metal, the lowest ids first; None takes all
    preset : "default", or "paper" for the choice of Na Narong et al., npj Comput. Mater. 11, 98 (2025): all oxides. The
        grids and PDF settings of the paper are the defaults of each modality; what else it leaves out (sites that
        disagree, coordination numbers) the study leaves out.
    """

    metals: tuple[str, ...]
    elements: tuple[str, ...] = ("O",)
    max_materials: int | None = None
    preset: str = "default"

    def __post_init__(self) -> None:
        if not self.metals:
            raise InputError("no metal is named", remedy="Name one or more, as in Ti,Mn,Fe,Cu")
        for metal in self.metals:
            k_edge(metal)
        for symbol in self.elements:
            if not Element.is_valid_symbol(symbol):
                raise InputError(f"{symbol!r} is not the symbol of an element", remedy='Write it as in "O"')
        for name, symbols in (("metals", self.metals), ("elements", self.elements)):
            if len(set(symbols)) < len(symbols):
                raise InputError(f"{name} names one element twice", remedy="Name each once")
        if self.preset not in PRESETS:
            raise InputError(f"there is no preset {self.preset!r}", remedy=f"Choose from: {', '.join(PRESETS)}")
        if self.preset == "paper" and self.elements != ("O",):
            raise InputError("the paper takes oxides, and nothing else", remedy="Leave the elements or the preset out")
        if self.max_materials is not None and self.max_materials < 1:
            raise InputError(f"max_materials = {self.max_materials}", remedy="Give 1 or more")


def fetch(
    out: str | Path,
    options: FetchOptions,
    *,
    api: Api | None = None,
    params: Params | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> Dataset:
    """Fetch XANES and structures of metals and write the dataset `out`; `<out>.store` keeps all answers.

    api : by default the Materials Project with the user's key
    params : settings by modality, their defaults where not given
    workers : processes for labels and PDFs; one a core by default

    An interrupted run resumes: what was received is not requested again.

    Raises InputError without a key, for a key or a request that is refused, for a server that does not answer, for a
    metal without spectra, and when nothing that was received can be used. A material that cannot be used is a row of
    `excluded`.
    """
    out = Path(out)
    check_output(out)
    api, params = api or Api.from_settings(), default_params() | dict(params or {})
    settings = {"modalities": to_dict(params), "fetch": to_dict(options), "software": software()}
    with Store.open(out.with_suffix(".store")) as store:
        archive = Archive(api, store, reporter)
        version, day = archive.version()
        received, nameless = _receive(archive, options)
        tasks = {_task_key(task, settings): task for task in received}
        results = run_tasks(
            build_material,
            tasks,
            shared=(params, options.elements),
            store=store,
            workers=workers,
            reporter=reporter,
            label="Labels and PDFs",
            limit_s=LIMIT_S,
        )
    about = {"endpoint": api.endpoint, "database_version": version, "retrieved": day}
    ordered = [("", nameless), *((tasks[key].id, result) for key, result in results.items())]
    data = assemble(ordered, params, settings | {"materials_project": about})
    if data.frame.empty:
        first = data.excluded["reason"].iloc[0].rstrip(".")
        raise InputError(
            f"none of the {len(tasks)} materials received can be used; the first reason: {first}",
            remedy="Check the grids; what was fetched is kept",
        )
    write_dataset(data, out)
    return data


def licences(data: Dataset) -> dict[str, int]:
    """Return the number of samples under each licence, as `source` names it."""
    return dict(sorted(Counter(source.split("; ")[1] for source in data.frame["source"]).items()))


def _receive(archive: Archive, options: FetchOptions) -> tuple[list[MaterialTask], Record]:
    """Ask for lists, XANES documents and summaries, and return what came by material; and what had no id to ask for."""
    lists = archive.documents("Lists of spectra", XAS, [_query(m, options) for m in options.metals], LIST_LIMIT)
    wanted: dict[str, dict[str, str]] = {}
    problems: list[dict[str, str]] = []
    for metal, entries in zip(options.metals, lists, strict=True):
        wanted[metal], nameless = _names(entries, options.max_materials)
        if nameless:
            reason = f"{nameless} entries of the list of {metal} spectra hold no id"
            problems.append({"id": "", "stage": "list", "reason": reason})
    for metal, names in wanted.items():
        if not names:
            holding = f" in materials with {', '.join(options.elements)}" if options.elements else ""
            raise InputError(
                f"the Materials Project has no K-edge XANES of {metal}{holding}",
                remedy=f"Leave {metal} out; what was fetched is kept",
            )
    batches = [(metal, part) for metal, names in wanted.items() for part in _batches(list(names.items()))]
    queries = [
        _query(metal) | {"task_ids": ",".join(spelling for _, spelling in part), "_fields": FIELDS}
        for metal, part in batches
    ]
    documents = list(map(_by_id, archive.documents("XANES", XAS, queries, BATCH)))
    queries = [
        {"material_ids": ",".join(name for name, _ in part), "_fields": "material_id,structure,builder_meta"}
        for _, part in batches
    ]
    summaries = map(_by_id, archive.documents("Structures and licences", SUMMARY, queries, BATCH))
    tasks = []
    for (metal, part), found, known in zip(batches, documents, summaries, strict=True):
        for name, _ in part:
            tasks.append(MaterialTask(name, metal, tuple(found.get(name, ())), next(iter(known.get(name, ())), None)))
    return tasks, Record({"rows": [], "excluded": problems})


def _query(metal: str, options: FetchOptions | None = None) -> dict[str, Any]:
    """Return what a XANES document of a metal must match; with options, that of the list of them."""
    query = {"absorbing_element": metal, "edge": "K", "spectrum_type": "XANES"}
    if options is None:
        return query
    elements = {"elements": ",".join(sorted({metal, *options.elements}))} if options.elements else {}
    return query | elements | {"_fields": "task_id"}


def _names(entries: Sequence[Any], most: int | None) -> tuple[dict[str, str], int]:
    """Return by id, in order, how the API spells it; and how many entries hold no id."""
    names: dict[str, str] = {}
    nameless = 0
    for entry in entries:
        try:
            spelling = document_id(entry)
            names.setdefault(canonical_id(spelling), spelling)
        except InputError:
            nameless += 1
    return {name: names[name] for name in sorted(names, key=id_order)[:most]}, nameless


def _batches(items: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for first in range(0, len(items), BATCH):
        yield items[first : first + BATCH]


def _by_id(documents: Sequence[Any]) -> dict[str, list[str]]:
    """Return documents as JSON by id; what has no id belongs to no material."""
    found: dict[str, list[str]] = {}
    for document in documents:
        try:
            name = canonical_id(document_id(document))
        except InputError:
            continue
        found.setdefault(name, []).append(json.dumps(document, sort_keys=True))
    return found


def _task_key(task: MaterialTask, settings: Params) -> str:
    content = hashlib.sha256(repr((task.documents, task.summary)).encode()).hexdigest()
    # How many materials are taken, and of which other metals, does not change the sample of one.
    how = [settings["modalities"], settings["software"], settings["fetch"]["elements"]]
    return stable_hash(["materials project", PROTOCOL, task.id, task.metal, content, how])
