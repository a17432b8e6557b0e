"""Cost of running tasks: what a task costs that does nothing, on worker processes here and through Dask.

    python bench/run.py overhead [--tasks 2000] [--workers 2]     prints the table and writes bench/results/run.json

Of each: the wall time of a run with one task a worker, which is the start of the processes; wall time per task of a
long run without it; CPU time per task of the submitting process, which with Dask includes the scheduler: what a cluster
cannot spread. Everything is on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distributed import LocalCluster

from firstshell.cluster import ClusterPlan, open_cluster
from firstshell.executors import Executor, LocalExecutor
from firstshell.run import run_tasks
from firstshell.store import Record

RESULTS = Path(__file__).parent / "results" / "run.json"


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
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end",
        "versions": {name: version(name) for name in ("dask", "distributed")} | {"python": platform.python_version()},
        "tasks": tasks,
        "workers": workers,
        "milliseconds": table,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["overhead"])
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    found = overhead(given.tasks, given.workers)
    for name, row in found["milliseconds"].items():
        print(f"{name:6}" + "".join(f"  {what} {value:8.3f}" for what, value in row.items()))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    from run import main as importable  # workers cannot import a function of __main__

    importable()
