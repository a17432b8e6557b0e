"""The scattering paths of candidates: those of a dataset as they are, others calculated, stored, and not again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.config import stable_hash
from firstshell.dataset.exafs import LEGS, LIMIT_S, LONGEST, paths_of_material
from firstshell.dataset.materials import Material
from firstshell.dataset.paths import SitePaths
from firstshell.dataset.table import Crystal
from firstshell.measured.standards_file import without_hydrogen
from firstshell.runtime.executors import Executor
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.simulation.feff.paths import PathTable

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset

STORE = "paths.store"


def stored_paths(data: Dataset, materials: Sequence[Material]) -> dict[str, list[SitePaths]]:
    """Return by id the paths of all sites that a dataset holds of materials; nothing of a dataset without paths."""
    wanted = {(each.id, each.metal) for each in materials}
    found: dict[str, list[SitePaths]] = {}
    for (name, metal, _), site in ({} if data.paths is None else data.paths.tables).items():
        if (name, metal) in wanted:
            found.setdefault(name, []).append(site)
    return found


def make_paths(
    materials: Sequence[Material],
    folder: Path | None,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
) -> tuple[dict[str, list[SitePaths]], dict[str, str]]:
    """Return the same of materials whose paths have to be calculated, and by id why others have none.

    folder : where finished ones are kept; None keeps nothing
    """
    crystals = {each.id: (Crystal.of(without_hydrogen(each.structure)), each.metal) for each in materials}
    keys = {
        name: stable_hash(["paths", crystal.columns, metal, LONGEST, LEGS, version("xraylarch")])
        for name, (crystal, metal) in crystals.items()
    }
    with nullcontext() if folder is None else Store.open(folder / STORE) as store:
        done = run_tasks(
            paths_of_material,
            {keys[name]: crystal for name, crystal in crystals.items()},
            store=store,
            executor=executor,
            workers=workers,
            reporter=reporter,
            label="Scattering paths",
            limit_s=LIMIT_S,
        )
    found: dict[str, list[SitePaths]] = {}
    reasons: dict[str, str] = {}
    for name, key in keys.items():
        each = done[key]
        if isinstance(each, Failure) or "failure" in each.meta:
            reasons[name] = each.reason if isinstance(each, Failure) else str(each.meta["failure"])
        else:
            found[name] = _sites(each)
    return found, reasons


def _sites(record: Record) -> list[SitePaths]:
    names = [part.name for part in fields(PathTable)]
    return [
        SitePaths(amount, PathTable(**{name: record.arrays[f"{site}/{name}"] for name in names}))
        for site, amount in record.meta["sites"].items()
    ]
