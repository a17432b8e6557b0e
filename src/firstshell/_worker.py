"""The process that `run` starts: receives a function, then tasks, and answers each with its result."""

from __future__ import annotations

import signal
import sys
import traceback
from multiprocessing.connection import Connection

from firstshell.run import call


def main(descriptor: int) -> None:
    """Serve tasks from the socket until the other side closes it."""
    # Ctrl-C goes to the whole process group; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(descriptor)
    try:
        function, shared = connection.recv()
        while True:
            task = connection.recv()
            try:
                answer: object = call(function, shared, task)
            except Exception:
                answer = traceback.format_exc()
            connection.send(answer)
    except (EOFError, OSError):
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
