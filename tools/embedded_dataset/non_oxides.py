"""What measurements are compared with beside oxides: the compounds of the dataset whose first shells have no oxygen."""

from __future__ import annotations

import json
from typing import Any

from firstshell.dataset.table import Dataset
from firstshell.prediction import non_oxides
from firstshell.runtime.store import write_text

KINDS = {
    "S": "sulfide",
    "Se": "selenide",
    "N": "nitride",
    "F": "fluoride",
    "Cl": "chloride",
    "Br": "bromide",
    "I": "iodide",
}


def write_non_oxides(data: Dataset) -> int:
    """Put the dataset's compounds without oxygen around the metal in the place of others; return how many there are.

    The metals themselves stay, and the sulfides of metals that the dataset has no such compound of.
    """
    kept: list[dict[str, Any]] = json.loads(non_oxides.FILE.read_text(encoding="utf-8"))
    found = compounds(data)
    metals = {row["metal"] for row in found}
    kept = [row for row in kept if row["name"] == non_oxides.metallic(row["metal"]) or row["metal"] not in metals]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in [*kept, *found])
    write_text(non_oxides.FILE, f"[\n{lines}\n]\n")
    return len(found)


def compounds(data: Dataset) -> list[dict[str, Any]]:
    """Return one row for each mineral and formula: an undistorted crystal where there is one."""
    energy = data.grids["xanes"].values
    frame = data.frame[data.frame["level"] == "material"]
    frame = frame[[bool(ligand) and "O" not in ligand.split("+") for ligand in frame["ligand"]]]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    frame = frame.assign(place=frame.index, last=frame["origin"] == "distorted").sort_values(["last", "id"])
    for row in frame.to_dict("records"):
        mineral = row["source"].partition(";")[0]
        called = row["formula"] if mineral == "unnamed" else f"{mineral.lower()}, {row['formula']}"
        name = f"a {KINDS.get(row['ligand'], 'compound')} such as {called}"
        mu = [round(float(value), 4) for value in data.spectra["xanes"][row["place"]]]
        about = {"metal": row["metal"], "name": name, "first": float(energy[0]), "step": float(energy[1] - energy[0])}
        found.setdefault((row["metal"], name), about | {"mu": mu})
    return [found[key] for key in sorted(found)]
