"""Training of a model for measured spectra: a forest on disturbed simulations, calibrated on materials held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from firstshell.errors import InputError
from firstshell.prediction.channels import Channel
from firstshell.prediction.outputs import Outputs, told
from firstshell.prediction.training_set import Samples, joined, mixed
from firstshell.runtime.progress import Reporter, Silent
from firstshell.study.splits import Codes, fold_of, quantile_strata, seeded
from firstshell.study.trees import Trees
from firstshell.types import Array, Target

if TYPE_CHECKING:
    from firstshell.study.forest import Forest

COVERAGE = 0.9
FAINT = 1e-3
"""Least share that a class is given before shares are sharpened or softened."""
SEEN_AGAIN = 3
"""Disturbed copies of each held-out sample that calibration looks at."""


@dataclass(frozen=True)
class TrainingParams:
    """How a model is trained.

    copies : disturbed copies of every sample that the forest sees
    mixtures : mixtures of two samples, as a part of the number of samples; none where an input is of whole materials
    trees, max_features, min_samples_leaf : of the forest
    folds : cross-validation folds, whole groups in each, that probabilities and intervals are calibrated on
    """

    copies: int = 8
    mixtures: float = 0.5
    trees: int = 100
    max_features: int = 30
    min_samples_leaf: int = 3
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (("copies", 1, 100), ("trees", 1, 1000), ("folds", 2, 20), ("min_samples_leaf", 1, 100)):
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} = {getattr(self, name)} is out of range", remedy=f"Give {low} to {high}")
        if not 0 <= self.mixtures <= 10:
            raise InputError(f"mixtures = {self.mixtures} is out of range", remedy="Give 0 to 10")


@dataclass(frozen=True)
class Calibration:
    """What turns the forest's answer for one target into probabilities and intervals.

    temperature, doubt : shares p become p^(1/temperature), and all classes have `doubt` alike, see `sharpened`
    floor : added in squares to the trees' disagreement, in units of the target
    width : intervals reach `width` times that to both sides
    """

    temperature: float
    doubt: float
    floor: float
    width: float


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What the forest says of samples whose groups were held out: m rows, one for each disturbed copy.

    rows : (m,) sample of each; outputs : (m, k) as the forest gives them; spread : (m,) disagreement by target
    """

    rows: Codes
    outputs: Array
    spread: dict[Target, Array]


@dataclass(frozen=True, eq=False)
class Trained:
    """A forest, what its outputs mean, how they are calibrated, and what that was learned from."""

    forest: Forest
    outputs: Outputs
    calibrations: dict[Target, Calibration]
    held_out: HeldOut


def train(
    samples: Samples,
    channels: Sequence[Channel],
    params: TrainingParams | None = None,
    reporter: Reporter | None = None,
) -> Trained:
    """Train the forest of one metal for one set of inputs, and calibrate it on groups held out in turn.

    channels : how each input is disturbed and seen
    """
    params, reporter = params or TrainingParams(), reporter or Silent()
    rng = seeded("measured", params.seed, samples.metal)
    outputs = Outputs.of(samples)
    fold = fold_of(samples.groups, quantile_strata(samples.bond_length), params.folds, rng)
    reporter.start(f"Training for {samples.metal}, {' + '.join(each.name for each in channels)}", params.folds + 1)
    parts = []
    try:
        for k in range(params.folds):
            forest = fit(samples.take(np.flatnonzero(fold != k)), channels, outputs, params, rng)
            rows = np.repeat(np.flatnonzero(fold == k), SEEN_AGAIN)
            features = see(samples.take(rows), channels, rng)
            parts.append(HeldOut(rows, *told(Trees.of(forest), features, outputs)))
            reporter.advance()
        forest = fit(samples, channels, outputs, params, rng)
        reporter.advance()
    finally:
        reporter.finish()
    held = HeldOut(
        np.concatenate([part.rows for part in parts]),
        np.vstack([part.outputs for part in parts]),
        {target: np.concatenate([part.spread[target] for part in parts]) for target in Target},
    )
    doubt = min(each.doubt for each in channels)
    return Trained(forest, outputs, {t: calibrate(samples, outputs, held, t, doubt) for t in Target}, held)


