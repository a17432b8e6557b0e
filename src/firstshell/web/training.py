"""Models for the page: loaded or trained in the background, one after the other, with progress for those who wait."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from firstshell.config import did_you_mean
from firstshell.errors import InputError
from firstshell.prediction.model import Predictor
from firstshell.prediction.model_source import Kind, kind_of
from firstshell.runtime.progress import Reporter

Train = Callable[[str, Sequence[str], str, Reporter], Predictor]
"""Returns the predictor of a kind, from a cache or trained now."""
MOST = 8
"""Models in memory, some 100 MB each at worst; more are loaded again when needed."""
PATIENCE = 0.7
"""Seconds that an answer waits for its model before the page polls for progress."""


class NotReadyError(Exception):
    """The model that an answer needs is being made."""


@dataclass
class Job:
    """The making of one model. As a Reporter it hears how far it is.

    ended : set when there is a result or an error
    """

    kind: Kind
    label: str = ""
    total: int = 0
    done: int = 0
    begun: float = field(default_factory=time.monotonic)
    ended: threading.Event = field(default_factory=threading.Event)
    made: Predictor | None = None
    error: Exception | None = None

    def start(self, label: str, total: int, done: int = 0) -> None:
        """Begin a stage."""
        self.label, self.total, self.done, self.begun = label, total, done, time.monotonic()

    def advance(self, n: int = 1, note: str = "") -> None:  # noqa: ARG002 - the page shows no notes
        """Count what is finished."""
        self.done += n

    def finish(self) -> None:
        """End the stage."""


class Models:
    """Predictors by kind; calling it returns one, as `prediction.answer.answer_all` takes them."""

    def __init__(self, train: Train, metals: Callable[[], Sequence[str]]) -> None:
        self.train, self.metals = train, metals
        self._made: OrderedDict[Kind, Predictor] = OrderedDict()
        self._jobs: dict[Kind, Job] = {}
        self._lock, self._one = threading.Lock(), threading.Lock()

    def __call__(self, metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
        """Return the predictor; NotReadyError while it is being made, which begins with the first call.

        Raises InputError for a metal that no model knows, and what the making raised.
        """
        if metal not in self.metals():
            remedy = did_you_mean(metal, self.metals())
            raise InputError(
                f"no model knows {metal}", remedy=f"{remedy} Or start firstshell serve with a dataset that has it"
            )
        kind = kind_of(metal, inputs, radiation)
        with self._lock:
            if kind in self._made:
                self._made.move_to_end(kind)
                return self._made[kind]
            job = self._jobs.get(kind)
            if job is None:
                self._forget_ended()
                job = self._jobs[kind] = Job(kind, f"Loading the model for {metal}")
                # A daemon, so that the server can be stopped while a model is trained.
                threading.Thread(target=self._make, args=(job,), daemon=True).start()
        if not job.ended.wait(PATIENCE):
            raise NotReadyError
        with self._lock:
            self._jobs.pop(kind, None)
        if job.made is None:
            raise job.error or AssertionError("a job ends with a model or an error")
        return job.made

    def progress(self) -> list[dict[str, Any]]:
        """Return what is being made: label, done, total, and seconds since the stage began."""
        with self._lock:
            going = [job for job in self._jobs.values() if not job.ended.is_set()]
        return [
            {"label": j.label, "done": j.done, "total": j.total, "seconds": round(time.monotonic() - j.begun, 1)}
            for j in going
        ]

    def _forget_ended(self) -> None:
        """Drop failures that no request came back for."""
        ended = [kind for kind, job in self._jobs.items() if job.ended.is_set()]
        for kind in ended[: max(0, len(ended) - MOST)]:
            del self._jobs[kind]

    def _make(self, job: Job) -> None:
        try:
            with self._one:
                job.made = self.train(*job.kind, job)
            with self._lock:
                self._jobs.pop(job.kind, None)
                self._made[job.kind] = job.made
                while len(self._made) > MOST:
                    self._made.popitem(last=False)
        except Exception as error:  # raised again in the request
            job.error = error
        finally:
            job.ended.set()
