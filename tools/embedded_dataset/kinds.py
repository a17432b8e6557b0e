"""Which kinds of crystals help: forests trained on sites of each kind, tested on other calculations of other crystals.

python -m embedded_dataset.kinds WORK TEST.parquet METAL [--limit 60] [--trees 200] [--repeats 3]

WORK : folder of the plan and the store of its sites
TEST : a dataset with sites of the metal, as `firstshell import-feff --sites` makes one

Sites of the test whose formula is that of a training crystal are left out. Printed are, by XANES and by dPDF, the root
mean square error of bond lengths over coordination numbers 4 to 6 in % of the mean, and the weighted F1 of the
coordination number; then errors by class of all kinds together.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import f1_score

from embedded_dataset.ship import finished, name_of, read_crystals
from firstshell.dataset.table import Dataset, read_dataset
from firstshell.types import Array

TRIALS: dict[str, tuple[str, ...]] = {
    "natural, first edition": ("old",),
    "+ other natural oxides": ("old", "natural"),
    "+ natural, distorted": ("old", "natural distorted"),
    "+ decorated": ("old", "decorated"),
    "+ non-oxygen shells": ("old", "other"),
    "+ derived, distorted": ("old", "derived distorted"),
    "+ derived, relaxed": ("old", "derived"),
    "+ decorated and non-oxygen": ("old", "natural", "decorated", "other"),
    "all but derived": ("old", "natural", "natural distorted", "decorated", "other"),
    "all, derived distorted": ("old", "natural", "natural distorted", "decorated", "other", "derived distorted"),
    "all, derived relaxed": ("old", "natural", "natural distorted", "decorated", "other", "derived"),
    "all": ("old", "natural", "natural distorted", "decorated", "other", "derived distorted", "derived"),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("metal")
    parser.add_argument("--limit", type=int, default=100, help="sites of each new kind")
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rows = [row for row in read_crystals(options.work) if row["metal"] == options.metal]
    data = finished(options.work, rows, 1)
    kinds = kinds_of(data, {name_of(row): row["kind"] for row in rows})
    test = read_dataset(options.test).select(options.metal, "site")
    test = test.take(np.flatnonzero(~test.frame["formula"].isin(set(data.frame["formula"])).to_numpy()))
    train = data.select(options.metal, "site")
    kind = kinds.loc[train.frame["id"]].to_numpy()
    print(f"{len(test.frame)} sites of the test; sites by kind: {pd.Series(kind).value_counts().to_dict()}")
    result = []
    for name, wanted in TRIALS.items():
        taken = [i for k in wanted for i in _some(np.flatnonzero(kind == k), options.limit, k)]
        if not all((kind == k).any() for k in wanted):
            continue
        for modality in ("xanes", "dpdf"):
            scores = [
                errors(train.take(np.array(taken)), test, modality, options.trees, s) for s in range(options.repeats)
            ]
            length, f1 = np.mean([s[0] for s in scores]), np.mean([s[1] for s in scores])
            result.append((name, len(taken), modality, round(float(length), 2), round(float(f1), 3)))
            print(*result[-1], sep=" | ", flush=True)
            if name == "all":
                print(scores[0][2].to_string())


def kinds_of(data: Dataset, plan: dict[str, str]) -> pd.Series[str]:
    """Return by id the kind of crystal that the trials tell apart."""
    whole = data.frame[data.frame["level"] == "material"]
    found = {}
    for row in whole.to_dict("records"):
        kind = plan[f"{row['id']}|{row['metal']}"].replace("distorted-old", "distorted-natural")
        if kind.startswith("distorted-"):
            kind = f"{kind.removeprefix('distorted-')} distorted"
        if kind != "old" and row["origin"] != "derived" and "O" not in row["ligand"].split("+"):
            kind = "other"
        found[row["id"]] = kind
    return pd.Series(found)


def errors(train: Dataset, test: Dataset, modality: str, trees: int, seed: int) -> tuple[float, float, pd.DataFrame]:
    """Return the error of lengths in %, the F1 of coordination numbers, and errors of lengths by class."""
    known = train.frame["bond_length"].notna().to_numpy() & train.frame["coordination_number"].notna().to_numpy()
    x, frame = train.spectra[modality][known], train.frame[known]
    regressor = RandomForestRegressor(trees, max_features=1 / 3, random_state=seed).fit(x, frame["bond_length"])
    classes = frame["coordination_number"].astype(int)
    classifier = RandomForestClassifier(trees, random_state=seed).fit(x, classes)
    there = test.frame["bond_length"].notna().to_numpy() & test.frame["coordination_number"].notna().to_numpy()
    y, truth = test.spectra[modality][there], test.frame[there]
    number = truth["coordination_number"].astype(int).to_numpy()
    lengths = truth["bond_length"].to_numpy(float)
    middle = (number >= 4) & (number <= 6)
    missed: Array = regressor.predict(y) - lengths
    length = 100 * np.sqrt(np.mean(missed[middle] ** 2)) / lengths[middle].mean()
    f1 = f1_score(number, classifier.predict(y), average="weighted")
    table = pd.DataFrame({"oxidation_state": truth["oxidation_state"].to_numpy(), "cn": number, "missed": missed})
    by = table.groupby(["oxidation_state", "cn"], dropna=False)["missed"]
    return float(length), float(f1), by.agg(["size", "mean", _root_mean_square]).round(3)


def _root_mean_square(values: pd.Series[float]) -> float:
    return float(np.sqrt(np.mean(values.to_numpy() ** 2)))


def _some(rows: NDArray[np.signedinteger[Any]], limit: int, kind: str) -> list[int]:
    """Return at most so many rows of a new kind, drawn at random."""
    if kind in ("old", "derived") or len(rows) <= limit:
        return [int(row) for row in rows]
    return [int(row) for row in np.random.default_rng(0).choice(rows, limit, replace=False)]


if __name__ == "__main__":
    main()
