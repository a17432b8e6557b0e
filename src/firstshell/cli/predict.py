"""`firstshell predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from firstshell.cli.parameters import PdfConditions, Progress, Ranges, Reading, Transfer, say_unused, say_written
from firstshell.runtime.console import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstshell.prediction.answer import Answer
    from firstshell.prediction.explain import Evidence
    from firstshell.types import Target

ORIGINS = 6
"""Samples beyond which only --verbose and the table say of which columns and ranges each was made."""


def predict(
    files: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    metal: str | None = None,
    reading: Reading = Reading(),
    align: str = "auto",
    ranges: Ranges = Ranges(),
    pdf: PdfConditions = PdfConditions(),
    differential: Annotated[bool, Parameter(negative="")] = False,
    data: Path | None = None,
    with_: Annotated[str, Parameter(name="--with")] = "",
    transfer: Transfer = None,
    model: Path | None = None,
    save_model: Path | None = None,
    explain: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
    verbose: Annotated[bool, Parameter(name=("--verbose", "-v"), negative="")] = False,
    progress: Progress = "auto",
) -> None:
    """Predict oxidation state, coordination number and mean bond length of a metal from measured XANES and PDFs.

    Each value is an average over the metal's sites with a 90 % interval; a measurement unlike the training spectra is
    marked as out of domain. The model is trained at first use, in less than a minute, and kept. Files that cannot be
    used are named, and the others answered.

    Example: firstshell predict my.xdi my.gr --metal Fe --out answers

    Parameters
    ----------
    files
        Measured files: XDI, Athena projects (my.prj#group takes one of them), columns, NeXus, .gr. A XANES and a PDF
        belong to one sample when they are the only two, or have one name.
    metal
        The absorber; by default the element whose K edge was measured. PDFs need it.
    align
        How energies are calibrated: auto, foil (a channel of the scan, or a group of the Athena project named as in "Fe
        foil"), fit (similarity to training spectra), none, or the number of eV to add.
    differential
        The PDFs are differential ones of the metal.
    data
        A dataset to train on; the one that comes with firstshell by default.
    with_
        Another dataset to train on beside --data: embedded for the one that comes with firstshell, or a file.
    model
        A model that --save-model wrote, instead of training one.
    save_model
        Write the model to this file.
    explain
        Show which windows of each spectrum are the evidence for the answer (TreeSHAP; takes some seconds more).
    out
        Folder for answers.csv, answers.parquet, answers.json, a picture of each of the first 20 samples and one of the
        series.
    verbose
        Print all that is known of each sample (probabilities, nearest training spectra, warnings), not one line each.

    """
    from firstshell.api.predict import predict as answers_of
    from firstshell.runtime.progress import make_reporter

    answers = answers_of(
        files,
        metal,
        **vars(reading),
        align=shift_of(align),
        **vars(ranges),
        **vars(pdf),
        differential=differential,
        data=data,
        with_=with_,
        transfer=transfer,
        model=model,
        reporter=make_reporter(progress),
    )
    if save_model is not None:
        answers.save_model(save_model)
    reasons = [answer.evidence() for answer in answers.answered] if explain else []
    _show(answers.answered, answers.refused, reasons, verbose)
    if out is not None:
        say_written(answers.save(out, [windows for _, windows in reasons]))


def shift_of(align: str) -> str | float:
    """Return the way of calibrating energies, or the number of eV, that an option gives."""
    try:
        return float(align)
    except ValueError:
        return align


def _show(
    answers: Sequence[Answer],
    refused: Sequence[tuple[str, str]],
    reasons: Sequence[tuple[dict[Target, float], list[Evidence]]],
    verbose: bool,
) -> None:
    from firstshell.report.words import answer as wording

    if not verbose:
        say(wording.heading())
    for i, answer in enumerate(answers):
        say(wording.paragraph(answer) if verbose else wording.line(answer))
        if not verbose and len(answers) <= ORIGINS:
            for sentence in (*wording.origin(answer), *wording.exafs(answer)):
                say(f"  {sentence}")
        if reasons:
            say("\n".join(wording.evidence_lines(*reasons[i])))
        if verbose:
            say()
    say(wording.NOTE)
    say_unused(refused)
