"""Tasks in workers: order, resume, dying workers, time limits."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.run import Failure, run_tasks
from firstshell.store import Record, Store


def double(shared, task):
    return Record({"value": shared * task}, {"a": np.full(3, task, float)})


def misbehave(shared, task):
    folder, action = Path(shared), task
    if action == "refuse":
        raise InputError("bad task")
    if action == "sleep":
        time.sleep(60)
    if action == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "die once" and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "bug":
        raise KeyError("bug")
    return Record({"done": action})


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_order_of_tasks_whatever_the_workers(workers):
    results = run_tasks(double, {str(i): i for i in range(9)}, shared=2, workers=workers)
    assert [r.meta["value"] for r in results.values()] == [2 * i for i in range(9)]
    assert list(results) == [str(i) for i in range(9)]


def test_a_dying_or_late_worker_costs_only_its_task(tmp_path):
    tasks = {name: name for name in ("ok", "die", "sleep", "die once", "refuse", "ok too")}
    results = run_tasks(misbehave, tasks, shared=str(tmp_path), workers=2, limit_s=5, retries=1)
    assert [results[k].meta["done"] for k in ("ok", "die once", "ok too")] == ["ok", "die once", "ok too"]
    assert "died" in results["die"].reason
    assert results["sleep"] == Failure("took longer than 5 s")
    assert results["refuse"] == Failure("bad task")


def test_a_bug_is_not_hidden(tmp_path):
    with pytest.raises(RuntimeError, match="KeyError"):
        run_tasks(misbehave, {"bug": "bug"}, shared=str(tmp_path), workers=1)


def test_finished_tasks_are_not_run_again(tmp_path):
    with Store.open(tmp_path) as store:
        store.put("0", Record({"value": "from the store"}))
        results = run_tasks(double, {"0": 0, "1": 1}, shared=2, store=store, workers=0)
        assert results["0"].meta["value"] == "from the store"
        assert store.get("1").meta["value"] == 2
        assert np.array_equal(store.get("1").arrays["a"], np.ones(3))


def test_kill_and_resume(tmp_path):
    """A run killed with SIGKILL leaves a store that the next run completes."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from test_run import slow; from firstshell.run import run_tasks; from firstshell.store import Store\n"
        "with Store.open(sys.argv[1]) as s: run_tasks(slow, {str(i): i for i in range(40)}, store=s, workers=2)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)])
    while not (tmp_path / "results.sqlite").exists() or len(_keys(tmp_path)) < 5:
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = _keys(tmp_path)
    assert 5 <= len(before) < 40
    with Store.open(tmp_path) as store:
        results = run_tasks(slow, {str(i): i for i in range(40)}, store=store, workers=2)
    assert [r.meta["value"] for r in results.values()] == list(range(40))


def slow(shared, task):
    time.sleep(0.05)
    return Record({"value": task})


def _keys(folder):
    with Store.open(folder) as store:
        return store.keys()


def test_negative_workers_are_refused():
    with pytest.raises(InputError, match="workers"):
        run_tasks(double, {"0": 0}, shared=1, workers=-1)
