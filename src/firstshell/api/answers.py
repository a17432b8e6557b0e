"""Answers that show themselves: as a table, as a picture, and in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstshell.errors import InputError
from firstshell.prediction import answer as base
from firstshell.prediction.model_source import ModelSource
from firstshell.runtime.html import html_table
from firstshell.types import Target, for_notebooks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from firstshell.prediction.explain import Evidence
    from firstshell.prediction.model import Predictor

PICTURES = 20
"""Samples that are drawn one by one."""


@dataclass(frozen=True, eq=False)
class Answer(base.Answer):
    """The answer for one sample.

    Parameters
    ----------
    sample : MeasuredSample
        What was measured.
    metal : str
        The absorber.
    inputs : str
        Modalities that the model was given, joined by "+".
    predictions : dict
        Prediction by Target; averages over the metal's sites. `answer["bond_length"]` is one of them.
    spectra : dict
        By modality, (p,) as the model was given them.
    alignment : Alignment, optional
        Of the XANES; None without one.
    damping : float
        Over-absorption that was inferred beyond what training spectra have, and undone.
    resemblance : dict
        By modality: how like the training spectra each input is.
    warnings : tuple of str
        Warnings, one sentence each.
    alone : dict
        Answers from each of several measurements alone: by modality, Prediction by Target.
    contradicted : bool
        Whether the header of the PDF names a sample without the metal, or without oxygen.
    unlike_sites : float
        Share of the forest, 0 to 1, for which the metal's sites differ in coordination number; not calibrated.
    models : ModelSource
        Where the model came from.

    Examples
    --------
    >>> import firstshell as fs
    >>> answer = fs.predict("my.xdi")["my.xdi"]
    >>> answer["coordination_number"].target
    <Target.COORDINATION_NUMBER: 'coordination_number'>
    >>> answer.plot().savefig("answer.png")

    """

    models: ModelSource = field(kw_only=True, repr=False)

    @property
    def model(self) -> Predictor:
        """The model that answered; where the EXAFS of a scan answers too, that of the XANES (with a PDF or without)."""
        return self.models(self.metal, self.sample.inputs, self.sample.radiation)

    def frame(self) -> pd.DataFrame:
        """Return the answer as a table.

        Returns
        -------
        DataFrame
            One row; see `Answers.frame`.

        """
        from firstshell.report.answer_table import frame

        return frame([self])

    def evidence(self) -> tuple[dict[Target, float], list[Evidence]]:
        """Return which windows of each spectrum are the evidence for the answer, by TreeSHAP in some seconds.

        Where the EXAFS of a scan answers too, they are the windows of the XANES (and of a PDF).

        Returns
        -------
        start : dict
            By Target, what the answer would be for any spectrum, in the target's unit.
        windows : list of Evidence
            What each window adds to each answer.

        """
        from firstshell.prediction.explain import evidence

        return evidence(self.model, self.spectra)

    def plot(self, evidence: Sequence[Evidence] = ()) -> Figure:
        """Draw what was measured, the training spectrum nearest to it, and the answers with their intervals.

        Parameters
        ----------
        evidence : list of Evidence, optional
            The windows that `evidence` returns, to be drawn as well.

        Returns
        -------
        Figure
            A matplotlib figure, which notebooks show.

        """
        from firstshell.report.figures.answer import answer_figure

        return styled(answer_figure, self, evidence)

    def _repr_html_(self) -> str:
        return table([self])


@dataclass(frozen=True, eq=False)
class Answers(base.Answers[Answer]):
    """The answers for a list of files; a sequence of Answer.

    Parameters
    ----------
    answered : tuple of Answer
        In the order of the samples.
    refused : tuple
        (file or group, reason) of what could not be used.

    Examples
    --------
    >>> import firstshell as fs
    >>> answers = fs.predict(["my.xdi", "absent.dat"])
    >>> len(answers), answers.refused[0][0]
    (1, 'absent.dat')
    >>> answers.frame()[["sample", "metal", "in_domain"]].shape
    (1, 3)
    >>> [path.name for path in answers.save("answers")]
    ['answers.csv', 'answers.parquet', 'answers.json', 'sample_01.png', 'sample_01.svg']

    """

    def frame(self) -> pd.DataFrame:
        """Return the answers as a table.

        Returns
        -------
        DataFrame
            One row a sample, as answers.csv of the command has it: values are averages over the metal's sites, low and
            high the ends of 90 % intervals, units in the heads of columns.

        """
        from firstshell.report.answer_table import frame

        return frame(self.answered)

    def plot(self) -> Figure:
        """Draw the values and their 90 % intervals along the series; of a single sample, its own picture.

        Returns
        -------
        Figure
            A matplotlib figure, which notebooks show.

        """
        from firstshell.report.figures.answer import series_figure

        return self.answered[0].plot() if len(self) == 1 else styled(series_figure, self.answered)

    def save(self, folder: str | Path, evidence: Sequence[Sequence[Evidence]] = ()) -> list[Path]:
        """Write answers.csv, .parquet and .json, a picture of each of the first 20 samples and one of the series.

        Parameters
        ----------
        folder : str or Path
            Created if missing.
        evidence : list, optional
            For each answer the windows that its `evidence` returns: evidence.csv is written, and pictures show them.

        Returns
        -------
        list of Path
            The files, the table first.

        """
        from firstshell.report.answer_json import write_json
        from firstshell.report.answer_table import write_evidence
        from firstshell.report.figures.answer import save_pictures
        from firstshell.runtime.spreadsheet import write_table

        folder = Path(folder)
        written = [*write_table(self.frame(), folder / "answers"), write_json(self.answered, folder)]
        if evidence:
            written.append(write_evidence(self.answered, evidence, folder))
        return written + save_pictures(self.answered[:PICTURES], self.answered, evidence, folder)

    def save_model(self, path: str | Path) -> None:
        """Write the model that all answers came from, to be given to `predict` as its `model`.

        Parameters
        ----------
        path : str or Path
            The file, such as "fe.npz".

        Raises
        ------
        InputError
            When there were several models.

        """
        from firstshell.prediction.model_file import save_predictor

        used = {(each.metal, "+".join(each.sample.inputs), each.sample.radiation): each for each in self.answered}
        if len(used) > 1:
            names = ", ".join(f"{metal} from {inputs}" for metal, inputs, _ in used)
            remedy = "Give samples of one metal and kind to save its"
            raise InputError(f"there are {len(used)} models: {names}", remedy=remedy)
        save_predictor(next(iter(used.values())).model, Path(path))

    def _repr_html_(self) -> str:
        refused = "".join(f"<li>{escape(name)}: {escape(reason)}</li>" for name, reason in self.refused)
        return table(self.answered) + (f"<p>Not used:</p><ul>{refused}</ul>" if refused else "")


def as_public(found: base.Answers[base.Answer], models: ModelSource) -> Answers:
    """Return answers as those that show themselves."""
    return Answers(tuple(Answer(**each.__dict__, models=models) for each in found.answered), found.refused)


def styled(draw: Any, *given: Any) -> Figure:
    """Return a figure drawn in the style of the report."""
    from firstshell.report.style import paper_style

    with paper_style():
        return for_notebooks(draw(*given))


def preformatted(text: str) -> str:
    """Return text for a terminal as a notebook shows it."""
    return f"<pre>{escape(text)}</pre>"


def table(answers: Sequence[Answer]) -> str:
    """Return a table in HTML: one row a sample, each value with its 90 % interval."""
    heads = ["Sample", "Metal", *(f"{t.label}{f' ({t.unit})' if t.unit else ''}" for t in Target), "In domain"]
    rows = [
        [each.sample.name, each.metal, *(_cell(each, target) for target in Target), "yes" if each.in_domain else "no"]
        for each in answers
    ]
    return html_table(heads, rows, "Value (90 % interval), averages over all sites of the metal.")


def _cell(answer: Answer, target: Target) -> str:
    found = answer.predictions.get(target)
    if found is None:
        return "–"
    digits, (low, high) = (2 if target.is_class else 3), found.interval
    return f"{found.value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
