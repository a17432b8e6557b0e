"""Measured files in, answers out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from firstshell.config import did_you_mean
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.measured.align import Alignment, align
from firstshell.measured.footing import on_grid
from firstshell.measured.models import predictor
from firstshell.measured.normalise import NormaliseParams
from firstshell.measured.population import Population
from firstshell.measured.predictor import Predictor
from firstshell.measured.sample import MeasuredSample, PdfConditionsGiven, Reading, read_samples
from firstshell.progress import Reporter
from firstshell.types import Array, Prediction, Target

NEAREST = 5


@dataclass(frozen=True, eq=False)
class Resemblance:
    """What a measurement is like among the training samples.

    distance, limit : to the nearest, and beyond which it is outside the domain; edge steps, or of the RMS of G
    nearest : (name, distance) of the nearest ones, the nearest first
    axis, measured, alike : (a,) eV from the tabulated K edge or Å; the measurement there, and the nearest at its best
    """

    modality: str
    distance: float
    limit: float
    nearest: tuple[tuple[str, float], ...]
    axis: Array
    measured: Array
    alike: Array

    @property
    def inside(self) -> bool:
        """Whether the measurement is like what the model was trained on."""
        return self.distance <= self.limit


@dataclass(frozen=True, eq=False)
class Answer:
    """What is said of one sample.

    sample : what was measured
    metal : the absorber
    predictions : by target; averages over the metal's sites
    spectra : (p,) by modality, as the model was asked
    alignment : of the XANES; None without one
    resemblance : by modality
    warnings : what a person should know, one sentence each
    """

    sample: MeasuredSample
    metal: str
    inputs: str
    predictions: dict[Target, Prediction]
    spectra: dict[str, Array]
    alignment: Alignment | None
    resemblance: dict[str, Resemblance]
    warnings: tuple[str, ...]

    @property
    def in_domain(self) -> bool:
        """Whether every input is like what the model was trained on."""
        return all(each.inside for each in self.resemblance.values())


Models = Callable[[str, Sequence[str], str], Predictor]
"""Returns the predictor of a metal, for a list of modalities, measured with "xray" or "neutron"."""


def predict(
    files: Sequence[str | Path],
    metal: str | None = None,
    *,
    align: str | float = "auto",
    ranges: NormaliseParams | None = None,
    pdf: PdfConditionsGiven | None = None,
    data: Dataset | None = None,
    population: Population | None = None,
    reporter: Reporter | None = None,
) -> list[Answer]:
    """Say what measured files tell of a metal's first shell.

    files : XANES and PDFs; see `read_samples` for which belong to one sample
    metal : the absorber; by default that whose K edge was measured. PDFs need it
    align : how energies are put on the training scale; see `measured.align.align`
    ranges, pdf : of normalisation; how PDFs were measured
    data : what models are trained on, at first use; the dataset that comes with firstshell by default
    population : transfers from simulation to measurement, as `firstshell calibrate` writes them

    Raises InputError when no file can be used; the others are answered, and those refused are in the first's warnings.
    """
    known = data.metals if data is not None else None

    def models(metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
        return predictor(metal, inputs, data=data, population=population, radiation=radiation, reporter=reporter)

    if metal is not None and known is not None and metal not in known:
        raise InputError(f"no model knows {metal!r}", remedy=did_you_mean(metal, known))
    reading = read_samples(files, metal, ranges=ranges, pdf=pdf)
    return answer_all(reading, metal, models, align)


def answer_all(reading: Reading, metal: str | None, models: Models, how: str | float = "auto") -> list[Answer]:
    """Answer for all samples that were read; those of one kind are asked of the forest together."""
    answers: dict[int, Answer] = {}
    kinds: dict[tuple[str, tuple[str, ...], str], list[int]] = {}
    for i, sample in enumerate(reading.samples):
        absorber = metal or (sample.xanes.metal if sample.xanes is not None else None)
        if absorber is None:
            raise InputError("a PDF does not say which metal is asked about", remedy="Name it with --metal")
        kinds.setdefault((absorber, sample.inputs, sample.radiation), []).append(i)
    for (absorber, inputs, radiation), places in kinds.items():
        model = models(absorber, inputs, radiation)
        found = answer(model, [reading.samples[i] for i in places], how)
        answers |= dict(zip(places, found, strict=True))
    return [answers[i] for i in range(len(reading.samples))]


def answer(model: Predictor, samples: Sequence[MeasuredSample], how: str | float = "auto") -> list[Answer]:
    """Ask one model about samples that have its inputs."""
    alignments = [_alignment(model, sample, how) for sample in samples]
    spectra = [_on_footing(sample, moved) for sample, moved in zip(samples, alignments, strict=True)]
    together = {channel.name: np.array([each[channel.name] for each in spectra]) for channel in model.channels}
    return [_answer(model, *parts) for parts in zip(samples, model.predict(together), spectra, alignments, strict=True)]


def _answer(
    model: Predictor,
    sample: MeasuredSample,
    predictions: dict[Target, Prediction],
    spectra: dict[str, Array],
    moved: Alignment | None,
) -> Answer:
    alike = {channel.name: resemblance(model, channel.name, spectra[channel.name]) for channel in model.channels}
    warnings = [warning for each in (sample.xanes, sample.pdf) if each is not None for warning in each.warnings]
    if moved is not None and moved.doubt:
        warnings.append(f"the energy scale is doubtful: {moved.doubt}")
    warnings += [
        f"the {name.upper()} is unlike all training spectra (nearest {each.distance:.3f}, limit {each.limit:.3f}): "
        "the answer is a guess"
        for name, each in alike.items()
        if not each.inside
    ]
    return Answer(sample, model.metal, model.inputs, predictions, spectra, moved, alike, tuple(warnings))


def resemblance(model: Predictor, modality: str, values: Array) -> Resemblance:
    """Compare a measurement (p,) on its channel's footing with the training samples."""
    channel = next(each for each in model.channels if each.name == modality)
    known = model.likeness[modality]
    distances = channel.distances(known.reference, values)
    order = np.argsort(distances, kind="stable")
    named: dict[str, float] = {}
    for i in order:
        named.setdefault(known.names[i], float(distances[i]))
        if len(named) == NEAREST:
            break
    axis, measured, alike = channel.beside(known.reference, int(order[0]), values)
    return Resemblance(modality, float(distances[order[0]]), known.limit, tuple(named.items()), axis, measured, alike)


def _alignment(model: Predictor, sample: MeasuredSample, how: str | float) -> Alignment | None:
    return None if sample.xanes is None else align(sample.xanes, model.likeness.get("xanes"), how)


def _on_footing(sample: MeasuredSample, moved: Alignment | None) -> dict[str, Array]:
    spectra: dict[str, Array] = {}
    if sample.xanes is not None and moved is not None:
        spectra["xanes"] = on_grid(sample.xanes, moved.shift)
    if sample.pdf is not None:
        spectra[sample.inputs[-1]] = sample.pdf.values
    return spectra
