"""How good the answers of EXAFS are on measured scans of known structure, alone and jointly with XANES.

python validation/exafs.py TRUTH.csv FOLDER [TRUTH.csv FOLDER …] [--folds N] [--metals METAL …] [--out OUT.json]
    [--write]    --write makes the errors of bond lengths those that joint answers of the product are weighted with

Scans whose EXAFS reaches k = 8 Å⁻¹ count. Models of EXAFS are trained without the materials that have a standard's
formula (hydrogen aside), models of XANES as validation/measured.py trains them: both in N parts in turn. For each metal
and target: right answers (within 0.5, 0.5 and 0.05 Å) and root mean square errors of XANES, EXAFS and both, the best
constant beside them, and how often the 90 % intervals hold. Joint answers are weighted with the errors for all other
compounds.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from pymatgen.core.composition import Composition
from transfers import compound, population

from firstshell.dataset.embedded import load_dataset
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.measured.read import Reading, read_samples, reason
from firstshell.prediction.answer import Answer, answer_all
from firstshell.prediction.joint import FILE, JointError, joint
from firstshell.prediction.model import Predictor
from firstshell.prediction.model_cache import predictor
from firstshell.prediction.scoring import TOLERANCE, Truth, read_truth
from firstshell.runtime.store import write_text
from firstshell.types import Prediction, Target

METALS = ("Ti", "Mn", "Fe", "Cu")
LEAST = 8.0
"""Å⁻¹."""
Shares = Mapping[Target, Mapping[int, float]]
"""The share of each class in training, by class target."""


@dataclass(frozen=True)
class Standard:
    """A measured scan: what is known of it, its file, and its formula without hydrogen, "" where that is not known."""

    truth: Truth
    file: Path
    formula: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("standards", nargs="+", type=Path, help="tables of standards, each with its folder")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--metals", nargs="+", default=METALS)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    pairs = zip(options.standards[::2], options.standards[1::2], strict=True)
    known = [
        each for table, folder in pairs for each in read_standards(table, folder) if each.truth.metal in options.metals
    ]
    found, errors = answered(known, options.folds)
    if options.write:
        write_text(FILE, "[\n" + ",\n".join(json.dumps(asdict(each)) for each in errors) + "\n]\n")
    for each, said in found:
        print(described(each, said))
    table = score(found)
    print(json.dumps(table, indent=1))
    if options.out is not None:
        options.out.write_text(json.dumps(table, indent=1), encoding="utf-8")


def read_standards(table: Path, folder: Path) -> list[Standard]:
    """Return the oxides of a table."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        formulas = {row["file"]: row.get("formula") or row.get("compound") or "" for row in csv.DictReader(file)}
    oxides = [each for each in read_truth(table) if each.is_oxide and "pdf/" not in each.file]
    return [Standard(each, folder / each.file, without_hydrogen(formulas[each.file])) for each in oxides]


def without_hydrogen(text: str) -> str:
    """Return the reduced formula in a name such as "gamma-FeOOH (…)", without hydrogen; "" where there is none."""
    try:
        whole = Composition(text.split(" ")[0].rpartition("-")[2])
        return str(Composition({element: n for element, n in whole.items() if element.Z > 1}).reduced_formula)
    except (ValueError, KeyError):
        return ""


def answered(
    standards: Sequence[Standard], folds: int
) -> tuple[list[tuple[Standard, dict[str, dict[Target, Prediction]]]], list[JointError]]:
    """Return what models that do not know its compound say of each scan, by inputs, and errors of bond lengths.

    The last inputs are the joint answer, which does not know the errors for its compound either.
    """
    keys = sorted({(each.truth.metal, compound(each.truth.compound)) for each in standards})
    part = {key: [other for other in keys if other[0] == key[0]].index(key) % folds for key in keys}
    found: list[tuple[Standard, Answer, Shares]] = []
    for fold in range(folds):
        mine = [each for each in standards if part[each.truth.metal, compound(each.truth.compound)] == fold]
        models = models_without([key for key in keys if part[key] == fold], {each.formula for each in mine} - {""})
        for each in mine:
            try:
                (sample,) = read_samples([each.file], each.truth.metal, pair=False).samples
                if sample.exafs is None or sample.exafs.end < LEAST - 0.01:
                    print(f"{each.file.name}: {sample.no_exafs or 'ends before k = 8'}")
                    continue
                (answer,) = answer_all(Reading([sample]), each.truth.metal, models, apart=models)
            except InputError as error:
                print(f"{each.file.name}: {reason(error)}")
                continue
            if not answer.alone:
                print(f"{each.file.name}: {answer.warnings[-1]}")
            found.append((each, answer, models(each.truth.metal, ("exafs",), "xray").before))
    errors = [error for each, answer, _ in found if answer.alone and (error := error_of(each, answer))]
    return [(each, joined(each, answer, before, errors)) for each, answer, before in found], errors


