"""`firstshell xanes`."""

from __future__ import annotations

from pathlib import Path

from firstshell.runtime.console import say


def xanes(feff_inp: Path, /, *, out: Path | None = None) -> None:
    """Run an existing feff.inp and write the columns of FEFF's xmu.dat, with a plot beside them.

    Handles the cards of a K-edge XANES (SCF, FMS, XANES, EXCHANGE, S02, EDGE, COREHOLE FSR or NONE,
    POLARIZATION, POTENTIALS, ATOMS); any other card that would change the spectrum is refused by name.

    Example: firstshell xanes feff.inp --out xmu.dat

    Parameters
    ----------
    feff_inp
        The input of FEFF.
    out
        The columns to write; xmu.dat beside the input by default.

    """
    import json

    from firstshell.report.figures.spectra import save_plot
    from firstshell.runtime.progress import make_reporter
    from firstshell.runtime.store import write_atomic
    from firstshell.simulation.feff.inp import read_feff_inp, write_xmu
    from firstshell.simulation.feff.site import input_xanes
    from firstshell.types import Grid, Spectrum

    out = out or feff_inp.with_name("xmu.dat")
    wanted = read_feff_inp(feff_inp)
    reporter = make_reporter()
    reporter.start(f"XANES of {feff_inp.name}, {len(wanted.members)} atoms within the FMS radius", 1)
    try:
        result, solved = input_xanes(wanted)
        reporter.advance()
    finally:
        reporter.finish()
    header = [
        f"firstshell, from {feff_inp.name}",
        *wanted.remarks,
        *(json.dumps(attempt) for attempt in solved.attempts),
    ]
    write_atomic(out, lambda path: path.write_text(write_xmu(result, header), encoding="utf-8"))
    spectrum = Spectrum.absorption(Grid(result.energy, "Energy", "eV"), result.mu, "")
    save_plot([spectrum], out.with_suffix(""), f"{feff_inp.name}: XANES")
    say(*wanted.remarks, f"wrote {out}, {out.stem}.png, {out.stem}.svg", sep="\n")
