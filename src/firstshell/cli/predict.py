"""`firstshell predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from firstshell.runtime.console import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firstshell.dataset.table import Dataset
    from firstshell.measured.xanes.population import Population
    from firstshell.prediction.answer import Answer
    from firstshell.prediction.explain import Evidence
    from firstshell.prediction.model import Predictor
    from firstshell.runtime.progress import Reporter
    from firstshell.types import Target

PARAGRAPHS = 6
"""Samples beyond which each has one line."""
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
    transfer: Path | None = None,
    model: Path | None = None,
    save_model: Path | None = None,
    explain: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
    progress: Literal["auto", "rich", "plain", "json", "none"] = "auto",
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
    progress
        How progress is shown.

    """
    from firstshell.elements import k_edge
    from firstshell.measured.read import PdfConditionsGiven, ReadParams, read_samples
    from firstshell.measured.xanes.normalise import NormaliseParams, with_shift
    from firstshell.prediction.answer import answer_all
    from firstshell.runtime.progress import make_reporter

    reporter = make_reporter(progress)
    if metal is not None:
        k_edge(metal)
    models = _Models(model, data, transfer, reporter)
    ranges = NormaliseParams(e0=e0, pre1=pre1, pre2=pre2, norm1=norm1, norm2=norm2)
    given = PdfConditionsGiven(radiation, qmax, qdamp, differential)
    shift = shift_of(align)
    how = ReadParams(format, columns, signal)
    reading = read_samples(files, metal, ranges=with_shift(ranges, shift), pdf=given, how=how)
    answers = answer_all(reading, metal, models, shift)
    if save_model is not None:
        models.save(save_model)
    reasons = [models.explain(answer) for answer in answers] if explain else []
    _show(answers.answered, answers.refused, reasons)
    if out is not None:
        _write(answers.answered, reasons, out)


class _Models:
    """The models that answers came from: of a file, from the cache, or trained now."""

    def __init__(self, file: Path | None, data: Path | None, transfer: Path | None, reporter: Reporter) -> None:
        from firstshell.errors import InputError

        if file is not None and (data is not None or transfer is not None):
            raise InputError("--model comes trained", remedy="Leave out --data and --transfer, or --model")
        self._file = file
        self._dataset, self._population = _dataset(data), _population(transfer)
        self._reporter = reporter
        self.used: dict[tuple[str, str, str], Predictor] = {}

    def __call__(self, metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
        """Return the model of a metal for a list of inputs."""
        key = metal, "+".join(inputs), radiation
        if key not in self.used:
            self.used[key] = self._loaded(*key) if self._file is not None else self._trained(metal, inputs, radiation)
        return self.used[key]

    def explain(self, answer: Answer) -> tuple[dict[Target, float], list[Evidence]]:
        """Return what the answer would be for any spectrum, and what each window of this one adds."""
        from firstshell.prediction.explain import evidence

        return evidence(self.used[answer.metal, answer.inputs, answer.sample.radiation], answer.spectra)

    def save(self, path: Path) -> None:
        """Write the model; InputError when there were several."""
        from firstshell.errors import InputError
        from firstshell.prediction.model_cache import save_predictor

        if len(self.used) > 1:
            names = ", ".join(f"{metal} from {inputs}" for metal, inputs, _ in self.used)
            raise InputError(
                f"there are {len(self.used)} models: {names}", remedy="Give samples of one metal and kind to save its"
            )
        save_predictor(next(iter(self.used.values())), path)

    def _loaded(self, metal: str, inputs: str, radiation: str) -> Predictor:
        from firstshell.errors import InputError
        from firstshell.prediction.model_cache import load_predictor

        assert self._file is not None
        found = load_predictor(self._file)
        known = {getattr(channel, "radiation", radiation) for channel in found.channels}
        if (found.metal, found.inputs) != (metal, inputs) or known != {radiation}:
            what = f"the model is of {found.metal} from {found.inputs}, not of {metal} from {inputs} ({radiation})"
            raise InputError(what, remedy="Leave out --model to have one trained", file=self._file)
        return found

    def _trained(self, metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
        from firstshell.prediction.model_cache import predictor

        return predictor(
            metal,
            inputs,
            data=self._dataset,
            population=self._population,
            radiation=radiation,
            reporter=self._reporter,
        )


def _dataset(path: Path | None) -> Dataset | None:
    if path is None:
        return None
    from firstshell.dataset.embedded import load_dataset

    return load_dataset(path)


def _population(path: Path | None) -> Population | None:
    if path is None:
        return None
    from firstshell.measured.xanes.population import read_population

    return read_population(path)


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
) -> None:
    import sys

    from firstshell.report import answer_words as wording

    if len(answers) <= PARAGRAPHS:
        for i, answer in enumerate(answers):
            say(wording.paragraph(answer))
            if reasons:
                say("\n".join(wording.evidence_lines(*reasons[i])))
            say()
    else:
        say(wording.heading())
        say("\n".join(wording.line(answer) for answer in answers), end="\n\n")
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
