"""Speed of the PDF engine: total and differential PDF against the total alone of diffpy.pdffit2.

    python bench/pdf.py [--only primitive conventional rattled cold]    prints the tables and writes them into
        bench/results/pdf.json; all of them take two minutes, the primitive cells twenty seconds

Ours is the call a user makes, structure in and arrays out, symmetry search included. Of pdffit2 only calc() and
getpdf_fit() are timed, not the hand-over of the structure. The two take turns in one process, so that a busy machine
slows both; each time is the least of the calls. CPU time of one core, as libraries for linear algebra are held
to one thread; ratios are geometric means. Warm is any call but the first of a process; beside it, what a new process
takes for its imports and for its first call, the compiled functions being in numba's cache.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from collections.abc import Callable
from math import pi
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from diffpy.pdffit2 import PdfFit, redirect_stdout
from diffpy.structure import Atom
from diffpy.structure import Lattice as DiffpyLattice
from diffpy.structure import Structure as DiffpyStructure
from pymatgen.core import Lattice, Structure
from threadpoolctl import threadpool_limits

from firstshell.runtime.store import write_text
from firstshell.simulation.pdf import PdfParams, pdf_family
from machine import describe
from oxides import crystals

RSTEP, QMAX, UISO = 0.01, 30.0, 0.007
FLOOR_NS = 25
RANGES = (10.0, 30.0)
SETS = ["primitive", "conventional", "rattled", "cold"]
RESULTS = Path(__file__).parent / "results" / "pdf.json"
TURNS, TURN_S = 3, 0.012
"""The two programs take turns of so long, so often."""
COLD = """
from time import process_time
began = process_time()
import {module}
imported = process_time()
import sys
sys.path.insert(0, {bench!r})
import pdf
from oxides import crystals
cell = crystals()[0][1].get_primitive_structure()
task = {task}
started = process_time()
task()
print(imported - began, process_time() - started)
"""
"""What a new process does, rutile in it; the modules of this file are not counted."""


def rattled(n: int) -> Structure:
    """Return a skewed P1 cell of n atoms at the density of rutile, a third of them Ti."""
    rng = np.random.default_rng(n)
    edge = (n / 0.096) ** (1 / 3)
    side = int(np.ceil(n ** (1 / 3)))
    places = np.stack(np.meshgrid(*[np.arange(side)] * 3), axis=-1).reshape(-1, 3)[:n] / side
    lattice = Lattice(edge * (np.eye(3) + 0.05 * rng.standard_normal((3, 3))))
    return Structure(lattice, ["Ti"] * (n // 3) + ["O"] * (n - n // 3), places + 0.02 * rng.standard_normal((n, 3)))


def alternating(*tasks: Callable[[], object]) -> list[float]:
    """Return the least CPU seconds of a call of each of several tasks that take turns."""
    times: list[list[float]] = [[] for _ in tasks]
    for _ in range(TURNS):
        for task, taken in zip(tasks, times, strict=True):
            end = process_time() + TURN_S
            while not taken or process_time() < end:
                start = process_time()
                task()
                taken.append(process_time() - start)
    return [min(taken) for taken in times]


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


def compare(name: str, structure: Structure, rmax: float) -> dict[str, Any]:
    metal = max((e for e in structure.composition.elements if e.symbol != "O"), key=lambda e: structure.composition[e])
    theirs, mine = alternating(pdffit2(structure, rmax), lambda: ours(structure, metal.symbol, rmax))
    pairs = len(structure) ** 2 / structure.volume * 4 / 3 * pi * rmax**3 / 2
    return {
        "name": name, "atoms": len(structure), "rmax": rmax, "pdffit2_ms": theirs * 1e3, "firstshell_ms": mine * 1e3,
        "ratio": theirs / mine, "ns_per_pair": mine / pairs * 1e9,
    }  # fmt: skip


def mean_ratio(rows: list[dict[str, Any]]) -> float:
    return float(np.exp(np.mean([np.log(row["ratio"]) for row in rows])))


def cold(module: str, task: str) -> dict[str, float]:
    """Return the least CPU seconds of the imports and of the first call in three new processes."""
    words = COLD.format(module=module, task=task, bench=str(Path(__file__).parent))
    found = [
        [float(each) for each in subprocess.check_output([sys.executable, "-c", words], text=True).split()[-2:]]
        for _ in range(3)
    ]
    imports, first = np.min(found, axis=0)
    return {"imports_s": round(float(imports), 3), "first_call_ms": round(float(first) * 1e3, 2)}


def measure(only: list[str]) -> dict[str, Any]:
    """Time sets, print them, and return what belongs into the file of results."""
    redirect_stdout(io.StringIO())
    ours(rattled(6), "Ti", 10.0)
    as_found = crystals()
    sets = {
        "primitive cells of fifty oxides": [(name, cell.get_primitive_structure()) for name, cell in as_found],
        "conventional cells of fifty oxides": as_found,
        "rattled P1 cells of 6 to 216 atoms": [(f"P1 {n}", rattled(n)) for n in (6, 12, 30, 60, 96, 150, 216)],
    }
    packages = ("diffpy.pdffit2", "numba", "numpy", "scipy", "pymatgen")
    report = describe(*packages) | {"floor_ns_per_pair": FLOOR_NS}
    print(report)
    for title, members in sets.items():
        if title.split()[0] not in only:
            continue
        rows = [compare(name, structure, rmax) for rmax in RANGES for name, structure in members]
        print(f"\n{title}: ns per pair of the cell, counted once (floor of the prototype: {FLOOR_NS} ns)")
        for row in rows:
            print(
                "{name:16s} {atoms:4d} atoms  rmax {rmax:4.0f}  pdffit2 {pdffit2_ms:8.2f} ms  "
                "firstshell {firstshell_ms:7.2f} ms  ratio {ratio:6.1f}  {ns_per_pair:6.1f} ns/pair".format(**row)
            )
        means = {f"{rmax:g}": mean_ratio([row for row in rows if row["rmax"] == rmax]) for rmax in RANGES}
        least = {f"{rmax:g}": min(row["ratio"] for row in rows if row["rmax"] == rmax) for rmax in RANGES}
        print("geometric-mean ratio: " + ", ".join(f"{key}: {value:.1f}" for key, value in means.items()))
        report[title] = {"geometric_mean_ratio": means, "least_ratio": least, "rows": rows}
    if "cold" in only:
        report["cold"] = {
            "firstshell": cold("firstshell.simulation.pdf", "lambda: pdf.ours(cell, 'Ti', 10.0)"),
            "pdffit2": cold("diffpy.pdffit2", "pdf.pdffit2(cell, 10.0)"),
        }
        print(f"\nnew processes, rutile, rmax 10: {report['cold']}")
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SETS, default=SETS)
    only = parser.parse_args().only
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    with threadpool_limits(1):
        report = kept | measure(only)
    text = json.dumps(report, indent=1) + "\n"
    write_text(RESULTS, text)


if __name__ == "__main__":
    main()
