"""A trained model of one metal for one set of inputs: what it answers, and whether a measurement is in its domain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from firstshell.errors import InputError
from firstshell.prediction import non_oxides
from firstshell.prediction import training_set as samples
from firstshell.prediction.channels import Channel, XanesChannel
from firstshell.prediction.damping import Damping
from firstshell.prediction.domain import Domain, learn_domain
from firstshell.prediction.exafs_channel import ExafsChannel
from firstshell.prediction.exafs_samples import collect_exafs
from firstshell.prediction.forest_output import ForestOutput, evaluate_forest
from firstshell.prediction.measured_errors import MeasuredError, MeasuredErrors, measured_errors
from firstshell.prediction.non_oxides import NonOxides
from firstshell.prediction.outputs import Outputs
from firstshell.prediction.training import (
    Calibration,
    TrainingParams,
    disagreement,
    intervals,
    likeliest,
    sharpened,
    train,
    values,
)
from firstshell.runtime.progress import Reporter
from firstshell.study.splits import Codes, seeded
from firstshell.study.trees import Trees
from firstshell.types import Array, Prediction, Target

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset


@dataclass(frozen=True, eq=False)
class Predictor:
    """Everything that is needed to answer for one metal and set of inputs.

    channels : the kind of each input, in the order of their features
    trees, outputs, calibrations : what answers
    damping : what infers the over-absorption of XANES; None without any
    domains : which training samples a measurement is like, by modality
    non_oxides : what no sample is, and a measurement may be of, by modality
    dataset : hash of what it was trained on
    errors : of answers for measured standards, which intervals of models of XANES alone are calibrated with; None for
        simulations only
    """

    metal: str
    channels: tuple[Channel, ...]
    trees: Trees
    outputs: Outputs
    calibrations: dict[Target, Calibration]
    damping: Damping | None
    domains: dict[str, Domain]
    non_oxides: dict[str, NonOxides]
    dataset: str
    errors: MeasuredErrors | None = field(default_factory=measured_errors)

    @property
    def inputs(self) -> str:
        """Names of the modalities, joined by "+"."""
        return "+".join(channel.name for channel in self.channels)

    def channel(self, modality: str) -> Channel:
        """Return the channel of one of its inputs."""
        return next(each for each in self.channels if each.name == modality)

    def features(self, spectra: dict[str, Array]) -> Array:
        """Return (n, q) features of spectra (n, p) by modality, each on the grid of its channel."""
        return np.hstack([channel.features(np.atleast_2d(spectra[channel.name])) for channel in self.channels])

    @property
    def before(self) -> dict[Target, dict[int, float]]:
        """The share of each class in its training, by class target."""
        root = self.trees.values[self.trees.roots].mean(axis=0)
        return {
            target: dict(
                zip(self.outputs.classes(target).tolist(), root[self.outputs.columns(target)].tolist(), strict=True)
            )
            for target in Target
            if target.is_class
        }

    def predict(self, spectra: dict[str, Array]) -> list[dict[Target, Prediction]]:
        """Return the answers for n measurements: spectra (n, p) by modality, each on the grid of its channel."""
        return self.answers(self.evaluate(spectra))

    def evaluate(self, spectra: dict[str, Array]) -> ForestOutput:
        """Return the outputs of the forest, before calibration."""
        rows = {name: np.atleast_2d(values) for name, values in spectra.items()}
        return evaluate_forest(self.trees, self.outputs, self.channels, self.damping, rows)

    def answers(self, output: ForestOutput) -> list[dict[Target, Prediction]]:
        """Return the calibrated answers of outputs of the forest."""
        by_target = {target: self._answers(target, output.outputs, output.spread[target]) for target in Target}
        return [{target: by_target[target][i] for target in Target} for i in range(len(output.outputs))]

    def errors_for(
        self, metal: str, compound: str, output: ForestOutput, truth: dict[Target, float]
    ) -> list[MeasuredError]:
        """Return the errors of the forest for one measured standard, target by target."""
        found = []
        for target, value in truth.items():
            how = self.calibrations[target]
            off = abs(float(values(self.outputs, target, output.outputs, how.temperature, how.doubt)[0]) - value)
            unit = float(disagreement(output.spread[target], how.floor)[0])
            own = int(likeliest(self.outputs, target, output.outputs)[0])
            found.append(
                MeasuredError(metal, compound, target.value, int(self._likeliest(target)[own]), round(off / unit, 4))
            )
        return found

    def _likeliest(self, target: Target) -> Codes:
        """Return the classes that one is the likeliest of: the target's, or coordination numbers for bond lengths."""
        return self.outputs.classes(target if target.is_class else Target.COORDINATION_NUMBER)

    def _answers(self, target: Target, found: Array, spread: Array) -> list[Prediction]:
        how, classes = self.calibrations[target], self.outputs.classes(target)
        means = values(self.outputs, target, found, how.temperature, how.doubt)
        ends = intervals(self.outputs, target, found, spread, how, self._widths(target))
        shares = np.empty((len(found), 0))
        if target.is_class:
            shares = sharpened(found[:, self.outputs.columns(target)], how.temperature, how.doubt)
        return [
            Prediction(
                self.metal,
                target,
                self.inputs,
                float(mean),
                (float(low), float(high)),
                {int(c): float(p) for c, p in zip(classes, share, strict=True)},
            )
            for mean, low, high, share in zip(means, *ends, shares, strict=True)
        ]

    def _widths(self, target: Target) -> Array | None:
        """Return how far intervals reach by measured standards, by likeliest class; None where they do not count."""
        if self.errors is None or not self.of_measured_xanes:
            return None
        pairs = zip(self._likeliest(target), self.calibrations[target].scores, strict=False)  # rare ones have no scores
        return np.array([self.errors.width(self.metal, target, int(own), scores) for own, scores in pairs])

    @property
    def of_measured_xanes(self) -> bool:
        """Whether its input is XANES alone, and trained on those that went through transfers of measurements."""
        (first, *others) = self.channels
        return not others and isinstance(first, XanesChannel) and first.population is not None


def make_predictor(
    data: Dataset,
    metal: str,
    channels: tuple[Channel, ...],
    params: TrainingParams | None = None,
    reporter: Reporter | None = None,
) -> Predictor:
    """Train a predictor of a metal on a dataset; see `training.train`.

    Raises InputError when the dataset has too few labelled sites of the metal.
    """
    params = params or TrainingParams()
    chosen = _samples(data, metal, channels, params.seed)
    made = train(chosen, channels, params, reporter)
    rng = seeded("likeness", params.seed, metal)
    domains = {channel.name: learn_domain(chosen, channel, rng) for channel in channels}
    formulas = data.frame.loc[data.frame["metal"] == metal, "formula"]
    names = non_oxides.non_oxide_names(metal, formulas)
    others = {each.name: known for each in channels if (known := non_oxides.spectra(metal, names, each)) is not None}
    trees = Trees.of(made.forest)
    return Predictor(metal, channels, trees, made.outputs, made.calibrations, made.damping, domains, others, data.hash)


def _samples(data: Dataset, metal: str, channels: tuple[Channel, ...], seed: int) -> samples.Samples:
    """Return what a model of these channels is trained on."""
    exafs = next((channel for channel in channels if isinstance(channel, ExafsChannel)), None)
    if exafs is None:
        return samples.collect(data, metal, whole=any(channel.whole for channel in channels))
    if len(channels) > 1:
        raise InputError("EXAFS has a model of its own", remedy="Name it alone")
    return collect_exafs(data, metal, exafs, seeded("exafs", seed, metal))
