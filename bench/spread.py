"""What a wider spread of energy shifts in training costs, and what it saves where energies are off.

python bench/spread.py [SPREAD ...]      eV, by default that of the standards, 1.0 and 1.2; about 5 minutes; writes
    bench/results/spread.json

For each target: the score on held-out groups of Ti, Mn, Fe and Cu after the mean transfer, and how much worse it gets
at +- 1 and +- 2 eV, with standard errors over metals and repeats. `plain` knows the mean transfer only; `as simulated`
is trained on simulations as they are, on tabulated energies, and asked about such.
"""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from firstshell.dataset import embedded
from firstshell.measured.xanes.population import Population, default_population
from firstshell.prediction import robustness
from firstshell.prediction.channels import Channel, XanesChannel
from firstshell.prediction.training import TrainingParams
from firstshell.prediction.training_set import collect
from firstshell.study.splits import hold_out, quantile_strata, seeded
from oxides import METALS

RESULTS = Path(__file__).parent / "results" / "spread.json"
REPEATS = 4
PARAMS = TrainingParams(copies=6, trees=40)
SHIFTS = (robustness.XANES[0],)


def main() -> None:
    spreads = [float(word) for word in sys.argv[1:]] or [round(default_population().spread["shift"], 2), 1.0, 1.2]
    data = embedded.load_dataset()
    rows = []
    for metal in METALS:
        samples, population = collect(data, metal), default_population().of_metal(metal)
        for repeat in range(REPEATS):
            rng = seeded("spread", metal, repeat)
            held = np.unique(samples.groups[hold_out(samples.groups, quantile_strata(samples.bond_length), 0.25, rng)])
            for label, (channel, asked) in models(population, spreads).items():
                rng = seeded("spread", metal, repeat, label)
                model = robustness.Model(channel, samples, asked, samples)
                for (_, _, amount), (target, _), value in robustness.scores(model, held, SHIFTS, PARAMS, rng):
                    rows.append((metal, repeat, label, target, abs(amount), value))
        print(metal, flush=True)
    table = summary(pd.DataFrame(rows, columns=["metal", "repeat", "model", "target", "amount", "value"]))
    print(table.to_string())
    record = {"machine": platform.machine(), "repeats": REPEATS, "rows": table.reset_index().to_dict("records")}
    RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def models(population: Population, spreads: list[float]) -> dict[str, tuple[Channel, Channel]]:
    """Return how each model is trained, and the channel of what it is asked about."""
    made = robustness.xanes_channels(population)
    _, asked = made.pop("augmented")
    for spread in spreads:
        wide = XanesChannel(replace(population, spread=population.spread | {"shift": spread}))
        made[f"augmented, {spread:g} eV"] = (wide, asked)
    return made


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard error of the score at no shift, and of what 1 and 2 eV change of it."""
    by = ["metal", "repeat", "model", "target"]
    score = found.groupby([*by, "amount"])["value"].mean().unstack()
    parts = {"score": score[0.0], "1 eV": score[1.0] - score[0.0], "2 eV": score[2.0] - score[0.0]}
    table = pd.DataFrame(parts).groupby(["target", "model"]).agg(["mean", "sem"]).round(4)
    table.columns = [" ".join(name) for name in table.columns]
    return table


if __name__ == "__main__":
    main()
