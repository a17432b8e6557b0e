"""`firstshell rank`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from firstshell.api.settings import words
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


def rank(
    files: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    candidates: Annotated[list[str], Parameter(negative="", consume_multiple=True)] = [],  # noqa: B006
    composition: str = "",
    metal: str | None = None,
    exafs: bool = True,
    most: int = 40,
    none: float = 0.1,
    pdf: PdfConditions = PdfConditions(),
    reading: Reading = Reading(),
    transfer: Transfer = None,
    partial: Partial = "refuse",
    out: Path = Path("ranking"),
    dask: str = "",
    workers: Workers = None,
    progress: Progress = "auto",
) -> None:
    """Rank candidate structures by their probability, from a measured XANES with its EXAFS, a measured PDF, or both.

    PDFs are compared first, at milliseconds each; then EXAFS, at half a second each; XANES are simulated for the
    structures that these leave. Those of the embedded dataset are known. An interrupted run resumes.

    Example: firstshell rank my.xdi my.gr --candidates cifs/ --composition Fe,O

    Parameters
    ----------
    files
        A measured XANES, a measured PDF, or one of each, of one sample.
    candidates
        Structure files, folders of them, a CSV with a column "file" (as COD exports); embedded for the dataset that
        comes with firstshell; amcsd for all minerals of the composition, which is the default.
    composition
        Elements of the sample, as in Fe,O: candidates with other elements are left out.
    metal
        The absorber; by default the element whose K edge was measured. A PDF alone needs it.
    exafs
        Use the EXAFS of a scan that reaches far enough as well.
    most
        Largest number of structures whose XANES are simulated.
    none
        Prior probability that the sample is none of the candidates.
    out
        Folder for ranking.csv, ranking.parquet, the picture, report.html (one page with all of it), and the simulated
        XANES, which are kept.
    dask
        Address of a Dask scheduler, as in tcp://host:8786; local processes by default.

    """
    from firstshell.api.match import rank as rank_structures
    from firstshell.report.words.match import ranking_lines
    from firstshell.runtime.cluster import executor_for
    from firstshell.runtime.progress import make_reporter

    source = candidates[0] if len(candidates) == 1 else candidates or "amcsd"
    with executor_for({}, dask) as executor:
        found = rank_structures(
            files,
            source,
            metal,
            composition=words(composition),
            exafs=exafs,
            most=most,
            none=none,
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
    say_unused((*found.measurements.refused, *found.refused))
    say("\n".join(ranking_lines(found)))
    say_warnings(found.measurements.warnings)
    say_written(found.save(out))
