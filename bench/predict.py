"""How long answers take once models are kept: one file by the command, a thousand spectra, and a thousand on the page.

    python bench/predict.py [FILE ...]     prints the times and writes bench/results/predict.json

FILE is a measured XANES or PDF, or several (all are timed one by one); by default a scan that is made up. The thousand
are spectra of the training samples, disturbed, written as columns and read back: the time has reading, normalising,
aligning, comparing and answering in it. The wall time of a command has the start of the interpreter in it; the CPU time
beside it is what it would take on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from firstshell.api.predict import predict
from firstshell.dataset.embedded import load_dataset
from firstshell.elements import k_edge
from firstshell.measured.xanes.augment import disturbed
from firstshell.measured.xanes.population import default_population
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.prediction.model_cache import predictor
from firstshell.prediction.training_set import collect
from firstshell.runtime.progress import Plain
from firstshell.study.splits import seeded
from firstshell.types import Target
from firstshell.web.service import Service

RESULTS = Path(__file__).parent / "results" / "predict.json"
METAL = "Fe"
MANY = 1000
REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--metal", default=METAL)
    options = parser.parse_args()
    predictor(options.metal, ["xanes"], reporter=Plain())
    with tempfile.TemporaryDirectory() as folder:
        scans = made_up(options.metal, Path(folder))
        report = {
            "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
            "load": round(os.getloadavg()[0], 1),
            "training samples": len(predictor(options.metal, ["xanes"]).domains["xanes"].names),
            "one": {Path(file).name: command(file, options.metal) for file in options.files or scans[:1]},
            "many": many(scans),
            "page": page(scans, options.metal),
        }
    print(json.dumps(report, indent=1))
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def made_up(metal: str, folder: Path) -> list[Path]:
    """Write a thousand scans as columns: 230 points from 100 eV before to 400 eV past the edge."""
    samples, rng = collect(load_dataset(), metal), seeded("bench", "predict")
    chosen = samples.take(rng.integers(len(samples), size=MANY))
    spectra = disturbed(
        chosen.grids["xanes"],
        chosen.spectra["xanes"],
        chosen.truth(Target.OXIDATION_STATE),
        default_population().of_metal(metal),
        rng,
    )
    before, past = np.arange(-100.0, ENERGY[0] - 2, 2.0), np.arange(ENERGY[-1] + 5, 400.0, 5.0)
    paths = []
    for i, mu in enumerate(spectra):
        energy = np.concatenate([before, ENERGY, past])
        level = np.concatenate([np.zeros(len(before)), mu, np.ones(len(past))])
        paths.append(folder / f"scan_{i:04d}.dat")
        columns = np.column_stack([k_edge(metal) + energy, 0.8 * level + 0.4 - 1e-4 * energy])
        np.savetxt(paths[-1], columns, fmt="%.4f", header="energy mu")
    return paths


def command(file: str | Path, metal: str) -> dict[str, float]:
    """Return the least wall and CPU seconds of `firstshell predict FILE`."""
    wall, cpu = [], []
    for _ in range(REPEATS):
        start, used = time.perf_counter(), _cpu(resource.RUSAGE_CHILDREN)
        words = [sys.executable, "-m", "firstshell", "predict", str(file), "--metal", metal]
        subprocess.run(words, check=True, capture_output=True)
        wall.append(time.perf_counter() - start)
        cpu.append(_cpu(resource.RUSAGE_CHILDREN) - used)
    return {"wall_s": round(min(wall), 3), "cpu_s": round(min(cpu), 3)}


def many(files: list[Path]) -> dict[str, float]:
    """Return wall and CPU seconds of all files in this process."""
    start, used = time.perf_counter(), _cpu(resource.RUSAGE_SELF)
    answers = predict(files)
    wall, cpu = time.perf_counter() - start, _cpu(resource.RUSAGE_SELF) - used
    return {"spectra": len(answers), "wall_s": round(wall, 2), "cpu_s": round(cpu, 2)}


def page(files: list[Path], metal: str) -> dict[str, float]:
    """Return the wall seconds in which the program behind the page takes all files in, and answers for all at once."""
    service = Service(load_dataset, lambda metal, inputs, _radiation, _reporter: predictor(metal, inputs))
    service.warm()
    start = time.perf_counter()
    kept = [service.upload(file.read_bytes(), file.name)["spectra"][0]["id"] for file in files]
    taken = time.perf_counter() - start
    question = json.dumps({"spectra": [{"id": each} for each in kept], "metal": metal}).encode()
    service.models(metal, ["xanes"], "xray")
    start = time.perf_counter()
    found = service.answers(question)
    answered = time.perf_counter() - start
    return {"spectra": len(found["samples"]), "upload_s": round(taken, 2), "answer_s": round(answered, 2)}


def _cpu(who: int) -> float:
    found = resource.getrusage(who)
    return found.ru_utime + found.ru_stime


if __name__ == "__main__":
    main()
