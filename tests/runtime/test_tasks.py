"""Tasks in workers: order, resume, dying workers, time limits, bugs, a full disk."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.runtime.executors import Batch, LocalExecutor, Pool, decode, encode
from firstshell.runtime.progress import Silent, note
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import Failure, run_tasks


def double(shared, task):
    return Record({"value": shared * task}, {"a": np.full(3, task, float)})


def misbehave(shared, task):
    folder, action = Path(shared), task
    if action == "refuse":
        raise InputError("bad task")
    if action == "sleep":
        time.sleep(600)
    if action == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "die once" and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "bug":
        raise KeyError("bug")
    if action == "unpicklable":
        return Record({"done": lambda: None})
    if action == "sleep tidily":
        (folder / "begun").touch()
        try:
            time.sleep(600)
        finally:
            (folder / "tidy").touch()
    return Record({"done": action})


class Notes(Silent):
    def __init__(self):
        self.heard = []

    def advance(self, n=1, note=""):
        self.heard += [note] * (not n)


def tell(_shared, task):
    note(f"{task} begins")
    note(f"{task} ends")
    return Record({"task": task})


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_what_a_task_says_reaches_the_reporter(workers):
    reporter = Notes()
    run_tasks(tell, {"α": "α", "b": "b"}, workers=workers, reporter=reporter)
    assert sorted(reporter.heard) == ["b begins", "b ends", "α begins", "α ends"]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_order_of_tasks_whatever_the_workers(workers):
    results = run_tasks(double, {str(i): i for i in range(9)}, shared=2, workers=workers)
    assert [r.meta["value"] for r in results.values()] == [2 * i for i in range(9)]
    assert list(results) == [str(i) for i in range(9)]


@pytest.mark.slow
def test_a_dying_worker_costs_only_its_task(tmp_path):
    tasks = {name: name for name in ("ok", "die", "die once", "refuse", "ok too")}
    results = run_tasks(misbehave, tasks, shared=str(tmp_path), workers=2, retries=1)
    assert [results[k].meta["done"] for k in ("ok", "die once", "ok too")] == ["ok", "die once", "ok too"]
    assert "died" in results["die"].reason
    assert results["refuse"] == Failure("bad task")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bug_stops_nothing_and_is_named(tmp_path, workers):
    results = run_tasks(misbehave, {"bug": "bug", "ok": "ok"}, shared=str(tmp_path), workers=workers)
    assert re.fullmatch(
        r"unexpected error KeyError: 'bug' \(test_tasks.py, line \d+, in misbehave\)", results["bug"].reason
    )
    assert results["ok"].meta["done"] == "ok"


def test_a_result_that_cannot_travel_is_a_failure(tmp_path):
    results = run_tasks(misbehave, {"no": "unpicklable", "ok": "ok"}, shared=str(tmp_path), workers=1)
    assert results["no"].reason.startswith("unexpected error")
    assert results["ok"].meta["done"] == "ok"


def test_no_retries(tmp_path):
    results = run_tasks(misbehave, {"die once": "die once"}, shared=str(tmp_path), workers=1, retries=0)
    assert results["die once"] == Failure("its worker died (exit status -9); memory may have run out")


def test_a_late_task_is_stopped_and_tidies_up(tmp_path, monkeypatch):
    monkeypatch.setattr("firstshell.runtime.executors.GRACE_S", 60.0)
    for limit_s in (1, 4, 16, 64):  # until it lets the task begin, however busy the machine is
        results = run_tasks(misbehave, {"": "sleep tidily"}, shared=str(tmp_path), workers=1, limit_s=limit_s)
        assert results[""] == Failure(f"took longer than {limit_s} s")
        if (tmp_path / "begun").exists():
            break
    assert (tmp_path / "tidy").exists()


def test_closing_a_stream_ends_its_tasks(tmp_path):
    begun = time.monotonic()
    stream = LocalExecutor(2).stream(Batch(misbehave, str(tmp_path), {"ok": "ok", "sleep": "sleep"}, None, 1))
    assert next(stream)[0] == "ok"
    stream.close()
    assert time.monotonic() - begun < 500
    with pytest.raises(StopIteration):
        next(stream)


def test_idle_workers_are_ended_and_replaced():
    pool = Pool(encode((double, 2)), None, 0)
    pids = []
    for idle_s in (100, -1, -1):
        assert decode(pool.run(encode(4))).meta == {"value": 8}
        pids += [worker.process.pid for worker in pool._workers]
        pool.reap(idle_s)
    assert pids[0] == pids[1] != pids[2]
    assert not pool._workers
    pool.close()
    assert decode(pool.run(encode(4))) == Failure("the run was stopped")


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_full_disk_keeps_what_was_stored(tmp_path):
    """The limit on the size of files makes writing fail, as a full disk does."""
    script = (
        "import resource, sys; sys.path.insert(0, sys.argv[2])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "from test_tasks import big; from firstshell.runtime.tasks import run_tasks\n"
        "from firstshell.runtime.store import Store\n"
        "with Store.open(sys.argv[1]) as s: run_tasks(big, {str(i): i for i in range(40)}, store=s, workers=2)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert process.returncode == 1
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("firstshell.errors.InputError")
    assert "the results before it are kept" in last
    assert "only the rest will be done" in last
    before = _keys(tmp_path)
    assert 0 < len(before) < 40
    with Store.open(tmp_path) as store:
        assert all(np.all(store.get(key).arrays["a"] == int(key)) for key in before)
        assert len(run_tasks(big, {str(i): i for i in range(40)}, store=store, workers=0)) == 40


def big(shared, task):
    return Record({}, {"a": np.full(2500, task, float)})


def test_finished_tasks_are_not_run_again(tmp_path):
    with Store.open(tmp_path) as store:
        store.put("0", Record({"value": "from the store"}))
        results = run_tasks(double, {"0": 0, "1": 1}, shared=2, store=store, workers=0)
        assert results["0"].meta["value"] == "from the store"
        assert store.get("1").meta["value"] == 2
        assert np.array_equal(store.get("1").arrays["a"], np.ones(3))


@pytest.mark.slow
def test_kill_and_resume(tmp_path):
    """A run killed with SIGKILL leaves a store that the next run completes. Its last tasks wait for the kill."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from test_tasks import slow; from firstshell.runtime.tasks import run_tasks\n"
        "from firstshell.runtime.store import Store\n"
        "tasks = {str(i): i for i in range(40)}\n"
        "with Store.open(sys.argv[1]) as s: run_tasks(slow, tasks, shared=20, store=s, workers=2)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)])
    while not (tmp_path / "results.sqlite").exists() or len(_keys(tmp_path)) < 5:
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = _keys(tmp_path)
    assert 5 <= len(before) < 40
    with Store.open(tmp_path) as store:
        results = run_tasks(slow, {str(i): i for i in range(40)}, shared=40, store=store, workers=2)
    assert [r.meta["value"] for r in results.values()] == list(range(40))


@pytest.mark.skipif(os.name != "posix", reason="a process does not see there that its parent is gone")
def test_workers_do_not_outlive_a_run_that_is_killed(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from test_tasks import misbehave; from firstshell.runtime.tasks import run_tasks\n"
        "run_tasks(misbehave, {'': 'sleep tidily'}, shared=sys.argv[1], workers=1)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)])
    while not (tmp_path / "begun").exists():
        time.sleep(0.02)
    process.kill()
    process.wait()
    killed = time.monotonic()
    while not (tmp_path / "tidy").exists():
        assert time.monotonic() - killed < 500  # the task itself would take 600 s
        time.sleep(0.05)


def slow(shared, task):
    time.sleep(0.05 if task < shared else 600)
    return Record({"value": task})


def _keys(folder):
    with Store.open(folder) as store:
        return store.keys()


def test_negative_workers_are_refused():
    with pytest.raises(InputError, match="workers"):
        run_tasks(double, {"0": 0}, shared=1, workers=-1)
