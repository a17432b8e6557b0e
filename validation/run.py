"""Every documented figure that can be measured again at once, against what the documentation says.

    python validation/run.py [--standards "TRUTH.csv FOLDER …"] [--cross TEST.parquet] [--feff FOLDER] [--only NAME …]

The checks without data of their own take some two minutes: PDFs against stored arrays of diffpy.srreal and against a
live diffpy.pdffit2, multiple scattering against a stored spectrum of FEFF10, the same crystal written in other ways,
and how often 90 % intervals hold on simulations held out (Fe, XANES). The others take what is named, and are skipped
with a line without it: published standards of known structure, a dataset to ask about as in cross_test.py, and a
folder of NAME.feff.inp with the NAME.xmu.dat that FEFF10 made of each.

Prints a line for each figure and writes validation/results.json, from which `python bench/tables.py` makes the table in
docs/results/index.md. validation/expected.toml has the figures that are documented and the limits of each. Exits with 1
where one is no longer within them.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pymatgen.core import Element, Lattice, Structure

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))

from firstshell.dataset import embedded  # noqa: E402
from firstshell.dataset.table import read_dataset  # noqa: E402
from firstshell.runtime.store import write_text  # noqa: E402
from firstshell.simulation.feff.inp import read_feff_inp  # noqa: E402
from firstshell.simulation.feff.site import input_xanes  # noqa: E402
from firstshell.simulation.feff.surroundings import surroundings  # noqa: E402
from firstshell.simulation.pdf import PdfParams, pdf_family  # noqa: E402
from firstshell.simulation.scattering.absorption import Absorption, absorption, average, propagators  # noqa: E402
from firstshell.simulation.scattering.pad import read_phases  # noqa: E402
from firstshell.simulation.scattering.propagator import Cluster, Scattering  # noqa: E402
from firstshell.types import Array, Target  # noqa: E402
from firstshell.units import BOHR  # noqa: E402
from machine import describe  # noqa: E402

DATA = ROOT / "tests" / "data"
EXPECTED = Path(__file__).with_name("expected.toml")
RESULTS = Path(__file__).with_name("results.json")
RUTILE = Structure.from_spacegroup(
    "P4_2/mnm", Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
)
FINE = PdfParams(rmax=10.0, points=None)
Figures = dict[str, float]


@dataclass(frozen=True)
class Given:
    """What the checks with data of their own are given; None skips them."""

    standards: str | None
    cross: Path | None
    feff: Path | None


def pdf_references(_given: Given) -> Figures:
    """Largest difference of any total and differential PDF from diffpy.srreal's, Å⁻²."""
    found = []
    for file in sorted((DATA / "pdf").glob("paper_*.npz")):
        with np.load(file) as stored:
            names = [Element.from_Z(int(z)).symbol for z in stored["numbers"]]
            structure = Structure(stored["cell"], names, stored["frac"])
            for radiation in ("xray", "neutron"):
                family = pdf_family(structure, None, PdfParams(radiation=radiation, points=None))
                metal = next(name for name in names if name != "O")
                for key, values in (("total", family.total()), (f"dpdf_{metal}", family.differential(metal))):
                    if f"{radiation}/{key}" in stored:
                        found.append(float(np.abs(values - stored[f"{radiation}/{key}"]).max()))
    return {"pdf against diffpy.srreal, largest difference": max(found)}


def pdf_live(_given: Given) -> Figures:
    """RMS difference from diffpy.pdffit2 over 1.5–10 Å, in parts of the RMS of G; it divides by r, not by r_ij."""
    from diffpy.pdffit2 import redirect_stdout

    from pdf import pdffit2

    redirect_stdout(io.StringIO())
    ours = pdf_family(RUTILE, None, PdfParams(rmax=10.0, rstep=0.01, qmax=30.0, uiso=0.007, points=None))
    theirs = pdffit2(RUTILE, 10.0)()
    theirs = np.interp(ours.r, 0.01 * np.arange(1, len(theirs) + 1), theirs)
    beyond = ours.r > 1.5
    apart = np.sqrt(np.mean((ours.total() - theirs)[beyond] ** 2) / np.mean(theirs[beyond] ** 2))
    return {"pdf against diffpy.pdffit2, rutile, share of the RMS": float(apart)}


def pdf_invariance(_given: Given) -> Figures:
    """Largest difference of G between a crystal and the same turned, in another origin, order and cell, Å⁻²."""
    plain = pdf_family(RUTILE, None, FINE).total()
    rng = np.random.default_rng(0)
    axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = rng.permutation(len(RUTILE))
    ways = (
        Structure(RUTILE.lattice.matrix @ axes.T, RUTILE.species, RUTILE.frac_coords),
        Structure(RUTILE.lattice, RUTILE.species, RUTILE.frac_coords + rng.random(3)),
        Structure.from_sites([RUTILE[i] for i in order]),
        RUTILE * (1, 2, 3),
    )
    return {
        "pdf written in other ways": max(float(np.abs(pdf_family(s, None, FINE).total() - plain).max()) for s in ways)
    }


