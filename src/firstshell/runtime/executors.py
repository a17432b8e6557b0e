"""Where tasks run: what `run_tasks` asks of an `Executor`, and the one that keeps worker processes on this machine.

A worker is its own interpreter with one thread, driven over a socket; one that is killed costs one task, which is tried
again. A Dask cluster (`cluster`) drives the same workers on other machines.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

from firstshell.errors import EngineError, InputError
from firstshell.runtime.progress import note
from firstshell.runtime.store import Record

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
GRACE_S = 2.0
MAX_MESSAGE = 500
NOTE = b"note:"
"""How a message of a worker begins that says how far its task is; no encoded value begins so."""


@dataclass(frozen=True)
class Failure:
    """A task without a result, and why."""

    reason: str


Results = Generator[tuple[str, Record | Failure], None, None]


@dataclass(frozen=True)
class Batch:
    """What an executor runs: `function(shared, task)` of every task; the fields mean what they mean in `run_tasks`."""

    function: Callable[[Any, Any], Record]
    shared: Any
    tasks: Mapping[str, Any]
    limit_s: float | None
    retries: int

    def job(self) -> bytes:
        """Return what each worker needs once, encoded."""
        return encode((self.function, self.shared))


class Executor(Protocol):
    """What `run_tasks` needs of the place where tasks run."""

    def stream(self, batch: Batch) -> Results:
        """Yield key and result of every task as it finishes; whatever still runs when this is closed is stopped."""


@dataclass(frozen=True)
class LocalExecutor:
    """Worker processes on this machine.

    workers : processes; None takes one a core, 0 works in this process (then without time limit)
    """

    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 0:
            raise InputError(f"workers = {self.workers}", remedy="Give 0 (this process) or the number of processes")

    def stream(self, batch: Batch) -> Results:
        """See `Executor`."""
        count = _worker_count(self.workers, len(batch.tasks))
        if count == 0:
            for key, task in batch.tasks.items():
                yield key, call(batch.function, batch.shared, task)
            return
        pool = Pool(batch.job(), batch.limit_s, batch.retries)
        heard: SimpleQueue[str | Future[bytes]] = SimpleQueue()
        with ThreadPoolExecutor(count) as threads:
            try:
                futures = {
                    threads.submit(lambda task: pool.run(encode(task), heard.put), task): key
                    for key, task in batch.tasks.items()
                }
                for future in futures:
                    future.add_done_callback(heard.put)
                while futures:
                    if isinstance(message := heard.get(), str):
                        note(message)
                    else:
                        yield futures.pop(message), decode(message.result())
            finally:
                threads.shutdown(wait=False, cancel_futures=True)
                pool.close()


def call(function: Callable[[Any, Any], Record], shared: Any, task: Any) -> Record | Failure:
    """Call `function`; whatever it raises becomes a Failure, so that one task never stops the rest."""
    try:
        return function(shared, task)
    except (InputError, EngineError) as error:
        return Failure(str(error))
    except MemoryError:
        return Failure("out of memory")
    except Exception as error:
        return unexpected(error)


def unexpected(error: Exception) -> Failure:
    """Return the Failure of a task that met a bug: what was raised, and where."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    message = " ".join(str(error).split())[:MAX_MESSAGE]
    where = f"{Path(place.filename).name}, line {place.lineno}, in {place.name}"
    return Failure(f"unexpected error {type(error).__name__}: {message} ({where})")


def encode(value: Any) -> bytes:
    """Return what a worker's connection makes of `value`; for processes of our own only, never for files."""
    return bytes(ForkingPickler.dumps(value))


def decode(message: bytes) -> Any:
    """Return the value behind a message of `encode`."""
    return ForkingPickler.loads(message)


class Pool:
    """Worker processes for one function, started when needed; each thread that calls `run` drives one at a time.

    job : `encode((function, shared))`, sent once to each worker
    """

    def __init__(self, job: bytes, limit_s: float | None, retries: int) -> None:
        self._job, self._limit_s, self._retries = job, limit_s, retries
        self._lock, self._closed = threading.Lock(), False
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []

    def run(self, task: bytes, listener: Callable[[str], None] = lambda _: None) -> bytes:
        """Return the worker's answer to an encoded task: an encoded Record or Failure.

        listener : is given what the task says of itself meanwhile
        """
        code: int | None = None
        for _ in range(self._retries + 1):
            worker = self._take()
            if worker is None:
                return encode(Failure("the run was stopped"))
            try:
                answer = worker.answer(self._job, task, self._limit_s, listener)
            except (EOFError, OSError):
                code = self._drop(worker)
                continue
            if answer is None:
                self._drop(worker)
                return encode(Failure(f"took longer than {self._limit_s:g} s"))
            self._keep(worker)
            return answer
        return encode(Failure(f"its worker died (exit status {code}); memory may have run out"))

    def reap(self, idle_s: float) -> None:
        """End the workers that had nothing to do for `idle_s` seconds."""
        with self._lock:
            old = [worker for worker in self._idle if time.monotonic() - worker.since > idle_s]
            self._idle = [worker for worker in self._idle if worker not in old]
            self._workers.difference_update(old)
        _end(old)
        for worker in old:
            worker.connection.close()

    def close(self) -> None:
        """End all workers, and with them their tasks."""
        with self._lock:
            self._closed = True
        self.reap(idle_s=-1)
        # A busy worker's connection belongs to the thread that reads it, which closes it when it finds the end.
        _end(list(self._workers))

    def _take(self) -> _Worker | None:
        with self._lock:
            if self._closed:
                return None
            worker = self._idle.pop() if self._idle else _Worker()
            self._workers.add(worker)
            return worker

    def _keep(self, worker: _Worker) -> None:
        worker.since = time.monotonic()
        with self._lock:
            if not self._closed:
                self._idle.append(worker)
                return
        self._drop(worker)

    def _drop(self, worker: _Worker) -> int:
        _end([worker])
        worker.connection.close()
        with self._lock:
            self._workers.discard(worker)
        return worker.process.wait()


class _Worker:
    """One process that runs `firstshell.runtime.worker`, and our end of its socket."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "firstshell.runtime.worker", str(theirs.fileno()), str(os.getpid())]
        environment = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        try:
            self.process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL
            )
        except OSError as error:
            ours.close()
            raise InputError(f"cannot start a worker process: {error}", remedy="Ask for fewer workers") from error
        finally:
            theirs.close()
        self.connection = Connection(ours.detach())
        self.ready, self.since = False, time.monotonic()

    def answer(self, job: bytes, task: bytes, limit_s: float | None, listener: Callable[[str], None]) -> bytes | None:
        """Return what the worker makes of a task, None when it takes too long; EOFError or OSError when it died."""
        if not self.ready:
            self.connection.send_bytes(job)
            self.ready = True
        self.connection.send_bytes(task)
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while self.connection.poll(None if deadline is None else max(deadline - time.monotonic(), 0)):
            message = self.connection.recv_bytes()
            if not message.startswith(NOTE):
                return message
            listener(message.removeprefix(NOTE).decode())
        return None


def _end(workers: list[_Worker]) -> None:
    """End processes: a polite signal first, on which they stop what they started and tidy up."""
    for worker in workers:
        worker.process.terminate()
    deadline = time.monotonic() + GRACE_S
    for worker in workers:
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(max(deadline - time.monotonic(), 0))
        worker.process.kill()
        worker.process.wait()


def _worker_count(workers: int | None, tasks: int) -> int:
    if os.name == "nt":  # sockets cannot be handed to a child there
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores if workers is None else workers, tasks)
