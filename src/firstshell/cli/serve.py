"""`firstshell serve`."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from firstshell.runtime.console import say


def serve(
    data: Path | None = None,
    /,
    *,
    transfer: Path | None = None,
    port: int = 8765,
    open_: Annotated[bool, Parameter(name="--open", negative="")] = False,
) -> None:
    """Serve a page on this machine that predicts from measured files and shows the evidence.

    Drop XANES and PDFs on it: it shows them over the training spectra, and updates the answer as you move E0, ranges
    and the energy shift. Only this machine can reach it, and it sends nothing anywhere. Ctrl-C ends it.

    Example: firstshell serve --open

    Parameters
    ----------
    data
        What models are trained on at first use; the dataset that comes with firstshell by default.
    transfer
        Transfer from simulated spectra to those of your beamline, as firstshell calibrate writes it.
    port
        Port of 127.0.0.1; 0 takes a free one.
    open_
        Open the page in the browser.

    """
    from firstshell.api.tools import serve as run

    with suppress(KeyboardInterrupt):  # the way to end it
        run(data, transfer=transfer, port=port, open_=open_)
    say("the page has ended")
