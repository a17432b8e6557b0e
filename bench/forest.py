"""Fitting time of scikit-learn-intelex against scikit-learn on the same splits, and the difference of their scores.

Usage: python bench/forest.py DATASET.parquet [--splits 10]
Writes bench/results/forest.json. Times are CPU seconds of fitting, the copy into a plain scikit-learn forest included.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.dataset.table import read_dataset
from firstshell.runtime.store import write_text
from firstshell.study.compare import corrected_test, improvement_of
from firstshell.study.features import design_matrix, source_matrices
from firstshell.study.forest import fit_forest
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import choose_samples, held_out, study_metals
from firstshell.study.scores import main_scores
from firstshell.types import Target, main_metric

BACKENDS = ("sklearn", "intelex")
RESULTS = Path(__file__).parent / "results" / "forest.json"


def measure(features: Any, samples: Any, plan: StudyPlan, splits: int) -> dict[str, Any]:
    """Fit both backends on each split in turn; return seconds, ratio and the paired difference of the main metric."""
    metric = main_metric(samples.target)
    seconds: dict[str, list[float]] = {name: [] for name in BACKENDS}
    merit: dict[str, list[float]] = {name: [] for name in BACKENDS}
    for repeat in range(splits):
        held = held_out(samples, plan, "grouped", repeat)
        for name in BACKENDS:
            start = time.process_time()
            forest = fit_forest(
                features[~held],
                samples.labels[~held],
                trees=plan.forest.trees[0],
                max_features=plan.forest.max_features[0],
                seed=repeat,
                backend=name,
            )
            seconds[name].append(time.process_time() - start)
            predicted = forest.predict(features[held])[None]
            mean = float(np.mean(samples.labels))
            merit[name].append(float(main_scores(samples.target, samples.labels[held], predicted, mean)[0]))
    improvement = improvement_of(metric, np.array(merit["sklearn"]), np.array(merit["intelex"]))
    answer = corrected_test(improvement, plan.test_fraction / (1 - plan.test_fraction))
    sklearn, intelex = (float(np.median(seconds[name])) for name in BACKENDS)
    return {
        "samples": len(samples.rows),
        "features": features.shape[1],
        "sklearn_seconds": sklearn,
        "intelex_seconds": intelex,
        "ratio": sklearn / intelex,
        "metric": metric.value,
        "sklearn_score": float(np.mean(merit["sklearn"])),
        "improvement": answer.difference,
        "interval": [answer.low, answer.high],
        "p_value": answer.p_value,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--splits", type=int, default=10)
    arguments = parser.parse_args()
    plan, data = StudyPlan(repeats=arguments.splits), read_dataset(arguments.dataset)
    matrices = source_matrices(data, plan)
    warm = np.random.default_rng(0).normal(size=(40, 5))  # imports and thread pools are not what is measured
    for name in BACKENDS:
        fit_forest(warm, np.arange(40) % 2, trees=2, max_features=2, backend=name)
    found: dict[str, Any] = {}
    for metal, target in product(study_metals(data, plan), Target):
        samples = choose_samples(data, plan, metal, target)
        for inputs in plan.inputs:
            features = design_matrix(matrices, inputs, samples.rows)
            row = measure(features, samples, plan, arguments.splits)
            found[f"{metal} {target.value} {inputs}"] = row
            print(f"{metal} {target.value:20s} {inputs:11s} {_line(row)}", flush=True)
    kinds = {"classes": ["f1_weighted"], "lengths": ["rmse_percent"], "all": ["f1_weighted", "rmse_percent"]}
    ratios = {
        kind: float(np.exp(np.mean([np.log(row["ratio"]) for row in found.values() if row["metric"] in metrics])))
        for kind, metrics in kinds.items()
    }
    print("geometric mean of the ratios:", ", ".join(f"{kind} {ratio:.1f}" for kind, ratio in ratios.items()))
    about = {
        "machine": platform.machine(),
        "processor": _processor(),
        "threads": 1,
        "versions": {n: version(n) for n in ("scikit-learn", "scikit-learn-intelex", "numpy")},
        "dataset_hash": data.hash,
        "splits": arguments.splits,
        "forest": {"trees": plan.forest.trees[0], "max_features": plan.forest.max_features[0]},
        "geometric_mean_ratio": ratios,
        "rows": found,
    }
    write_text(RESULTS, json.dumps(about, indent=1) + "\n")


def _line(row: dict[str, Any]) -> str:
    low, high = row["interval"]
    return (
        f"{row['sklearn_seconds']:.3f} s / {row['intelex_seconds']:.3f} s = {row['ratio']:.1f}   {row['metric']} "
        f"{row['sklearn_score']:.3f}, improvement {row['improvement']:+.4f} ({low:+.4f} to {high:+.4f})"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


if __name__ == "__main__":
    main()
