"""Extremely randomised trees against the paper's random forest, on the same ten grouped splits.

Usage: python bench/forest_kind.py [DATASET.parquet] [--splits 10] [--metal Cu,Fe]
Writes bench/results/forest_kind.json. Times are CPU seconds of fitting.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import product
from pathlib import Path

import numpy as np

from firstshell.dataset.embedded import load_dataset
from firstshell.runtime.store import write_text
from firstshell.study.compare import corrected_test, holm, improvement_of
from firstshell.study.forest import fit_forest, predict
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import held_out
from firstshell.study.scores import main_scores
from firstshell.study.trainer import prepare
from firstshell.types import Target, main_metric

RESULTS = Path(__file__).parent / "results" / "forest_kind.json"
FORESTS = {
    "random, 100 trees, 20 features": ("random", 100, 20),
    "extra, 64 trees, 20 features": ("extra", 64, 20),
    "extra, 64 trees, 40 features": ("extra", 64, 40),
    "extra, 100 trees, 20 features": ("extra", 100, 20),
}
PAPER = next(iter(FORESTS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--metal", default="")
    arguments = parser.parse_args()
    metals = tuple(part for part in arguments.metal.split(",") if part)
    plan = StudyPlan(repeats=arguments.splits, metals=metals, inputs=("xanes", "pdf", "dpdf", "xanes+dpdf"))
    shared, _ = prepare(load_dataset(arguments.dataset), plan, "sklearn")
    scores: dict[str, dict[str, list[float]]] = {}
    seconds = dict.fromkeys(FORESTS, 0.0)
    for ((metal, name), samples), inputs in product(shared.samples.items(), plan.inputs):
        features, target = shared.features(samples, inputs), Target(name)
        mean = float(np.mean(samples.labels))
        found = scores.setdefault(f"{metal} {name} {inputs}", {each: [] for each in FORESTS})
        for repeat in range(plan.repeats):
            held = held_out(samples, plan, "grouped", repeat)
            for each, (kind, trees, wide) in FORESTS.items():
                start = time.process_time()
                forest = fit_forest(
                    features[~held], samples.labels[~held], kind=kind, trees=trees, max_features=wide, seed=repeat
                )
                seconds[each] += time.process_time() - start
                predicted = predict(forest, features[held])[None]
                found[each].append(float(main_scores(target, samples.labels[held], predicted, mean)[0]))
        print(
            metal, name, inputs, {each: round(float(np.mean(values)), 3) for each, values in found.items()}, flush=True
        )
    ratio = plan.test_fraction / (1 - plan.test_fraction)
    result: dict[str, object] = {"seconds": seconds, "scores": scores}
    for each in FORESTS:
        if each == PAPER:
            continue
        for is_class in (True, False):
            answers = []
            for head, values in scores.items():
                target = Target(head.split()[1])
                if target.is_class == is_class:
                    metric = main_metric(target)
                    gain = improvement_of(metric, np.array(values[PAPER]), np.array(values[each]))
                    answers.append(corrected_test(gain, ratio))
            adjusted = holm(np.array([answer.p_value for answer in answers]))
            summary = {
                "mean improvement": float(np.mean([answer.difference for answer in answers])),
                "ahead": sum(answer.difference > 0 for answer in answers),
                "of": len(answers),
                "better": sum(answer.verdict == "helps" for answer in answers),
                "worse": sum(answer.verdict == "hurts" for answer in answers),
                "better after Holm": int(
                    sum(p < 0.05 and a.difference > 0 for p, a in zip(adjusted, answers, strict=True))
                ),
                "worse after Holm": int(
                    sum(p < 0.05 and a.difference < 0 for p, a in zip(adjusted, answers, strict=True))
                ),
            }
            result[f"{each}: {'weighted F1' if is_class else 'RMSE, % of mean'}"] = summary
            print(each, "weighted F1" if is_class else "RMSE, % of mean", summary)
    print({each: round(value, 1) for each, value in seconds.items()})
    RESULTS.parent.mkdir(exist_ok=True)
    write_text(RESULTS, json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
