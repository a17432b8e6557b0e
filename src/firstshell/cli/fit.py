"""`firstshell fit`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from firstshell.cli.parameters import (
    Partial,
    PdfConditions,
    Progress,
    Reading,
    Transfer,
    Workers,
    say_cost,
    say_unused,
    say_warnings,
    say_written,
)
from firstshell.runtime.console import say


def fit(
    structure: Path,
    files: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    metal: str | None = None,
    strain: Literal["isotropic", "system", "none"] = "isotropic",
    motion: Literal["delta1", "delta2", "none"] = "delta2",
    rmax: float = 20.0,
    pdf: PdfConditions = PdfConditions(),
    reading: Reading = Reading(),
    transfer: Transfer = None,
    partial: Partial = "refuse",
    out: Path = Path("fit"),
    dask: str = "",
    workers: Workers = None,
    progress: Progress = "auto",
) -> None:
    """Fit one crystal structure to a measured XANES, a measured PDF, or both of one sample.

    The XANES is simulated, at some ten seconds for each distinct site of the metal, and put on the measured one by
    shift, stretch, broadening, over-absorption and slope; the PDF by scale, strain, displacements, correlated motion
    and resolution. The residual is compared with those of correct structures.

    Example: firstshell fit Fe2O3.cif my.xdi my.gr --metal Fe --out fit

    Parameters
    ----------
    structure
        A CIF or POSCAR.
    files
        A measured XANES, a measured PDF, or one of each, of one sample.
    metal
        The absorber; by default the element whose K edge was measured. A PDF alone needs it.
    strain
        How the cell may change: as a whole, as far as its crystal system leaves it free, or not at all.
    motion
        How correlated motion sharpens near peaks of the PDF: as 1/r, as 1/r², or not at all.
    rmax
        End of the range of the PDF in Å.
    out
        Folder for fit.csv, fit_curves.csv, fit.json, the picture, report.html (one page with all of it), and the
        simulated XANES, which is kept.
    dask
        Address of a Dask scheduler, as in tcp://host:8786; local processes by default.

    """
    from firstshell.api.match import fit as fit_structure
    from firstshell.report.words.match import fit_lines
    from firstshell.runtime.cluster import executor_for
    from firstshell.runtime.progress import make_reporter

    with executor_for({}, dask) as executor:
        found = fit_structure(
            structure,
            files,
            metal,
            strain=strain,
            motion=motion,
            rmax=rmax,
            **vars(pdf),
            **vars(reading),
            transfer=transfer,
            partial=partial,
            folder=out,
            executor=executor,
            workers=workers,
            reporter=make_reporter(progress),
            on_cost=lambda cost: say_cost(cost, workers),
        )
    say_unused(found.measurements.refused)
    say("\n".join(fit_lines(found)))
    say_warnings(found.measurements.warnings)
    say_written(found.save(out))
