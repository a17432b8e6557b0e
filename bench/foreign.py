"""XANES of what is no oxide but may look like one: the metals themselves, and sulfides.

python bench/foreign.py make WORK     some 20 CPU minutes; goes on where it was stopped, from the store WORK; writes
    src/firstshell/measured/foreign.json, which measurements are compared with
python bench/foreign.py check FOLDER  how many oxides of the embedded data, disturbed and compared with oxides of other
    groups only, would be taken for one of these; and what is said of each spectrum of the files in FOLDER

Preset `standard`. Cells are those of the literature, rounded.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from pymatgen.core import Lattice, Structure

from firstshell.api.predict import predict
from firstshell.config import stable_hash
from firstshell.crystal.sites import distinct_sites
from firstshell.dataset import embedded
from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.prediction import non_oxides
from firstshell.prediction.model_cache import predictor
from firstshell.prediction.training_set import collect
from firstshell.runtime.progress import Plain
from firstshell.runtime.store import Record, Store, write_text
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.simulation.feff.cards import Mesh
from firstshell.simulation.feff.site import site_xanes
from firstshell.simulation.xanes import PRESETS
from oxides import METALS

DRAWS = 200
SETTINGS = replace(PRESETS["standard"], mesh=Mesh(kstep=0.048, kmax=4.0, estep=0.1))
ENERGY = np.linspace(-5.0, 50.0, 111)
"""eV from the Fermi level; of sulfides 5 eV more, from the tabulated edge."""


def cubic(group: str, edge: float, names: str, *places: tuple[float, float, float]) -> Structure:
    return Structure.from_spacegroup(group, Lattice.cubic(edge), names.split(), places)


def hexagonal(group: str, a: float, c: float, names: str, *places: tuple[float, float, float]) -> Structure:
    return Structure.from_spacegroup(group, Lattice.hexagonal(a, c), names.split(), places)


def fcc(metal: str, edge: float) -> Structure:
    return cubic("Fm-3m", edge, metal, (0, 0, 0))


def bcc(metal: str, edge: float) -> Structure:
    return cubic("Im-3m", edge, metal, (0, 0, 0))


def hcp(metal: str, a: float, c: float) -> Structure:
    return hexagonal("P6_3/mmc", a, c, metal, (1 / 3, 2 / 3, 0.25))


def pyrite(metal: str, edge: float, x: float) -> Structure:
    return cubic("Pa-3", edge, f"{metal} S", (0, 0, 0), (x, x, x))


def nickeline(metal: str, a: float, c: float) -> Structure:
    return hexagonal("P6_3/mmc", a, c, f"{metal} S", (0, 0, 0), (1 / 3, 2 / 3, 0.25))


ALPHA_MN = ((0, 0, 0), (0.317, 0.317, 0.317), (0.356, 0.356, 0.034), (0.089, 0.089, 0.282))
CHALCOPYRITE = Structure.from_spacegroup(
    "I-42d",
    Lattice.tetragonal(5.289, 10.423),
    ["Cu", "Fe", "S"],
    [[0, 0, 0], [0, 0, 0.5], [0.2574, 0.25, 0.125]],
)
ELEMENTS = {
    "Sc": hcp("Sc", 3.309, 5.268),
    "Ti": hcp("Ti", 2.951, 4.686),
    "V": bcc("V", 3.024),
    "Cr": bcc("Cr", 2.885),
    "Mn": cubic("I-43m", 8.913, "Mn Mn Mn Mn", *ALPHA_MN),
    "Fe": bcc("Fe", 2.867),
    "Co": hcp("Co", 2.507, 4.069),
    "Ni": fcc("Ni", 3.524),
    "Cu": fcc("Cu", 3.615),
    "Zn": hcp("Zn", 2.665, 4.947),
    "Zr": hcp("Zr", 3.232, 5.148),
    "Nb": bcc("Nb", 3.301),
    "Mo": bcc("Mo", 3.147),
}
SULFIDES = {
    ("Ti", "titanium disulfide"): hexagonal("P-3m1", 3.407, 5.695, "Ti S", (0, 0, 0), (1 / 3, 2 / 3, 0.25)),
    ("Mn", "alabandite, MnS"): cubic("Fm-3m", 5.224, "Mn S", (0, 0, 0), (0.5, 0.5, 0.5)),
    ("Mn", "hauerite, MnS2"): pyrite("Mn", 6.101, 0.4012),
    ("Fe", "FeS of the NiAs type"): nickeline("Fe", 3.44, 5.88),
    ("Fe", "pyrite, FeS2"): pyrite("Fe", 5.418, 0.3851),
    ("Fe", "chalcopyrite, CuFeS2"): CHALCOPYRITE,
    ("Co", "cattierite, CoS2"): pyrite("Co", 5.538, 0.3899),
    ("Ni", "NiS of the NiAs type"): nickeline("Ni", 3.44, 5.351),
    ("Ni", "vaesite, NiS2"): pyrite("Ni", 5.687, 0.3945),
    ("Cu", "covellite, CuS"): hexagonal(
        "P6_3/mmc",
        3.794,
        16.341,
        "Cu Cu S S",
        (1 / 3, 2 / 3, 0.75),
        (1 / 3, 2 / 3, 0.1073),
        (1 / 3, 2 / 3, 0.25),
        (0, 0, 0.0634),
    ),
    ("Cu", "chalcopyrite, CuFeS2"): CHALCOPYRITE,
    ("Zn", "sphalerite, ZnS"): cubic("F-43m", 5.41, "Zn S", (0, 0, 0), (0.25, 0.25, 0.25)),
    ("Mo", "molybdenite, MoS2"): hexagonal(
        "P6_3/mmc", 3.161, 12.299, "Mo S", (1 / 3, 2 / 3, 0.25), (1 / 3, 2 / 3, 0.621)
    ),
}


def simulate(_shared: None, task: tuple[Structure, str, bool]) -> Record:
    """Return the mean over the metal's sites, on energies from the Fermi level or from the tabulated edge."""
    structure, metal, fermi = task
    total, weight = np.zeros(len(ENERGY)), 0
    for site in distinct_sites(structure, metal):
        found, _ = site_xanes(structure, site.index, SETTINGS)
        start = float(np.interp(found.fermi, found.level, found.energy)) if fermi else k_edge(metal) + 5.0
        total += site.multiplicity * np.interp(ENERGY, found.energy - start, found.mu)
        weight += site.multiplicity
    return Record({}, {"mu": total / weight})


