"""Programs of others, run in a folder under limits of time and memory; nothing of them is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from firstshell.errors import EngineError, UnavailableError

LOG_TAIL, MAX_WORDS = 3, 500
"""Last lines of a log, and characters of them, that a message tells."""
MAX_LOG = 20_000_000
"""Bytes of what a program printed that are read, the last ones."""
MAX_FILE = 4 << 30
"""Bytes that a program may write into one file."""


def run_program(
    command: Sequence[str | Path], folder: Path, name: str, *, timeout: float, memory: int, hint: str = ""
) -> str:
    """Run a program in `folder` and return what it printed, which is also in `<name>.log` there.

    name : of the program, for messages
    timeout : seconds of wall-clock time; each of its processes may have as much processor time, where the system can
    memory : bytes of address space for each of its processes, where the system can limit it
    hint : said where the program cannot be started

    Raises EngineError when it ended with an error, was killed, or ran too long; UnavailableError when it cannot be
    started.
    """
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )
        except OSError as error:
            raise UnavailableError(f"{name} does not run on this machine ({error.strerror}){hint}") from error
        try:
            _limit(process.pid, timeout, memory)
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise EngineError(f"{name} was stopped after {timeout:.0f} s") from None
        finally:
            _kill(process)
    if code < 0:
        raise EngineError(
            f"{name} was killed by signal {-code} ({signal.strsignal(-code)}): {last_words(read_tail(log))}"
        )
    if code != 0:
        raise EngineError(f"{name} ended with code {code}: {last_words(read_tail(log))}")
    return read_tail(log)


def last_words(printed: str) -> str:
    """Return the last lines of what a program printed in one."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return "; ".join(lines[-LOG_TAIL:])[-MAX_WORDS:] or "no message"


def read_tail(file: Path) -> str:
    """Return the text of a file, the last `MAX_LOG` bytes of it."""
    with file.open("rb") as stream:
        stream.seek(max(file.stat().st_size - MAX_LOG, 0))
        return stream.read().decode("utf-8", errors="replace")


def _limit(pid: int, seconds: float, memory: int) -> None:
    """Bound memory, processor time and files from outside: no code runs between fork and exec."""
    if sys.platform == "linux":
        import resource

        limits = {
            resource.RLIMIT_AS: memory,
            resource.RLIMIT_CPU: int(seconds) + 1,
            resource.RLIMIT_FSIZE: MAX_FILE,
        }
        with suppress(ProcessLookupError):
            for kind, most in limits.items():
                allowed = resource.prlimit(pid, kind)[1]  # a batch system may have set less
                most = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
                resource.prlimit(pid, kind, (most, most))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process group; nothing to do once it has ended by itself."""
    if process.poll() is None:
        if sys.platform == "win32":
            process.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
