"""Samples in, answers out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, overload

import numpy as np

from firstshell.config import did_you_mean
from firstshell.dataset.embedded import manifest
from firstshell.errors import InputError
from firstshell.measured.composition import composition_advice, contradicts
from firstshell.measured.read import MeasuredSample, Reading, none_usable, reason
from firstshell.measured.xanes.training_grid import interpolate, on_grid
from firstshell.prediction.align import Alignment, align
from firstshell.prediction.exafs_channel import exafs_on_grid
from firstshell.prediction.joint import joint
from firstshell.prediction.model import Predictor
from firstshell.prediction.resemblance import Resemblance, resemblance
from firstshell.simulation import show
from firstshell.types import Array, Prediction, Target

DAMPED = 0.25
"""Over-absorption from which on it is reported."""
MOST_NAMES = 10
"""Samples that a message names."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer for one sample; `firstshell.Answer`, which shows itself, describes the fields."""

    sample: MeasuredSample
    metal: str
    inputs: str
    predictions: dict[Target, Prediction]
    spectra: dict[str, Array]
    alignment: Alignment | None
    damping: float
    resemblance: dict[str, Resemblance]
    warnings: tuple[str, ...]
    alone: dict[str, dict[Target, Prediction]] = field(default_factory=dict)
    contradicted: bool = False
    unlike_sites: float = 0.0

    @property
    def in_domain(self) -> bool:
        """Whether every input is like what the model was trained on, and no header speaks against it."""
        return not self.contradicted and all(each.inside for each in self.resemblance.values())

    @property
    def sites(self) -> dict[int, float]:
        """What part of the metal's sites has each coordination number; the answer is their mean."""
        return self.predictions[Target.COORDINATION_NUMBER].probabilities

    @property
    def by_measurement(self) -> dict[str, dict[Target, Prediction]]:
        """What each measurement says alone, then all together: Prediction by Target, by modalities joined by "+"."""
        return {**self.alone, self.inputs: self.predictions}

    @property
    def disputed(self) -> tuple[Target, ...]:
        """Targets for which there is nothing that the intervals of all measurements alone hold."""
        return tuple(target for target in Target if _apart([each[target].interval for each in self.alone.values()]))

    def __getitem__(self, target: str) -> Prediction:
        """Return the prediction of one target, such as "bond_length"."""
        if target not in self.predictions:
            what = f"{self.sample.name} has no answer for {target[:40]!r}"
            raise InputError(what, remedy=did_you_mean(target, [each.value for each in self.predictions]))
        return self.predictions[Target(target)]


A = TypeVar("A", bound=Answer, covariant=True)


@dataclass(frozen=True, eq=False)
class Answers(Sequence[A]):
    """The answers for a list of files, as `firstshell.Answers` describes them; a sequence of Answer."""

    answered: tuple[A, ...]
    refused: tuple[tuple[str, str], ...] = ()

    @overload
    def __getitem__(self, index: int | str) -> A: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[A]: ...
    def __getitem__(self, index: int | str | slice) -> A | Sequence[A]:
        """Return one answer, by its number or by the name of its sample or file, or some by a slice."""
        return self.answered[self.place(index) if isinstance(index, str) else index]

    def place(self, name: str) -> int:
        """Return which answer is that of a sample or file of this name.

        Parameters
        ----------
        name : str
            The sample's, or that of one of its files; of a file of several spectra "file#group".

        Returns
        -------
        int
            Its number, from 0.

        Raises
        ------
        InputError
            When there is none of that name, or more than one; and when the file could not be used, with the reason.

        """
        known = [each.sample.name for each in self.answered]
        found = [i for i, each in enumerate(self.answered) if name in (known[i], *each.sample.sources)]
        if len(found) == 1:
            return found[0]
        if found:
            what = f"{len(found)} samples are of {name[:80]!r}"
            raise InputError(what, remedy=f"Name one: {', '.join(known[i] for i in found[:MOST_NAMES])}")
        if name in dict(self.refused):
            raise InputError(f"{name[:80]!r} could not be used", remedy=dict(self.refused)[name])
        raise InputError(f"there is no answer for {name[:80]!r}", remedy=did_you_mean(name, known))

    def __len__(self) -> int:
        return len(self.answered)


Models = Callable[[str, Sequence[str], str], Predictor]
"""Returns the predictor of a metal, for a list of modalities, measured with "xray" or "neutron"."""


