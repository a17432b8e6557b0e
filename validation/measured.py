"""How good answers are on measured spectra of known structure.

python validation/measured.py TRUTH.csv FOLDER [TRUTH.csv FOLDER …] [--out OUT]

For each metal and target: right answers (within 0.5, 0.5 and 0.05 Å) beside those of the best constant, coverage and
width of the 90 % intervals, mean absolute errors, and recall by true class. OUT gets score.md, score.json, answers.csv.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from firstshell.prediction.model import Predictor
from firstshell.prediction.model_cache import predictor
from firstshell.prediction.scoring import ask, read_truth
from firstshell.report.score_table import tables, write_score

METALS = ("Ti", "Mn", "Fe", "Cu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("standards", nargs="+", type=Path, help="tables of standards, each with its folder")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    pairs = zip(options.standards[::2], options.standards[1::2], strict=True)
    found = []
    for truth, folder in pairs:
        asked = [each for each in read_truth(truth) if each.metal in METALS]
        found += ask(asked, folder, models)
    print(tables(found))
    if options.out is not None:
        write_score(found, options.out)


def models(metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
    return predictor(metal, inputs, radiation=radiation)


if __name__ == "__main__":
    main()
