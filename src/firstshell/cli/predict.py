"""`firstshell predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from firstshell.cli.parameters import Progress
from firstshell.cli.settings import training_data
from firstshell.runtime.console import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstshell.prediction.answer import Answer
    from firstshell.prediction.explain import Evidence
    from firstshell.prediction.model import Predictor
    from firstshell.prediction.model_source import ModelSource
    from firstshell.runtime.progress import Reporter
    from firstshell.types import Target

ORIGINS = 6
"""Samples beyond which only --verbose and the table say of which columns and ranges each was made."""
PICTURES = 20
"""Samples that are drawn one by one."""


def predict(
    files: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    metal: str | None = None,
    signal: str | None = None,
    columns: str | None = None,
    format: str | None = None,  # noqa: A002
    align: str = "auto",
    e0: float | None = None,
    pre1: float | None = None,
    pre2: float | None = None,
    norm1: float | None = None,
    norm2: float | None = None,
    qmax: float | None = None,
    qdamp: float | None = None,
    radiation: Literal["xray", "neutron"] | None = None,
    differential: Annotated[bool, Parameter(negative="")] = False,
    data: Path | None = None,
    with_: Annotated[str, Parameter(name="--with")] = "",
    transfer: Path | None = None,
    model: Path | None = None,
    save_model: Path | None = None,
    explain: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
    verbose: Annotated[bool, Parameter(name=("--verbose", "-v"), negative="")] = False,
    progress: Progress = "auto",
) -> None:
    """Say what measured XANES and PDFs tell of a metal's first shell.

    Oxidation state, coordination number and mean bond length, each as an average over the metal's sites with a 90 %
    interval, and whether the measurement is like anything that the model knows. The model is trained at first use,
    in less than a minute, and kept. Files that cannot be used are named, and the others answered.

    Example: firstshell predict my.xdi my.gr --metal Fe --out answers

    Parameters
    ----------
    files
        Measured files: XDI, Athena projects (my.prj#group takes one of them), columns, NeXus, .gr. A XANES and a PDF
        belong to one sample when they are the only two, or have one name.
    metal
        The absorber; by default the element whose K edge was measured. PDFs need it.
    signal
        Which signal of a scan to take: transmission, fluorescence, electron-yield, mu, normalised, reference, or a
        formula as an answer names it; by default the first that has a sound edge.
    columns
        Which columns of a table to take, such as energy=1,mu=ln(3/4); by default their names decide.
    format
        Format of the files; by default their content decides.
    align
        How energies are calibrated: auto, foil (a channel of the scan, or a group of the Athena project named as in "Fe
        foil"), fit (likeness to training spectra), none, or the number of eV to add.
    e0
        Edge energy in eV; the steepest rise by default.
    pre1
        First energy of the pre-edge line, eV from E0; so are the next three.
    pre2
        Last energy of the pre-edge line.
    norm1
        First energy of the post-edge curve.
    norm2
        Last energy of the post-edge curve.
    qmax
        Qmax of the PDFs in Å⁻¹; by default that of the file's header, or an estimate.
    qdamp
        Qdamp of the PDFs in Å⁻¹.
    radiation
        What the PDFs were measured with; by default what the file says, or X-rays.
    differential
        The PDFs are differential ones of the metal.
    data
        A dataset to train on; the one that comes with firstshell by default.
    with_
        Another dataset to train on beside --data: embedded for the one that comes with firstshell, or a file.
    transfer
        How simulated spectra turn into those of your beamline, as firstshell calibrate writes it.
    model
        A model that --save-model wrote, instead of training one.
    save_model
        Write the model to this file.
    explain
        Say which windows of each spectrum speak for the answer (TreeSHAP; takes some seconds more).
    out
        Folder for answers.csv, answers.parquet, a picture of each of the first 20 samples and one of the series.
    verbose
        Print all that is known of each sample (probabilities, nearest training spectra, warnings), not one line each.

    """
    from firstshell.elements import k_edge
    from firstshell.errors import InputError
    from firstshell.measured.read import PdfConditionsGiven, ReadParams, read_samples
    from firstshell.measured.xanes.normalise import NormaliseParams, with_shift
    from firstshell.prediction.answer import answer_all
    from firstshell.runtime.progress import make_reporter

    if metal is not None:
        k_edge(metal)
    if with_ and data is None:
        raise InputError(f"--with {with_} adds to --data, and none is given", remedy="Give --data, or leave out --with")
    models = source_of(model, data, transfer, make_reporter(progress), with_)
    ranges = NormaliseParams(e0=e0, pre1=pre1, pre2=pre2, norm1=norm1, norm2=norm2)
    given = PdfConditionsGiven(radiation, qmax, qdamp, differential)
    shift = shift_of(align)
    how = ReadParams(format, columns, signal)
    reading = read_samples(files, metal, ranges=with_shift(ranges, shift), pdf=given, how=how)
    answers = answer_all(reading, metal, models, shift, None if model else models)
    if save_model is not None:
        _save(answers, models, save_model)
    reasons = [_explained(answer, models) for answer in answers] if explain else []
    _show(answers.answered, answers.refused, reasons, verbose)
    if out is not None:
        _write(answers.answered, reasons, out)


def _save(answers: Sequence[Answer], models: ModelSource, path: Path) -> None:
    """Write the model that all answers came from; InputError when there were several."""
    from firstshell.errors import InputError
    from firstshell.prediction.model_file import save_predictor

    used = {(each.metal, each.inputs, each.sample.radiation): _model_of(each, models) for each in answers}
    if len(used) > 1:
        names = ", ".join(f"{metal} from {inputs}" for metal, inputs, _ in used)
        raise InputError(
            f"there are {len(used)} models: {names}", remedy="Give samples of one metal and kind to save its"
        )
    save_predictor(next(iter(used.values())), path)


def _model_of(answer: Answer, models: ModelSource) -> Predictor:
    return models(answer.metal, answer.inputs.split("+"), answer.sample.radiation)


def _explained(answer: Answer, models: ModelSource) -> tuple[dict[Target, float], list[Evidence]]:
    """Return what the answer would be for any spectrum, and what each window of this one adds."""
    from firstshell.prediction.explain import evidence

    return evidence(_model_of(answer, models), answer.spectra)


def source_of(
    file: Path | None, data: Path | None, transfer: Path | None, reporter: Reporter, with_: str = ""
) -> ModelSource:
    """Return where models come from, as the options of a command say; files are read at once."""
    from firstshell.errors import InputError
    from firstshell.measured.xanes.population import read_population
    from firstshell.prediction.model_source import ModelSource

    if file is not None and (data is not None or transfer is not None):
        raise InputError("--model comes trained", remedy="Leave out --data and --transfer, or --model")
    dataset = None if data is None else training_data(data, with_)
    load = None if dataset is None else lambda: dataset
    return ModelSource(file, load, None if transfer is None else read_population(transfer), reporter)


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
    import sys

    from firstshell.report.words import answer as wording

    if not verbose:
        say(wording.heading())
    for i, answer in enumerate(answers):
        say(wording.paragraph(answer) if verbose else wording.line(answer))
        if not verbose and len(answers) <= ORIGINS:
            for sentence in wording.origin(answer):
                say(f"  {sentence}")
        if reasons:
            say("\n".join(wording.evidence_lines(*reasons[i])))
        if verbose:
            say()
    say(wording.NOTE)
    for name, reason in refused:
        say(f"not used: {name}: {reason}", file=sys.stderr)


def _write(answers: Sequence[Answer], reasons: Sequence[tuple[dict[Target, float], list[Evidence]]], out: Path) -> None:
    from firstshell.report.answer_table import write_evidence, write_table
    from firstshell.report.figures.answer import save_pictures

    written = write_table(answers, out)
    if reasons:
        written.append(write_evidence(answers, [found for _, found in reasons], out))
    written += save_pictures(answers[:PICTURES], answers, [found for _, found in reasons], out)
    say("wrote " + ", ".join(str(path) if path == written[0] else path.name for path in written))
