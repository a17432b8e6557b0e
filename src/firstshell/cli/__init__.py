"""The command line: one file per command; what is slow is imported when a command runs."""

from __future__ import annotations

import sys

from cyclopts import App

from firstshell import __version__
from firstshell.cli.advise import advise
from firstshell.cli.build import build, merge
from firstshell.cli.calibrate import calibrate
from firstshell.cli.doctor import doctor
from firstshell.cli.fetch import fetch
from firstshell.cli.import_feff import import_feff
from firstshell.cli.predict import predict
from firstshell.cli.score import score
from firstshell.cli.serve import serve
from firstshell.cli.simulate import simulate
from firstshell.cli.study import study
from firstshell.cli.xanes import xanes
from firstshell.errors import EngineError, InputError

app = App(
    name="firstshell",
    version=__version__,
    suppress_keyboard_interrupt=False,  # main() says what is kept
    help="What XANES and PDF tell about a metal's first shell: oxidation state, coordination number, bond length.",
)
for command in (
    study,
    predict,
    score,
    calibrate,
    advise,
    build,
    merge,
    fetch,
    import_feff,
    simulate,
    xanes,
    serve,
    doctor,
):
    app.command(command)


def main() -> None:
    """Run the command line; exit status 2 for bad input, 1 for a failed engine, 130 when interrupted."""
    try:
        app(sys.argv[1:])
    except InputError as error:
        _stop(str(error), 2)
    except EngineError as error:
        _stop(str(error), 1)
    except KeyboardInterrupt:
        _stop("interrupted; what was finished is kept, and the same command goes on from there", 130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away, as `head` does


def _stop(message: str, status: int) -> None:
    print(f"firstshell: {message}", file=sys.stderr)
    raise SystemExit(status)
