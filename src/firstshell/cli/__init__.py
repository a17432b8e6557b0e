"""The command line: one file per command; what is slow is imported when a command runs."""

import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from types import FrameType
from typing import Any

from cyclopts import App

from firstshell import __version__
from firstshell.cli.advise import advise
from firstshell.cli.build import build, merge
from firstshell.cli.calibrate import calibrate
from firstshell.cli.doctor import doctor
from firstshell.cli.fetch import fetch
from firstshell.cli.fit import fit
from firstshell.cli.import_feff import import_feff
from firstshell.cli.mix import mix
from firstshell.cli.notes import show_note
from firstshell.cli.predict import predict
from firstshell.cli.rank import rank
from firstshell.cli.score import score
from firstshell.cli.serve import serve
from firstshell.cli.simulate import simulate
from firstshell.cli.study import study
from firstshell.cli.xanes import xanes
from firstshell.errors import EngineError, InputError
from firstshell.runtime.console import announce, erase, plain, say
from firstshell.runtime.leftovers import KEPT


def announced(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that first says on a terminal what it does: the imports that it needs take seconds."""

    @wraps(command)
    def run(*given: Any, **named: Any) -> None:
        announce(str(command.__doc__).partition(".\n")[0])
        command(*given, **named)

    return run


app = App(
    name="firstshell",
    version=__version__,
    suppress_keyboard_interrupt=False,  # main() says what is kept
    help="Oxidation state, coordination number and bond length of a metal from XANES and PDF.",
)
for command in (
    study,
    predict,
    mix,
    score,
    calibrate,
    advise,
    build,
    merge,
    fetch,
    import_feff,
    simulate,
    fit,
    rank,
    xanes,
    serve,
    doctor,
):
    app.command(announced(command))
warnings.showwarning = show_note


def main() -> None:
    """Run the command line.

    Exit status 2 for bad input, 1 for a failed engine, and 128 + its number for a signal that stopped the command, as
    130 for Ctrl-C.
    """
    KEPT.clear()
    try:
        with _stoppable():
            app(sys.argv[1:])
    except InputError as error:
        _stop(str(error), 2)
    except EngineError as error:
        _stop(str(error), 1)
    except KeyboardInterrupt as stop:
        number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
        _stop(f"interrupted; {_left()}", 128 + number)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away, as `head` does
    finally:
        erase()


def _left() -> str:
    """Return what an interrupted command leaves for the next one."""
    folders = ", ".join(map(str, KEPT))
    if not folders:
        return "nothing was finished that is kept: the same command begins anew"
    return f"what was finished is kept in {folders}, and the same command goes on from there"


def _stop(message: str, status: int) -> None:
    with suppress(OSError):  # the terminal may be closed
        say(plain(f"firstshell: {message}"), file=sys.stderr)
    raise SystemExit(status)


class Stopped(KeyboardInterrupt):
    """A signal other than Ctrl-C stops the command, which tidies up as for Ctrl-C."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Have SIGTERM and a closed terminal unwind the command; a second signal ends it at once."""
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    default = [number for name in names if signal.getsignal(number := getattr(signal, name)) == signal.SIG_DFL]
    heeded = default if threading.current_thread() is threading.main_thread() else []

    def stop(number: int, _frame: FrameType | None) -> None:
        release()
        raise Stopped(number)

    def release() -> None:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)

    for number in heeded:
        signal.signal(number, stop)
    try:
        yield
    finally:
        release()