def answer_all(
    reading: Reading, metal: str | None, models: Models, how: str | float = "auto", apart: Models | None = None
) -> Answers[Answer]:
    """Answer for all samples that were read; those of one kind go through the forest together.

    apart : models for what each measurement of a sample says without the others; None leaves that out

    Raises InputError, with the reasons, when none can be answered.
    """
    answers: dict[int, Answer] = {}
    failed: dict[int, InputError] = {}
    for (absorber, inputs, radiation), places in _kinds(reading.samples, metal).items():
        ready: dict[int, _Ready] = {}
        try:
            if absorber is None:
                raise InputError(
                    "a PDF or χ(k) does not name its metal",
                    remedy="Name it with --metal (metal= in Python)",
                )
            model = models(absorber, inputs, radiation)
        except InputError as error:
            failed |= dict.fromkeys(places, error)
            continue
        for i in places:
            try:
                ready[i] = _prepare(model, reading.samples[i], how)
            except InputError as error:
                failed[i] = error
        found = _answer_ready(model, list(ready.values()))
        if len(inputs) > 1 and found and apart is not None:
            single = {name: apart(absorber, (name,), radiation) for name in inputs}
            found = [_with_each_alone(each, single) for each in found]
        if apart is not None and absorber is not None:
            found = _with_exafs(found, absorber, apart)
        answers |= dict(zip(ready, found, strict=True))
    refused = [*reading.refused, *((reading.samples[i].name, reason(failed[i])) for i in sorted(failed))]
    if not answers:
        raise none_usable(refused, failed[min(failed)] if failed else None)
    return Answers(tuple(answers[i] for i in sorted(answers)), tuple(refused))


def answer(model: Predictor, samples: Sequence[MeasuredSample], how: str | float = "auto") -> list[Answer]:
    """Answer with one model for samples that have its inputs."""
    return _answer_ready(model, [_prepare(model, sample, how) for sample in samples])


@dataclass(frozen=True, eq=False)
class _Ready:
    """A sample, its spectra as the model takes them, and how its energies were moved.

    as_measured : (p,) XANES without the shift that made it like the training spectra
    compared : (n,) distances to the training samples by modality, as far as the alignment has found them
    """

    sample: MeasuredSample
    spectra: dict[str, Array]
    moved: Alignment | None
    as_measured: dict[str, Array]
    compared: dict[str, Array]


def _kinds(
    samples: Sequence[MeasuredSample], metal: str | None
) -> dict[tuple[str | None, tuple[str, ...], str], list[int]]:
    """Return which samples one model answers for: by metal, inputs and radiation."""
    found: dict[tuple[str | None, tuple[str, ...], str], list[int]] = {}
    for i, sample in enumerate(samples):
        absorber = metal or sample.metal
        found.setdefault((absorber, sample.inputs, sample.radiation), []).append(i)
    return found


def _prepare(model: Predictor, sample: MeasuredSample, how: str | float) -> _Ready:
    spectra: dict[str, Array] = {}
    as_measured: dict[str, Array] = {}
    compared: dict[str, Array] = {}
    moved = None
    if sample.xanes is not None:
        moved, matched = align(sample.xanes, model.domains.get("xanes"), how, model.channel("xanes").misfit)
        spectra["xanes"] = on_grid(sample.xanes, moved.shift)
        if moved.by == "fit":
            as_measured["xanes"] = interpolate(sample.xanes)
        if matched is not None:
            compared["xanes"] = matched.rmse
    if sample.pdf is not None:
        spectra[sample.inputs[-1]] = sample.pdf.values
    if sample.exafs is not None and "exafs" in sample.inputs:
        spectra["exafs"] = exafs_on_grid(sample.exafs)
    return _Ready(sample, spectra, moved, as_measured, compared)


def _answer_ready(model: Predictor, ready: Sequence[_Ready]) -> list[Answer]:
    if not ready:
        return []
    output = model.evaluate(_together(model, ready))
    return [
        replace(_answer(model, *parts), unlike_sites=float(unlike))
        for *parts, unlike in zip(
            ready,
            model.answers(output),
            output.damping,
            _if_moved(model, ready),
            model.outputs.unlike(output.outputs),
            strict=True,
        )
    ]


def _together(model: Predictor, ready: Sequence[_Ready]) -> dict[str, Array]:
    return {channel.name: np.array([each.spectra[channel.name] for each in ready]) for channel in model.channels}


def _if_moved(model: Predictor, ready: Sequence[_Ready]) -> list[dict[Target, Prediction] | None]:
    """Return what would be answered with the energies of the best match; None where it does not contest those taken."""
    found: list[dict[Target, Prediction] | None] = [None] * len(ready)
    moved = {}
    for i, each in enumerate(ready):
        if each.moved is not None and each.moved.contested and each.sample.xanes is not None:
            spectra = each.spectra | {"xanes": interpolate(each.sample.xanes, each.moved.suggested)}
            moved[i] = replace(each, spectra=spectra)
    if moved:
        for i, output in zip(moved, model.predict(_together(model, list(moved.values()))), strict=True):
            found[i] = output
    return found


