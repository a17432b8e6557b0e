"""Tasks on a Dask cluster: dying workers, lost schedulers, wrong addresses and settings."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_tasks import double, misbehave, slow

from firstshell.errors import InputError
from firstshell.runtime import cluster
from firstshell.runtime.cluster import ClusterPlan, executor_for, open_cluster
from firstshell.runtime.executors import Batch
from firstshell.runtime.progress import Silent
from firstshell.runtime.store import Store
from firstshell.runtime.tasks import Failure, run_tasks

pytestmark = pytest.mark.slow

NUMBERS = {str(i): i for i in range(40)}


@pytest.fixture(scope="module")
def dask():
    """Four Dask workers, each a process that is started again when it dies."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=4, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as running:
        yield running


@pytest.fixture
def on_dask(dask):
    dask.wait_for_workers(4, timeout=600)  # those that the test before killed start anew
    with open_cluster(ClusterPlan(dask.scheduler_address)) as executor:
        yield executor


@pytest.fixture
def lonely():
    """A scheduler without workers."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as running:
        yield running.scheduler_address


class After(Silent):
    """Does something once, after so many results."""

    def __init__(self, n, action):
        self.left, self.action = n, action

    def advance(self, n=1, note=""):
        self.left -= n
        if self.left == 0:
            self.action()


def test_a_killed_dask_worker_costs_nothing(on_dask):
    victim = next(iter(on_dask.client.run(os.getpid).values()))
    killer = After(5, lambda: os.kill(victim, signal.SIGKILL))
    results = run_tasks(slow, NUMBERS, shared=40, executor=on_dask, reporter=killer)
    assert killer.left < 0
    assert results == run_tasks(slow, NUMBERS, shared=40, workers=0)
    assert not any(isinstance(each, Failure) for each in results.values())
    assert list(results) == list(NUMBERS)


def test_one_task_stops_no_other(on_dask, tmp_path):
    tasks = {name: name for name in ("ok", "die", "die once", "refuse", "bug", "ok too")}
    results = run_tasks(misbehave, tasks, shared=str(tmp_path), executor=on_dask, retries=1)
    assert [results[k].meta["done"] for k in ("ok", "die once", "ok too")] == ["ok", "die once", "ok too"]
    assert results["die"] == Failure("its worker died (exit status -9); memory may have run out")
    assert results["refuse"] == Failure("bad task")
    assert results["bug"].reason.startswith("unexpected error KeyError: 'bug'")


def test_a_late_task_is_stopped_there(on_dask, tmp_path):
    # Nothing is asked of others under the limit: on a busy machine they may be late as well.
    late = run_tasks(misbehave, {"sleep": "sleep"}, shared=str(tmp_path), executor=on_dask, limit_s=1)
    assert late["sleep"] == Failure("took longer than 1 s")
    assert run_tasks(misbehave, {"ok": "ok"}, shared=str(tmp_path), executor=on_dask)["ok"].meta["done"] == "ok"


def test_few_tasks_are_with_dask_at_a_time(on_dask, monkeypatch):
    held = []
    submit = on_dask.client.submit

    def counted(*args, **how):
        held.append(sum(state.status == "pending" for state in list(on_dask.client.futures.values())))
        return submit(*args, **how)

    monkeypatch.setattr(on_dask.client, "submit", counted)
    results = run_tasks(double, {str(i): i for i in range(200)}, shared=2, executor=on_dask)
    assert [r.meta["value"] for r in results.values()] == [2 * i for i in range(200)]
    assert max(held) < 4 * 4


def test_closing_a_stream_ends_its_processes(on_dask, tmp_path):
    tasks = {"ok": "ok"} | {str(i): "sleep" for i in range(8)}
    stream = on_dask.stream(Batch(misbehave, str(tmp_path), tasks, None, 1))
    assert next(stream)[0] == "ok"
    stream.close()
    assert not any(on_dask.client.run(_children).values())


def _children():
    import psutil

    return [child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def test_a_task_that_kills_every_dask_worker_is_given_up(on_dask, monkeypatch):
    monkeypatch.setattr("firstshell.runtime.dask_executor.run_there", _die_there)
    results = run_tasks(double, {"deadly": 1}, shared=2, executor=on_dask, retries=0)
    assert results == {"deadly": Failure("the Dask workers that ran it died; memory may have run out")}


def _die_there(name, task):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_while_a_run_begins_costs_nothing(on_dask, monkeypatch):
    from distributed.comm import CommClosedError

    register, refusals = on_dask.client.register_plugin, [CommClosedError("Address removed.")] * 2

    def register_plugin(plugin, name):
        register(plugin, name)
        if refusals:
            raise refusals.pop()

    monkeypatch.setattr(on_dask.client, "register_plugin", register_plugin)
    results = run_tasks(double, {"0": 4}, shared=2, executor=on_dask)
    assert results["0"].meta["value"] == 8
    assert not refusals


def test_another_firstshell_there_is_refused(dask, on_dask, monkeypatch):
    monkeypatch.setattr("firstshell.runtime.dask_executor.__version__", "0.0.1")  # of a worker that came later
    with pytest.raises(InputError, match=r"has firstshell .*, this is 0.0.1"):
        run_tasks(double, {"0": 0}, shared=2, executor=on_dask)
    monkeypatch.setattr(cluster, "__version__", "0.0.1")
    with pytest.raises(InputError, match=r"cannot work for firstshell 0.0.1"):
        open_cluster(ClusterPlan(dask.scheduler_address)).__enter__()


def test_nobody_answers(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "CONNECT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        _refused(f"tcp://127.0.0.1:{port}", f"no Dask scheduler answers at tcp://127.0.0.1:{port} within 1 s")
    _refused(f"tcp://127.0.0.1:{port}", "no Dask scheduler answers")
    _refused(f"tls://127.0.0.1:{port}", "TLS")


def _refused(address, message):
    with pytest.raises(InputError, match=message), open_cluster(ClusterPlan(address)):
        pass


def test_no_workers(lonely, monkeypatch):
    from distributed import Client

    from firstshell.runtime.dask_executor import DaskExecutor

    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    _refused(lonely, "has no workers")
    monkeypatch.setattr("firstshell.runtime.dask_executor.GONE_S", 0.5)
    with Client(lonely, set_as_default=False) as client, pytest.raises(InputError, match=r"no workers for .*are kept"):
        run_tasks(double, {"0": 0}, shared=2, executor=DaskExecutor(client, "here"))


def test_a_lost_scheduler_keeps_what_was_stored(tmp_path):
    pytest.importorskip("distributed")
    scheduler, address = _dask_program("scheduler", "--host", "127.0.0.1", "--port", "0", folder=tmp_path)
    worker, _ = _dask_program("worker", address, "--nthreads", "2", "--death-timeout", "600", folder=tmp_path)
    try:
        with Store.open(tmp_path) as store:
            kill = After(3, scheduler.kill)
            with open_cluster(ClusterPlan(address)) as executor, pytest.raises(InputError, match=r"was lost.*are kept"):
                run_tasks(slow, NUMBERS, shared=20, store=store, executor=executor, reporter=kill)
            kept = store.keys()
            assert 3 <= len(kept) < len(NUMBERS)
            assert len(run_tasks(slow, NUMBERS, shared=40, store=store, workers=2)) == len(NUMBERS)
    finally:
        for process in (scheduler, worker):
            process.terminate()
            process.wait()


def _dask_program(what, *arguments, folder):
    """Start one and wait until it names its address."""
    log = folder / f"{what}.log"
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments, "--no-dashboard"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    lead = "Scheduler at:" if what == "scheduler" else "Registered to:"
    while lead not in (text := log.read_text(encoding="utf-8")):
        assert process.poll() is None
        time.sleep(0.05)
    return process, text.split(lead)[1].split()[0]


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A sbatch that runs its script right away, and a scancel; settings for them."""
    pytest.importorskip("dask_jobqueue")
    scripts = {
        "sbatch": f'cp "$1" "{tmp_path}/job" && sh "{tmp_path}/job" >"{tmp_path}/log" 2>&1 &\necho "Submitted job $!"',
        "scancel": 'kill "$@"',
    }
    for name, script in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return {"kind": "slurm", "queue": "short", "cores": 2, "memory": "1GB", "walltime": "00:10:00", "interface": "lo"}


