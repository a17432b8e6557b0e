"""Builds that are killed with SIGKILL at seeded random moments and started again; a program of its own, for it forks.

Usage: python kills.py FOLDER MOMENTS. Prints, as JSON, how many kills came before the dataset was there, and how many
of the datasets made in the second run differ from an undisturbed one.
"""

import json
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from firstshell import simulation as modalities
from firstshell.dataset.materials import Material
from firstshell.dataset.pipeline import build_dataset
from firstshell.dataset.table import excluded_path
from firstshell.errors import EngineError
from firstshell.io.structures.files import read_structure
from firstshell.simulation import xanes
from firstshell.types import Spectrum

CRYSTALS = Path(__file__).parents[1] / "data" / "structures"  # run by itself, it knows no module of the tests
SEED = 20240917


def stand_in(structure, metal, site, params):
    """A spectrum that depends on the site, in some milliseconds; of cuprite the engine fails."""
    time.sleep(0.01)
    if structure.composition.reduced_formula == "Cu2O":
        raise EngineError("no field can be believed")
    grid = modalities.get("xanes").grid(params, metal)
    values = np.arctan(np.linspace(-20, 20, len(grid)) + structure.volume / 100 + site.index) / np.pi + 0.5
    return Spectrum(grid, values, "xanes", "μ(E)", "edge steps", metal, site.index)


def build(out):
    """Build three crystals in this process."""
    names = {"MnO.cif": "Mn", "cuprite.cif": "Cu", "magnetite.cif": "Fe"}
    crystals = [Material(n, metal, read_structure(CRYSTALS / n), "natural", "g", n) for n, metal in names.items()]
    build_dataset(crystals, out, workers=0)


def killed_after(seconds, out):
    """Build in a child, and kill it after `seconds`; whether that came before the dataset was there."""
    child = os.fork()
    if child == 0:
        build(out)
        os._exit(0)
    time.sleep(seconds)
    unfinished = not out.exists()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return unfinished


def main(folder, moments):
    """Kill as many builds, each at its own moment, and build each again."""
    xanes.modality = replace(xanes.modality, simulate_site=stand_in)
    build(folder / "first.parquet")  # what is compiled on first use is compiled now
    whole, begun = folder / "whole.parquet", time.monotonic()
    build(whole)
    seconds, draw = time.monotonic() - begun, random.Random(SEED)
    early, differ = 0, 0
    for i in range(moments):
        out = folder / f"{i}.parquet"
        if killed_after(draw.random() * seconds, out):
            early += 1
        else:
            seconds /= 2  # the machine has become faster since
        build(out)
        differ += any(of(out).read_bytes() != of(whole).read_bytes() for of in (Path, excluded_path))
    print(json.dumps({"early": early, "differ": differ}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
