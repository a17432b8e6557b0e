"""Runs that are stopped at random moments: what lives on, what is left lying, and whether the results are the same.

    python bench/kills.py build --kills 100
    python bench/kills.py "build --feff" --kills 100   with a stand-in for FEFF (tests/fake_feff.py)
    python bench/kills.py study --kills 100

A run is stopped in one of four ways, in turn: SIGKILL of the process alone, SIGKILL of its process group, SIGHUP of the
group as a closed terminal sends it, and SIGTERM as a batch system sends it. Then the same command is started again,
until it ends by itself; its results are compared with those of an undisturbed run byte for byte. Linux only, for it
looks into /proc. What was found is written to bench/results/kills.json as it is found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from firstshell.runtime.store import write_text
from machine import describe

TESTS = Path(__file__).parents[1] / "tests"
STRUCTURES = TESTS / "data" / "structures"
RESULTS = Path(__file__).with_name("results") / "kills.json"
MARK = "FIRSTSHELL_BENCH"
LONGEST_S = 120.0
"""Seconds after which a process that lives on is said to live for good."""
FIRSTSHELL = [sys.executable, "-m", "firstshell"]
WAYS: dict[str, Callable[[int], None]] = {
    "SIGKILL": lambda pid: os.kill(pid, signal.SIGKILL),
    "SIGKILL of the group": lambda pid: os.killpg(pid, signal.SIGKILL),
    "SIGHUP of the group": lambda pid: os.killpg(pid, signal.SIGHUP),
    "SIGTERM": lambda pid: os.kill(pid, signal.SIGTERM),
}


@dataclass(frozen=True)
class Job:
    """A command, and the files that it makes, by the folder that it works in."""

    words: Callable[[Path], list[str]]
    results: tuple[str, ...]


def build_with_stand_in(out: Path) -> list[str]:
    """Return the words of a build by a program that behaves like FEFF, one for all runs."""
    sys.path.insert(0, str(TESTS))
    from fake_feff import fake_feff

    folder = out.parents[1] / "stand-in"
    program = folder / "feff" if folder.is_dir() else fake_feff(folder)
    structures = [str(STRUCTURES / f"{name}.cif") for name in ("MnO", "rutile", "tenorite")]
    return ["build", *structures, "--feff", str(program), "--out", str(out / "d.parquet"), "--workers", "2"]


SMALL = [
    word
    for setting in ("repeats=2", "random_repeats=2", 'inputs=["xanes"]', "permutations=0", "origins=[]", "reference=[]")
    for word in ("--set", f"study.{setting}")
]
"""A study of few trainings: most of its time goes into start and report."""
JOBS = {
    "build": Job(
        lambda out: ["build", str(STRUCTURES / "MnO.cif"), "--out", str(out / "d.parquet"), "--workers", "2"],
        ("d.parquet", "d.excluded.csv"),
    ),
    "build --feff": Job(build_with_stand_in, ("d.parquet", "d.excluded.csv")),
    "study": Job(
        lambda out: ["study", "--metal", "Cu", *SMALL, "--no-robustness", "--out", str(out), "--workers", "2"],
        ("scores.csv", "predictions.parquet"),  # the report says how long trainings took
    ),
}


@dataclass
class Found:
    """What became of the runs that were stopped in one way.

    lived_on_s : for each, how long its processes lived on
    left : temporary folders and half-written files that were left after each
    """

    lived_on_s: list[float] = field(default_factory=list)
    left: list[int] = field(default_factory=list)


def start(job: Job, folder: Path, mark: str) -> subprocess.Popen[bytes]:
    """Start the command in a session of its own, its temporary folders within `folder`."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    environment = os.environ | {MARK: mark, "TMPDIR": str(folder / "tmp")}
    command = [*FIRSTSHELL, *job.words(folder / "out"), "--progress", "none"]
    return subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def alive(mark: str) -> list[str]:
    """Return the names of the processes of a run."""
    names = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state = (place / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and f"{MARK}={mark}".encode() in (place / "environ").read_bytes():
                names.append((place / "comm").read_text().strip())
        except OSError:  # it has just ended, or is another user's
            continue
    return names


def stopped(process: subprocess.Popen[bytes], way: str, mark: str) -> float:
    """Stop a run, and return the seconds that something of it lives on."""
    WAYS[way](process.pid)
    begun = time.monotonic()
    process.wait(LONGEST_S)
    while (names := alive(mark)) and time.monotonic() - begun < LONGEST_S:
        time.sleep(0.05)
    if names:
        print(f"  lives on after {LONGEST_S:.0f} s: {', '.join(names)}", flush=True)
    return time.monotonic() - begun


def leftovers(folder: Path) -> int:
    """Return how many temporary folders and half-written files there are."""
    return len(list((folder / "tmp").glob("firstshell-*"))) + len(list((folder / "out").rglob(".firstshell-*")))


def bytes_of(job: Job, folder: Path) -> list[bytes]:
    """Return the results of a run."""
    return [(folder / "out" / name).read_bytes() for name in job.results]


def main() -> None:
    """Stop as many runs as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20260917)
    asked = parser.parse_args()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # where nohup started this, runs would ignore it, as they should
    job, draw = JOBS[asked.job], random.Random(asked.seed)
    found = {way: Found() for way in WAYS}
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole"
        for _ in range(2):  # the first also compiles, which no later one does
            shutil.rmtree(whole, ignore_errors=True)
            begun = time.monotonic()
            if start(job, whole, "whole").wait() != 0:
                raise SystemExit("the undisturbed run failed")
            seconds = time.monotonic() - begun
        differ, finished, round_, kills = 0, 0, 0, 0
        while kills < asked.kills:
            folder, mark = Path(scratch) / f"{round_}", uuid4().hex
            process = start(job, folder, mark)
            try:
                process.wait(draw.random() * seconds)
            except subprocess.TimeoutExpired:
                way = list(WAYS)[kills % len(WAYS)]
                found[way].lived_on_s.append(round(stopped(process, way, mark), 2))
                found[way].left.append(leftovers(folder))
                kills += 1
                print(f"{kills}/{asked.kills} {way}: {found[way].lived_on_s[-1]} s", flush=True)
                # A run is stopped up to four times before it is let come to its end.
                if kills % len(WAYS) and kills < asked.kills:
                    continue
                process = start(job, folder, mark)
            finished += process.wait() == 0
            differ += bytes_of(job, folder) != bytes_of(job, whole)
            round_ += 1
            ways = {way: asdict(each) | {"median_s": median(each.lived_on_s or [0])} for way, each in found.items()}
            row = {"kills": kills, "undisturbed_s": round(seconds, 1), "finished": finished, "differ": differ}
            write(asked.job, describe() | row | {"ways": ways})
    print(json.dumps(row, indent=1))


def write(job: str, row: dict[str, Any]) -> None:
    """Keep what was found about a job."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    text = json.dumps(kept | {job: row}, indent=1) + "\n"
    write_text(RESULTS, text)


if __name__ == "__main__":
    main()
