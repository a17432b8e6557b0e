"""Faults other than kills of a whole run: workers that die, a full disk, a clock that jumps.

    python bench/faults.py dask [--kills 40]   SIGKILL of Dask workers, one after the other, while tasks run
    python bench/faults.py disk                a build in file systems of growing size, until one is not full
    python bench/faults.py clock [--runs 10]   builds while the clock jumps by up to a year, back and forth

The builds take a stand-in for FEFF (tests/fake_feff.py): what is tested is what becomes of results. Each run is
compared with an undisturbed one, and bench/results/faults.json has what was found. Linux only; `disk` mounts a tmpfs,
so that it needs root.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firstshell.runtime.cluster import ClusterPlan, open_cluster
from firstshell.runtime.progress import Silent
from firstshell.runtime.store import Record, write_text
from firstshell.runtime.tasks import Failure, run_tasks
from kills import FIRSTSHELL, JOBS, bytes_of, leftovers
from machine import describe

RESULTS = Path(__file__).with_name("results") / "faults.json"
JOB = JOBS["build --feff"]
SIZES_KB = (16, 48, 96, 160, 1024)
JUMPING = """
import random, time
_true, _draw = time.time, random.Random(0)
time.time = lambda: _true() + _draw.uniform(-3.2e7, 3.2e7)
"""
"""A sitecustomize module: no two looks at the clock agree, in any process of the run."""


def squared(_shared: None, task: int) -> Record:
    time.sleep(0.2)
    return Record({"value": task * task})


class Killer(Silent):
    """Kills a worker of a cluster whenever another few results have come."""

    def __init__(self, client: Any, kills: int, every: int) -> None:
        self.client, self.left, self.every, self.come = client, kills, every, 0
        self.draw = random.Random(0)

    def advance(self, n: int = 1, note: str = "") -> None:  # noqa: ARG002  that of every reporter
        """Count results, and kill a worker when it is time."""
        self.come += n
        if self.left and self.come >= self.every:
            alive = sorted(self.client.run(os.getpid).values())
            if len(alive) > 1:  # the others start anew, which takes seconds
                os.kill(self.draw.choice(alive), signal.SIGKILL)
                self.left, self.come = self.left - 1, 0


def dask(kills: int) -> dict[str, Any]:
    from distributed import LocalCluster

    tasks = {str(i): i for i in range(8 * kills)}
    with (
        LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        open_cluster(ClusterPlan(cluster.scheduler_address)) as executor,
    ):
        killer = Killer(executor.client, kills, every=4)
        found = run_tasks(squared, tasks, executor=executor, reporter=killer)
    lost = [each for each in found.values() if isinstance(each, Failure)]
    wrong = [key for key, each in found.items() if each != Record({"value": tasks[key] ** 2})]
    return {"kills": kills - killer.left, "tasks": len(tasks), "failed": len(lost), "wrong": len(wrong)}


def build(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the build within a folder, and return how it ended and what it said."""
    command = [*FIRSTSHELL, *JOB.words(folder / "out"), "--progress", "none"]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


@contextmanager
def mounted(folder: Path, kilobytes: int) -> Iterator[None]:
    """Mount a file system of a size."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def disk(scratch: Path) -> dict[str, Any]:
    whole = undisturbed(scratch)
    rows: list[dict[str, Any]] = []
    for size in SIZES_KB:
        place = scratch / f"disk{size}"
        with mounted(place, size):
            first = build(place)
            said = (first.stderr.strip().splitlines() or [""])[0]
            # Room is made, and the same command goes on.
            subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)
            again = build(place)
            rows.append(
                {
                    "kB": size,
                    "ended with": first.returncode,
                    "said": said.replace(str(scratch), "…"),
                    "traceback": "Traceback" in first.stderr,
                    "then the same bytes": again.returncode == 0 and bytes_of(JOB, place) == whole,
                    "left": leftovers(place),
                }
            )
        print(rows[-1], flush=True)
    return {"runs": rows}


def clock(scratch: Path, runs: int) -> dict[str, Any]:
    whole = undisturbed(scratch)
    (scratch / "clock").mkdir()
    (scratch / "clock" / "sitecustomize.py").write_text(JUMPING, encoding="utf-8")
    paths = os.pathsep.join([str(scratch / "clock"), os.environ.get("PYTHONPATH", "")])
    counts: Counter[str] = Counter()
    for number in range(runs):
        ended = build(scratch / f"run{number}", PYTHONPATH=paths)
        same = ended.returncode == 0 and bytes_of(JOB, scratch / f"run{number}") == whole
        counts["the same bytes" if same else "another end"] += 1
        if not same:
            print(ended.stderr[-2000:], flush=True)
    return {"runs": runs, **counts}


def undisturbed(scratch: Path) -> list[bytes]:
    if build(scratch / "whole").returncode:
        raise SystemExit("the undisturbed run failed")
    return bytes_of(JOB, scratch / "whole")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fault", choices=["dask", "disk", "clock"])
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--runs", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if asked.fault == "dask":
            found = dask(asked.kills)
        else:
            found = disk(Path(scratch)) if asked.fault == "disk" else clock(Path(scratch), asked.runs)
    print(json.dumps(found, indent=1))
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    kept[asked.fault] = describe("distributed") | found
    text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
    write_text(RESULTS, text)


if __name__ == "__main__":
    from faults import main as importable  # workers cannot import a function of __main__

    sys.exit(importable())
