"""Programs of others, run in a folder under limits of time and memory; nothing of them is left running."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from firstshell.errors import EngineError, UnavailableError

LOG_TAIL, MAX_WORDS = 3, 500
"""Last lines of a log, and characters of them, that a message quotes."""
MAX_LOG = 20_000_000
"""Bytes of what a program printed that are read, the last ones."""
MAX_FILE = 4 << 30
"""Bytes that a program may write into one file."""
LOOK_S = 1.0
"""Seconds between looks at what a running program has printed."""
GRACE_S = 5.0
"""Seconds within which a program that is killed must be gone."""
LAUNCHER = Path(__file__).with_name("launcher.py")


def run_program(
    command: Sequence[str | Path],
    folder: Path,
    name: str,
    *,
    timeout: float,
    memory: int,
    hint: str = "",
    watch: Callable[[str], None] = lambda _: None,
) -> str:
    """Run a program in `folder` and return what it printed, which is also in `<name>.log` there.

    It ends with this process, however that ends; where this process was killed, `folder` is then removed.

    name : of the program, for messages
    timeout : seconds of wall-clock time; each of its processes may have as much processor time, where the system can
    memory : bytes of address space for each of its processes, where the system can limit it
    hint : added to the error where the program cannot be started
    watch : is given what the program has printed so far, once a second where there is a launcher

    Raises EngineError when it ended with an error, was killed, or ran too long; UnavailableError when it cannot be
    started.
    """
    log = folder / f"{name}.log"
    words = [str(word) for word in command]
    run = _run_alone if sys.platform == "win32" else _run_launched
    with log.open("wb") as output:
        try:
            code = run(words, folder, output, timeout, memory, lambda: watch(read_tail(log)))
        except OSError as error:
            raise UnavailableError(f"{name} does not run on this machine ({error.strerror}){hint}") from error
        except subprocess.TimeoutExpired:
            raise EngineError(f"{name} was stopped after {timeout:.0f} s") from None
    if code < 0:
        raise EngineError(
            f"{name} was killed by signal {-code} ({signal.strsignal(-code)}): {last_words(read_tail(log))}"
        )
    if code != 0:
        raise EngineError(f"{name} ended with code {code}: {last_words(read_tail(log))}")
    return read_tail(log)


def _run_launched(
    command: list[str], folder: Path, output: IO[bytes], timeout: float, memory: int, look: Callable[[], None]
) -> int:
    """Run a command under the launcher, which ends it when this process is gone; return the code it ends with."""
    ours, theirs = socket.socketpair()
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(theirs.fileno()), _limits(timeout, memory), str(folder)]
    with ours:
        with theirs:
            process = subprocess.Popen(
                [*launcher, *command],
                **_surroundings(folder, output),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        try:
            kind, _, number = _last_word(ours, timeout, look).partition(" ")
        except TimeoutError:
            raise subprocess.TimeoutExpired(command, timeout) from None
        finally:
            _stop(process, ours)
    if kind == "errno":
        raise OSError(int(number), os.strerror(int(number)))
    return int(number) if kind == "code" else -signal.SIGKILL  # a launcher says nothing only when it was killed


def _last_word(ours: socket.socket, timeout: float, look: Callable[[], None]) -> str:
    """Return what the launcher says at the program's end, and look at the program until then; or TimeoutError."""
    end = time.monotonic() + timeout
    while True:
        ours.settimeout(min(max(end - time.monotonic(), 1e-3), LOOK_S))
        try:
            return ours.recv(64).decode()
        except TimeoutError:
            if time.monotonic() >= end:
                raise
        look()


def _stop(process: subprocess.Popen[bytes], ours: socket.socket) -> None:
    """See the launcher end, at once and with its program if that still runs."""
    with suppress(OSError):
        ours.sendall(b"stop")
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _run_alone(
    command: list[str],
    folder: Path,
    output: IO[bytes],
    timeout: float,
    memory: int,  # noqa: ARG001
    look: Callable[[], None],  # noqa: ARG001
) -> int:
    """Run a command where there is no launcher: it outlives this process when that is killed."""
    process = subprocess.Popen(command, **_surroundings(folder, output))
    try:
        return process.wait(timeout)
    finally:
        process.kill()
        process.wait()


def _surroundings(folder: Path, output: IO[bytes]) -> dict[str, Any]:
    return {
        "cwd": folder,
        "stdin": subprocess.DEVNULL,
        "stdout": output,
        "stderr": subprocess.STDOUT,
        # A program of gfortran's would keep its lines to itself until there are many.
        "env": os.environ | {"OMP_NUM_THREADS": "1", "GFORTRAN_UNBUFFERED_PRECONNECTED": "y"},
    }


def _limits(seconds: float, memory: int) -> str:
    """Return the bounds of memory, processor time and files as the launcher takes them."""
    if sys.platform != "linux":
        return ""
    import resource

    limits = {resource.RLIMIT_AS: memory, resource.RLIMIT_CPU: int(seconds) + 1, resource.RLIMIT_FSIZE: MAX_FILE}
    return ",".join(f"{kind}:{most}" for kind, most in limits.items())


def last_words(printed: str) -> str:
    """Return the last lines of what a program printed in one."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    return "; ".join(lines[-LOG_TAIL:])[-MAX_WORDS:] or "no message"


def read_tail(file: Path) -> str:
    """Return the text of a file, the last `MAX_LOG` bytes of it."""
    with file.open("rb") as stream:
        stream.seek(max(file.stat().st_size - MAX_LOG, 0))
        return stream.read().decode("utf-8", errors="replace")
