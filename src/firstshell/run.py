"""The only parallelism: one function over many tasks, in worker processes that may die without losing anything.

Each worker is its own interpreter with one thread, driven over a socket; a worker that is killed costs one task, which
is tried again. Results go to the store as they come, so a second start does only what is missing.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from firstshell.errors import EngineError, InputError
from firstshell.progress import Reporter, Silent
from firstshell.store import Record, Store

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Failure:
    """A task without a result, and why."""

    reason: str


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection
    key: str | None = None
    since: float = field(default_factory=time.monotonic)


def run_tasks(
    function: Callable[[Any, Any], Record],
    tasks: Mapping[str, Any],
    *,
    shared: Any = None,
    store: Store | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
    label: str = "",
    limit_s: float | None = None,
    retries: int = 1,
) -> dict[str, Record | Failure]:
    """Return `function(shared, task)` of every task, in the order of `tasks` whatever finished first.

    function : defined at the top of an importable module; an InputError or EngineError it raises becomes a Failure
    tasks : key -> task; a key that the store holds already is not run again
    workers : processes; None takes one a core, 0 works in this process (then without time limit)
    limit_s : wall-clock seconds after which a task's worker is killed and the task is a Failure
    retries : how often a task is tried again whose worker died (killed, out of memory)
    """
    reporter = reporter or Silent()
    found = store.keys() & tasks.keys() if store is not None else set()
    results: dict[str, Record | Failure] = {}
    reporter.start(label, len(tasks), len(found))
    try:
        todo = {key: task for key, task in tasks.items() if key not in found}
        for key, result in _stream(function, shared, todo, _worker_count(workers, len(todo)), limit_s, retries):
            results[key] = result
            if store is not None and isinstance(result, Record):
                store.put(key, result)
            reporter.advance()
    finally:
        reporter.finish()
    if store is not None:
        results |= {key: record for key in found if (record := store.get(key)) is not None}
    return {key: results[key] for key in tasks}


def call(function: Callable[[Any, Any], Record], shared: Any, task: Any) -> Record | Failure:
    """Call `function`; turn the errors that belong to the task into a Failure."""
    try:
        return function(shared, task)
    except (InputError, EngineError) as error:
        return Failure(str(error))
    except MemoryError:
        return Failure("out of memory")


def _worker_count(workers: int | None, tasks: int) -> int:
    if workers is not None and workers < 0:
        raise InputError(f"workers = {workers}", remedy="Give 0 (this process) or the number of processes")
    if os.name == "nt":  # sockets cannot be handed to a child there
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores if workers is None else workers, tasks)


def _stream(
    function: Callable[[Any, Any], Record],
    shared: Any,
    todo: Mapping[str, Any],
    count: int,
    limit_s: float | None,
    retries: int,
) -> Iterator[tuple[str, Record | Failure]]:
    """Yield results as they finish."""
    if count == 0:
        for key, task in todo.items():
            yield key, call(function, shared, task)
        return
    waiting, tries = deque(todo), dict.fromkeys(todo, retries)
    with _pool(function, shared, count) as pool:
        while waiting or any(worker.key for worker in pool):
            for worker in pool:
                if worker.key is None and waiting:
                    _hand_out(worker, waiting.popleft(), todo)
            ready = wait([worker.connection for worker in pool if worker.key], timeout=0.5)
            for place, worker in enumerate(pool):
                if worker.key is None:
                    continue
                key, late = worker.key, limit_s is not None and time.monotonic() - worker.since > limit_s
                try:
                    if worker.connection in ready:
                        yield key, _received(worker)
                        worker.key = None
                    elif late:
                        pool[place] = _replace(worker, function, shared)
                        yield key, Failure(f"took longer than {limit_s:g} s")
                except (EOFError, OSError):
                    code = worker.process.wait()
                    pool[place] = _replace(worker, function, shared)
                    if tries[key] > 0:
                        tries[key] -= 1
                        waiting.append(key)
                    else:
                        yield key, Failure(f"its worker died (exit status {code}); memory may have run out")


def _hand_out(worker: _Worker, key: str, todo: Mapping[str, Any]) -> None:
    worker.key, worker.since = key, time.monotonic()
    with suppress(OSError):  # a worker that died while idle: reading from it will say so
        worker.connection.send(todo[key])


def _received(worker: _Worker) -> Record | Failure:
    result = worker.connection.recv()
    if isinstance(result, Record | Failure):
        return result
    raise RuntimeError(f"a task failed in a way nobody foresaw:\n{result}")


@contextmanager
def _pool(function: Callable[..., Any], shared: Any, count: int) -> Iterator[list[_Worker]]:
    pool = [_spawn(function, shared) for _ in range(count)]
    try:
        yield pool
    finally:
        for worker in pool:
            worker.process.kill()
            worker.process.wait()
            worker.connection.close()


def _replace(worker: _Worker, function: Callable[..., Any], shared: Any) -> _Worker:
    worker.process.kill()
    worker.process.wait()
    worker.connection.close()
    return _spawn(function, shared)


def _spawn(function: Callable[..., Any], shared: Any) -> _Worker:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "firstshell._worker", str(theirs.fileno())]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL)
    theirs.close()
    connection = Connection(ours.detach())
    with suppress(OSError):  # reading from it will say so
        connection.send((function, shared))
    return _Worker(process, connection)
