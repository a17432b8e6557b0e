"""A Dask cluster to run tasks on: one that runs already, by its address, or batch jobs started for the purpose.

Whoever can reach a Dask scheduler can run programs in its user's name, unless it uses TLS: use it inside a network
you trust. Needs the extra `cluster`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from firstshell import __version__
from firstshell.config import did_you_mean, shown
from firstshell.errors import InputError
from firstshell.runtime.executors import Executor

CONNECT_S = 10.0
KINDS = {
    "htcondor": "HTCondorCluster",
    "lsf": "LSFCluster",
    "moab": "MoabCluster",
    "oar": "OARCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "slurm": "SLURMCluster",
}
ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}")
# What only a program can give: objects, and what the cluster decides for each of its workers.
NOT_SETTINGS = {"self", "asynchronous", "host", "job_cls", "loop", "n_workers", "name", "scheduler", "scheduler_cls"}
NOT_SETTINGS |= {"security", "dashboard_address"}


@dataclass(frozen=True)
class ClusterPlan:
    """Which cluster: either an address or a kind; as a table of TOML, the settings stand beside the other keys.

    address : "tcp://host:8786" or "tls://host:8786" of a Dask scheduler that runs
    kind : batch system that dask-jobqueue submits workers to: "slurm", "pbs", "sge", "lsf", "oar", "moab", "htcondor"
    jobs : batch jobs to submit
    settings : of each job, as dask-jobqueue's class takes them: queue, cores, memory ("8GB"), walltime, account, …
    """

    address: str = ""
    kind: str = ""
    jobs: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.address) == bool(self.kind):
            raise InputError("a cluster needs either an address or a kind of batch system", remedy="Give one of them")
        if self.address and not ADDRESS.fullmatch(self.address):
            raise InputError(f"{self.address!r} is no address of a Dask scheduler", remedy="Write tcp://host:8786")
        if self.kind and self.kind not in KINDS:
            raise InputError(f"unknown batch system {self.kind!r}", remedy=did_you_mean(self.kind, KINDS))
        if self.address and self.settings:
            raise InputError(
                f"a cluster that runs already takes no {', '.join(self.settings)}",
                remedy="Give a kind, or leave it out",
            )
        if self.jobs < 1:
            raise InputError(f"jobs = {self.jobs}", remedy="Give the number of batch jobs, at least 1")

    @classmethod
    def from_table(cls, table: Mapping[str, Any], *, file: str | Path | None = None) -> ClusterPlan:
        """Build a plan from a table [cluster]; InputError names the file."""
        if not isinstance(table, Mapping):
            raise InputError(
                f"cluster = {shown(table)} is not a table", remedy="Write [cluster] above its keys", file=file
            )
        given: dict[str, Any] = {"address": "", "kind": "", "jobs": 1}
        for key, default in given.items():
            value = table.get(key, default)
            if type(value) is not type(default):
                raise InputError(
                    f"cluster.{key} = {shown(value)} is not of type {type(default).__name__}",
                    remedy="Correct it",
                    file=file,
                )
            given[key] = value
        try:
            return cls(**given, settings={key: value for key, value in table.items() if key not in given})
        except InputError as error:
            raise InputError(error.what, remedy=error.remedy, file=file) from error


@contextmanager
def executor_for(
    table: Mapping[str, Any], address: str = "", *, file: str | Path | None = None
) -> Iterator[Executor | None]:
    """Give the executor that a table [cluster] or an address asks for, None where neither does; the address wins."""
    if not table and not address:
        yield None
        return
    plan = ClusterPlan(address) if address else ClusterPlan.from_table(table, file=file)
    with open_cluster(plan) as executor:
        yield executor


@contextmanager
def open_cluster(plan: ClusterPlan) -> Iterator[Executor]:
    """Connect to a cluster or start one; afterwards batch jobs are cancelled, while a scheduler that was there runs on.

    Raises InputError when Dask is not installed, nothing answers, a setting is wrong, or the versions differ.
    """
    _import("distributed")
    if plan.address:
        _check_scheduler(plan.address)
        with _client(plan.address, f"the Dask scheduler at {plan.address}") as executor:
            _check_workers(executor)
            yield executor
        return
    with _batch_jobs(plan) as cluster, _client(cluster, f"the Dask cluster on {plan.kind}", queued=True) as executor:
        yield executor


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(f"{name} is not installed", remedy="pip install 'firstshell[cluster]'") from error


@contextmanager
def _client(target: Any, where: str, *, queued: bool = False) -> Iterator[Any]:
    from firstshell.runtime.dask_executor import DaskExecutor

    with _quiet():
        try:
            client = _import("distributed").Client(target, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ImportError) as error:
            raise InputError(f"cannot connect to {where}: {error}", remedy="Check that it runs") from error
        with client:
            yield DaskExecutor(client, where, queued)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from printing tracebacks about a lost connection, which we report ourselves."""
    loggers = [logging.getLogger(f"distributed.{name}") for name in ("batched", "client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _check_scheduler(address: str) -> None:
    """InputError unless a Dask scheduler answers in time; Dask itself waits for ever for anything else that answers."""
    connect, security = _import("distributed.comm").connect, _import("distributed").Security()

    async def shake_hands() -> None:
        about = security.get_connection_args("client")
        comm = await asyncio.wait_for(connect(address, timeout=CONNECT_S, **about), CONNECT_S)
        await comm.close()

    try:
        with ThreadPoolExecutor(1) as thread:  # a notebook's own loop runs in this one
            thread.submit(asyncio.run, shake_hands()).result()
    except Exception as error:  # anything may answer there
        raise InputError(
            f"no Dask scheduler answers at {address} within {CONNECT_S:.0f} s ({str(error) or type(error).__name__})",
            remedy="Check the address, and that it runs: dask scheduler",
        ) from error


def _check_workers(executor: Any) -> None:
    """InputError unless there are workers, and they and the scheduler have this firstshell."""
    from firstshell.runtime.dask_executor import mismatch

    client = executor.client
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError:
        raise InputError(f"{executor.where} has no workers", remedy="Start some: dask worker ADDRESS") from None
    answers = {}
    try:
        answers = client.run(mismatch, __version__, on_error="return")
        answers["the scheduler"] = client.run_on_scheduler(mismatch, __version__)
    except Exception as error:  # what another installation there raises is not known here
        answers["the scheduler"] = error
    for place, answer in answers.items():
        if answer != "":
            raise InputError(
                f"{place} cannot work for firstshell {__version__}: {answer}",
                remedy="Install the same version everywhere",
            )


@contextmanager
def _batch_jobs(plan: ClusterPlan) -> Iterator[Any]:
    kind = getattr(_import("dask_jobqueue"), KINDS[plan.kind])
    known = _settings(kind)
    for name in plan.settings:
        if name not in known:
            raise InputError(f"unknown setting {name!r} in [cluster]", remedy=did_you_mean(name, known))
    submit = shlex.split(kind.job_cls.submit_command)[0]
    if shutil.which(submit) is None:
        raise InputError(f"there is no {submit} on this machine", remedy=f"Run where {plan.kind} jobs are submitted")
    # One Dask worker a job is enough: its threads only drive processes. The port of the page may be taken.
    given = {"processes": 1, "scheduler_options": {"dashboard_address": ":0"}} | dict(plan.settings)
    of_job = {name: value for name, value in given.items() if name in _parameters(kind.job_cls)}
    try:
        kind.job_cls("tcp://scheduler:8786", name="check", **of_job)
        cluster = kind(**given)
    except Exception as error:  # whatever it raises, it is about the settings
        raise InputError(
            f"dask-jobqueue refuses the settings: {' '.join(str(error).split())}", remedy="Correct them in [cluster]"
        ) from error
    with cluster:
        _submit(cluster, plan)
        yield cluster


def _submit(cluster: Any, plan: ClusterPlan) -> None:
    """Submit the jobs, and unlike `cluster.scale` hear what the batch system says."""
    status = _import("distributed").Status

    async def submitted() -> None:
        await cluster

    for _ in range(plan.jobs):
        cluster.worker_spec.update(cluster.new_worker_spec())
    try:
        cluster.sync(submitted)
    except (RuntimeError, ValueError, OSError) as error:
        for job in cluster.workers.values():
            if job.status is status.created:  # else closing the cluster takes it for forgotten
                job.status = status.failed
        raise InputError(
            f"{plan.kind} refuses the job: {' '.join(str(error).split())}", remedy="Correct the settings in [cluster]"
        ) from error


def _settings(kind: Any) -> set[str]:
    """Return the names that a class of dask-jobqueue takes, for itself and its jobs."""
    return (_parameters(kind) | _parameters(kind.job_cls)) - NOT_SETTINGS


def _parameters(kind: Any) -> set[str]:
    names: set[str] = set()
    for base in kind.__mro__:
        if base.__module__.startswith("dask_jobqueue") and "__init__" in vars(base):
            given = inspect.signature(base.__init__).parameters.values()
            names |= {p.name for p in given if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    return names