def _answer(
    model: Predictor,
    ready: _Ready,
    predictions: dict[Target, Prediction],
    damping: float,
    elsewhere: dict[Target, Prediction] | None,
) -> Answer:
    sample, spectra, moved = ready.sample, ready.spectra, ready.moved
    alike = {
        name: resemblance(model, name, spectra[name], ready.compared.get(name), ready.as_measured.get(name))
        for name in (channel.name for channel in model.channels)
    }
    warnings = [warning for each in (sample.xanes, sample.pdf) if each is not None for warning in each.warnings]
    contradicted = False
    if sample.pdf is not None:
        about = sample.pdf.composition, model.metal, model.dataset == manifest()["oxides"]["hash"]
        warnings += composition_advice(*about)
        contradicted = contradicts(*about)
    if moved is not None and moved.doubt:
        then = "" if elsewhere is None else f"; with energies as these have them the answer is {_brief(elsewhere)}"
        warnings.append(f"the energy scale is doubtful: {moved.doubt}{then}")
    warnings += [f"the {show(name)} {each.warning}" for name, each in alike.items() if each.warning is not None]
    if damping >= DAMPED:
        warnings.append(f"the white line is damped, as by an over-absorption of {damping:.1f}, which was undone")
    about_spectra = spectra, moved, float(damping), alike, tuple(warnings)
    return Answer(sample, model.metal, model.inputs, predictions, *about_spectra, contradicted=contradicted)


def _brief(predictions: dict[Target, Prediction]) -> str:
    """Return the values of an answer in one line."""
    parts = (f"{t.label.lower()} {p.value:.{1 if t.is_class else 2}f} {t.unit}" for t, p in predictions.items())
    return ", ".join(part.strip() for part in parts)


def _with_each_alone(answer: Answer, models: Mapping[str, Predictor]) -> Answer:
    """Return an answer with what each measurement says without the others, and a warning where they disagree."""
    alone = {name: model.predict({name: answer.spectra[name][None]})[0] for name, model in models.items()}
    answer = replace(answer, alone=alone)
    disputes = [
        f"{' and '.join(show(name) for name in alone)} disagree on the {target.label.lower()}: "
        + " against ".join(_interval(each[target]) for each in alone.values())
        for target in answer.disputed
    ]
    warnings = [f"{dispute}; are they of one sample?" for dispute in disputes]
    return replace(answer, warnings=(*answer.warnings, *warnings))


def _with_exafs(found: list[Answer], metal: str, models: Models) -> list[Answer]:
    """Return answers with what the EXAFS of the same scans says, alone and jointly with them, where there is one."""
    places = [i for i, each in enumerate(found) if each.sample.exafs is not None and "exafs" not in each.sample.inputs]
    if not places:
        return found
    try:
        model = models(metal, ("exafs",), "xray")
    except InputError as error:
        return [_without_exafs(each, reason(error)) if i in places else each for i, each in enumerate(found)]
    waves = np.array([exafs_on_grid(exafs) for i in places if (exafs := found[i].sample.exafs) is not None])
    found = list(found)
    for i, values, output in zip(places, waves, model.predict({"exafs": waves}), strict=True):
        found[i] = _joined(found[i], model, values, output)
    return found


def _without_exafs(answer: Answer, why: str) -> Answer:
    return replace(answer, warnings=(*answer.warnings, f"the EXAFS is not used: {why}"))


def _joined(answer: Answer, model: Predictor, waves: Array, output: dict[Target, Prediction]) -> Answer:
    """Return the joint answer; that without EXAFS where this is unlike all training spectra."""
    alike = resemblance(model, "exafs", waves)
    if not alike.inside:
        return _without_exafs(answer, f"it {alike.warning}")
    alone = answer.alone or {answer.inputs: answer.predictions}
    both = joint(answer.predictions, output, model.before)
    made = replace(
        answer,
        inputs=f"{answer.inputs}+exafs",
        predictions=both,
        spectra={**answer.spectra, "exafs": waves},
        resemblance={**answer.resemblance, "exafs": alike},
        alone={**alone, "exafs": output},
    )
    disputes = [
        f"{show(answer.inputs)} and EXAFS disagree on the {target.label.lower()}: "
        f"{_interval(answer.predictions[target])} against {_interval(output[target])}"
        for target in Target
        if _apart([answer.predictions[target].interval, output[target].interval])
    ]
    return replace(made, warnings=(*answer.warnings, *disputes))


def _apart(intervals: Sequence[tuple[float, float]]) -> bool:
    """Return whether there is nothing that all intervals hold."""
    return max((low for low, _ in intervals), default=0.0) > min((high for _, high in intervals), default=0.0)


def _interval(found: Prediction) -> str:
    digits, (low, high) = (1 if found.target.is_class else 2), found.interval
    unit = f" {found.target.unit}" if found.target.unit else ""
    return f"{found.value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f}){unit}"
