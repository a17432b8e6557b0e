"""Requests of the page: which spectra, how they are treated; and the answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from firstshell.config import from_dict
from firstshell.errors import InputError
from firstshell.measured.read import MeasuredSample, PdfConditionsGiven, Reading, paired
from firstshell.measured.xanes.normalise import NormaliseParams, with_shift
from firstshell.prediction.answer import Answer, Answers, Models, answer_all
from firstshell.prediction.model import Predictor
from firstshell.web.jobs import NotReadyError
from firstshell.web.uploads import Uploads

MOST = 2000


@dataclass(frozen=True)
class SpectrumRequest:
    """One spectrum and how it is treated.

    id : of the upload
    ranges : of normalisation
    align : "auto", "foil", "fit", "none", or a shift in eV
    signal : formula of the signal of its scan; None takes the first that has a sound edge
    """

    id: str
    ranges: NormaliseParams = field(default_factory=NormaliseParams)
    align: str | float = "auto"
    signal: str | None = None


@dataclass(frozen=True)
class Question:
    """Everything that an answer depends on.

    metal : the absorber; None takes that of the edge
    pdf : how PDFs were measured
    shown : which of the answers is wanted with its curves
    """

    spectra: tuple[SpectrumRequest, ...]
    metal: str | None = None
    pdf: PdfConditionsGiven = field(default_factory=PdfConditionsGiven)
    shown: int = 0


@dataclass(frozen=True)
class Refusal:
    """A spectrum that could not be used, and why."""

    ids: tuple[str, ...]
    error: InputError


@dataclass(eq=False)
class Replies:
    """Answers with the identifiers of the spectra that each is about, and what was refused.

    waiting : whether the answer by each measurement alone is left out, as a model for that is still being made
    """

    answers: list[tuple[tuple[str, ...], Answer]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    waiting: bool = False

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
    if len({each.id for each in question.spectra}) < len(question.spectra):
        raise InputError("a spectrum is asked about twice", remedy="Reload the page")
    return question


def answer_question(question: Question, uploads: Uploads, models: Models, *, apart: bool = True) -> Replies:
    """Answer for all spectra that can be used.

    apart : also answer by each of several measurements of a sample alone, as far as there are models for that

    Raises InputError when none can, with the first reason; what the models raise goes through.
    """
    replies = Replies()
    owners: dict[int, SpectrumRequest] = {}
    found: list[MeasuredSample] = []
    for request in question.spectra:
        try:
            ranges = with_shift(request.ranges, request.align) or request.ranges
            sample = uploads.get(request.id).prepared(question.metal, ranges, question.pdf, request.signal)
        except InputError as error:
            replies.refused.append(Refusal((request.id,), error))
            continue
        owners[id(sample.xanes or sample.pdf)] = request
        found.append(sample)
    ways: dict[str | float, list[tuple[tuple[str, ...], MeasuredSample]]] = {}
    for sample in paired(found):
        parts = [owners[id(each)] for each in (sample.xanes, sample.pdf) if each is not None]
        ways.setdefault(parts[0].align, []).append((tuple(each.id for each in parts), sample))
    for way, samples in ways.items():
        _answer_together(samples, question.metal, models, way, replies, apart=apart)
    if not replies.answers:
        raise replies.refused[0].error
    place = {request.id: i for i, request in enumerate(question.spectra)}
    replies.answers.sort(key=lambda each: place[each[0][0]])
    return replies


def _answer_together(
    samples: Sequence[tuple[tuple[str, ...], MeasuredSample]],
    metal: str | None,
    models: Models,
    way: str | float,
    replies: Replies,
    *,
    apart: bool,
) -> None:
    """Answer for all samples together, and keep answers and refusals with the spectra that they are about."""
    known = [each for each in samples if metal or each[1].xanes is not None]
    without_metal = [each for each in samples if not (metal or each[1].xanes is not None)]
    replies.refused.extend(Refusal(ids, _without_metal(sample)) for ids, sample in without_metal)
    try:
        reading = Reading([sample for _, sample in known])
        found = _answered(reading, metal, models, way, replies, apart=apart) if known else None
    except InputError as error:
        if len(known) > 1:  # one error for all of them does not say which of them it is about
            for each in known:
                _answer_together([each], metal, models, way, replies, apart=apart)
            return
        ids, sample = known[0]
        file = error.file or ", ".join(sample.sources)
        replies.refused.append(Refusal(ids, InputError(error.what, remedy=error.remedy, file=file)))
        return
    if found is not None:
        owners = {id(sample): ids for ids, sample in known}
        replies.answers.extend((owners.pop(id(each.sample)), each) for each in found)
        for ids, (name, why) in zip(owners.values(), found.refused, strict=True):
            replies.refused.append(Refusal(ids, InputError(why.removesuffix("."), file=name)))


class _AloneNotReadyError(Exception):
    """The model for one measurement alone is being made."""


def _answered(
    reading: Reading, metal: str | None, models: Models, way: str | float, replies: Replies, *, apart: bool
) -> Answers[Answer]:
    """Answer, also by each measurement alone where there are models for that; without these until there are."""

    def alone(metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
        try:
            return models(metal, inputs, radiation)
        except NotReadyError:
            raise _AloneNotReadyError from None

    try:
        return answer_all(reading, metal, models, way, alone if apart else None)
    except _AloneNotReadyError:
        replies.waiting = True
        return answer_all(reading, metal, models, way)


def _without_metal(sample: MeasuredSample) -> InputError:
    what = "a PDF does not name its metal"
    return InputError(what, remedy="Choose the metal", file=", ".join(sample.sources))
