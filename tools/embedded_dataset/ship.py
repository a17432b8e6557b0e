"""What is finished of the plan becomes the dataset that comes with firstshell."""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any

from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure

from embedded_dataset.amcsd_database import Row, database, read_formula, read_rows
from embedded_dataset.manifest import manifest_of
from embedded_dataset.non_oxides import write_non_oxides
from embedded_dataset.plan import seconds
from embedded_dataset.states import states
from embedded_dataset.substitution import parse_recipe
from firstshell.config import to_dict
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset import embedded
from firstshell.dataset.build import default_params, software
from firstshell.dataset.exafs import make_paths
from firstshell.dataset.materials import Material
from firstshell.dataset.output import beside
from firstshell.dataset.pipeline import build_dataset, build_items
from firstshell.dataset.table import Dataset, write_dataset
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store, write_atomic, write_text

DISTORTED = "/distorted-"
STORE = "embedded.store"
"""Folder of the results, in the folder of the work."""
KEYS = "keys.json"
"""The store's keys by crystal, "id|metal", of all that a build was asked for."""
LIST = Path(__file__).parent / "plan.csv"
HYDROGEN = 0.05
"""Largest part of the declared hydrogen that may be missing from the atoms of a neutral crystal."""


def settings() -> dict[str, Any]:
    """Return what the sites of the dataset are simulated with, as the store's keys contain it."""
    return {"modalities": to_dict(default_params()), "software": software() | {"xraylarch": version("xraylarch")}}


def read_crystals(work: Path) -> list[dict[str, Any]]:
    """Return the crystals of the plan, as `plan` wrote them into a folder; those that are shipped as they were shipped.

    Other machines make some of them with other atoms: the best of several decorations hangs on the last digits.
    """
    found: list[dict[str, Any]] = []
    for path in sorted(work.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            found += [json.loads(line) for line in file]
    shipped = embedded.load_everything()
    for row in found:
        if holds(shipped, row):
            crystal = shipped.crystals[row["id"], row["metal"]]
            row |= {"lattice": crystal.cell.tolist(), "fractions": crystal.positions.tolist()}
    return found


def structure_of(row: Mapping[str, Any]) -> Structure:
    """Return the crystal of a row of the plan."""
    return Structure(row["lattice"], row["species"], row["fractions"])


def material_of(row: Mapping[str, Any], parents: Mapping[str, Mapping[str, Any]]) -> Material:
    """Return what is labelled and simulated, with the oxidation states that its parent has.

    parents : rows by `name_of`
    """
    name, metal = row["id"], row["metal"]
    parent, distorted, _ = name.partition(DISTORTED)
    structure = structure_of(row)
    known: Mapping[int, int | None] | None = None
    how = "crystal"
    sites = distinct_sites(structure, metal)
    if row["origin"] == "derived":
        if distorted:
            known, how = {site.index: parse_recipe(parent).charge for site in sites}, "parent"
    elif distorted or not _neutral(row):
        before = parents[f"{parent}|{metal}"]
        cell = structure_of(before)
        known, how = states(cell, metal, distinct_sites(cell, metal), neutral=_neutral(before))
        how = "parent" if distorted else how
    source = f"{row['name'] or 'unnamed'}; {row['reference']}"
    return Material(name, metal, structure, origin_of(row), group_of(row), source, known, how)


def origin_of(row: Mapping[str, Any]) -> str:
    """Return the origin of a crystal as the dataset names it; what is derived by substitution is so when distorted."""
    return "distorted" if DISTORTED in row["id"] and row["origin"] != "derived" else str(row["origin"])


def group_of(row: Mapping[str, Any]) -> str:
    """Return what crystals of one family share: the mineral's name, or the series of what has none."""
    return str(row["name"] or row["series"])


def first_edition() -> list[tuple[str, str]]:
    """Return the (id, metal) of what the first edition held: spectra of minerals are kept, the others are distorted."""
    kept = ("old", "distorted-derived")
    with LIST.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in kept]
    return [(row["id"].partition(DISTORTED)[0], row["metal"]) for row in rows]


def write_list(rows: list[dict[str, Any]], path: Path = LIST) -> None:
    """Write the list of the plan, in which metals without a row stay as they are; seconds are those expected."""
    header = ["id", "metal", "kind", "origin", "group", "ligand", "sites", "seconds"]
    planned = {row["metal"] for row in rows}
    with path.open(encoding="utf-8", newline="") as file:
        lines = [[row[name] for name in header] for row in csv.DictReader(file) if row["metal"] not in planned]
    for row in rows:
        cost = 0 if row["kind"] == "old" else round(seconds(row))
        about = row["id"], row["metal"], row["kind"], origin_of(row), group_of(row)
        lines.append([*about, "+".join(row["ligand"]), str(len(row["sites"])), str(cost)])

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *sorted(lines, key=itemgetter(1, 0))])

    write_atomic(path, write)


