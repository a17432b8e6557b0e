"""What the page takes, and for how long it works: bounds on what files of unknown origin can cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
from anyio import to_thread

from firstshell.errors import InputError
from firstshell.io.spectra.text import MAX_BYTES
from firstshell.io.structures.files import MAX_BYTES as STRUCTURE_BYTES

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """Bounds of the page.

    file : bytes of one upload
    spectra, points : that are kept; the oldest go first. A point takes 16 bytes, and some 50 more once it is normalised
    structure : bytes of one structure file
    structures, structure_bytes : that are kept; the oldest go first
    question : bytes of a request that is no upload
    receiving, reading, answering : seconds
    idle : seconds after which an unused spectrum is dropped
    """

    file: int = MAX_BYTES
    spectra: int = 5000
    points: int = 5_000_000
    structure: int = STRUCTURE_BYTES
    structures: int = 1000
    structure_bytes: int = 100_000_000
    question: int = 4_000_000
    receiving: float = 60.0
    reading: float = 30.0
    answering: float = 120.0
    idle: float = 3600.0


class TooLargeError(InputError):
    """What was sent is over a limit."""


class TooSlowError(Exception):
    """A request took longer than it may; the message says how long that is."""


async def in_time(seconds: float, work: Callable[[], T], threads: anyio.CapacityLimiter) -> T:
    """Do work in a thread, so that the page goes on meanwhile; TooSlowError when it is not done in time.

    A thread cannot be stopped: one that is late goes on, unheard, and counts among `threads` until it ends.
    """
    try:
        with anyio.fail_after(seconds):
            return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=threads)
    except TimeoutError:
        raise TooSlowError(f"it took longer than {seconds:g} s") from None