def xanes_stored(_given: Given) -> Figures:
    """RMSE, in edge steps, of the scattering of rutile from stored phases against FEFF10's μ; and without symmetry."""
    positions, charges = surroundings(RUTILE, 0, 5.0)
    kinds = np.where(charges == 8, 1, 2)
    kinds[0] = 0
    cluster = Cluster(positions / BOHR, kinds, (3, 3, 3))
    phases = read_phases(DATA / "xanes" / "rutile")
    result = absorption(phases, average(propagators(phases, Scattering(cluster))))
    plain = absorption(phases, average(propagators(phases, Scattering(cluster, symmetry=False))))
    energy, mu = np.loadtxt(DATA / "xanes" / "rutile" / "mu_feff10.txt").T
    return {
        "xanes against FEFF10, rutile from stored phases, RMSE": rmse(result, energy, mu),
        "xanes with and without symmetry, largest difference": float(np.abs(result.mu - plain.mu).max()),
    }


def xanes_feff10(given: Given) -> Figures | None:
    """RMSE, in edge steps, of whole calculations against FEFF10's, the largest of all inputs."""
    if given.feff is None:
        return None
    found = []
    for file in sorted(given.feff.glob("*.feff.inp")):
        result, _ = input_xanes(read_feff_inp(file))
        energy, mu = np.loadtxt(file.with_name(file.name.replace(".feff.inp", ".xmu.dat")))[:, [0, 3]].T
        found.append(rmse(result, energy, mu))
    return {"xanes against FEFF10, from feff.inp, largest RMSE": max(found)}


def rmse(result: Absorption, energy: Array, mu: Array) -> float:
    inside = (result.energy >= energy[0]) & (result.energy <= energy[-1])
    return float(np.sqrt(np.mean((result.mu[inside] - np.interp(result.energy[inside], energy, mu)) ** 2)))


def coverage(_given: Given) -> Figures:
    """How often 90 % intervals hold on simulations held out, Fe and XANES, calibrated on half of the groups."""
    from calibration import half_by_half, trained

    chosen, made = trained("Fe", ("xanes",))
    found = {}
    for target in Target:
        halves = half_by_half(chosen, made, target, made.calibrations[target].doubt)
        name = f"90 % intervals on simulations, Fe, {target.value.replace('_', ' ')}"
        found[name] = float(np.mean([half.covered for half in halves]))
    return found


def standards(given: Given) -> Figures | None:
    """Right answers and intervals that hold on published standards, as parts of 1, by measured.py."""
    if given.standards is None:
        return None
    with tempfile.TemporaryDirectory() as out:
        words = [sys.executable, str(Path(__file__).with_name("measured.py")), *given.standards.split(), "--out", out]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        scores = json.loads((Path(out) / "score.json").read_text(encoding="utf-8"))["scores"]
    found = {}
    for target, by_metal in scores.items():
        row = by_metal.get("all") or next(iter(by_metal.values()))
        name = target.replace("_", " ")
        found[f"standards, {name}, right"] = row["right"] / row["files"]
        found[f"standards, {name}, 90 % intervals"] = row["covered"] / row["files"]
    return found


def cross(given: Given) -> Figures | None:
    """A model of the embedded Cu oxides, asked about another dataset: length RMSE in %, F1 of coordination numbers."""
    if given.cross is None:
        return None
    from cross_test import OXIDES, by_shell, labelled, score

    train, test = (
        labelled(by_shell(data)[OXIDES].select("Cu", "material"))
        for data in (embedded.load_everything(), read_dataset(given.cross))
    )
    scores = np.mean([score(train, test, ("xanes",), split, 200) for split in range(5)], axis=0)
    return {"cross test, Cu, XANES, length RMSE in %": scores[0], "cross test, Cu, XANES, F1 of CN": scores[1]}


CHECKS: dict[str, Callable[[Given], Figures | None]] = {
    each.__name__: each
    for each in (pdf_references, pdf_live, pdf_invariance, xanes_stored, xanes_feff10, coverage, standards, cross)
}


def judge(figures: Figures, expected: dict[str, dict[str, float]]) -> list[dict[str, object]]:
    """Return each figure beside what is documented, and whether it lies within its limits."""
    rows: list[dict[str, object]] = []
    for name, value in figures.items():
        limits = expected.get(name)
        if limits is None:
            raise SystemExit(f"{EXPECTED.name} has no table ['{name}']: add it")
        met = limits.get("least", -np.inf) <= value <= limits.get("most", np.inf)
        rows.append({"name": name, "measured": float(f"{value:.3g}"), **limits, "met": bool(met)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--standards", help="lists of standards, each with its folder, in one word")
    parser.add_argument("--cross", type=Path)
    parser.add_argument("--feff", type=Path)
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS))
    asked = parser.parse_args()
    given = Given(asked.standards or None, asked.cross, asked.feff)
    expected = tomllib.loads(EXPECTED.read_text(encoding="utf-8"))
    rows: dict[object, dict[str, object]] = {}
    missed = 0
    for check in asked.only:
        start = time.process_time()
        measured = CHECKS[check](given)
        if measured is None:
            print(f"skipped  {check}: no data are named for it")
            continue
        for row in judge(measured, expected):
            rows[row["name"]] = row
            missed += not row["met"]
            print(f"{'met' if row['met'] else 'MISSED':8} {row['name']}: {row['measured']:g}", flush=True)
        print(f"         {check} took {time.process_time() - start:.0f} CPU s", flush=True)
    # Read last, as another run may have written meanwhile.
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    figures = list(({row["name"]: row for row in kept.get("figures", [])} | rows).values())
    text = json.dumps(describe("numpy", "scipy", "scikit-learn") | {"figures": figures}, indent=1) + "\n"
    write_text(RESULTS, text)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
