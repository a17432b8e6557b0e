"""Inputs of FEFF that firstshell was not made with, and what a FEFF of your own makes of them.

python bench/feff_inputs.py FOLDER [--feff PROGRAM]   writes NAME.feff.inp of ten crystals by pymatgen; then, one after
    the other, runs PROGRAM (no arguments, in a folder that holds feff.inp) and keeps its xmu.dat as NAME.xmu.dat, which
    takes two to seven minutes each. What is there is left alone. Then: python bench/xanes.py reference FOLDER
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from pymatgen.core import Lattice, Structure
from pymatgen.io.feff.sets import FEFFDictSet

from xanes import OXIDES

CARDS = {
    "EDGE": "K",
    "COREHOLE": "FSR",
    "S02": "0",
    "CONTROL": "1 1 1 1 1 1",
    "PRINT": "1 0 0 0 0 0",
    "EXCHANGE": "0 0.0 0.0 2",
    "XANES": "4.0 .05 .1",
}
TIMEOUT = 1800.0


@dataclass(frozen=True)
class Case:
    """A crystal, its absorber, radii of the field and of multiple scattering in Å, and cards that differ."""

    structure: Structure
    absorber: str
    scf: float
    fms: float
    cards: dict[str, str] = field(default_factory=dict)


def _rock_salt(metal: str, length: float) -> Structure:
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(length), [metal, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def _perovskite(large: str, small: str, length: float) -> Structure:
    places = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
    return Structure.from_spacegroup("Pm-3m", Lattice.cubic(length), [large, small, "O"], places)


def cases() -> dict[str, Case]:
    cell, places = Lattice.cubic(4.2696), [[0.25, 0.25, 0.25], [0, 0, 0]]
    cuprite = Structure.from_spacegroup("Pn-3m", cell, ["Cu", "O"], places)
    cell, places = Lattice.hexagonal(3.2495, 5.2069), [[1 / 3, 2 / 3, 0], [1 / 3, 2 / 3, 0.3819]]
    zincite = Structure.from_spacegroup("P6_3mc", cell, ["Zn", "O"], places)
    cell, places = Lattice.tetragonal(4.3983, 2.8730), [[0, 0, 0], [0.3046, 0.3046, 0]]
    pyrolusite = Structure.from_spacegroup("P4_2/mnm", cell, ["Mn", "O"], places)
    cobalt = _rock_salt("Co", 4.26)
    return {
        "TiO2_anatase": Case(OXIDES["anatase"], "Ti", 4.5, 5.0),
        "Fe2O3_hematite": Case(OXIDES["Fe2O3"], "Fe", 4.0, 5.5),
        "Cu2O_cuprite": Case(cuprite, "Cu", 4.5, 6.0),
        "SrTiO3_nohole": Case(_perovskite("Sr", "Ti", 3.905), "Ti", 4.0, 5.0, {"COREHOLE": "NONE"}),
        "FeO_wustite": Case(_rock_salt("Fe", 4.307), "Fe", 4.5, 5.5),
        "LaMnO3_cubic": Case(_perovskite("La", "Mn", 3.88), "Mn", 4.2, 5.0),
        "ZnO_polarized": Case(zincite, "Zn", 4.0, 5.0, {"POLARIZATION": "0 0 1"}),
        "MnO2_pyrolusite": Case(pyrolusite, "Mn", 4.0, 5.5),
        "CoO_loss": Case(cobalt, "Co", 4.3, 5.0, {"EXCHANGE": "0 0.0 0.5 2"}),
        "CoO_real_shift": Case(cobalt, "Co", 4.3, 5.0, {"EXCHANGE": "0 1.0 0.0 2"}),
    }


def write(case: Case, file: Path) -> None:
    site = next(i for i, atom in enumerate(case.structure) if atom.specie.symbol == case.absorber)
    cards = CARDS | {"SCF": f"{case.scf} 0 30 .1 1", "FMS": f"{case.fms} 0"} | case.cards
    parts = FEFFDictSet(site, case.structure, radius=9.0, config_dict=cards).all_input()
    text = "\n\n".join(str(parts[name]) for name in ("HEADER", "PARAMETERS", "POTENTIALS", "ATOMS"))
    file.write_text(text + "\n", encoding="utf-8")


def run(program: Path, given: Path) -> float:
    """Run a FEFF on an input, keep its xmu.dat, and return the seconds that it took."""
    name = given.name.removesuffix(".feff.inp")
    scratch = given.with_name(f"{name}.run")
    scratch.mkdir(exist_ok=True)
    shutil.copy(given, scratch / "feff.inp")
    start = time.monotonic()
    subprocess.run([program.resolve()], cwd=scratch, stdout=subprocess.DEVNULL, timeout=TIMEOUT, check=True)
    shutil.move(scratch / "xmu.dat", given.with_name(f"{name}.xmu.dat"))
    return time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--feff", type=Path)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name, case in cases().items():
        given = chosen.folder / f"{name}.feff.inp"
        if not given.is_file():
            write(case, given)
        if chosen.feff is not None and not given.with_name(f"{name}.xmu.dat").is_file():
            print(name, f"{run(chosen.feff, given):.0f} s", flush=True)


if __name__ == "__main__":
    main()
