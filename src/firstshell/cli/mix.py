"""`firstshell mix`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from firstshell.cli.parameters import Progress, Ranges, Reading, Transfer, Workers, say_unused, say_written
from firstshell.runtime.console import say

if TYPE_CHECKING:
    from firstshell.api.mix import Mixtures


def mix(
    files: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    with_: Annotated[tuple[str, ...], Parameter(name="--with", negative="")] = (),
    metal: str | None = None,
    series: Annotated[bool, Parameter(negative="")] = False,
    components: int | None = None,
    elsewhere: Annotated[bool, Parameter(negative="")] = False,
    reading: Reading = Reading(),
    ranges: Ranges = Ranges(),
    transfer: Transfer = None,
    out: Path | None = None,
    workers: Workers = None,
    verbose: Annotated[bool, Parameter(name=("--verbose", "-v"), negative="")] = False,
    progress: Progress = "auto",
) -> None:
    """Find how much of each phase measured XANES hold, and whether these phases suffice.

    The smallest sufficient set of phases is chosen by the Bayesian information criterion. Fractions come with 90 %
    intervals that include errors of energies, normalisation, over-absorption and the phases themselves. The misfit is
    compared with that of correct mixtures, which reveals a missing phase. Without --with the scans are taken as a
    series of unknown phases, whose components are found by multivariate curve resolution.

    Example: firstshell mix sample.xdi --with standards.csv --out fractions

    Parameters
    ----------
    files
        The scans: XDI, Athena projects (my.prj#group takes one of them), columns, NeXus.
    with_
        The phases; may be given several times. A CSV of standards with the column file (or structure, for one to be
        simulated) and optionally metal, name and oxidation_state; a measured file; a CIF or POSCAR, which takes some
        ten seconds for each distinct site; a folder of these; or embedded, for the metal's compounds in firstshell.
    metal
        The absorber; by default that of the first scan.
    series
        The scans are one series, which has one set of phases.
    components
        How many components to seek without --with; by default the number by the indicator function and an F test.
    elsewhere
        Standards were measured at other beamlines than the scans: intervals are wider.
    out
        Folder for fractions.csv, .parquet and .json, a picture and the curves of each of the first 20 scans, a picture
        of the series, and report.html (one page with all of it); simulations of structures are kept in it.
    verbose
        Print all that is known of each scan (first shell of each phase, misfit, energies), not one line each.

    """
    from firstshell.api.mix import mix
    from firstshell.runtime.progress import make_reporter

    found = mix(
        files,
        metal,
        with_=with_,
        series=series,
        components=components,
        elsewhere=elsewhere,
        **vars(reading),
        **vars(ranges),
        transfer=transfer,
        store=None if out is None else out / "simulations.store",
        workers=workers,
        reporter=make_reporter(progress),
    )
    _show(found, verbose)
    if out is not None:
        say_written(found.save(out))


def _show(found: Mixtures, verbose: bool) -> None:
    from firstshell.report.words import mixture as wording

    if not verbose:
        say(wording.heading())
    for each in found:
        say(wording.paragraph(each) if verbose else wording.line(each))
        if not verbose and len(found) == 1:
            say(f"  {wording.verdict(each)}")
    if found.components is not None:
        say("\n".join(wording.components(found.components)))
    if len(found) > 1 and not all(each.sufficient for each in found):
        say(wording.NOT_ENOUGH)
    say(wording.NOTE)
    if found.components is None:
        say(wording.expected(found[0].errors))
    say_unused(found.refused)
