"""Where the self-consistent field is worth its cost: error of Fermi level and spectrum against CPU seconds.

python bench/field.py run [--sites 8] [--workers 2]   sites of Ti, Mn, Fe and Cu oxides as found in nature, cells of at
    most 40 atoms and three elements, each by every setting below; goes on where it was stopped; results in
    bench/results/field.json
python bench/field.py table    what docs/results/xanes.md has: medians over the sites by setting, and by iteration

Set OMP_NUM_THREADS=1. The reference of a site is its largest field; what the guard objects to is counted, and its
error is not.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.embedded import load_dataset
from firstshell.errors import EngineError
from firstshell.runtime.store import write_atomic
from firstshell.simulation.feff.cards import Scf
from firstshell.simulation.feff.feff8l import calculate
from firstshell.simulation.feff.site import site_cluster, site_job
from firstshell.simulation.scattering.absorption import absorption, average, propagators
from firstshell.simulation.scattering.propagator import Scattering
from firstshell.simulation.xanes import PRESETS, XanesParams, grid
from oxides import METALS

RESULTS = Path(__file__).with_name("results") / "field.json"
MAX_CELL, MAX_ELEMENTS = 40, 3
"""Limits on what is drawn, for the sake of time: each element is a potential of its own."""
SETTINGS = {
    "3.0 Å, mixing 0.1": Scf(3.0, iterations=12, mixing=0.1),
    "3.0 Å, mixing 0.2": Scf(3.0, iterations=12, mixing=0.2),
    "3.6 Å, mixing 0.1": Scf(3.6, iterations=12, mixing=0.1),
}
REFERENCE = list(SETTINGS)[-1]
ITERATIONS = (3, 4, 5, 6, 8, 10, 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run")
    running.add_argument("--sites", type=int, default=8, help="of each metal")
    running.add_argument("--workers", type=int, default=2)
    commands.add_parser("table")
    options = parser.parse_args()
    if options.command == "run":
        run(options.sites, options.workers)
    else:
        table()


def run(count: int, workers: int) -> None:
    rows = json.loads(RESULTS.read_text()) if RESULTS.is_file() else []
    done = {(row["id"], row["metal"], row["setting"]) for row in rows}
    drawn = [drawn_of(metal, count) for metal in METALS]
    # A site of each metal in turn, so that a part of the work is a fair part; the dearest fields last.
    turns = [each for turn in zip(*drawn, strict=True) for each in turn]
    todo = [(name, metal, setting) for setting in SETTINGS for name, metal in turns]
    with ProcessPoolExecutor(workers) as pool:
        for going in as_completed([pool.submit(solve, *each) for each in todo if each not in done]):
            rows.append(going.result())
            text = json.dumps(rows, ensure_ascii=False) + "\n"
            write_atomic(RESULTS, lambda path, text=text: path.write_text(text, encoding="utf-8"))
            print({name: value for name, value in rows[-1].items() if name != "mu"}, flush=True)


def drawn_of(metal: str, count: int) -> list[tuple[str, str]]:
    """Natural oxides of a metal, in random order."""
    data = load_dataset()
    frame = data.frame
    whole = frame[(frame["metal"] == metal) & (frame["level"] == "material") & (frame["origin"] == "natural")]
    crystals = {name: data.structure(name, metal) for name in sorted(whole["id"])}
    fitting = [n for n, c in crystals.items() if len(c) <= MAX_CELL and len(c.composition) <= MAX_ELEMENTS]
    return [(fitting[i], metal) for i in np.random.default_rng(0).permutation(len(fitting))[:count]]


def solve(name: str, metal: str, setting: str) -> dict[str, Any]:
    """One field of one site, without retries, and its spectrum on the study's grid."""
    structure, preset = load_dataset().structure(name, metal), PRESETS["fast"]
    site = distinct_sites(structure, metal)[0].index
    job = site_job(structure, site, replace(preset, scf=SETTINGS[setting], open_shell_scf=None))
    row: dict[str, Any] = {"id": name, "metal": metal, "setting": setting, "radius": round(job.scf.radius, 2)}
    start = os.times()
    try:
        solved = calculate(job, timeout=3600, retry=False)
    except EngineError as error:
        return row | {"objection": str(error)[-300:]}
    end = os.times()
    curve = absorption(solved.phases, average(propagators(solved.phases, Scattering(site_cluster(job, preset)))))
    energies = grid(XanesParams(), metal).values
    return row | {
        "cpu_s": round(sum(end[2:4]) - sum(start[2:4]), 2),
        "fermi": list(solved.attempts[-1]["fermi"]),
        "mu": np.round(np.interp(energies, curve.energy, curve.mu), 5).tolist(),
        "objection": None,
    }


def table() -> None:
    rows = {(row["id"], row["metal"], row["setting"]): row for row in json.loads(RESULTS.read_text())}
    sites = sorted({key[:2] for key in rows})
    best = {site: row for site in sites if (row := rows.get((*site, REFERENCE))) and not row["objection"]}
    print(f"{len(sites)} sites, {len(best)} with a reference ({REFERENCE})")
    for setting in SETTINGS:
        found = [rows[(*site, setting)] for site in sites if (*site, setting) in rows]
        good = [row for row in found if not row["objection"]]
        pairs = [(row, best[site]) for row in good if (site := (row["id"], row["metal"])) in best]
        errors = np.array([row["fermi"][-1] - ref["fermi"][-1] for row, ref in pairs])
        rmse = [float(np.sqrt(np.mean((np.array(row["mu"]) - ref["mu"]) ** 2))) for row, ref in pairs]
        print(
            f"{setting:20s} {len(good)} of {len(found)} accepted; CPU s {np.median([r['cpu_s'] for r in good]):.1f}; "
            f"E_F {errors.mean():+.2f} ± {errors.std():.2f} eV, RMSE {np.median(rmse):.3f}"
        )
        for n in ITERATIONS:
            off = np.array([row["fermi"][min(n, len(row["fermi"])) - 1] - row["fermi"][-1] for row in good])
            cost = [row["cpu_s"] * min(n, len(row["fermi"])) / len(row["fermi"]) for row in good]
            print(f"    after {n:2d} iterations: {np.median(cost):5.1f} s, {off.mean():+.2f} ± {off.std():.2f} eV off")


if __name__ == "__main__":
    main()
