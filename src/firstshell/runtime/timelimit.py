"""A limit on the processor time of a block of code."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop the block with TimeoutError once it has used `seconds` of processor time.

    Works in the main thread (also of a worker process) on Linux and macOS. Elsewhere (Windows, other threads) no signal
    can reach the block and it runs without a limit: bound the size of its input instead. Limits may be nested.

    Raises
    ------
    TimeoutError : between two Python instructions, so a single long call into compiled code ends first

    """
    # Processor time and not the clock: what a loaded machine does to the clock must not decide a result.
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"took more than {seconds:g} s of processor time")

    started = time.process_time()
    handler = signal.signal(signal.SIGPROF, stop)
    # The timer repeats, because a library's broad `except` may swallow the first error.
    outer, interval = signal.setitimer(signal.ITIMER_PROF, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
        if outer:
            signal.setitimer(signal.ITIMER_PROF, max(outer - (time.process_time() - started), 1e-3), interval)
