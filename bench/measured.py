"""What the transfer from simulation to measurement is, and what predictions on measured files are worth.

python bench/measured.py fit FOLDER [--work WORK] [--write]   transfers of the standards in FOLDER (with its
    truth.csv), as measured/transfer.json has them; structures that the embedded dataset lacks are simulated into WORK
python bench/measured.py table FOLDER [--work WORK]     predictions for every file of truth.csv: transfers fitted
    without its compound, and without any transfer; writes bench/results/measured.json
python bench/measured.py views FOLDER     the views that a forest may have of a XANES: RMSE on materials held out, files
    of truth.csv answered rightly; writes bench/results/views.json

To be run with PYTHONPATH=tools: the structures of standards are read from the mineral database.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core.structure import Structure

from embedded_dataset import amcsd
from embedded_dataset.amcsd_database import database, expand, read_atoms, read_rows
from firstshell.config import stable_hash
from firstshell.dataset import embedded
from firstshell.io.spectra.measured import Measured
from firstshell.io.spectra.sniff import read_measured
from firstshell.measured.read import read_samples
from firstshell.measured.standards_file import Listed, simulate_all, without_hydrogen
from firstshell.measured.xanes import population, standards
from firstshell.measured.xanes.footing import VIEWS
from firstshell.measured.xanes.normalise import normalise
from firstshell.measured.xanes.population import default_population
from firstshell.measured.xanes.standards import Standard
from firstshell.measured.xanes.transfer import PARAMETERS
from firstshell.prediction.answer import Answer, answer
from firstshell.prediction.channels import Channel, XanesChannel
from firstshell.prediction.domain import learn
from firstshell.prediction.model import Predictor, make_predictor
from firstshell.prediction.model_cache import predictor
from firstshell.prediction.model_file import described
from firstshell.prediction.pdf_channel import PdfChannel
from firstshell.prediction.training import Trained, train, values
from firstshell.prediction.training_set import Samples, collect
from firstshell.runtime.progress import Plain
from firstshell.runtime.store import Store, write_atomic
from firstshell.study.trees import Trees
from firstshell.types import Array, Target
from oxides import METALS

RESULTS = Path(__file__).parent / "results"
CLOSE = {Target.OXIDATION_STATE: 0.5, Target.COORDINATION_NUMBER: 0.5, Target.BOND_LENGTH: 0.05}
"""How near a right answer is."""
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
    "gamma-FeOOH": "amcsd-11833",
    "gamma-MnOOH": "amcsd-13942",
    "alpha-FeOOH": "amcsd-02226",
    "azurite": "amcsd-08598",
}
"""Crystal structure of each compound that the mineral database has."""
HYDROUS = ("gamma-FeOOH", "gamma-MnOOH", "alpha-FeOOH", "azurite")
"""Simulated without hydrogen: a muffin tin of it raises the Fermi level by 0.4 to 0.9 eV, and shifts of their own."""
OTHERS = {"xanes/Fe.prj#Goerthite": ("Fe", "alpha-FeOOH"), "xanes/athena4.prj#cu_azurite.001": ("Cu", "azurite")}
"""Standards that truth.csv does not ask about: metal and compound."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    fitting = commands.add_parser("fit")
    fitting.add_argument("folder", type=Path)
    fitting.add_argument("--work", type=Path, default=Path("standards.store"))
    fitting.add_argument("--write", action="store_true", help="make the result the product's default")
    tabulating = commands.add_parser("table")
    tabulating.add_argument("folder", type=Path)
    tabulating.add_argument("--work", type=Path, default=Path("standards.store"))
    commands.add_parser("views").add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.command == "fit":
        fit(options.folder, options.work, options.write)
    elif options.command == "table":
        table(options.folder, options.work)
    else:
        views(options.folder)


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


def table(folder: Path, work: Path) -> None:
    """Ask about each file models that know nothing of its compound's transfer, and such as know of none."""
    rows, fits = truth(folder), [standards.fit(each) for each in read_standards(folder, work)]
    results: list[dict[str, Any]] = []
    made: dict[str, Predictor] = {}
    for row in rows:
        sample = read_samples([folder / row["file"]], row["metal"]).samples[0]
        left_out = standards.population_of([each for each in fits if each.standard.compound != compound(row)])
        ways: list[tuple[str, tuple[Channel, ...], str]] = []
        if sample.xanes is not None:
            ways.append(("transfer", (XanesChannel(left_out.of_metal(row["metal"])),), "auto"))
            ways.append(("none", (XanesChannel(None),), "none"))
        else:
            ways.append(("pdf", (PdfChannel("pdf", sample.radiation),), "none"))
        for name, channels, how in ways:
            model = trained(row["metal"], channels, made)
            said = answer(model, [sample], how)[0]
            results.append(result(row, name, said))
            print(line(results[-1]), flush=True)
    for name in ("transfer", "none"):
        chosen = [each for each in results if each["way"] == name and each["in_domain"]]
        for target in Target:
            right = [each["right"][target.value] for each in chosen]
            print(f"{name}: {target.label.lower()} right for {sum(right)} of {len(right)} files in the domain")
    text = json.dumps(results, indent=1) + "\n"
    write_atomic(RESULTS / "measured.json", lambda path: path.write_text(text, encoding="utf-8"))


def trained(metal: str, channels: tuple[Channel, ...], made: dict[str, Predictor]) -> Predictor:
    """Return a predictor, from those made before if it is among them."""
    key = stable_hash([metal, *map(described, channels)])
    if key not in made:
        neutrons = any(getattr(channel, "radiation", "xray") != "xray" for channel in channels)
        names = [channel.name for channel in channels]
        made[key] = (
            predictor(metal, names, radiation="neutron")
            if neutrons
            else make_predictor(embedded.load_dataset(), metal, channels)
        )
    return made[key]


