"""Progress of long computations: a bar on a terminal, lines in a log, JSON for programs."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TextIO

from firstshell.errors import InputError
from firstshell.runtime.console import erase, plain, say

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


def note(text: str) -> None:
    """Say how far the running task is, to whoever listens."""
    if (listener := _listener.get()) is not None:
        listener(text)


@contextmanager
def noted(listener: Callable[[str], None]) -> Iterator[None]:
    """Give the notes of what runs within to `listener`."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


@contextmanager
def noted_as(name: str) -> Iterator[None]:
    """Begin the notes of what runs within with a name."""
    outer = _listener.get() or (lambda _: None)
    with noted(lambda text: outer(f"{name}: {text}")):
        yield


class Reporter(Protocol):
    """What `run_tasks` reports its progress to."""

    def start(self, label: str, total: int, done: int = 0) -> None:
        """Begin a stage of `total` tasks, of which `done` were finished by an earlier run."""

    def advance(self, n: int = 1, note: str = "") -> None:
        """Count `n` tasks as finished; the note says how far the running ones are."""

    def finish(self) -> None:
        """End the stage."""


class Silent:
    """Says nothing."""

    def start(self, label: str, total: int, done: int = 0) -> None:
        """Do nothing."""

    def advance(self, n: int = 1, note: str = "") -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


class Plain:
    """One line every `every` seconds, for logs and pipes."""

    def __init__(self, stream: TextIO | None = None, every: float = 5.0) -> None:
        self.stream, self.every = stream or sys.stderr, every
        self.label, self.total, self.done, self.earlier = "", 0, 0, 0
        self.begun = self.reported = 0.0

    def start(self, label: str, total: int, done: int = 0) -> None:
        """Print the stage's name."""
        self.label, self.total, self.done, self.earlier = label, total, done, done
        self.begun = self.reported = time.monotonic()
        self._say(f"{total} to do" + (f", {done} done earlier" if done else ""))

    def advance(self, n: int = 1, note: str = "") -> None:
        """Count, and print when the last line is old enough."""
        self.done += n
        if time.monotonic() - self.reported >= self.every:
            self.reported = time.monotonic()
            self._say(f"{self.done}/{self.total}{self._left()}" + (f" ({note})" if note else ""))

    def finish(self) -> None:
        """Print the time taken."""
        self._say(f"{self.done}/{self.total} in {time.monotonic() - self.begun:.1f} s")

    def _left(self) -> str:
        """Return the time left, once there is a finished task to tell it from."""
        finished = self.done - self.earlier
        if not finished:
            return ""
        return f", about {(self.reported - self.begun) / finished * (self.total - self.done):.0f} s left"

    def _say(self, text: str) -> None:
        say(plain(f"{self.label}: {text}"), file=self.stream, flush=True)


class JsonLines(Plain):
    """Like `Plain`, one JSON object a line."""

    def _say(self, text: str) -> None:
        line = {"stage": self.label, "done": self.done, "total": self.total, "message": text}
        say(json.dumps(line), file=self.stream, flush=True)


class Rich:
    """A live bar on a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def start(self, label: str, total: int, done: int = 0) -> None:
        """Show the bar."""
        from rich import progress as rich
        from rich.console import Console

        erase()
        # A name in brackets is no markup.
        text, note = (rich.TextColumn(f"{{task.{each}}}", markup=False) for each in ("description", "fields[note]"))
        columns = (text, rich.BarColumn(), rich.MofNCompleteColumn())
        times = (rich.TimeElapsedColumn(), rich.TextColumn("left"), rich.TimeRemainingColumn())
        self._bar = rich.Progress(*columns, *times, note, console=Console(stderr=True))
        self._bar.start()
        self._task = self._bar.add_task(plain(label), total=total, completed=done, note="")

    def advance(self, n: int = 1, note: str = "") -> None:
        """Move the bar."""
        self._bar.update(self._task, advance=n, note=plain(note))

    def finish(self) -> None:
        """Leave the bar on the screen and stop refreshing it."""
        self._bar.stop()


@contextmanager
def stage(reporter: Reporter, label: str, total: int, done: int = 0) -> Iterator[None]:
    """Report a stage, with the notes of what runs within."""
    reporter.start(label, total, done)
    try:
        with noted(lambda text: reporter.advance(0, text)):
            yield
    finally:
        reporter.finish()


def make_reporter(kind: str = "auto") -> Reporter:
    """Return the reporter called `kind`: rich, plain, json, none, or auto (rich on a terminal, else plain)."""
    kinds: dict[str, Callable[[], Reporter]] = {"rich": Rich, "plain": Plain, "json": JsonLines, "none": Silent}
    if kind == "auto":
        kind = "rich" if sys.stderr.isatty() else "plain"
    if kind not in kinds:
        raise InputError(f"there is no progress display {kind!r}", remedy="Choose from: auto, rich, plain, json, none")
    return kinds[kind]()
