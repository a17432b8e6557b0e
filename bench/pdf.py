"""Speed of the PDF engine: total and differential PDF against the total alone of diffpy.pdffit2, in one process.

    python bench/pdf.py            prints the table and writes bench/results/pdf.json

Ours is the call a user makes, structure in and arrays out, symmetry search included. Of pdffit2 only calc() and
getpdf_fit() are timed, not the hand-over of the structure. One core: libraries for linear algebra are held to one
thread. CPU time of the process, the least of several repeats; ratios are geometric means.
"""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from math import pi
from pathlib import Path
from time import process_time

import numpy as np
from diffpy.pdffit2 import PdfFit, redirect_stdout
from diffpy.structure import Atom
from diffpy.structure import Lattice as DiffpyLattice
from diffpy.structure import Structure as DiffpyStructure
from pymatgen.core import Lattice, Structure
from threadpoolctl import threadpool_limits

from firstshell.simulation.pdf import PdfParams, pdf_family
from oxides import crystals

RSTEP, QMAX, UISO = 0.01, 30.0, 0.007
FLOOR_NS = 25
RESULTS = Path(__file__).parent / "results" / "pdf.json"


def rattled(n: int) -> Structure:
    """Return a skewed P1 cell of n atoms at the density of rutile, a third of them Ti."""
    rng = np.random.default_rng(n)
    edge = (n / 0.096) ** (1 / 3)
    side = int(np.ceil(n ** (1 / 3)))
    places = np.stack(np.meshgrid(*[np.arange(side)] * 3), axis=-1).reshape(-1, 3)[:n] / side
    lattice = Lattice(edge * (np.eye(3) + 0.05 * rng.standard_normal((3, 3))))
    return Structure(lattice, ["Ti"] * (n // 3) + ["O"] * (n - n // 3), places + 0.02 * rng.standard_normal((n, 3)))


def seconds(task: Callable[[], object], budget: float = 0.2) -> float:
    """Return the least CPU time of a task over repeats that fill the budget, five at least."""
    times: list[float] = []
    while len(times) < 5 or sum(times) < budget:
        start = process_time()
        task()
        times.append(process_time() - start)
    return min(times)


def ours(structure: Structure, metal: str, rmax: float) -> tuple[np.ndarray, np.ndarray]:
    """Return total and differential PDF."""
    family = pdf_family(structure, None, PdfParams(rmax=rmax, rstep=RSTEP, qmax=QMAX, uiso=UISO, points=None))
    return family.total(), family.differential(metal)


def pdffit2(structure: Structure, rmax: float) -> Callable[[], np.ndarray]:
    """Return a task that computes the total PDF with pdffit2."""
    atoms = [Atom(site.specie.symbol, site.frac_coords, Uisoequiv=UISO) for site in structure]
    lattice = DiffpyLattice(*structure.lattice.parameters)
    fit = PdfFit()
    fit.add_structure(DiffpyStructure(atoms=atoms, lattice=lattice))
    fit.alloc("X", QMAX, 0.0, RSTEP, rmax, round(rmax / RSTEP))

    def task() -> np.ndarray:
        fit.calc()
        return np.array(fit.getpdf_fit())

    return task


def compare(name: str, structure: Structure, rmax: float) -> dict[str, object]:
    metal = max((e for e in structure.composition.elements if e.symbol != "O"), key=lambda e: structure.composition[e])
    theirs = seconds(pdffit2(structure, rmax))
    mine = seconds(lambda: ours(structure, metal.symbol, rmax))
    pairs = len(structure) ** 2 / structure.volume * 4 / 3 * pi * rmax**3 / 2
    return {
        "name": name, "atoms": len(structure), "rmax": rmax, "pdffit2_ms": theirs * 1e3, "firstshell_ms": mine * 1e3,
        "ratio": theirs / mine, "ns_per_pair": mine / pairs * 1e9,
    }  # fmt: skip


def mean_ratio(rows: list[dict[str, object]]) -> float:
    return float(np.exp(np.mean([np.log(row["ratio"]) for row in rows])))


def main() -> None:
    with threadpool_limits(1):
        report = measure()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def measure() -> dict[str, object]:
    """Time both sets, print them, and return what belongs into the file of results."""
    redirect_stdout(io.StringIO())
    ours(rattled(6), "Ti", 10.0)
    sets = {
        "rattled P1 cells": [(f"P1 {n}", rattled(n)) for n in (6, 12, 30, 60, 96, 150, 216)],
        "oxides as found in nature": crystals(),
    }
    report: dict[str, object] = {
        "machine": f"{platform.machine()}, {_processor()}, one core, CPU time",
        "versions": {p: version(p) for p in ("diffpy.pdffit2", "numba", "numpy", "scipy", "pymatgen")},
        "python": platform.python_version(),
        "floor_ns_per_pair": FLOOR_NS,
    }
    for title, members in sets.items():
        rows = [compare(name, structure, rmax) for rmax in (10.0, 30.0) for name, structure in members]
        print(f"\n{title}: ns per pair of the cell, counted once (floor of the prototype: {FLOOR_NS} ns)")
        for row in rows:
            print(
                "{name:16s} {atoms:4d} atoms  rmax {rmax:4.0f}  pdffit2 {pdffit2_ms:8.2f} ms  "
                "firstshell {firstshell_ms:7.2f} ms  ratio {ratio:6.1f}  {ns_per_pair:6.1f} ns/pair".format(**row)
            )
        means = {f"{rmax:g}": mean_ratio([row for row in rows if row["rmax"] == rmax]) for rmax in (10.0, 30.0)}
        means["all"] = mean_ratio(rows)
        print("geometric-mean ratio: " + ", ".join(f"{key}: {value:.1f}" for key, value in means.items()))
        report[title] = {"geometric_mean_ratio": means, "rows": rows}
    return report


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


if __name__ == "__main__":
    main()
