"""The dataset that comes with firstshell: what it is made from, and the making of it.

python bench/embedded.py plan [--per-metal 300]   choose natural and derived oxides; writes embedded.csv (an older plan
    is kept and added to)
python bench/embedded.py build WORK.parquet       simulate the plan, beginning with what the shipped dataset lacks;
    may be stopped and started at will
python bench/embedded.py ship WORK.parquet        put what is finished, and the manifest, into the package
python bench/embedded.py guard WORK.parquet       how many attempts the self-consistent fields of what is finished took,
    and why others were rejected; writes bench/results/embedded_guard.json
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from firstshell.config import to_dict
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset import embedded
from firstshell.dataset.build import default_params, software
from firstshell.dataset.manifest import manifest_of
from firstshell.dataset.materials import Material
from firstshell.dataset.merge import merge
from firstshell.dataset.pipeline import build_dataset, build_items
from firstshell.dataset.table import Dataset, write_dataset
from firstshell.errors import InputError
from firstshell.runtime.progress import Plain
from firstshell.runtime.store import Record, Store, write_atomic
from firstshell.simulation.feff.site import site_job
from firstshell.simulation.xanes import PRESETS
from firstshell.structures.amcsd import Entry, oxides
from firstshell.structures.choosing import Candidate, candidate, choose
from firstshell.structures.substitution import candidates, derive
from oxides import METALS

PER_SERIES = 2
"""Members of one temperature or pressure series that are taken."""
MAX_SITES, MAX_ATOMS = 4, 60
"""Distinct sites of the metal in what is simulated, and atoms in the primitive cells of derived oxides."""
NATURAL_FIRST = 0.5
"""A natural oxide is simulated before derived ones that cost half of it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    planning = commands.add_parser("plan")
    planning.add_argument("--per-metal", type=int, default=300)
    planning.add_argument("--parent-atoms", type=int, default=40, help="largest primitive cell to derive oxides from")
    for name in ("build", "ship", "guard"):
        commands.add_parser(name).add_argument("work", type=Path)
    options = parser.parse_args()
    if options.command == "plan":
        write_plan(options.per_metal, options.parent_atoms)
    elif options.command == "build":
        build(options.work)
    elif options.command == "guard":
        guard(options.work)
    else:
        ship(options.work)


def write_plan(per_metal: int, parent_atoms: int) -> None:
    """Natural oxides first, then derived ones of balanced classes; the metals take turns."""
    known = embedded.plan() if embedded.PLAN.exists() else []
    entries = oxides(reporter=Plain())[0]
    natural = {metal: natural_oxides(entries, metal) for metal in METALS}
    derived = derived_oxides([entry for entry in entries if len(entry.structure) <= parent_atoms], entries)
    queues: dict[str, list[str]] = {}
    for metal in METALS:
        have = [name for name, other in known if other == metal]
        whole = list(dict.fromkeys([*have, *natural[metal]]))
        more = [name for name in derived[metal] if name not in set(whole)]
        queues[metal] = whole + more[: max(per_metal - len(whole), 0)]
        print(f"{metal}: {len(natural[metal])} natural, {len(queues[metal])} planned")
    longest = max(map(len, queues.values()))
    rows = [(queues[m][i], m) for i in range(longest) for m in METALS if i < len(queues[m])]
    rows = known + [row for row in rows if row not in set(known)]

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("id", "metal"), *rows])

    write_atomic(embedded.PLAN, write)


def natural_oxides(entries: list[Entry], metal: str) -> list[str]:
    """Ids of oxides with the metal: first one of each series, the cheap ones first, then a second of each."""
    chosen: list[tuple[int, int, str]] = []
    taken: Counter[str] = Counter()
    for entry in entries:
        structure = entry.structure
        if metal not in {element.symbol for element in structure.elements}:
            continue
        sites = len(distinct_sites(structure, metal))
        if sites <= MAX_SITES and taken[entry.series] < PER_SERIES:
            taken[entry.series] += 1
            chosen.append((taken[entry.series], sites * len(structure.elements) * (20 + len(structure)), entry.id))
    return [name for *_, name in sorted(chosen)]


def derived_oxides(parents: list[Entry], entries: list[Entry]) -> dict[str, list[str]]:
    """Recipes by metal in the order in which they are to be taken; what nature has already is left out."""
    seen = {(e.structure.composition.reduced_formula, len(e.structure)) for e in entries}
    pools: defaultdict[str, list[Candidate]] = defaultdict(list)
    refused: Counter[str] = Counter()
    with ProcessPoolExecutor() as pool:
        for found, reasons in pool.map(of_parent, parents, chunksize=4):
            refused.update(reasons)
            for metal, formula, each in found:
                if (formula, each.atoms) not in seen and each.sites <= 2 and each.atoms <= MAX_ATOMS:
                    pools[metal].append(each)
    print("derived oxides refused:", dict(refused.most_common()))
    for metal, each in pools.items():
        print(metal, sorted(Counter((c.charge, c.coordination) for c in each).items()))
    return {metal: choose(pools[metal], len(pools[metal])) for metal in METALS}


