"""How good answers are for measured XANES of known structure.

python validation/measured.py TRUTH.csv FOLDER [TRUTH.csv FOLDER …] [--folds N] [--data DATA] [--out OUT] [--write]

For each metal and target: right answers (within 0.5, 0.5 and 0.05 Å) beside those of the best constant, coverage and
width of the 90 % intervals, mean absolute errors, and recall by true class. OUT gets score.md, score.json, answers.csv.

Compounds that the default transfers were fitted to are answered by models whose transfers were fitted without them: the
compounds of each metal are left out in N parts in turn. 0 leaves none out. Intervals are calibrated with the errors for
all other compounds; --write makes them those that the product's intervals are calibrated with.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transfers import compound, population

from firstshell.dataset.embedded import load_dataset, oxides_of
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.measured.xanes.population import Population
from firstshell.prediction.measured_errors import FILE, MeasuredError, MeasuredErrors
from firstshell.prediction.model import Predictor
from firstshell.prediction.model_cache import predictor
from firstshell.prediction.scoring import Scored, Truth, answer_standards, read_truth
from firstshell.report.score_table import tables, write_score
from firstshell.runtime.store import write_text

METALS = ("Ti", "Mn", "Fe", "Cu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("standards", nargs="+", type=Path, help="tables of standards, each with its folder")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--metals", nargs="+", default=METALS)
    parser.add_argument("--data", type=Path, help="dataset to train on; the one that comes with firstshell by default")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = []
    for truth, folder in zip(options.standards[::2], options.standards[1::2], strict=True):
        rows = [each for each in read_truth(truth) if each.metal in options.metals]
        named = [replace(each, compound=compound(each.compound)) for each in rows if "pdf/" not in each.file]
        found.append((folder, named))
    data = None if options.data is None else oxides_of(load_dataset(options.data))
    answers = answer_held_out(found, options.folds, data)
    errors = MeasuredErrors(tuple(error for each in answers for error in each.errors))
    scored = [each.calibrated(errors) for each in answers]
    print(tables(scored))
    if options.out is not None:
        write_score(scored, options.out)
    if options.write:
        write_text(FILE, errors.to_json())


@dataclass(frozen=True, eq=False)
class Answered:
    """A standard with its answer, and the model that answered."""

    scored: Scored
    model: Predictor

    @property
    def errors(self) -> list[MeasuredError]:
        """How far the answer is off; empty where there is none, or for what is no oxide."""
        truth = self.scored.truth
        if self.scored.answer is None or not truth.is_oxide:
            return []
        said = self.model.evaluate(self.scored.answer.spectra)
        return self.model.errors_for(truth.metal, truth.compound, said, truth.values)

    def calibrated(self, errors: MeasuredErrors) -> Scored:
        """The standard with intervals that are calibrated with the errors for all other compounds."""
        if self.scored.answer is None:
            return self.scored
        truth = self.scored.truth
        model = replace(self.model, errors=errors.without(truth.metal, truth.compound))
        (predictions,) = model.predict(self.scored.answer.spectra)
        return replace(self.scored, answer=replace(self.scored.answer, predictions=predictions))


def answer_held_out(
    standards: Sequence[tuple[Path, Sequence[Truth]]], folds: int, data: Dataset | None
) -> list[Answered]:
    """Answer for every standard by models whose transfers were fitted without its compound."""
    known = sorted({(each.metal, each.compound) for _, rows in standards for each in rows})
    part = {key: [other for other in known if other[0] == key[0]].index(key) % max(folds, 1) for key in known}
    found = []
    for fold in range(max(folds, 1)):
        without = [key for key in known if part[key] == fold] if folds else []
        models = Models(population(without), data)
        for folder, rows in standards:
            own = [each for each in rows if part[each.metal, each.compound] == fold]
            if own:
                found += [Answered(each, models(each.truth.metal)) for each in answer_standards(own, folder, models)]
    return found


class Models:
    """Models with the transfers of a population."""

    def __init__(self, transfers: Population, data: Dataset | None) -> None:
        self.transfers, self.data = transfers, data

    def __call__(self, metal: str, inputs: Sequence[str] = ("xanes",), radiation: str = "xray") -> Predictor:
        """Return the model of a metal; InputError for EXAFS: answers are by XANES alone."""
        if tuple(inputs) != ("xanes",):
            raise InputError("answers are by XANES alone", remedy="validation/exafs.py takes both")
        return predictor(metal, inputs, data=self.data, population=self.transfers, radiation=radiation)


if __name__ == "__main__":
    main()