def ship(work: Path, reporter: Reporter | None = None) -> dict[str, Any]:
    """Put the dataset of what is finished, and its manifest, into the package; return how much there is of each metal.

    Spectra that the shipped dataset holds need not be in the store.
    """
    rows = read_crystals(work)
    with Store.open(work / STORE) as store:
        seed(store, rows, work, embedded.load_everything())
    data = finished(work, rows, reporter=reporter)
    write_dataset(data, embedded.DATA)
    write_non_oxides(data)
    manifest = manifest_of(data, len(rows))
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    write_text(embedded.MANIFEST, text)
    found: dict[str, Any] = manifest["materials"]
    return found


def ship_paths(work: Path, reporter: Reporter | None = None) -> None:
    """Put the scattering paths of the shipped dataset beside it; what fails is printed.

    Finished ones are kept in WORK, so that after another shipping only new crystals are calculated.
    """
    made = work / beside(embedded.DATA).name
    for name, reason in make_paths(embedded.load_everything(), made, reporter=reporter).items():
        print(f"{name}: {reason}")
    write_atomic(beside(embedded.DATA), lambda path: shutil.copyfile(made, path))


def seed(store: Store, rows: Sequence[Mapping[str, Any]], work: Path, shipped: Dataset) -> None:
    """Put the spectra of a dataset's sites into the store under the keys that the crystals of these rows have there.

    rows : of `read_crystals`, which have the atoms of the dataset
    """
    path = work / KEYS
    asked: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    frame = shipped.frame[shipped.frame["level"] == "site"]
    known: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for i, row in zip(frame.index.tolist(), frame.to_dict("records"), strict=True):
        known[f"{row['id']}|{row['metal']}"][int(row["site"])] = i
    have = store.keys()
    for each in rows:
        name = name_of(each)
        if not holds(shipped, each) or have.issuperset(asked.get(name, [""])):
            continue
        [item] = build_items([Material(each["id"], each["metal"], structure_of(each))], settings(), [])
        asked[name] = list(item.tasks)
        for key, task in item.tasks.items():
            if task.site.index in known[name]:
                values = shipped.spectra["xanes"][known[name][task.site.index]]
                store.put(key, Record({"provenance": {"dataset": shipped.hash}}, {"values": values}))
    write_text(path, json.dumps(asked))


def holds(shipped: Dataset, row: Mapping[str, Any]) -> bool:
    """Return whether a dataset has the crystal of a row of the plan, with the same elements in the same order."""
    crystal = shipped.crystals.get((row["id"], row["metal"]))
    return crystal is not None and list(crystal.species) == row["species"]


def finished(
    work: Path, rows: list[dict[str, Any]], workers: int | None = None, reporter: Reporter | None = None
) -> Dataset:
    """Return the dataset of all crystals, of these rows of the plan, whose sites are simulated."""
    parents = {name_of(row): row for row in rows}
    with Store.open(work / STORE) as store:
        have = store.keys()
    asked = json.loads((work / KEYS).read_text(encoding="utf-8"))
    done = [row for row in rows if have.issuperset(asked.get(name_of(row), [""]))]
    materials = [material_of(row, parents) for row in done]
    return build_dataset(
        materials, (work / STORE).with_suffix(".parquet"), finished_only=True, workers=workers, reporter=reporter
    )


def name_of(row: Mapping[str, Any]) -> str:
    """Return what a crystal is called among all of the plan: "id|metal"."""
    return f"{row['id']}|{row['metal']}"


def _neutral(row: Mapping[str, Any]) -> bool:
    """Whether the crystal is as the database declares it: not decorated, no hydrogen missing."""
    if row["origin"] == "decorated":
        return False
    entry = _entries().get(row["id"].partition("/")[0])
    if entry is None or row["origin"] == "derived":
        return True
    declared, listed = read_formula(entry), Composition(_counted(row["species"]))
    hydrogen = sum(declared.get(symbol, 0.0) for symbol in ("H", "D"))
    others = sum(declared.values()) - hydrogen
    there = sum(amount for element, amount in listed.items() if element.Z == 1)
    return bool(hydrogen / others - there / (sum(listed.values()) - there) <= HYDROGEN * hydrogen / others)


def _counted(species: list[str]) -> dict[str, int]:
    return {symbol: species.count(symbol) for symbol in set(species)}


@cache
def _entries() -> dict[str, Row]:
    return {row.id: row for row in read_rows(database())}
