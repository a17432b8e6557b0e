"""How far the answers' own uncertainties can be believed, on materials held out.

python bench/calibration.py          how often 90 % intervals hold, and the expected calibration error of class
    probabilities, beside that of a perfectly calibrated model of as many samples, by metal and inputs; writes
    bench/results/coverage.json
python bench/calibration.py doubts   cross entropy and calibration error of probabilities by the share that all classes
    have alike (`Channel.doubt`), by inputs, in the mean and at worst over metals and targets; writes
    bench/results/doubts.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.dataset import embedded
from firstshell.measured.xanes.population import default_population
from firstshell.prediction.model_cache import channels_of
from firstshell.prediction.training import HeldOut, Trained, calibrate, intervals, sharpened, train
from firstshell.prediction.training_set import Samples, collect
from firstshell.runtime.store import write_text
from firstshell.study.splits import Codes
from firstshell.types import Array, Target
from oxides import METALS

RESULTS = Path(__file__).parent / "results"
INPUTS = (("xanes",), ("pdf",), ("xanes", "pdf"))
DOUBTS = (0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12)
HALVES, DRAWS = 100, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=["coverage", "doubts"], default="coverage")
    command = parser.parse_args().command
    results = coverage() if command == "coverage" else doubts()
    text = json.dumps(results, indent=1) + "\n"
    write_text(RESULTS / f"{command}.json", text)


def coverage() -> dict[str, Any]:
    results = {}
    for metal, inputs in product(METALS, INPUTS):
        chosen, made = trained(metal, inputs)
        results[f"{metal} {'+'.join(inputs)}"] = found = {}
        for target in Target:
            halves = [*half_by_half(chosen, made, target, made.calibrations[target].doubt)]
            found[target.value] = {"coverage": round(float(np.mean([half.covered for half in halves])), 3)}
            if target.is_class:
                found[target.value] |= errors_of(halves, made.held_out.rows)
        print(metal, "+".join(inputs).ljust(10), found, flush=True)
    return results


def doubts() -> dict[str, Any]:
    results = {}
    for inputs in INPUTS:
        models = [trained(metal, inputs) for metal in METALS]
        for doubt in DOUBTS:
            cases = [
                [*half_by_half(chosen, made, target, doubt)]
                for chosen, made in models
                for target in Target
                if target.is_class
            ]
            errors = [calibration_error(*together(halves)) for halves in cases]
            entropy = np.mean([half.cross_entropy for halves in cases for half in halves])
            results[f"{'+'.join(inputs)} {doubt:g}"] = found = {
                "cross_entropy": round(float(entropy), 4),
                "ece_mean": round(float(np.mean(errors)), 4),
                "ece_most": round(float(np.max(errors)), 4),
            }
            print("+".join(inputs).ljust(10), doubt, found, flush=True)
    return results


def trained(metal: str, inputs: tuple[str, ...]) -> tuple[Samples, Trained]:
    channels = channels_of(inputs, default_population().of_metal(metal))
    chosen = collect(embedded.load_dataset(), metal, whole=any(channel.whole for channel in channels))
    return chosen, train(chosen, channels)


@dataclass(frozen=True)
class Half:
    """What calibration on one half of the groups is worth on the other.

    covered : part of the weight that lies within its interval
    rows : (m,) rows of the held-out answers; weights : (m,) theirs
    confidence, right : (m,) probability of the likeliest class, and what part of the sample is of it; empty for lengths
    cross_entropy : of the probabilities
    """

    covered: float
    rows: Codes
    weights: Array
    confidence: Array
    right: Array
    cross_entropy: float


def half_by_half(chosen: Samples, made: Trained, target: Target, doubt: float) -> Iterator[Half]:
    """Calibrate on one half of the held-out groups, and test on the other, many times."""
    rng, held = np.random.default_rng(0), made.held_out
    for _ in range(HALVES):
        first = rng.permutation(chosen.groups.max() + 1) % 2 == 0
        mine = first[chosen.groups[held.rows]]
        how = calibrate(chosen, made.outputs, part(held, mine), target, doubt)
        other = part(held, ~mine)
        weights, truth = chosen.weights[other.rows], chosen.truth(target)[other.rows]
        low, high = intervals(made.outputs, target, other.outputs, other.spread[target], how)
        covered = float(np.average((low <= truth) & (truth <= high), weights=weights))
        confidence, right, entropy = np.empty(0), np.empty(0), np.nan
        if target.is_class:
            shares = sharpened(other.outputs[:, made.outputs.columns(target)], how.temperature, doubt)
            true = chosen.classes[target].shares[other.rows]
            confidence, right = shares.max(axis=1), true[np.arange(len(true)), shares.argmax(axis=1)]
            entropy = float(-np.average((true * np.log(shares)).sum(axis=1), weights=weights))
        yield Half(covered, np.flatnonzero(~mine), weights, confidence, right, entropy)


def together(halves: Sequence[Half]) -> tuple[Array, Array, Array]:
    """Return confidence, right and weights of all halves."""
    return (
        np.concatenate([half.confidence for half in halves]),
        np.concatenate([half.right for half in halves]),
        np.concatenate([half.weights for half in halves]),
    )


def errors_of(halves: Sequence[Half], samples: Codes) -> dict[str, float]:
    """Return the calibration error, and what a perfectly calibrated model's is: in the mean, and in 95 of 100 cases.

    samples : which one each held-out row is a copy of
    """
    confidence, right, weights = together(halves)
    rows = samples[np.concatenate([half.rows for half in halves])]
    # What is right by chance alone: a sample's disturbed copies stand and fall together, in all halves alike.
    rng = np.random.default_rng(0)
    luck = [rng.random(samples.max() + 1)[rows] < confidence for _ in range(DRAWS)]
    chance = [calibration_error(confidence, each.astype(float), weights) for each in luck]
    return {
        "ece": round(calibration_error(confidence, right, weights), 3),
        "ece_by_chance": round(float(np.mean(chance)), 3),
        "ece_at_most": round(float(np.quantile(chance, 0.95)), 3),
    }


def part(held: HeldOut, chosen: Any) -> HeldOut:
    return HeldOut(held.rows[chosen], held.outputs[chosen], {t: each[chosen] for t, each in held.spread.items()})


def calibration_error(confidence: Array, right: Array, weights: Array) -> float:
    """Expected calibration error of the most probable class, in ten bins (Guo et al., ICML 2017)."""
    bins = np.minimum((confidence * 10).astype(int), 9)
    total = 0.0
    for i in np.unique(bins):
        here = bins == i
        gap = np.average(right[here], weights=weights[here]) - np.average(confidence[here], weights=weights[here])
        total += abs(gap) * weights[here].sum() / weights.sum()
    return float(total)


if __name__ == "__main__":
    main()
