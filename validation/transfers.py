"""Transfers from simulated to measured XANES, of published standards of known structure.

python validation/transfers.py fit BMM MEASURED [--work WORK]    fit every standard; writes transfer_fits.json. BMM and
    MEASURED are folders with truth.csv; structures that the embedded dataset lacks are simulated into WORK
python validation/transfers.py write    make the population of transfer_fits.json the product's default

To be run with PYTHONPATH=tools: structures are read from the mineral database by the modules there.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from population_fit import population_of
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from firstshell.dataset import embedded
from firstshell.measured.read import read_samples
from firstshell.measured.standards_file import Listed, simulate_all, without_hydrogen
from firstshell.measured.xanes import population as default
from firstshell.measured.xanes import standards
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.population import Population
from firstshell.measured.xanes.standards import ALIKE, Fit, Standard
from firstshell.measured.xanes.transfer import PARAMETERS, Transfer
from firstshell.runtime.progress import Plain
from firstshell.runtime.store import Store, write_text

FITS = Path(__file__).with_name("transfer_fits.json")
TRANSFER = Path(default.__file__).with_name("transfer.json")
NAMES = {
    "TiO2": "anatase",
    "Fe2SiO4": "fayalite",
    "FeO": "wustite",
    "Fe2O3": "hematite",
    "gamma-FeOOH": "lepidocrocite",
    "alpha-FeOOH": "goethite",
    "FeCr2O4": "chromite",
    "FeAl2O4": "hercynite",
}
"""Names of one compound in the two tables of truth."""
STRUCTURES = {
    "anatase": "amcsd-10737",
    "brookite": "amcsd-05160",
    "CeTi2O6": "amcsd-05188",
    "ilmenite": "amcsd-09082",
    "NiTiO3": "amcsd-08982",
    "rutile": "amcsd-09404",
    "PbTiO3": "amcsd-09629",
    "tephroite": "amcsd-19692",
    "MnO": "amcsd-08240",
    "Mn3O4": "amcsd-02024",
    "Mn2O3": "amcsd-09391",
    "beta-MnO2": "amcsd-11760",
    "R-MnO2": "amcsd-03565",
    "Li2MnO3": "amcsd-16283",
    "fayalite": "amcsd-00480",
    "wustite": "amcsd-11314",
    "ZnFe2O4": "amcsd-02576",
    "hematite": "amcsd-00143",
    "hercynite": "amcsd-00958",
    "chromite": "amcsd-08918",
    "CuO": "amcsd-18067",
    "Cu2O": "amcsd-09326",
    "EuTiO3": "cubic",
    "Eu2Ti2O7": "pyrochlore",
    "goethite": "amcsd-02226",
    "lepidocrocite": "amcsd-11833",
    "gamma-MnOOH": "amcsd-13942",
    "azurite": "amcsd-08598",
}
"""Crystal structure of each compound: an entry of the mineral database, or made below."""
HYDROUS = ("goethite", "lepidocrocite", "gamma-MnOOH", "azurite")
"""Simulated without hydrogen: a muffin tin of it raises the Fermi level by 0.4 to 0.9 eV, and shifts of their own."""
OTHERS = (
    {"file": "xanes/Fe.prj#Goerthite", "metal": "Fe", "compound": "goethite", "oxidation_state": "3"},
    {"file": "xanes/athena4.prj#cu_azurite.001", "metal": "Cu", "compound": "azurite", "oxidation_state": "2"},
)
"""Standards of MEASURED that its table does not ask about."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    fitting = commands.add_parser("fit")
    fitting.add_argument("bmm", type=Path)
    fitting.add_argument("measured", type=Path)
    fitting.add_argument("--work", type=Path, default=Path("standards.store"))
    commands.add_parser("write")
    options = parser.parse_args()
    if options.command == "fit":
        fit(options.bmm, options.measured, options.work)
    else:
        text = population().to_json() + "\n"
        write_text(TRANSFER, text)
        print(text)


def compound(name: str) -> str:
    """The name of a compound in both tables."""
    first = name.split(" (")[0].split("(")[0].strip() or name
    return NAMES.get(first, first)


