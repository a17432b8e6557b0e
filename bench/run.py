"""Cost of running tasks: what a task costs that does nothing, and how much faster two processes build than one.

    python bench/run.py overhead [--tasks 2000] [--workers 2]     prints the table and writes bench/results/run.json
    python bench/run.py scaling [--workers 2]      needs 10 to 20 minutes; bench/results/scaling.json

Overhead, on worker processes here and through Dask, of each: the wall time of a run with one task a worker, which is
the start of the processes; wall time per task of a long run without it; CPU time per task of the submitting process,
which with Dask includes the scheduler: what a cluster cannot spread.

Scaling: XANES at preset `fast`, PDFs and labels of twenty crystals, on one process and on several, the start of
the processes included; in the order 1, n, n, 1, so that a drift of the machine falls on both. Beside it what the
machine allows: n bare processes of feff8l_pot at once against one, in the same order. Set OMP_NUM_THREADS=1.

Everything is on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distributed import LocalCluster
from pymatgen.core.structure import Structure

from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.materials import Material
from firstshell.dataset.pipeline import build_dataset
from firstshell.runtime.cluster import ClusterPlan, open_cluster
from firstshell.runtime.executors import Executor, LocalExecutor
from firstshell.runtime.store import Record
from firstshell.runtime.tasks import run_tasks
from firstshell.simulation.feff.cards import write_cards
from firstshell.simulation.feff.feff8l import run_stage
from firstshell.simulation.feff.site import site_job
from firstshell.simulation.xanes import PRESETS
from oxides import crystals

RESULTS = Path(__file__).parent / "results"
CRYSTALS = ("Cu2O Pn-3m", "CuAlO2 R-3m", "MnO Fm-3m", "TiO2 I4_1/amd", "SrTiO3 Pm-3m")
STRAINS = (-0.015, -0.005, 0.005, 0.015)
METALS = ("Ti", "Mn", "Fe", "Cu")


def nothing(_shared: None, task: int) -> Record:
    return Record({"task": task})


def cost(executor: Executor, tasks: int, workers: int) -> dict[str, float]:
    """Return milliseconds: of the start, and per task."""
    start = time.perf_counter()
    run_tasks(nothing, {str(i): i for i in range(workers)}, executor=executor)
    first = time.perf_counter() - start
    wall, cpu = time.perf_counter(), time.process_time()
    results = run_tasks(nothing, {str(i): i for i in range(tasks)}, executor=executor)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert [r.meta["task"] for r in results.values()] == list(range(tasks))
    return {"first_ms": 1000 * first, "wall_ms": 1000 * (wall - first) / tasks, "submitter_cpu_ms": 1000 * cpu / tasks}


def overhead(tasks: int, workers: int) -> dict[str, Any]:
    table = {"local": cost(LocalExecutor(workers), tasks, workers)}
    # One Dask worker with a thread for each process, as batch jobs get it.
    with (
        LocalCluster(n_workers=1, threads_per_worker=workers, dashboard_address=":0") as cluster,
        open_cluster(ClusterPlan(cluster.scheduler_address)) as executor,
    ):
        table["dask"] = cost(executor, tasks, workers)
    return {
        "machine": machine(),
        "versions": {name: version(name) for name in ("dask", "distributed")} | {"python": platform.python_version()},
        "tasks": tasks,
        "workers": workers,
        "milliseconds": table,
    }


def scaling(workers: int) -> dict[str, Any]:
    """Return the wall seconds of a build on one process and on several, and their ratio."""
    seconds: dict[int, list[float]] = {1: [], workers: []}
    made = materials()  # half a minute, which no user's build spends
    for count in (1, workers, workers, 1):
        start = time.perf_counter()
        built = build_dataset(made, workers=count)
        seconds[count].append(round(time.perf_counter() - start, 1))
        assert built.excluded.empty
        print(f"{count} workers: {seconds[count][-1]} s", flush=True)
    allowed = bare(workers)
    sites = len(CRYSTALS) * len(STRAINS)  # each crystal has one
    return {
        "machine": machine(),
        "sites": sites,
        "workers": workers,
        "wall_s": seconds,
        "ratio": round(sum(seconds[1]) / sum(seconds[workers]), 3),
        "bare_wall_s": allowed,
        "bare_ratio": round(workers * sum(allowed[1]) / sum(allowed[workers]), 3),
        "sites_per_core_hour": round(3600 * sites * len(seconds[1]) / sum(seconds[1]), 1),
    }


def bare(workers: int) -> dict[int, list[float]]:
    """Return the wall seconds of one process of feff8l_pot, and of several at once, all of the same field."""
    cell = next(crystal for name, crystal in crystals() if name == CRYSTALS[3]).get_primitive_structure()
    cards = write_cards(site_job(cell, distinct_sites(cell, "Ti")[0].index, PRESETS["fast"]))
    seconds: dict[int, list[float]] = {1: [], workers: []}
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / str(i) for i in range(workers)]
        for folder in folders:
            folder.mkdir()
            (folder / "feff.inp").write_text(cards, encoding="ascii")
            run_stage("rdinp", folder, timeout=60)
        for count in (1, workers, workers, 1):
            with ThreadPoolExecutor(count) as threads:  # they only wait for their processes
                start = time.perf_counter()
                list(threads.map(lambda folder: run_stage("pot", folder, timeout=600), folders[:count]))
                seconds[count].append(round(time.perf_counter() - start, 2))
            print(f"{count} bare: {seconds[count][-1]} s", flush=True)
    return seconds


def materials() -> list[Material]:
    """Return crystals of the four metals, each at several strains, so that none is simulated twice."""
    made = []
    for name, crystal in crystals():
        if name in CRYSTALS:
            metal = next(element.symbol for element in crystal.composition if element.symbol in METALS)
            cell: Structure = crystal.get_primitive_structure()
            strained = ((each, cell.apply_strain(each, inplace=False)) for each in STRAINS)
            made += [Material(f"{name} {strain:+}", metal, structure) for strain, structure in strained]
    return made


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["overhead", "scaling"])
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    if given.what == "scaling":
        write("scaling", scaling(given.workers))
        return
    found = overhead(given.tasks, given.workers)
    for name, row in found["milliseconds"].items():
        print(f"{name:6}" + "".join(f"  {what} {value:8.3f}" for what, value in row.items()))
    write("run", found)


def write(name: str, found: dict[str, Any]) -> None:
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    from run import main as importable  # workers cannot import a function of __main__

    importable()