def error_of(each: Standard, answer: Answer) -> JointError | None:
    """Return the errors of the bond lengths from both, in halves of their intervals; None where truth is not known."""
    truth = each.truth.values.get(Target.BOND_LENGTH)
    if truth is None:
        return None
    off = []
    for name in ("xanes", "exafs"):
        said = answer.alone[name][Target.BOND_LENGTH]
        off.append(round(2 * abs(said.value - truth) / (said.interval[1] - said.interval[0]), 4))
    return JointError(each.truth.metal, compound(each.truth.compound), *off)


def joined(
    each: Standard, answer: Answer, before: Shares, errors: Sequence[JointError]
) -> dict[str, dict[Target, Prediction]]:
    """Return what is said by inputs, the joint answer weighted with the errors for all other compounds."""
    if not answer.alone:
        return answer.by_measurement
    own = each.truth.metal, compound(each.truth.compound)
    others = [error for error in errors if (error.metal, error.compound) != own]
    return answer.alone | {answer.inputs: joint(answer.alone["xanes"], answer.alone["exafs"], before, others)}


def models_without(
    compounds: Sequence[tuple[str, str]], formulas: set[str]
) -> Callable[[str, Sequence[str], str], Predictor]:
    """Return models that know neither compounds in their transfers nor, of EXAFS, materials of these formulas."""
    transfers = population(compounds)

    def model(metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
        data = None if tuple(inputs) != ("exafs",) else data_without(metal, frozenset(formulas))
        return predictor(metal, inputs, data=data, population=transfers, radiation=radiation)

    return model


@cache
def data_without(metal: str, formulas: frozenset[str]) -> Dataset:
    data = load_dataset()
    bare = {formula: without_hydrogen(formula) for formula in set(data.frame["formula"])}
    kept = (data.frame["metal"] == metal) & ~data.frame["formula"].map(bare).isin(formulas)
    return data.take(np.flatnonzero(kept.to_numpy()))


def described(each: Standard, said: dict[str, dict[Target, Prediction]]) -> str:
    parts = []
    for target, value in each.truth.values.items():
        answers = " / ".join(f"{found[target].value:.3f}" for found in said.values())
        parts.append(f"{target.value} {value:g}: {answers}")
    return f"{each.truth.metal} {each.truth.compound[:20]:20} ({' / '.join(said)}) " + "; ".join(parts)


def score(found: Sequence[tuple[Standard, dict[str, dict[Target, Prediction]]]]) -> dict[str, dict[str, float]]:
    """Return by metal (and all), target and inputs: files, right, covered, rmse, width; and the best constant."""
    table: dict[str, dict[str, float]] = {}
    metals = sorted({each.truth.metal for each, _ in found})
    for metal in [*metals, "all"]:
        for target in Target:
            own = [
                (e, s) for e, s in found if metal in (e.truth.metal, "all") and target in e.truth.values and len(s) > 1
            ]
            for number, name in enumerate(("xanes", "exafs", "both")):
                answers = [list(said.values())[number][target] for _, said in own]
                truths = np.array([each.truth.values[target] for each, _ in own])
                if not len(truths):
                    continue
                off = np.abs(np.array([each.value for each in answers]) - truths)
                held = [a.interval[0] - 1e-9 <= t <= a.interval[1] + 1e-9 for a, t in zip(answers, truths, strict=True)]
                table[f"{metal} {target.value} {name}"] = {
                    "files": len(truths),
                    "right": int((off <= TOLERANCE[target] + 1e-9).sum()),
                    "constant": int(best_constant(truths, [each.truth.metal for each, _ in own], TOLERANCE[target])),
                    "covered": int(np.sum(held)),
                    "rmse": round(float(np.sqrt(np.mean(off**2))), 4),
                    "width": round(float(np.mean([a.interval[1] - a.interval[0] for a in answers])), 3),
                }
    return table


def best_constant(truths: np.ndarray, metals: Sequence[str], tolerance: float) -> int:
    """Return how many are right when one value per metal is always answered, the best there is."""
    total = 0
    for metal in set(metals):
        own = truths[np.array(metals) == metal]
        total += max(int((np.abs(own - value) <= tolerance + 1e-9).sum()) for value in own)
    return total


if __name__ == "__main__":
    main()