def population(without: Collection[tuple[str, str]] = ()) -> Population:
    """The population of all fitted standards but some (metal, compound); each compound counts once."""
    rows = [row for row in json.loads(FITS.read_text(encoding="utf-8")) if row["correlation"] >= ALIKE]
    rows = [row for row in rows if (row["metal"], row["compound"]) not in without]
    return population_of(
        [Transfer(**row["transfer"]) for row in rows],
        [row["oxidation_state"] for row in rows],
        [row["compound"] for row in rows],
        float(np.sqrt(np.mean([row["rmse"] ** 2 for row in rows]))),
        [row["metal"] for row in rows],
        [row["anchored"] for row in rows],
    )


def fit(bmm: Path, measured: Path, work: Path) -> None:
    """Fit the transfer of every standard whose structure is known."""
    rows = [described(file, standards.fit(each)) for file, _, each in paired(bmm, measured, work)]
    text = json.dumps(rows, indent=1) + "\n"
    write_text(FITS, text)


def paired(bmm: Path, measured: Path, work: Path | None) -> list[tuple[str, Normalised, Standard]]:
    """Every standard whose structure is known: its file, its measurement, and this paired with the simulation.

    work : store of simulations; None takes the standards that the embedded dataset has simulated
    """
    asked = []
    for folder, files in ((bmm, bmm / "files"), (measured, measured)):
        with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
            asked += [(files, row) for row in csv.DictReader(file) if not row["file"].startswith("pdf")]
    asked += [(measured, row) for row in OTHERS]
    known, lacking = [], []
    shipped, grid = shipped_spectra()
    for folder, row in asked:
        name = compound(row["compound"])
        if name not in STRUCTURES or not row["oxidation_state"]:
            continue
        state, metal = float(row["oxidation_state"]), row["metal"]
        sample = read_samples([folder / row["file"]], metal).samples[0].xanes
        assert sample is not None
        found = shipped.get((STRUCTURES[name], metal))
        if found is not None:
            known.append((row["file"], sample, standards.standard(sample, name, grid, found, state)))
        else:
            lacking.append((row["file"], Listed(sample, structure(name), name, metal, state)))
    if work is None:
        return known
    with Store.open(work) as store:
        made = simulate_all([each for _, each in lacking], store, reporter=Plain())
    return known + [(file, each.measured, done) for (file, each), done in zip(lacking, made, strict=True)]


def described(file: str, found: Fit) -> dict[str, Any]:
    each = found.standard
    return {
        "file": file,
        "metal": each.metal,
        "compound": each.compound,
        "oxidation_state": each.state,
        "anchored": each.anchored,
        "rmse": round(found.rmse, 4),
        "correlation": round(found.correlation, 4),
        "transfer": {name: round(getattr(found.transfer, name), 4) for name in PARAMETERS},
    }


def structure(name: str) -> Structure:
    """The crystal of a compound."""
    if name == "EuTiO3":
        return Structure.from_spacegroup(
            "Pm-3m", Lattice.cubic(3.905), ["Eu", "Ti", "O"], [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0]]
        )
    if name == "Eu2Ti2O7":
        places = [[0.5, 0.5, 0.5], [0, 0, 0], [0.327, 0.125, 0.125], [0.375, 0.375, 0.375]]
        cubic = Structure.from_spacegroup("Fd-3m:2", Lattice.cubic(10.196), ["Eu", "Ti", "O", "O"], places)
        return cubic.get_primitive_structure()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
    from embedded_dataset import amcsd
    from embedded_dataset.amcsd_database import database, expand, read_atoms, read_rows

    if name not in HYDROUS:
        return amcsd.read_entry(STRUCTURES[name]).structure
    row = next(read_rows(database(), int(STRUCTURES[name].removeprefix("amcsd-"))))
    atoms = expand(row, read_atoms(row), max_sites=100)
    crystal = without_hydrogen(Structure(atoms.cell, atoms.species, atoms.positions))
    return crystal.get_primitive_structure()


def shipped_spectra() -> tuple[dict[tuple[str, str], Any], Any]:
    """Material-level spectra of the embedded dataset by (id, metal), and their grid in eV from the tabulated edge."""
    data = embedded.load_dataset()
    whole = np.flatnonzero(data.frame["level"] == "material")
    found = {(data.frame["id"][i], data.frame["metal"][i]): data.spectra["xanes"][i] for i in whole}
    return found, data.grids["xanes"].values


if __name__ == "__main__":
    main()