def make(work: Path) -> None:
    crystals = {(metal, non_oxides.metallic(metal)): (crystal, metal, True) for metal, crystal in ELEMENTS.items()}
    crystals |= {(metal, name): (crystal, metal, False) for (metal, name), crystal in SULFIDES.items()}
    keys = {stable_hash([*each, crystals[each][0].as_dict()]): each for each in crystals}
    with Store.open(work) as store:
        tasks = {key: crystals[each] for key, each in keys.items()}
        found = run_tasks(simulate, tasks, store=store, reporter=Plain(), label="Metals and sulfides")
    table = []
    for key, (metal, name) in keys.items():
        record = found[key]
        if isinstance(record, Failure):
            print(f"{metal}, {name}: {record.reason}")
            continue
        begin = 0.0 if crystals[metal, name][2] else 5.0
        mu = [round(float(value), 4) for value in record.arrays["mu"]]
        called = name if begin == 0.0 else f"a sulfide such as {name}"
        table.append({"metal": metal, "name": called, "first": ENERGY[0] + begin, "step": 0.5, "mu": mu})
    lines = ",\n".join(json.dumps(row) for row in table)
    write_text(non_oxides.FILE, f"[\n{lines}\n]\n")


def check(folder: Path) -> None:
    data = embedded.load_dataset()
    for metal in METALS:
        model = predictor(metal, ("xanes",))
        channel, known, others = model.channel("xanes"), model.domains["xanes"], model.non_oxides["xanes"]
        oxides, rng = collect(data, metal, whole=False), np.random.default_rng(1)
        rows = rng.choice(len(oxides), DRAWS, replace=False)
        taken = 0
        for row, mu in zip(rows, channel.disturbed(oxides.take(rows), rng), strict=True):
            apart = channel.distances(known.reference, mu)[oxides.groups != oxides.groups[row]].min()
            taken += non_oxides.nearest_non_oxides(others, channel, mu, min(float(apart), known.limit))[0] is not None
        print(f"{metal}: {taken} of {DRAWS} oxides taken for a metal or a sulfide", flush=True)
    for file in sorted(each for each in folder.iterdir() if each.is_file()):
        try:
            answers = predict([file])
        except InputError as error:
            print(f"{file.name}: {error}")
            continue
        for each in answers:
            found = each.resemblance["xanes"]
            print(
                f"{each.sample.name[-40:]:40} {'in ' if found.inside else 'OUT'} {found.distance:.3f}, "
                f"limit {found.limit:.3f}; {found.non_oxide}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("make").add_argument("work", type=Path)
    commands.add_parser("check").add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.command == "make":
        make(given.work)
    else:
        check(given.folder)


if __name__ == "__main__":
    from foreign import main as importable  # workers cannot import a function of __main__

    importable()
