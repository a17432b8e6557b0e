"""All figures of a report, in order. A figure that the study has no numbers for is not in the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firstshell.report import reading
from firstshell.report.display import Display
from firstshell.report.figures.data import BondLengths, ClassCounts
from firstshell.report.figures.importance import MoreImportance, Permutation
from firstshell.report.figures.predictions import Confusion, Parity, held_out
from firstshell.report.figures.scores import SplitComparison
from firstshell.report.figures.targets import DifferentialFigure, TargetFigure, curve_metals, target_cells
from firstshell.report.style import by_number
from firstshell.types import Target

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset
    from firstshell.study.study import Study


def target_figures(study: Study, data: Dataset, target: Target) -> list[Display]:
    """Figures of one target: scores with importances, further importances, predictions, permutation."""
    shown: list[Display] = [TargetFigure(study, data, target)]
    if rest := curve_metals(study, target)[2:]:
        cells = tuple(tuple(row) for row in target_cells(study, target))
        shown.append(MoreImportance(study, data, target, tuple(by_number(rest)), cells))
    if target is Target.BOND_LENGTH and "dpdf" in reading.inputs(study, target):
        shown.append(DifferentialFigure(study, data))
    if len(held_out(study, target)):
        shown.append(Confusion(study, target) if target.is_class else Parity(study))
    rows = reading.pick(study.permutation, target=target.value, split=reading.splits(study)[0])
    if combined := [name for name in reading.inputs(study, target) if "+" in name and name in set(rows["inputs"])]:
        labels = {name: grid.label for name, grid in data.grids.items()}
        shown.append(Permutation(study, target, combined[0], labels))
    return shown


def data_figures(study: Study, data: Dataset) -> list[Display]:
    """Figures of the data themselves."""
    held, counts = reading.targets(study), study.provenance["counts"]
    shown: list[Display] = []
    if Target.BOND_LENGTH in held:
        metals = [metal for metal in reading.metals(study) if Target.BOND_LENGTH.value in counts[metal]]
        lengths = {
            m: reading.samples(study, data, m, Target.BOND_LENGTH).frame["bond_length"].to_numpy() for m in metals
        }
        shown.append(BondLengths(lengths))
    return shown + ([ClassCounts(study)] if any(target.is_class for target in held) else [])


def split_figures(study: Study) -> list[Display]:
    """Grouped against random splits, when the study has both."""
    return [SplitComparison(study)] if {"grouped", "random"} <= set(reading.splits(study)) else []
