"""Training of a model for measured spectra: a forest on disturbed simulations, calibrated on materials held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from firstshell.errors import InputError
from firstshell.prediction.channels import Channel, XanesChannel
from firstshell.prediction.damping import Damping, learn_damping
from firstshell.prediction.forest_output import evaluate_forest
from firstshell.prediction.outputs import Outputs
from firstshell.prediction.training_set import Samples, joined, mixed
from firstshell.runtime.progress import Reporter, Silent, stage
from firstshell.study.splits import Codes, fold_of, quantile_strata, seeded
from firstshell.study.trees import Trees
from firstshell.types import Array, Target

if TYPE_CHECKING:
    from sklearn.ensemble import ExtraTreesRegressor

COVERAGE = 0.9
FAINT = 1e-3
"""Least share that a class is given before shares are sharpened or softened."""
LEAST_CLASS = 20
"""Samples, by weight, from which on a class has an interval of its own."""
TOWARDS_LIKELIEST = 3.0
"""What makes a coordination number nearly its median, which is off by the least, and not a mean of six and eight."""
MOST_COPIES = 8000
CHECKED_TREES = 50
"""Trees of the forests that calibrations are learned from, which do not need as many."""
CALIBRATION_COPIES = 3
"""Disturbed copies of each held-out sample that calibration looks at."""
LEVELS = (np.arange(20) + 0.5) / 20
"""Quantiles of the scores of simulations that are kept beside those of measured standards."""


@dataclass(frozen=True)
class TrainingParams:
    """How a model is trained.

    copies : disturbed copies of every sample that the forest sees; fewer where there would be over `MOST_COPIES` in all
    mixtures : mixtures of two samples, as a part of the number of samples; none where an input is of whole materials
    mixed_share : what all mixtures together count for
    trees, max_features, min_samples_leaf : of the forest
    folds : cross-validation folds, whole groups in each, that probabilities and intervals are calibrated on
    """

    copies: int = 8
    mixtures: float = 0.5
    mixed_share: float = 0.1
    trees: int = 100
    max_features: int = 60
    min_samples_leaf: int = 3
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (("copies", 1, 100), ("trees", 1, 1000), ("folds", 2, 20), ("min_samples_leaf", 1, 100)):
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} = {getattr(self, name)} is out of range", remedy=f"Give {low} to {high}")
        if not 0 <= self.mixtures <= 10:
            raise InputError(f"mixtures = {self.mixtures} is out of range", remedy="Give 0 to 10")
        if not 0 <= self.mixed_share < 1:
            raise InputError(f"mixed_share = {self.mixed_share} is out of range", remedy="Give 0 to less than 1")


@dataclass(frozen=True)
class Calibration:
    """What turns the forest's answer for one target into probabilities and intervals.

    temperature, doubt : shares p become p^(1/temperature), and all classes have `doubt` alike, see `sharpened`
    floor : added in squares to the trees' disagreement, in units of the target
    widths : intervals reach this many times that to both sides; by the class that is likeliest: of the target itself,
        or of the coordination number for bond lengths
    scores : quantiles at `LEVELS` of the errors in units of that, by the same class
    """

    temperature: float
    doubt: float
    floor: float
    widths: tuple[float, ...]
    scores: tuple[tuple[float, ...], ...]


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
    """A forest, what its outputs mean, how they are calibrated, and what that was learned from.

    damping : what infers the over-absorption of XANES; None without any
    """

    forest: ExtraTreesRegressor
    outputs: Outputs
    damping: Damping | None
    calibrations: dict[Target, Calibration]
    held_out: HeldOut


def train(
    samples: Samples,
    channels: Sequence[Channel],
    params: TrainingParams | None = None,
    reporter: Reporter | None = None,
) -> Trained:
    """Train the forest of one metal for one set of inputs, and calibrate it on groups held out in turn.

    channels : how each input is disturbed and turned into features
    """
    params, reporter = params or TrainingParams(), reporter or Silent()
    rng = seeded("measured", params.seed, samples.metal)
    outputs = Outputs.of(samples)
    fold = fold_of(samples.groups, quantile_strata(samples.bond_length), params.folds, rng)
    parts, fewer = [], min(params.trees, CHECKED_TREES)
    label = f"Training for {samples.metal}, {' + '.join(each.name for each in channels)}"
    with stage(reporter, label, params.folds + 1):
        for k in range(params.folds):
            known = samples.take(np.flatnonzero(fold != k))
            trees = Trees.of(fit(known, channels, outputs, replace(params, trees=fewer), rng))
            rows = np.repeat(np.flatnonzero(fold == k), CALIBRATION_COPIES)
            spectra = {each.name: each.disturbed(samples.take(rows), rng) for each in channels}
            output = evaluate_forest(trees, outputs, channels, damping_of(known, channels, rng), spectra)
            parts.append(HeldOut(rows, output.outputs, output.spread))
            reporter.advance()
        forest = fit(samples, channels, outputs, params, rng)
        damping = damping_of(samples, channels, rng)
        reporter.advance()
    held = HeldOut(
        np.concatenate([part.rows for part in parts]),
        np.vstack([part.outputs for part in parts]),
        {target: np.concatenate([part.spread[target] for part in parts]) for target in Target},
    )
    doubt = min(each.doubt for each in channels)
    return Trained(forest, outputs, damping, {t: calibrate(samples, outputs, held, t, doubt) for t in Target}, held)


def damping_of(samples: Samples, channels: Sequence[Channel], rng: np.random.Generator) -> Damping | None:
    """Return what infers the over-absorption of XANES; None where there are none, or none that transfers disturb."""
    for each in channels:
        if isinstance(each, XanesChannel) and each.population is not None:
            return learn_damping(samples, each, rng)
    return None


def fit(
    samples: Samples, channels: Sequence[Channel], outputs: Outputs, params: TrainingParams, rng: np.random.Generator
) -> ExtraTreesRegressor:
    """Fit a forest of extremely randomised trees to disturbed copies of samples and of mixtures of them.

    Geurts, Ernst and Wehenkel, Mach. Learn. 63, 3 (2006); docs/decisions/measured-answers.md has what else was tried.
    """
    from sklearn.ensemble import ExtraTreesRegressor  # loads scikit-learn, which answers do not need

    count = 0 if any(each.whole for each in channels) else round(params.mixtures * len(samples))
    whole = joined(samples, mixed(samples, count, rng)) if count else samples
    copies = max(1, min(params.copies, MOST_COPIES // len(whole)))
    many = whole.take(np.repeat(np.arange(len(whole)), copies))
    features = draw_features(many, channels, rng)
    forest = ExtraTreesRegressor(
        params.trees,
        max_features=min(params.max_features, features.shape[1]),
        min_samples_leaf=params.min_samples_leaf,
        random_state=params.seed,
        n_jobs=-1,
    ).fit(features, outputs.encode(many), sample_weight=np.repeat(_counted(whole, count, params), copies))
    forest.n_jobs = 1  # threads add trees up in the order they end: answers would differ in the last digit
    return forest


def _counted(whole: Samples, mixtures: int, params: TrainingParams) -> Array:
    """Return what each sample counts for, one on average; the last `mixtures` of them are mixtures."""
    share = whole.weights / whole.weights.sum()
    if mixtures:
        pure = slice(0, len(whole) - mixtures)
        share[pure] *= (1.0 - params.mixed_share) / share[pure].sum()
        share[-mixtures:] *= params.mixed_share / share[-mixtures:].sum()
    return np.asarray(share * len(whole))


def draw_features(samples: Samples, channels: Sequence[Channel], rng: np.random.Generator) -> Array:
    """Return (n, q) features of disturbed samples."""
    return np.hstack([each.features(each.disturbed(samples, rng)) for each in channels])


def calibrate(samples: Samples, outputs: Outputs, held: HeldOut, target: Target, doubt: float) -> Calibration:
    """Return what makes a target's probabilities and intervals those that held-out groups support.

    doubt : share that all classes have alike, see `Channel.doubt`
    """
    weights, truth = samples.weights[held.rows], samples.truth(target)[held.rows]
    temperature = 1.0
    if target.is_class:
        shares = held.outputs[:, outputs.columns(target)]
        temperature = best_temperature(shares, samples.classes[target].shares[held.rows], weights, doubt)
    averages = values(outputs, target, held.outputs, temperature, doubt)
    floor = max(1e-4, 0.5 * float(np.sqrt(np.average((averages - truth) ** 2, weights=weights))))
    scores = np.abs(averages - truth) / disagreement(held.spread[target], floor)
    classes = likeliest(outputs, target, held.outputs)
    widths = class_widths(scores, weights, classes)
    levels = tuple(_quantiles(scores, weights, classes == own) for own in range(len(widths)))
    return Calibration(temperature, doubt, floor, widths, levels)


def disagreement(spread: Array, floor: float) -> Array:
    """Return what intervals are multiples of: the (n,) spread over trees, and a `Calibration.floor`, in squares."""
    return np.asarray(np.hypot(spread, floor))


def _quantiles(scores: Array, weights: Array, chosen: Array) -> tuple[float, ...]:
    """Return the quantiles at `LEVELS` of the chosen ones of weighted scores (n,); of all where none is chosen."""
    if not chosen.any():
        chosen = np.ones(len(scores), dtype=bool)
    order = np.argsort(scores[chosen])
    reached = np.cumsum(weights[chosen][order]) / weights[chosen].sum()
    places = np.minimum(np.searchsorted(reached, LEVELS), len(order) - 1)
    return tuple(map(float, scores[chosen][order][places]))


def likeliest(outputs: Outputs, target: Target, found: Array) -> Codes:
    """Return (n,) which class is likeliest: of a target, or of the coordination number for bond lengths."""
    own = target if target.is_class else Target.COORDINATION_NUMBER
    return np.asarray(found[:, outputs.columns(own)].argmax(axis=1))


def intervals(
    outputs: Outputs,
    target: Target,
    found: Array,
    spread: Array,
    how: Calibration,
    measured: Array | None = None,
) -> tuple[Array, Array]:
    """Return the (n,) ends of the 90 % intervals, of outputs (n, k) that disagree by `spread` (n,) between trees.

    measured : by likeliest class, how many times the disagreement they reach to both sides, by measured standards; as
        simulations have it by default
    """
    means = values(outputs, target, found, how.temperature, how.doubt)
    widths = np.array(how.widths) if measured is None else measured
    own = np.minimum(likeliest(outputs, target, found), len(widths) - 1)
    wide = widths[own] * disagreement(spread, how.floor)
    low, high = means - wide, means + wide
    if not target.is_class:
        return np.maximum(low, 0.0), high
    classes = outputs.classes(target)
    return np.maximum(low, classes[0]), np.minimum(high, classes[-1])


def class_widths(scores: Array, weights: Array, classes: Codes) -> tuple[float, ...]:
    """Return the conformal quantile of the scores (n,) of each class up to the highest, that of all for rare ones.

    Intervals then hold for each likeliest class and not only on average (Mondrian conformal prediction; Vovk, Gammerman
    and Shafer, section 4.5). A class with less than `LEAST_CLASS` samples' weight has the wider of its own and of all.
    """
    whole, found = conformal_quantile(scores, weights, COVERAGE), []
    for own in range(int(classes.max()) + 1):
        rows = classes == own
        if not rows.any():
            found.append(whole)
            continue
        part = conformal_quantile(scores[rows], weights[rows], COVERAGE)
        effective = weights[rows].sum() ** 2 / (weights[rows] ** 2).sum() / CALIBRATION_COPIES
        found.append(part if effective >= LEAST_CLASS else max(part, whole))
    return tuple(found)


def values(outputs: Outputs, target: Target, found: Array, temperature: float, doubt: float) -> Array:
    """Return the (n,) values of a target: means by calibrated probabilities, or in Å.

    Coordination numbers are means by the probabilities to the power `TOWARDS_LIKELIEST`.
    """
    if not target.is_class:
        return outputs.averages(target, found)
    return means(target, sharpened(found[:, outputs.columns(target)], temperature, doubt), outputs.classes(target))


def means(target: Target, shares: Array, classes: Codes) -> Array:
    """Return the (n,) values of a class target whose classes have calibrated probabilities (n, k), see `values`."""
    if target is Target.COORDINATION_NUMBER:
        shares = sharpened(shares, 1.0 / TOWARDS_LIKELIEST, 0.0)
    return np.asarray(shares @ classes)


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