def fit(
    samples: Samples, channels: Sequence[Channel], outputs: Outputs, params: TrainingParams, rng: np.random.Generator
) -> Forest:
    """Fit a forest to disturbed copies of samples and of mixtures of them."""
    from firstshell.study.forest import fit_forest  # loads scikit-learn, which answers do not need

    count = 0 if any(each.whole for each in channels) else round(params.mixtures * len(samples))
    whole = joined(samples, mixed(samples, count, rng)) if count else samples
    share = whole.weights / whole.weights.sum()
    many = whole.take(np.sort(rng.choice(len(whole), len(whole) * params.copies, p=share)))
    forest = fit_forest(
        see(many, channels, rng),
        outputs.encode(many),
        trees=params.trees,
        max_features=params.max_features,
        min_samples_leaf=params.min_samples_leaf,
        seed=params.seed,
        threads=-1,
    )
    forest.n_jobs = 1  # threads add trees up in the order they end: answers would differ in the last digit
    return forest


def see(samples: Samples, channels: Sequence[Channel], rng: np.random.Generator) -> Array:
    """Return (n, q) features of disturbed samples."""
    return np.hstack([each.features(each.disturbed(samples, rng)) for each in channels])


def calibrate(samples: Samples, outputs: Outputs, held: HeldOut, target: Target, doubt: float) -> Calibration:
    """Return what makes a target's probabilities and intervals those that held-out groups ask for.

    doubt : share that all classes have alike, see `Channel.doubt`
    """
    weights, truth = samples.weights[held.rows], samples.truth(target)[held.rows]
    temperature = 1.0
    if target.is_class:
        shares = held.outputs[:, outputs.columns(target)]
        temperature = best_temperature(shares, samples.classes[target].shares[held.rows], weights, doubt)
    averages = values(outputs, target, held.outputs, temperature, doubt)
    floor = max(1e-4, 0.5 * float(np.sqrt(np.average((averages - truth) ** 2, weights=weights))))
    scores = np.abs(averages - truth) / np.hypot(held.spread[target], floor)
    return Calibration(temperature, doubt, floor, conformal_quantile(scores, weights, COVERAGE))


def values(outputs: Outputs, target: Target, found: Array, temperature: float, doubt: float) -> Array:
    """Return the (n,) mean values of a target by calibrated probabilities, or in Å."""
    if not target.is_class:
        return outputs.averages(target, found)
    return np.asarray(sharpened(found[:, outputs.columns(target)], temperature, doubt) @ outputs.classes(target))


def best_temperature(shares: Array, truth: Array, weights: Array, doubt: float) -> float:
    """Return the temperature at which shares (n, k) tell true ones best, by their cross entropy."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        p = sharpened(shares, float(np.exp(log_temperature)), doubt)
        return float(-np.average((truth * np.log(p)).sum(axis=1), weights=weights))

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))


def sharpened(shares: Array, temperature: float, doubt: float) -> Array:
    """Return shares (n, k) to the power 1/temperature, all classes having `doubt` alike, adding to one."""
    powers = np.clip(shares, FAINT, None) ** (1.0 / temperature)
    return np.asarray((1.0 - doubt) * powers / powers.sum(axis=1, keepdims=True) + doubt / shares.shape[1])


def conformal_quantile(scores: Array, weights: Array, coverage: float) -> float:
    """Return the score that `coverage` of the weight stays below, one sample more being counted (split conformal).

    Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005); weights count materials, not copies.
    """
    order = np.argsort(scores)
    reached = np.cumsum(weights[order]) / weights.sum()
    effective = weights.sum() ** 2 / (weights**2).sum()
    wanted = min(1.0, ceil(coverage * (effective + 1)) / effective)
    return float(scores[order][min(int(np.searchsorted(reached, wanted)), len(scores) - 1)])
