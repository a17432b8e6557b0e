"""How far the answers' own uncertainties can be believed, on materials held out.

python bench/calibration.py     how often 90 % intervals hold, and the expected calibration error of class
    probabilities, beside that of a perfectly calibrated model of as many samples, by metal and inputs; writes
    bench/results/coverage.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.dataset import embedded
from firstshell.measured.models import channels_of
from firstshell.measured.population import default_population
from firstshell.measured.samples import Samples, collect
from firstshell.measured.training import HeldOut, Trained, calibrate, sharpened, train, values
from firstshell.store import write_atomic
from firstshell.types import Array, Target
from oxides import METALS

RESULTS = Path(__file__).parent / "results"
DRAWS = 100


def main() -> None:
    """Calibrate on one half of the held-out groups, and test on the other, many times."""
    data, results = embedded.load_dataset(), {}
    for metal in METALS:
        for inputs in (("xanes",), ("pdf",), ("xanes", "pdf")):
            channels = channels_of(inputs, default_population().of_metal(metal))
            chosen = collect(data, metal, whole=any(channel.whole for channel in channels))
            made = train(chosen, channels)
            results[f"{metal} {'+'.join(inputs)}"] = found = {t.value: half_by_half(chosen, made, t) for t in Target}
            print(metal, "+".join(inputs).ljust(10), found, flush=True)
    text = json.dumps(results, indent=1) + "\n"
    write_atomic(RESULTS / "coverage.json", lambda path: path.write_text(text, encoding="utf-8"))


def half_by_half(chosen: Samples, made: Trained, target: Target, repeats: int = 100) -> dict[str, float]:
    """Mean coverage of 90 % intervals, and expected calibration error in ten bins, over random halves of the groups."""
    rng, held, covered, asked = np.random.default_rng(0), made.held_out, [], []
    for _ in range(repeats):
        first = rng.permutation(chosen.groups.max() + 1) % 2 == 0
        mine = first[chosen.groups[held.rows]]
        how = calibrate(chosen, made.outputs, part(held, mine), target)
        other = part(held, ~mine)
        weights, truth = chosen.weights[other.rows], chosen.truth(target)[other.rows]
        means = values(made.outputs, target, other.outputs, how.temperature)
        reach = how.width * np.hypot(other.spread[target], how.floor)
        covered.append(float(np.average(np.abs(means - truth) <= reach, weights=weights)))
        if target.is_class:
            shares = sharpened(other.outputs[:, made.outputs.columns(target)], how.temperature)
            true = chosen.classes[target].shares[other.rows]
            right = true[np.arange(len(true)), shares.argmax(axis=1)]
            asked.append((shares.max(axis=1), right, weights, np.flatnonzero(~mine)))
    found = {"coverage": round(float(np.mean(covered)), 3)}
    if asked:
        confidence, right, weights, rows = (np.concatenate(each) for each in zip(*asked, strict=True))
        found["ece"] = round(calibration_error(confidence, right, weights), 3)
        # What is right by chance alone: a sample's disturbed copies stand and fall together, in all halves alike.
        luck = [rng.random(len(chosen))[held.rows[rows]] < confidence for _ in range(DRAWS)]
        chance = [calibration_error(confidence, each.astype(float), weights) for each in luck]
        found |= {
            "ece_by_chance": round(float(np.mean(chance)), 3),
            "ece_at_most": round(float(np.quantile(chance, 0.95)), 3),
        }
    return found


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
