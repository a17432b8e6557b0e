"""The plan's spectra: every site one task, its result in a store, so that a build goes on where it was stopped."""

from __future__ import annotations

import json
import resource
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from embedded_dataset.plan import seconds
from embedded_dataset.rotation_fix import copy_programs, use_programs
from embedded_dataset.ship import DISTORTED, KEYS, STORE, holds, name_of, seed, settings, structure_of
from firstshell.dataset import embedded
from firstshell.dataset.build import default_params
from firstshell.dataset.materials import Material
from firstshell.dataset.pipeline import LIMIT_S, SiteTask, build_items, simulate_site
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store, write_text
from firstshell.runtime.tasks import run_tasks

Row = Mapping[str, Any]

WANTED = {"Ti": 600, "Mn": 600, "Fe": 600, "Cu": 600}
FEW = 200
"""Crystals wanted of each metal that is not in `WANTED`."""
RARE = 0.2


def build(work: Path, rows: Sequence[Row], workers: int | None = None, reporter: Reporter | None = None) -> None:
    """Simulate the sites of crystals of the plan that are not shipped, as `queue` orders them, into `work`'s store."""
    programs = work.resolve() / "programs"
    copy_programs(programs)
    tasks: dict[str, SiteTask] = {}
    keys = {}
    shipped = embedded.load_everything()
    for row in queue(rows, {(row["id"], row["metal"]) for row in rows if holds(shipped, row)}):
        material = Material(row["id"], row["metal"], structure_of(row))
        items = build_items([material], settings(), [])
        keys[name_of(row)] = [key for item in items for key in item.tasks]
        tasks |= {key: task for item in items for key, task in item.tasks.items()}
    path = work / KEYS
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write_text(path, json.dumps(before | keys))
    shared = programs, default_params()
    with Store.open(work / STORE) as store:
        seed(store, rows, work, shipped)
        run_tasks(
            simulate, tasks, shared=shared, store=store, workers=workers, reporter=reporter, label="Spectra",
            limit_s=LIMIT_S,
        )  # fmt: skip


def queue(rows: Sequence[Row], shipped: Collection[tuple[str, str]]) -> list[Row]:
    """Return the crystals to simulate: the cheapest first, those beyond the number `WANTED` of each metal last.

    Crystals with a coordination number that less than `RARE` of the metal's crystals have count as a third as dear, the
    second of a crystal and its distortion, and what has no oxygen in its first shells, as twice as dear.

    shipped : (id, metal) of what need not be simulated
    """
    begun = {_parent(name, metal) for name, metal in shipped}
    common = _common_numbers(rows)
    priced = []
    for row in sorted(rows, key=seconds):
        if (row["id"], row["metal"]) in shipped:
            continue
        parent = _parent(row["id"], row["metal"])
        price = seconds(row) * (1 if "O" in row["ligand"] else 2) * (2 if parent in begun else 1)
        priced.append((price / (1 if common[row["metal"]].issuperset(row["numbers"]) else 3), row))
        begun.add(parent)
    number = Counter(metal for _, metal in shipped)
    places = []
    for price, row in sorted(priced, key=itemgetter(0)):
        number[row["metal"]] += 1
        places.append((number[row["metal"]] > WANTED.get(row["metal"], FEW), price, row))
    return [row for *_, row in sorted(places, key=itemgetter(0, 1))]


def _parent(name: str, metal: str) -> tuple[str, str]:
    return name.partition(DISTORTED)[0], metal


def _common_numbers(rows: Sequence[Row]) -> dict[str, set[int]]:
    """Return the coordination numbers that are not rare among the crystals of each metal."""
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    crystals = Counter(row["metal"] for row in rows)
    for row in rows:
        found[row["metal"]].update(set(row["numbers"]))
    return {
        metal: {number for number, count in counts.items() if count >= RARE * crystals[metal]}
        for metal, counts in found.items()
    }


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
