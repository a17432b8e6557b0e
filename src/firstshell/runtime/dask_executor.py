"""The Dask side of `cluster`: the executor that hands tasks out, and what runs on each Dask worker.

A thread of a Dask worker never runs a task itself: it drives a process of a `Pool`, as a thread of the local executor
does. So time limits, dying tasks and the one thread each are the same everywhere, and Dask moves nothing but bytes.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, cast
from uuid import uuid4

from distributed import KilledWorker, Worker, WorkerPlugin, get_worker
from tornado.ioloop import PeriodicCallback

from firstshell import __version__
from firstshell.errors import InputError
from firstshell.runtime.executors import Batch, Failure, Pool, Results, decode, encode

LOOK_AHEAD = 4
BATCH = 256
IDLE_S = 60.0
GONE_S = 300.0
ASKED = 10
ASK_AGAIN_S = 0.2
AGAIN = "Start the cluster again, then run again: only the rest will be done"


@dataclass(frozen=True, eq=False)
class DaskExecutor:
    """Runs tasks on a Dask cluster; `cluster.open_cluster` makes one.

    client : a connected distributed.Client
    where : what messages call the cluster
    queued : whether its workers may still wait in a batch system
    """

    client: Any
    where: str
    queued: bool = False

    def stream(self, batch: Batch) -> Results:
        """See `executors.Executor`.

        Raises InputError when the scheduler, or for `GONE_S` seconds every worker, is lost.
        """
        plugin = PoolPlugin(__version__, batch.job(), batch.limit_s, batch.retries)
        with self._losses(), self._installed(plugin) as name:
            run = _Run(self, name, batch)
            try:
                yield from run.results()
            finally:
                if self.client.status == "running":
                    self.client.cancel(run.futures())

    @contextmanager
    def _installed(self, plugin: PoolPlugin) -> Iterator[str]:
        """Give every worker, those to come included, a pool for this run."""
        name = f"firstshell-{uuid4().hex}"
        self._register(plugin, name)
        try:
            yield name
        finally:
            # A worker that is just dying cannot be asked, and has no pool any more.
            with suppress(OSError, ValueError):
                if self.client.status == "running":
                    self.client.unregister_worker_plugin(name)

    def _register(self, plugin: PoolPlugin, name: str) -> None:
        """Register a plugin with every worker; again when one died meanwhile, as Dask then reports none."""
        for _ in range(ASKED):
            with suppress(OSError):
                self.client.register_plugin(plugin, name)
                return
            if self.client.status != "running":
                break
            time.sleep(ASK_AGAIN_S)
        self.client.register_plugin(plugin, name)

    @contextmanager
    def _losses(self) -> Iterator[None]:
        try:
            yield
        except (OSError, CancelledError) as error:
            raise InputError(
                f"{self.where} was lost; the results before it are kept ({type(error).__name__})", remedy=AGAIN
            ) from error


class _Run:
    """One stream: which tasks wait, which are with Dask, and how often each may still be tried."""

    def __init__(self, executor: DaskExecutor, name: str, batch: Batch) -> None:
        self._executor, self._client, self._name, self._tasks = executor, executor.client, name, batch.tasks
        self._waiting, self._left = deque(batch.tasks), dict.fromkeys(batch.tasks, batch.retries)
        self._running: dict[str, tuple[str, Any]] = {}
        self._ended: SimpleQueue[Any] = SimpleQueue()
        self._threads, self._asked = 0, 0.0
        self._seen = float("inf") if executor.queued else time.monotonic()

    def futures(self) -> list[Any]:
        """Return what Dask still has."""
        return [future for _, future in self._running.values()]

    def results(self) -> Results:
        """Yield key and result of every task."""
        while self._waiting or self._running:
            if self._client.status != "running":
                raise CancelledError
            self._watch()
            # Dask's scheduler holds a few tasks a thread, however many there are.
            room = LOOK_AHEAD * max(self._threads, 1) - len(self._running)
            for key in [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]:
                self._submit(key)
            yield from self._collect()

    def _watch(self) -> None:
        """Count the threads, once a second; InputError when there have been none for long."""
        now = time.monotonic()
        if now - self._asked < 1:
            return
        self._asked, self._threads = now, sum(self._client.nthreads().values())
        if self._threads:
            self._seen = now
        elif now - self._seen > GONE_S:
            raise InputError(
                f"{self._executor.where} has had no workers for {GONE_S:.0f} s; finished results are kept", remedy=AGAIN
            )

    def _submit(self, key: str) -> None:
        future = self._client.submit(run_there, self._name, encode(self._tasks[key]), pure=False)
        self._running[future.key] = key, future
        future.add_done_callback(self._ended.put)

    def _collect(self) -> Results:
        ended = list(_drain(self._ended))
        if not ended:
            return
        if any(future.status == "cancelled" for future in ended):
            raise CancelledError
        answers = self._client.gather({future.key: future for future in ended}, errors="skip")
        for future in ended:
            key, _ = self._running.pop(future.key)
            answer = answers[future.key]
            if answer is not None:
                yield key, decode(answer)
            else:
                yield from self._again(key, future)

    def _again(self, key: str, future: Any) -> Results:
        """Try a task again that Dask could not finish, or give it up."""
        error = future.exception()
        if isinstance(error, InputError):
            raise error
        if self._left[key] > 0:
            self._left[key] -= 1
            self._waiting.append(key)
        elif isinstance(error, KilledWorker):
            yield key, Failure("the Dask workers that ran it died; memory may have run out")
        else:
            yield key, Failure(f"Dask could not run it: {type(error).__name__}: {error}")


class PoolPlugin(WorkerPlugin):
    """Keeps the pool of one run on a Dask worker.

    version : of the firstshell that submits
    job, limit_s, retries : as in `Pool`
    """

    def __init__(self, version: str, job: bytes, limit_s: float | None, retries: int) -> None:
        self.version, self.given = version, (job, limit_s, retries)

    def setup(self, worker: Worker) -> None:  # noqa: ARG002
        """Make the pool."""
        self.pool = Pool(*self.given)
        # Of a submitter that was killed nobody hears: its processes end for lack of work.
        self.reaper = PeriodicCallback(lambda: self.pool.reap(IDLE_S), 1000 * IDLE_S)
        self.reaper.start()

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002
        """End the pool's processes."""
        self.reaper.stop()
        self.pool.close()


def run_there(name: str, task: bytes) -> bytes:
    """Run one encoded task on the Dask worker this is called on; InputError when that has another firstshell."""
    worker = get_worker()
    plugin = cast(PoolPlugin, worker.plugins[name])
    if problem := mismatch(plugin.version):
        raise InputError(f"the Dask worker {worker.address} {problem}", remedy="Install the same version everywhere")
    return plugin.pool.run(task)


def mismatch(version: str) -> str:
    """Say why this process cannot work for firstshell `version`; empty when it can."""
    if os.name == "nt":  # sockets cannot be handed to a child there
        return "runs on Windows"
    return "" if version == __version__ else f"has firstshell {__version__}, this is {version}"


def _drain(ended: SimpleQueue[Any]) -> Iterator[Any]:
    """Yield what is there, after waiting for the first at most a second."""
    with suppress(Empty):
        yield ended.get(timeout=1)
        yield from islice(iter(ended.get_nowait, None), BATCH - 1)
