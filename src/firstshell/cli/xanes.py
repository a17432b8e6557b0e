"""`firstshell xanes`."""

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
    from firstshell.api.tools import xanes as spectrum_of
    from firstshell.report.figures.spectra import save_plot
    from firstshell.runtime.progress import make_reporter

    out = out or feff_inp.with_name("xmu.dat")
    spectrum = spectrum_of(feff_inp, out, reporter=make_reporter())
    save_plot([spectrum], out.with_suffix(""), f"{feff_inp.name}: XANES")
    say(*spectrum.provenance["remarks"], f"wrote {out}, {out.stem}.png, {out.stem}.svg", sep="\n")
