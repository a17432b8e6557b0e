"""Long work for the page: done in the background, one after the other, with progress for those who wait."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from firstshell.errors import InputError
from firstshell.runtime.progress import Reporter

T = TypeVar("T")
MOST = 8
"""Results and failures that nobody has come back for."""
PATIENCE = 0.7
"""Seconds that a request waits for its work before the page polls for progress."""


class NotReadyError(Exception):
    """What an answer needs is being made."""


class StoppedError(InputError):
    """Work that the page asked to stop."""


@dataclass
class Job:
    """One piece of work. As a Reporter it hears how far it is, and ends the work when it is to stop.

    ended : set when there is a result or an error
    """

    label: str = ""
    total: int = 0
    done: int = 0
    begun: float = field(default_factory=time.monotonic)
    ended: threading.Event = field(default_factory=threading.Event)
    stopped: bool = False
    made: Any = None
    error: Exception | None = None

    def start(self, label: str, total: int, done: int = 0) -> None:
        """Begin a stage."""
        self._check()
        self.label, self.total, self.done, self.begun = label, total, done, time.monotonic()

    def advance(self, n: int = 1, note: str = "") -> None:  # noqa: ARG002 - the page shows no notes
        """Count what is finished."""
        self.done += n
        self._check()

    def finish(self) -> None:
        """End the stage."""

    def _check(self) -> None:
        if self.stopped:
            raise StoppedError("it was stopped", remedy="Ask again: it goes on with what was not finished")


class Jobs:
    """Work by what was asked for; calling it returns the result."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, Job] = {}
        self._lock, self._one = threading.Lock(), threading.Lock()

    def __call__(self, key: Hashable, label: str, work: Callable[[Reporter], T]) -> T:
        """Return the result of some work; NotReadyError while it is done, which begins with the first call.

        Raises what the work raised.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                self._forget_ended()
                job = self._jobs[key] = Job(label)
                # A daemon, so that the server can be stopped meanwhile.
                threading.Thread(target=self._do, args=(job, work), daemon=True).start()
        if not job.ended.wait(PATIENCE):
            raise NotReadyError
        with self._lock:
            self._jobs.pop(key, None)
        if job.error is not None:
            raise job.error
        made: T = job.made
        return made

    def progress(self) -> list[dict[str, Any]]:
        """Return what is under way: label, done, total, and seconds since the stage began."""
        with self._lock:
            going = [job for job in self._jobs.values() if not job.ended.is_set()]
        return [
            {"label": j.label, "done": j.done, "total": j.total, "seconds": round(time.monotonic() - j.begun, 1)}
            for j in going
        ]

    def stop(self) -> None:
        """End all work, each at its next step."""
        with self._lock:
            for job in self._jobs.values():
                job.stopped = True

    def _forget_ended(self) -> None:
        ended = [key for key, job in self._jobs.items() if job.ended.is_set()]
        for key in ended[: max(0, len(ended) - MOST)]:
            del self._jobs[key]

    def _do(self, job: Job, work: Callable[[Reporter], Any]) -> None:
        try:
            with self._one:
                job.made = work(job)
        except Exception as error:  # raised again in the request
            job.error = error
        finally:
            job.ended.set()
