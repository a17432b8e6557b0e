"""All figures of a report, in order. A figure that the study has no numbers for is not in the list."""

from firstshell.dataset.table import Dataset
from firstshell.report import reading
from firstshell.report.display import Display
from firstshell.report.figures.data import bond_lengths, class_counts
from firstshell.report.figures.gains import gain_frame, gains
from firstshell.report.figures.importance import more_importance, permutation
from firstshell.report.figures.predictions import confusion, held_out, parity
from firstshell.report.figures.scores import split_comparison
from firstshell.report.figures.targets import (
    COLUMNS,
    curve_metals,
    differential_cells,
    differential_figure,
    target_cells,
    target_figure,
)
from firstshell.report.style import by_number
from firstshell.simulation import standard
from firstshell.study.result import Study
from firstshell.types import Target


def main_figures(study: Study, data: Dataset) -> list[Display]:
    """Return the paper's Figures 1 to 4 and S1."""
    targets, counts = reading.targets(study), study.provenance["counts"]
    shown = [target_figure(study, data, target) for target in targets]
    if Target.BOND_LENGTH in targets:
        if "dpdf" in reading.inputs(study, Target.BOND_LENGTH):
            shown.append(differential_figure(study, data))
        metals = [metal for metal in reading.metals(study) if Target.BOND_LENGTH.value in counts[metal]]
        lengths = {
            m: reading.samples(study, data, m, Target.BOND_LENGTH).frame["bond_length"].to_numpy() for m in metals
        }
        shown.append(bond_lengths(lengths))
    return shown


def importance_figures(study: Study, data: Dataset) -> list[Display]:
    """Return importance curves that the main figures have no room for, and permutation losses."""
    shown = [
        more_importance(study, data, target, by_number(rest), target_cells(study, target))
        for target in reading.targets(study)
        if (rest := curve_metals(study, target)[COLUMNS - 1 :])
    ]
    if Target.BOND_LENGTH in reading.targets(study) and (cells := differential_cells(study)):
        rest = curve_metals(study, Target.BOND_LENGTH)[1:]
        if rest:
            shown.append(more_importance(study, data, Target.BOND_LENGTH, by_number(rest), cells, "_dpdf"))
    for target in reading.targets(study):
        rows = reading.pick(study.permutation, target=target.value, split=reading.splits(study)[0])
        if combined := [name for name in reading.inputs(study, target) if "+" in name and name in set(rows["inputs"])]:
            labels = {name: grid.label for name, grid in data.grids.items()}
            shown.append(permutation(study, target, combined[0], labels))
    return shown


def prediction_figures(study: Study) -> list[Display]:
    """Return confusion matrices and predicted against true bond lengths."""
    held = [target for target in reading.targets(study) if len(held_out(study, target))]
    return [confusion(study, target) if target.is_class else parity(study) for target in held]


def data_figures(study: Study) -> list[Display]:
    """Return the figure of classes, where there are any."""
    return [class_counts(study)] if any(target.is_class for target in reading.targets(study)) else []


def gain_figures(study: Study) -> list[Display]:
    """Return the gain by each added measurement, when the study asks about one beside the paper's."""
    studied = {part for inputs in reading.inputs(study) for part in inputs.split("+")}
    return [gains(study)] if studied - set(standard()) and len(gain_frame(study)) else []


def split_figures(study: Study) -> list[Display]:
    """Grouped against random splits, when the study has both."""
    return [split_comparison(study)] if {"grouped", "random"} <= set(reading.splits(study)) else []
