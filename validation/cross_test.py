"""Trained on one dataset only, asked about another: what a model of the embedded data is worth elsewhere.

python validation/cross_test.py TEST.parquet [--train TRAIN.parquet] [--metal Cu] [--splits 5] [--trees 200]

TEST : for instance of `firstshell import-feff`; of each split a quarter of its formulas is asked about, and nothing of
    these formulas is trained on
TRAIN : the whole dataset that comes with firstshell by default

Prints, for oxides alone and for all first shells as training and as test, the root mean square error of bond lengths of
materials whose coordination number is 4 to 6, in % of the mean, and the weighted F1 of the coordination number, with
standard deviations over the splits; then the spread of bond lengths within each class of both datasets.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.metrics import f1_score

from firstshell.dataset import embedded
from firstshell.dataset.table import Dataset, read_dataset

INPUTS = (("dpdf",), ("xanes",), ("xanes", "dpdf"))
CLASS = ["oxidation_state", "coordination_number"]
SHARE = 0.25
OXIDES = "oxides"
LEAST = 10
"""Materials of a class whose spread is shown."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test", type=Path)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--metal", default="Cu")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--trees", type=int, default=200)
    options = parser.parse_args()
    whole = read_dataset(options.train) if options.train else embedded.load_everything()
    test = read_dataset(options.test)
    asked = {name: labelled(data.select(options.metal, "material")) for name, data in by_shell(test).items()}
    for name, data in by_shell(whole).items():
        train = labelled(data.select(options.metal, "material"))
        print(f"\ntrained on {len(train.frame)} materials ({name})")
        for other, data in asked.items():
            for inputs in INPUTS:
                scores = np.array([score(train, data, inputs, s, options.trees) for s in range(options.splits)])
                (length, f1), (dl, df) = scores.mean(axis=0), scores.std(axis=0, ddof=1)
                shown = f"length {length:.2f} ± {dl:.2f} %   CN F1 {f1:.3f} ± {df:.3f}"
                print(f"{'+'.join(inputs):12s} asked about {len(data.frame)} ({other}): {shown}", flush=True)
    print(f"\nspread of bond lengths within classes of {LEAST} or more materials, Å")
    columns = {
        name: by_shell(data)[OXIDES].select(options.metal, "material")
        for name, data in (("trained on", whole), ("test", test))
    }
    print(pd.concat({name: spread(data) for name, data in columns.items()}, axis=1).to_string())


def by_shell(data: Dataset) -> dict[str, Dataset]:
    """Return the oxides of a dataset, and all of it; as one where its first shells are not known."""
    return (
        {OXIDES: embedded.oxides_of(data), "all first shells": data} if data.frame["ligand"].any() else {OXIDES: data}
    )


def labelled(data: Dataset) -> Dataset:
    known = data.frame[["coordination_number", "bond_length"]].notna().all(axis=1)
    return data.take(np.flatnonzero(known.to_numpy()))


def score(train: Dataset, test: Dataset, inputs: tuple[str, ...], seed: int, trees: int) -> tuple[float, float]:
    """Return the error of lengths in % and the F1 of coordination numbers of one split."""
    formulas = np.sort(test.frame["formula"].unique())
    asked = set(np.random.default_rng(seed).permutation(formulas)[: round(SHARE * len(formulas))])
    test = test.take(np.flatnonzero(test.frame["formula"].isin(asked).to_numpy()))
    train = train.take(np.flatnonzero(~train.frame["formula"].isin(asked).to_numpy()))
    x, y = (np.hstack([data.spectra[name] for name in inputs]) for data in (train, test))
    number = test.frame["coordination_number"].astype(int).to_numpy()
    lengths = test.frame["bond_length"].to_numpy(float)
    regressor = ExtraTreesRegressor(trees, max_features=1 / 3, random_state=seed).fit(x, train.frame["bond_length"])
    classifier = ExtraTreesClassifier(trees, random_state=seed).fit(x, train.frame["coordination_number"].astype(int))
    middle = (number >= 4) & (number <= 6)
    missed = (regressor.predict(y) - lengths)[middle]
    f1 = f1_score(number, classifier.predict(y), average="weighted")
    return 100 * float(np.sqrt(np.mean(missed**2)) / lengths[middle].mean()), float(f1)


def spread(data: Dataset) -> pd.DataFrame:
    """Return number and standard deviation of bond lengths of each class of materials."""
    of_class = data.frame.groupby(CLASS)["bond_length"].agg(["size", "std"])
    return of_class[of_class["size"] >= LEAST].round(3)


if __name__ == "__main__":
    main()
