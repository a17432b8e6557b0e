"""One feff.inp, and the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.runtime.progress import Reporter, Silent, stage
from firstshell.types import Grid, Spectrum

if TYPE_CHECKING:
    from firstshell.measured.xanes.population import Population


def xanes(feff_inp: str | Path, out: str | Path | None = None, *, reporter: Reporter | None = None) -> Spectrum:
    """Run an existing feff.inp and write the columns of FEFF's xmu.dat.

    Understands the cards that matter for a K-edge XANES; any other card that would change the spectrum is refused by
    name.

    Parameters
    ----------
    feff_inp : str or Path
        The input of FEFF.
    out : str or Path, optional
        The columns to write; xmu.dat beside the input by default.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Spectrum
        μ(E) in edge steps on the engine's energies in eV; what its cards changed is in `provenance["remarks"]`.

    Raises
    ------
    InputError
        For a card that is not understood, with its line.
    EngineError
        Where the engine fails.

    Examples
    --------
    >>> import firstshell as fs
    >>> spectrum = fs.xanes("feff.inp")  # doctest: +SKIP

    """
    from firstshell.runtime.store import write_text
    from firstshell.simulation.feff.inp import read_feff_inp, write_xmu
    from firstshell.simulation.feff.site import input_xanes

    source = Path(feff_inp)
    out = source.with_name("xmu.dat") if out is None else Path(out)
    wanted, progress = read_feff_inp(source), reporter or Silent()
    with stage(progress, f"XANES of {source.name}, {len(wanted.members)} atoms within the FMS radius", 1):
        result, solved = input_xanes(wanted)
        progress.advance()
    attempts = [json.dumps(attempt) for attempt in solved.attempts]
    header = [f"firstshell, from {source.name}", *wanted.remarks, *attempts]
    write_text(out, write_xmu(result, header))
    about = {"structure": source.name, "remarks": list(wanted.remarks)}
    return Spectrum.absorption(Grid(result.energy, "Energy", "eV"), result.mu, "", None, about)


def serve(
    data: str | Path | None = None,
    *,
    transfer: Population | str | Path | None = None,
    port: int = 8765,
    open_: bool = False,
) -> None:
    """Open a page on this machine that takes measured files and answers, until it is interrupted (Ctrl-C).

    Nobody else can reach it, and it sends nothing anywhere.

    Parameters
    ----------
    data : str or Path, optional
        What models are trained on at first use; the dataset that comes with firstshell by default.
    transfer : Population, str or Path, optional
        Transfer from simulated spectra to those of your beamline, as `calibrate` writes it.
    port : int
        Of 127.0.0.1; 0 takes a free one.
    open_ : bool
        Whether to open the page in the browser.

    Raises
    ------
    InputError
        When the port is taken.

    Examples
    --------
    >>> import firstshell as fs
    >>> fs.serve(open_=True)  # doctest: +SKIP

    """
    from firstshell.dataset.embedded import load_dataset
    from firstshell.measured.xanes.population import as_population
    from firstshell.runtime.console import say
    from firstshell.web.server import serve as run
    from firstshell.web.service import Service

    def visited(url: str) -> None:
        say(f"firstshell is at {url} (Ctrl-C ends it)", flush=True)

    run(Service(lambda: load_dataset(data), population=as_population(transfer)), port, say=visited, open_browser=open_)