def views(folder: Path) -> None:
    """Train with each view, and ask about every measured XANES."""
    rows = [row for row in truth(folder) if row["file"].startswith("xanes")]
    results: dict[str, Any] = {}
    for name in VIEWS:
        errors: dict[str, list[float]] = {target.value: [] for target in Target}
        right: dict[str, list[bool]] = {target.value: [] for target in Target}
        for metal in METALS:
            channels = (XanesChannel(default_population().of_metal(metal), name),)
            chosen = collect(embedded.load_dataset(), metal)
            made = train(chosen, channels)
            model = with_likeness(chosen, made, channels)
            for target in Target:
                how = made.calibrations[target]
                found = values(made.outputs, target, made.held_out.outputs, how.temperature, how.doubt)
                miss = found - chosen.truth(target)[made.held_out.rows]
                weights = chosen.weights[made.held_out.rows]
                errors[target.value].append(float(np.sqrt(np.average(miss**2, weights=weights))))
            for row in rows:
                if row["metal"] == metal:
                    sample = read_samples([folder / row["file"]], metal).samples[0]
                    for target, good in result(row, name, answer(model, [sample], "auto")[0])["right"].items():
                        right[target].append(good)
        results[name] = {
            target.value: {
                "held_out_rmse": dict(zip(METALS, (round(e, 3) for e in errors[target.value]), strict=True)),
                "measured_right": f"{sum(right[target.value])} of {len(right[target.value])}",
            }
            for target in Target
        }
        print(name, json.dumps(results[name]), flush=True)
    text = json.dumps(results, indent=1) + "\n"
    write_atomic(RESULTS / "views.json", lambda path: path.write_text(text, encoding="utf-8"))


def with_likeness(chosen: Samples, made: Trained, channels: tuple[Channel, ...]) -> Predictor:
    likeness = {channel.name: learn(chosen, channel, np.random.default_rng(0)) for channel in channels}
    return Predictor(chosen.metal, channels, Trees.of(made.forest), made.outputs, made.calibrations, likeness, "")


def result(row: dict[str, str], way: str, said: Answer) -> dict[str, Any]:
    right = dict(zip(Target, ("oxidation_state", "coordination_number", "mean_bond_length_A"), strict=True))
    found: dict[str, Any] = {"file": row["file"], "metal": row["metal"], "compound": row["compound"], "way": way}
    found |= {"in_domain": said.in_domain, "shift_eV": said.alignment.shift if said.alignment else None}
    found |= {"truth": {target.value: float(row[column]) for target, column in right.items()}}
    found["value"] = {target.value: round(said.predictions[target].value, 3) for target in Target}
    found["interval"] = {t.value: [round(end, 3) for end in said.predictions[t].interval] for t in Target}
    found["nearest"] = [name for each in said.resemblance.values() for name, _ in each.nearest[:2]]
    found["right"] = {
        target.value: abs(found["value"][target.value] - found["truth"][target.value]) <= CLOSE[target]
        for target in Target
    }
    return found


def line(found: dict[str, Any]) -> str:
    parts = [
        f"{found['value'][t.value]:.2f} [{found['interval'][t.value][0]:.2f}, {found['interval'][t.value][1]:.2f}] "
        f"({found['truth'][t.value]:.2f}){' ' if found['right'][t.value] else '*'}"
        for t in Target
    ]
    shift = "" if found["shift_eV"] is None else f"{found['shift_eV']:+.1f} eV"
    verdict = "in " if found["in_domain"] else "out"
    return f"{found['file'][:40]:40s} {found['way']:8s} {'  '.join(parts)} {verdict} {shift}"


def read_standards(folder: Path, work: Path) -> list[Standard]:
    """Every XANES of a compound whose structure is known, with the simulation of that structure."""
    known = {row["file"]: (row["metal"], compound(row)) for row in truth(folder) if row["file"].startswith("xanes")}
    known = {file: each for file, each in (known | OTHERS).items() if each[1] in STRUCTURES}
    shipped, grid = shipped_spectra()
    found, lacking = [], []
    for file, (metal, name) in known.items():
        measured = normalise(read_row(folder, file), None, metal)
        if (STRUCTURES[name], metal) in shipped:
            found.append(standards.standard(measured, name, grid, shipped[STRUCTURES[name], metal]))
        else:
            lacking.append(Listed(measured, structure(name), name, metal))
    with Store.open(work) as store:
        return [*found, *simulate_all(lacking, store, reporter=Plain())]


def structure(name: str) -> Structure:
    """The crystal of a compound; those that hold hydrogen are no oxides, and read without the checks of oxides."""
    if name not in HYDROUS:
        return amcsd.read_entry(STRUCTURES[name]).structure
    row = next(read_rows(database(), int(STRUCTURES[name].removeprefix("amcsd-"))))
    atoms = expand(row, read_atoms(row), max_sites=100)
    crystal = without_hydrogen(Structure(atoms.cell, atoms.species, atoms.positions))
    return crystal.get_primitive_structure()


def truth(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def compound(row: dict[str, str]) -> str:
    return row["compound"].split()[0]


def read_row(folder: Path, file: str) -> Measured:
    name, _, group = file.partition("#")
    return next(each for each in read_measured(folder / name) if not group or each.name == group)


def shipped_spectra() -> tuple[dict[tuple[str, str], Array], Array]:
    """Material-level spectra of the embedded dataset by (id, metal), and their grid in eV from the tabulated edge."""
    data = embedded.load_dataset()
    whole = np.flatnonzero(data.frame["level"] == "material")
    found = {(data.frame["id"][i], data.frame["metal"][i]): data.spectra["xanes"][i] for i in whole}
    return found, data.grids["xanes"].values


if __name__ == "__main__":
    main()