@pytest.mark.skipif(sys.platform != "linux", reason="the interface has another name there")
def test_batch_jobs_are_submitted_and_cancelled(slurm, tmp_path):
    with executor_for(slurm) as executor:
        results = run_tasks(double, NUMBERS, shared=2, executor=executor)
        assert executor.client.ncores().popitem()[1] == 2
    assert [r.meta["value"] for r in results.values()] == [2 * i for i in range(40)]
    script = (tmp_path / "job").read_text(encoding="utf-8")
    assert "#SBATCH -p short" in script
    assert "#SBATCH -t 00:10:00" in script
    deadline = time.monotonic() + 600
    while "End worker" not in (tmp_path / "log").read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="the interface has another name there")
def test_a_refused_batch_job(slurm, tmp_path):
    (tmp_path / "sbatch").write_text("#!/bin/sh\necho invalid account >&2; exit 1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"slurm refuses the job.*invalid account"), executor_for(slurm):
        pass


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"core": 4}, "unknown setting 'core'.*Did you mean 'cores'"),
        ({"cores": None}, "refuses the settings.*cores"),
        ({"cores": "two"}, "refuses the settings"),
        ({"memory": "much"}, "refuses the settings"),
        ({"interface": "no-such"}, "refuses the settings.*no-such"),
        ({"kind": "pbs"}, "there is no qsub"),
        ({"security": "x"}, "unknown setting 'security'"),
    ],
)
def test_wrong_settings(slurm, change, message):
    with pytest.raises(InputError, match=message), executor_for(slurm | change):
        pass


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("slurm", "is not a table"),
        ({"jobs": 2}, "either an address or a kind"),
        ({"kind": "slurm", "address": "tcp://host:8786"}, "either an address or a kind"),
        ({"address": "host:8786"}, "no address of a Dask scheduler"),
        ({"address": "inproc://1"}, "no address of a Dask scheduler"),
        ({"address": "tcp://host:8786\n"}, "no address of a Dask scheduler"),
        ({"address": "tcp://host:8786", "queue": "short"}, "takes no queue"),
        ({"address": 5}, "cluster.address = 5 is not of type str"),
        ({"kind": "slurn"}, "Did you mean 'slurm'"),
        ({"kind": "slurm", "jobs": 0}, "jobs = 0"),
        ({"kind": "slurm", "jobs": True}, "jobs = True"),
    ],
)
def test_wrong_tables(table, message):
    with pytest.raises(InputError, match=message) as error, executor_for(table, file=Path("study.toml")):
        pass
    assert str(error.value).startswith("study.toml: ")


def test_nothing_asked_for():
    with executor_for({}) as executor:
        assert executor is None


def test_dask_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"distributed is not installed. pip install 'firstshell\[cluster\]'"):
        open_cluster(ClusterPlan("tcp://host:8786")).__enter__()
