"""The process that a pool starts: receives a function, then tasks, and answers each with its result."""

import os
import signal
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Thread
from types import FrameType
from typing import Any

from firstshell.runtime.executors import NOTE, Failure, call, decode, encode, unexpected
from firstshell.runtime.progress import noted

LOOK = 1.0
"""Seconds between looks at whether the parent is still there."""
PATIENCE = 5.0
"""Seconds to tidy up in once it is not."""


def main(descriptor: int, parent: int) -> None:
    """Serve tasks from the socket until the other side closes it, or the parent, a process number, is gone."""
    # Ctrl-C and a closed terminal go to the whole process group; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    connection = Connection(descriptor)
    with suppress(EOFError, OSError), noted(lambda text: connection.send_bytes(NOTE + text.encode())):
        job = _received(connection)
        while True:
            connection.send_bytes(_answer(job, _received(connection)))


def _received(connection: Connection) -> Any:
    """Return the next message; a Failure when it names what cannot be imported here."""
    message = connection.recv_bytes()
    try:
        return decode(message)
    except Exception as error:
        return unexpected(error)


def _answer(job: Any, task: Any) -> bytes:
    for given in (job, task):
        if isinstance(given, Failure):
            return encode(given)
    function, shared = job
    result = call(function, shared, task)
    try:
        return encode(result)
    except Exception as error:  # a result that cannot travel
        return encode(unexpected(error))


def _end_with_parent(parent: int) -> None:
    """End this process, and what its task started, when its parent is gone: nobody would take the result."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os.kill(os.getpid(), signal.SIGKILL)  # it sits in compiled code, which no signal interrupts


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # Unwinding the stack ends what the task started (FEFF) and removes its temporary files. Where the signal comes
    # within a callback of the garbage collector nothing unwinds: no error to print, the pool kills soon after.
    sys.unraisablehook = lambda _: None
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
