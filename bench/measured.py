"""What the transfer from simulation to measurement is, and what predictions on measured files are worth.

python bench/measured.py fit FOLDER [--work WORK.parquet] [--write]   transfers of the standards in FOLDER (with its
    truth.csv), as measured/transfer.json has them; structures that the embedded dataset lacks are simulated into WORK
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from firstshell.dataset import embedded
from firstshell.dataset.pipeline import build_dataset
from firstshell.dataset.table import Dataset
from firstshell.formats.sniff import read_measured
from firstshell.measured import population, standards
from firstshell.measured.normalise import normalise
from firstshell.measured.standards import Standard
from firstshell.measured.transfer import PARAMETERS
from firstshell.progress import Plain
from firstshell.store import write_atomic
from firstshell.types import Array

STRUCTURES = {
    "CuO": "amcsd-18067",
    "Cu2O": "amcsd-09326",
    "MnO": "amcsd-08240",
    "Mn3O4": "amcsd-02024",
    "Mn2O3": "amcsd-09391",
    "beta-MnO2": "amcsd-11760",
    "R-MnO2": "amcsd-03565",
    "Li2MnO3": "amcsd-16283",
    "Fe2O3": "amcsd-00143",
    "FeO": "amcsd-11314",
    "FeAl2O4": "amcsd-00958",
    "FeCr2O4": "amcsd-08918",
    "Fe2SiO4": "amcsd-00480",
    "PbTiO3": "amcsd-09629",
    "TiO2": "amcsd-11765",
}
"""Crystal structure of each compound of truth.csv that the mineral database has."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    fitting = commands.add_parser("fit")
    fitting.add_argument("folder", type=Path)
    fitting.add_argument("--work", type=Path, default=Path("standards.parquet"))
    fitting.add_argument("--write", action="store_true", help="make the result the product's default")
    options = parser.parse_args()
    fit(options.folder, options.work, options.write)


def fit(folder: Path, work: Path, write: bool) -> None:
    found, fits = standards.fit_population(read_standards(folder, work))
    print("file".ljust(44), "rmse ", "r     ", *(name[:9].rjust(9) for name in PARAMETERS))
    for each in fits:
        values = (f"{getattr(each.transfer, name):9.2f}" for name in PARAMETERS)
        print(each.standard.name.ljust(44), f"{each.rmse:.3f} {each.correlation:.4f}", *values)
    print(found.to_json())
    if write:
        write_atomic(
            Path(population.__file__).with_name("transfer.json"), lambda p: p.write_text(found.to_json() + "\n")
        )


def read_standards(folder: Path, work: Path) -> list[Standard]:
    """Every XANES of truth.csv whose structure is known, with the simulation of that structure."""
    rows = [row for row in truth(folder) if row["file"].startswith("xanes") and compound(row) in STRUCTURES]
    simulated, grid = simulations({(STRUCTURES[compound(row)], row["metal"]) for row in rows}, work)
    found = []
    for row in rows:
        values = simulated[STRUCTURES[compound(row)], row["metal"]]
        measured = normalise(read_row(folder, row), None, row["metal"])
        found.append(standards.standard(measured, compound(row), grid, values))
    return found


def truth(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def compound(row: dict[str, str]) -> str:
    return row["compound"].split()[0]


def read_row(folder: Path, row: dict[str, str]):  # type: ignore[no-untyped-def]
    path, _, group = row["file"].partition("#")
    return next(each for each in read_measured(folder / path) if not group or each.name == group)


def simulations(wanted: set[tuple[str, str]], work: Path) -> tuple[dict[tuple[str, str], Array], Array]:
    """Material-level spectra by (id, metal), and their grid in eV from the tabulated edge."""
    shipped = embedded.load_dataset()
    found = spectra_of(shipped)
    lacking = sorted(wanted - found.keys())
    if lacking:
        made, _ = embedded.materials(wanted=lacking)
        found |= spectra_of(build_dataset(made, work, reporter=Plain()))
    return found, shipped.grids["xanes"].values


def spectra_of(data: Dataset) -> dict[tuple[str, str], Array]:
    whole = np.flatnonzero(data.frame["level"] == "material")
    return {(data.frame["id"][i], data.frame["metal"][i]): data.spectra["xanes"][i] for i in whole}


if __name__ == "__main__":
    main()
