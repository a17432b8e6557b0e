"""`firstshell score`."""

from pathlib import Path

from firstshell.cli.parameters import Progress, Transfer
from firstshell.cli.predict import shift_of
from firstshell.runtime.console import say


def score(
    truth: Path,
    folder: Path,
    /,
    *,
    align: str = "auto",
    transfer: Transfer = None,
    data: Path | None = None,
    out: Path | None = None,
    progress: Progress = "auto",
) -> None:
    """Measure how good answers are for your own standards of known structure.

    Prints, for each metal and target: how many answers are right (within 0.5, 0.5 and 0.05 Å), how many the best
    constant answer would get right, how many 90 % intervals hold the truth, and the recall of each class.

    Example: firstshell score truth.csv standards/ --out score

    Parameters
    ----------
    truth
        A CSV with the columns file, metal, oxidation_state, coordination_number and bond_length (Å), averages over the
        metal's sites, empty where not known; compound (each counts once) and kind ("oxide", "metal", …) if wanted.
    folder
        The folder that file names are relative to; my.prj#group takes one spectrum of a project.
    align
        How energies are calibrated, as for firstshell predict.
    data
        A dataset to train on; the one that comes with firstshell by default.
    out
        Folder for score.md, score.json and answers.csv.

    """
    from firstshell.api.standards import score as scored_answers
    from firstshell.report.score_table import tables
    from firstshell.runtime.progress import make_reporter

    reporter = make_reporter(progress)
    scored = scored_answers(
        truth, folder, align=shift_of(align), transfer=transfer, data=data, out=out, reporter=reporter
    )
    say(tables(scored))
    if out is not None:
        say(f"wrote {out / 'score.md'}, score.json, answers.csv")
