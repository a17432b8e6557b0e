"""How good answers are on measured spectra of known structure.

python validation/measured.py TRUTH.csv FOLDER [TRUTH.csv FOLDER …] [--folds N] [--out OUT]

For each metal and target: right answers (within 0.5, 0.5 and 0.05 Å) beside those of the best constant, coverage and
width of the 90 % intervals, mean absolute errors, and recall by true class. OUT gets score.md, score.json, answers.csv.

Compounds that the default transfers were fitted to are asked of models whose transfers were fitted without them: the
compounds of each metal are left out in N parts in turn. 0 leaves none out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from transfers import compound, population

from firstshell.measured.xanes.population import Population
from firstshell.prediction.model import Predictor
from firstshell.prediction.model_cache import predictor
from firstshell.prediction.scoring import Scored, Truth, ask, read_truth
from firstshell.report.score_table import tables, write_score

METALS = ("Ti", "Mn", "Fe", "Cu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("standards", nargs="+", type=Path, help="tables of standards, each with its folder")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--metals", nargs="+", default=METALS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = []
    for truth, folder in zip(options.standards[::2], options.standards[1::2], strict=True):
        rows = [each for each in read_truth(truth) if each.metal in options.metals]
        named = [replace(each, compound=compound(each.compound)) for each in rows if "pdf/" not in each.file]
        found.append((folder, named))
    scored = answered(found, options.folds)
    print(tables(scored))
    if options.out is not None:
        write_score(scored, options.out)


def answered(standards: Sequence[tuple[Path, Sequence[Truth]]], folds: int) -> list[Scored]:
    """Ask about every standard models whose transfers do not know its compound."""
    known = sorted({(each.metal, each.compound) for _, rows in standards for each in rows})
    part = {key: [other for other in known if other[0] == key[0]].index(key) % max(folds, 1) for key in known}
    scored = []
    for fold in range(max(folds, 1)):
        without = [key for key in known if part[key] == fold] if folds else []
        models = Models(population(without))
        for folder, rows in standards:
            asked = [each for each in rows if part[each.metal, each.compound] == fold]
            if asked:
                scored += ask(asked, folder, models)
    return scored


class Models:
    """Models with the transfers of a population."""

    def __init__(self, transfers: Population) -> None:
        self.transfers = transfers

    def __call__(self, metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
        """Return the model of a metal for a list of inputs."""
        return predictor(metal, inputs, population=self.transfers, radiation=radiation)


if __name__ == "__main__":
    main()
