"""What is finished of the plan becomes the dataset that comes with firstshell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure

from embedded_dataset.amcsd_database import Row, database, read_formula, read_rows
from embedded_dataset.states import states
from embedded_dataset.substitution import parse_recipe
from firstshell.config import to_dict
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.build import default_params, software
from firstshell.dataset.materials import Material
from firstshell.dataset.pipeline import build_dataset, build_items
from firstshell.dataset.table import Dataset
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Record, Store

DISTORTED = "/distorted-"
STORE = "embedded.store"
"""Folder of the results, in the folder of the work."""
KEYS = "keys2.json"
"""The store's keys by crystal, "id|metal", of all that a build was asked for."""
HYDROGEN = 0.05
"""Largest part of the declared hydrogen that may be missing from the atoms of a neutral crystal."""


def settings() -> dict[str, Any]:
    """Return what the sites of the dataset are simulated with, as the store's keys contain it."""
    return {"modalities": to_dict(default_params()), "software": software() | {"xraylarch": version("xraylarch")}}


def read_crystals(work: Path) -> list[dict[str, Any]]:
    """Return the crystals of the plan, as `plan` wrote them into a folder."""
    found = []
    for path in sorted(work.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            found += [json.loads(line) for line in file]
    return [row for row in found if not row["kind"].startswith("refused")]


def structure_of(row: Mapping[str, Any]) -> Structure:
    """Return the crystal of a row of the plan."""
    return Structure(row["lattice"], row["species"], row["fractions"])


def material_of(row: Mapping[str, Any], parents: Mapping[tuple[str, str], Mapping[str, Any]]) -> Material:
    """Return what is labelled and simulated, with the oxidation states that its parent has.

    parents : rows by (id, metal)
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
        before = parents[parent, metal]
        cell = structure_of(before)
        known, how = states(cell, metal, distinct_sites(cell, metal), neutral=_neutral(before))
        how = "parent" if distorted else how
    origin = "distorted" if distorted and row["origin"] != "derived" else row["origin"]
    source = f"{row['name'] or 'unnamed'}; {row['reference']}"
    return Material(name, metal, structure, origin, row["name"] or row["series"], source, known, how)


def seed(store: Store, materials: Iterable[Material], edition: Dataset) -> int:
    """Put the spectra of sites that an older edition has, of the same crystals and settings, into a store; return how many.

    The older edition is of crystals that the same recipe makes again under the same id.
    """
    frame = edition.frame[edition.frame["level"] == "site"]
    known = {(row.id, row.metal, int(row.site)): i for i, row in zip(frame.index, frame.itertuples(), strict=True)}
    items = build_items(materials, settings(), [])
    have, count = store.keys(), 0
    for item in items:
        for key, task in item.tasks.items():
            row = known.get((item.material.id, item.material.metal, task.site.index))
            if row is not None and key not in have:
                store.put(key, Record({"provenance": {"edition": edition.hash}}, {"values": edition.spectra["xanes"][row]}))
                count += 1
    return count


def finished(
    work: Path, rows: list[dict[str, Any]], workers: int | None = None, reporter: Reporter | None = None
) -> Dataset:
    """Return the dataset of all crystals, of these rows of the plan, whose sites are simulated."""
    parents = {(row["id"], row["metal"]): row for row in rows}
    with Store.open(work / STORE) as store:
        have = store.keys()
    asked = json.loads((work / KEYS).read_text(encoding="utf-8"))
    done = [row for row in rows if have.issuperset(asked.get(f"{row['id']}|{row['metal']}", [""]))]
    materials = [material_of(row, parents) for row in done]
    return build_dataset(
        materials, (work / STORE).with_suffix(".parquet"), finished_only=True, workers=workers, reporter=reporter
    )


def keys_of(row: Mapping[str, Any]) -> dict[str, int]:
    """Return the store's keys of a crystal's sites, and the index of each site."""
    items = build_items([Material(row["id"], row["metal"], structure_of(row))], settings(), [])
    return {key: task.site.index for item in items for key, task in item.tasks.items()}


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
    return hydrogen / others - there / (sum(listed.values()) - there) <= HYDROGEN * hydrogen / others


def _counted(species: list[str]) -> dict[str, int]:
    return {symbol: species.count(symbol) for symbol in set(species)}


@cache
def _entries() -> dict[str, Row]:
    return {row.id: row for row in read_rows(database())}
