"""The plan's spectra: every site one task, its result in a store, so that a build goes on where it was stopped."""

from __future__ import annotations

import json
import resource
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from embedded_dataset.plan import seconds
from embedded_dataset.rotation_fix import copy_programs, use_programs
from embedded_dataset.ship import DISTORTED, KEYS, STORE, name_of, seed, settings, structure_of
from firstshell.dataset import embedded
from firstshell.dataset.build import default_params
from firstshell.dataset.materials import Material
from firstshell.dataset.pipeline import LIMIT_S, SiteTask, build_items, simulate_site
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store, write_atomic
from firstshell.runtime.tasks import run_tasks

Row = Mapping[str, Any]


def build(work: Path, rows: Sequence[Row], workers: int | None = None, reporter: Reporter | None = None) -> None:
    """Simulate the sites of crystals of the plan, in the order of `queue`, into the store of `work`."""
    programs = work.resolve() / "programs"
    copy_programs(programs)
    tasks: dict[str, SiteTask] = {}
    keys = {}
    for row in queue(rows):
        material = Material(row["id"], row["metal"], structure_of(row))
        items = build_items([material], settings(), [])
        keys[name_of(row)] = [key for item in items for key in item.tasks]
        tasks |= {key: task for item in items for key, task in item.tasks.items()}
    write_atomic(work / KEYS, lambda path: path.write_text(json.dumps(keys), encoding="utf-8"))
    shared = programs, default_params()
    with Store.open(work / STORE) as store:
        seed(store, rows, work, embedded.load_everything())
        run_tasks(
            simulate, tasks, shared=shared, store=store, workers=workers, reporter=reporter, label="Spectra",
            limit_s=LIMIT_S,
        )  # fmt: skip


def queue(rows: Sequence[Row]) -> list[Row]:
    """Return the crystals to simulate: metals and kinds take turns, each with the cheapest first.

    Of minerals one is taken as it is and the next one distorted; of crystals whose spectra exist, their distortions.
    """
    by_id = {name_of(row): row for row in rows}
    lanes: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=seconds):
        if DISTORTED in row["id"] and row["origin"] != "derived":
            continue
        lane = lanes[row["metal"], lane_of(row)]
        distorted = by_id.get(f"{row['id']}{DISTORTED}{row['metal']}-1|{row['metal']}")
        if distorted is not None and (row["kind"] == "old" or len(lane) % 2):
            lane.append(distorted)
        elif row["kind"] != "old":
            lane.append(row)
    return [row for turn in zip_longest(*(lanes[lane] for lane in sorted(lanes))) for row in turn if row is not None]


def lane_of(row: Row) -> str:
    """Return what a crystal takes turns as: its kind, or "other" when no first shell has oxygen."""
    return "other" if row["origin"] != "derived" and "O" not in row["ligand"] else str(row["kind"])


def simulate(shared: tuple[Path, Mapping[str, Any]], task: SiteTask) -> Record:
    """Return the spectrum of a site by the changed programs, with the processor time it took."""
    programs, params = shared
    use_programs(programs)
    before = _processor_time()
    record = simulate_site(params, task)
    return Record(record.meta | {"cpu_s": round(_processor_time() - before, 2)}, record.arrays)


def _processor_time() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)