def of_parent(entry: Entry) -> tuple[list[tuple[str, str, Candidate]], list[str]]:
    """Everything that can be derived from one entry, and the stages at which the rest was refused."""
    found, refused = [], []
    for metal in METALS:
        for name in candidates(entry, metal):
            try:
                derived = derive(name, entry)
                found.append((metal, derived.structure.composition.reduced_formula, candidate(derived)))
            except InputError as error:
                refused.append(str(error.what).partition(":")[2].partition(":")[0].strip())
    return found, refused


def build(work: Path) -> None:
    shipped = _shipped()
    done = set() if shipped is None else _names(shipped)
    todo = [row for row in embedded.plan() if row not in done]
    materials, refused = embedded.materials(wanted=todo, reporter=Plain(every=60))
    build_dataset(in_turn(materials), work, refused=refused, reporter=Plain(every=60))


def in_turn(materials: list[Material]) -> list[Material]:
    """Let the metals take turns, each with the cheapest of its materials; natural ones go before derived ones."""
    costs = sorted((effort(m) * NATURAL_FIRST ** (m.origin == "natural"), i) for i, m in enumerate(materials))
    turns: Counter[str] = Counter()
    order = []
    for _, i in costs:
        turns[materials[i].metal] += 1
        order.append((turns[materials[i].metal], i))
    return [materials[i] for _, i in sorted(order)]


def effort(material: Material) -> float:
    """What the self-consistent fields of a material cost: the cubes of the numbers of atoms in their clusters."""
    total = 0.0
    for site in distinct_sites(material.structure, material.metal):
        job = site_job(material.structure, site.index, PRESETS["fast"])
        tree = cKDTree(job.positions)
        for kind in range(len(job.potentials)):
            first = job.positions[np.flatnonzero(job.kinds == kind)[0]]
            total += len(tree.query_ball_point(first, job.scf.radius)) ** 3
    return total


def ship(work: Path) -> None:
    shipped, plan = _shipped(), embedded.plan()
    done = set() if shipped is None else _names(shipped)
    materials, refused = embedded.materials(wanted=[row for row in plan if row not in done], reporter=Plain())
    data = build_dataset(materials, work, refused=refused, finished_only=True, reporter=Plain())
    whole = data if shipped is None else merge([shipped, data])
    write_dataset(whole, embedded.DATA)
    text = json.dumps(manifest_of(whole, len(plan)), indent=1, ensure_ascii=False)
    write_atomic(embedded.MANIFEST, lambda path: path.write_text(text + "\n", encoding="utf-8"))
    print(
        json.dumps(manifest_of(whole, len(plan))["materials"], indent=1), f"{embedded.DATA.stat().st_size / 1e6:.1f} MB"
    )


def guard(work: Path) -> None:
    """Count the attempts of every finished site by metal, and the objections to those that were rejected."""
    params = default_params()
    settings = {"modalities": to_dict(params), "software": software() | {"xraylarch": version("xraylarch")}}
    materials, _ = embedded.materials(reporter=Plain(every=60))
    tasks = {key: task for item in build_items(materials, settings, []) for key, task in item.tasks.items()}
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    objections: Counter[str] = Counter()
    with Store.open(work.with_suffix(".store")) as store:
        for key in store.keys() & tasks.keys():
            record, metal = store.get(key) or Record(), tasks[key].material.metal
            counts[metal]["sites"] += 1
            if "failure" in record.meta:
                counts[metal]["failed"] += 1
                objections[record.meta["failure"][:200]] += 1
                continue
            attempts = record.meta["provenance"]["sites"][0]["scf"]
            counts[metal][f"accepted at attempt {len(attempts)}"] += 1
            objections.update(re.sub(r"[-\d.]+", "…", each["objection"]) for each in attempts[:-1])
    found = {"sites": {m: dict(sorted(c.items())) for m, c in sorted(counts.items())}, "rejected": dict(objections)}
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    print(text)
    path = Path(__file__).parent / "results" / "embedded_guard.json"
    write_atomic(path, lambda place: place.write_text(text, encoding="utf-8"))


def _shipped() -> Dataset | None:
    return embedded.load_dataset() if embedded.DATA.exists() else None


def _names(data: Dataset) -> set[tuple[str, str]]:
    return set(zip(data.frame["id"], data.frame["metal"], strict=True))


if __name__ == "__main__":
    main()
