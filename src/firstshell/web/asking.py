"""What the page asks: which spectra, treated how; and the answers to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from firstshell.config import from_dict
from firstshell.errors import InputError
from firstshell.measured.normalise import NormaliseParams
from firstshell.measured.predict import Answer, Models, answer_all
from firstshell.measured.sample import MeasuredSample, PdfConditionsGiven, Reading, _paired, _prepared
from firstshell.web.shelf import Shelf

MOST = 2000


@dataclass(frozen=True)
class Asked:
    """One spectrum and how it is treated.

    id : on the shelf
    ranges : of normalisation
    align : "auto", "foil", "fit", "none", or a shift in eV
    """

    id: str
    ranges: NormaliseParams = field(default_factory=NormaliseParams)
    align: str | float = "auto"


@dataclass(frozen=True)
class Question:
    """Everything that an answer depends on.

    metal : the absorber; None lets the edge tell
    pdf : how PDFs were measured
    shown : which of the answers is wanted with its curves
    pair : whether a XANES and a PDF of one name, or the only two, belong to one sample
    """

    spectra: tuple[Asked, ...]
    metal: str | None = None
    pdf: PdfConditionsGiven = field(default_factory=PdfConditionsGiven)
    shown: int = 0
    pair: bool = True


@dataclass(frozen=True)
class Refusal:
    """A spectrum that could not be used, and why."""

    ids: tuple[str, ...]
    error: InputError


@dataclass(frozen=True, eq=False)
class Replies:
    """Answers with the identifiers of the spectra that each is about, and what was refused."""

    answers: list[tuple[tuple[str, ...], Answer]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    def at(self, place: int) -> Answer:
        """Return the answer at a place, or the one that is nearest to it."""
        return self.answers[min(max(place, 0), len(self.answers) - 1)][1]


def read_table(body: bytes) -> dict[str, Any]:
    """Read a JSON table; InputError for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError("what was sent is no JSON table", remedy="Reload the page")
    return found


def parse(body: bytes) -> Question:
    """Read a question; InputError for anything else."""
    question = from_dict(Question, read_table(body))
    if not 1 <= len(question.spectra) <= MOST:
        raise InputError(f"{len(question.spectra)} spectra at once", remedy=f"Ask for 1 to {MOST}")
    return question


def reply(question: Question, shelf: Shelf, models: Models) -> Replies:
    """Answer for all spectra that can be used.

    Raises InputError when none can, with the first reason; what the models raise goes through.
    """
    replies = Replies()
    owners: dict[int, Asked] = {}
    found: list[MeasuredSample] = []
    for asked in question.spectra:
        try:
            kept = shelf.get(asked.id)
            sample = _prepared(kept.measured, kept.of, question.metal, asked.ranges, question.pdf)
        except InputError as error:
            replies.refused.append(Refusal((asked.id,), error))
            continue
        owners[id(sample.xanes or sample.pdf)] = asked
        found.append(sample)
    ways: dict[str | float, list[tuple[tuple[str, ...], MeasuredSample]]] = {}
    for sample in _paired(found) if question.pair else found:
        parts = [owners[id(each)] for each in (sample.xanes, sample.pdf) if each is not None]
        ways.setdefault(parts[0].align, []).append((tuple(each.id for each in parts), sample))
    for way, samples in ways.items():
        _ask(samples, question.metal, models, way, replies)
    if not replies.answers:
        raise replies.refused[0].error
    place = {asked.id: i for i, asked in enumerate(question.spectra)}
    replies.answers.sort(key=lambda each: place[each[0][0]])
    return replies


def _ask(
    samples: Sequence[tuple[tuple[str, ...], MeasuredSample]],
    metal: str | None,
    models: Models,
    way: str | float,
    replies: Replies,
) -> None:
    """Ask about all samples together; when one cannot be answered, find it by halves, so that the others are."""
    try:
        if metal is None and any(sample.xanes is None for _, sample in samples):
            raise InputError("a PDF does not say which metal is asked about", remedy="Choose the metal")
        answers = answer_all(Reading([sample for _, sample in samples]), metal, models, way)
    except InputError as error:
        if len(samples) == 1:
            ids, sample = samples[0]
            file = error.file or ", ".join(sample.sources)
            replies.refused.append(Refusal(ids, InputError(error.what, remedy=error.remedy, file=file)))
            return
        middle = len(samples) // 2
        _ask(samples[:middle], metal, models, way, replies)
        _ask(samples[middle:], metal, models, way, replies)
        return
    replies.answers.extend((ids, answer) for (ids, _), answer in zip(samples, answers, strict=True))
