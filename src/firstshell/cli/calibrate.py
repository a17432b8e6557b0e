"""`firstshell calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.cli.parameters import Progress, Reading, Workers
from firstshell.runtime.console import say

if TYPE_CHECKING:
    from firstshell.measured.xanes.beamline import Calibrated


def calibrate(
    standards: Path,
    /,
    *,
    out: Path = Path("transfer.json"),
    reading: Reading = Reading(),
    workers: Workers = None,
    progress: Progress = "auto",
) -> None:
    """Fit the transfer from simulated XANES to those of your beamline, from standards of known structure.

    Each structure is simulated, which takes some ten seconds for each distinct site of the metal; an interrupted run
    resumes. The more standards, the more they change the default transfers. firstshell predict --transfer OUT uses the
    result. A table and a picture of every fit are written beside OUT.

    Example: firstshell calibrate standards.csv --out transfer.json

    Parameters
    ----------
    standards
        A CSV with the columns file, structure (CIF or POSCAR) and metal, paths relative to it; my.prj#group takes one
        spectrum of a project. Two compounds or more. Hydrogen is left out of the structures. A column oxidation_state
        gives the metal's mean where bond valences do not.
    out
        The file to write; the simulations are kept in NAME.store beside it.

    """
    from firstshell.api.standards import calibrate as calibrated
    from firstshell.measured.xanes.beamline import differences
    from firstshell.measured.xanes.population import default_population
    from firstshell.runtime.progress import make_reporter

    found = calibrated(
        standards,
        out,
        **vars(reading),
        workers=workers,
        reporter=make_reporter(progress),
    )
    _show(found)
    say("\nYour beamline, against the default:")
    say("\n".join(f"  {sentence}" for sentence in differences(found.population, default_population())))
    say(f"wrote {out}; beside it {out.stem}.csv and a picture of each standard")


def _show(found: Calibrated) -> None:
    from firstshell.measured.xanes.transfer import PARAMETERS

    say(
        "standard".ljust(36),
        "rmse ",
        "r     ",
        *(name.replace("over_absorption", "over-abs.").rjust(9) for name in PARAMETERS),
    )
    for each in found.fits:
        values = (f"{getattr(each.transfer, name):9.3f}" for name in PARAMETERS)
        say(each.standard.name[:36].ljust(36), f"{each.rmse:.3f} {each.correlation:.4f}", *values)
    for label, source in (("mean", found.population.mean.__dict__), ("spread", found.population.spread)):
        say(label.ljust(49), *(f"{source[name]:9.3f}" for name in PARAMETERS))
    for each in found.doubtful:
        say(
            f"not counted: {each.standard.name} is not like the simulation of {each.standard.compound} "
            f"(correlation {each.correlation:.3f}): is it the right structure, a pure sample?"
        )
