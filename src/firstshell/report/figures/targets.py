"""The paper's Figures 1 to 4: scores of each input beside the importance curves."""

import pandas as pd

from firstshell.dataset.table import Dataset
from firstshell.report import reading
from firstshell.report.display import Display, Panel, in_rows
from firstshell.report.figures.importance import Cell, importance_frame, importance_panel
from firstshell.report.figures.scores import change_frame, change_panel, score_frame, score_panel
from firstshell.report.style import by_number, input_name
from firstshell.study.result import Study
from firstshell.types import Target

NUMBERS = {Target.OXIDATION_STATE: 1, Target.COORDINATION_NUMBER: 2, Target.BOND_LENGTH: 3}
LETTERS = "abcdefgh"
COLUMNS = 3
CURVES = (
    " Importance: mean decrease of impurity (shaded: one standard deviation over repeats), over spectra (grey) and "
    "their mean (dark). Dotted: prominent features of each input alone. E(K): tabulated K edge."
)


def target_cells(study: Study, target: Target) -> list[list[Cell]]:
    """Cells of the importance curves: each input alone, and below it the same in the combined input."""
    names = reading.paper_inputs(study, target)
    singles, combined = [name for name in names if "+" not in name], [name for name in names if "+" in name]
    rows = [[(name, name) for name in singles]] if singles else []
    return rows + [[(name, part) for part in name.split("+")] for name in combined]


def differential_cells(study: Study) -> list[list[Cell]]:
    """Cells of Figure 4: XANES+PDF above XANES+dPDF."""
    names = [name for name in ("xanes+pdf", "xanes+dpdf") if name in reading.inputs(study, Target.BOND_LENGTH)]
    return [[(name, part) for part in name.split("+")] for name in names]


def curve_metals(study: Study, target: Target) -> list[str]:
    """Metals with importance curves for the target, the one with most samples first."""
    rows = reading.pick(study.impurity, target=target.value, split=reading.splits(study)[0])
    counts = study.provenance["counts"]
    return sorted(by_number(rows["metal"]), key=lambda metal: -int(counts[metal][target.value]["samples"]))


def present(frame: pd.DataFrame, cells: list[list[Cell]]) -> list[list[Cell]]:
    """Cells that the study has curves for, without empty rows."""
    have = set(zip(frame["inputs"], frame["modality"], strict=True)) if len(frame) else set()
    return [kept for row in cells if (kept := [cell for cell in row if cell in have])]


def target_figure(study: Study, data: Dataset, target: Target) -> Display:
    """Return Figure 1, 2 or 3: (a) test scores, (b, c) importance curves of the two metals with most samples."""
    names, metals = reading.paper_inputs(study, target), by_number(curve_metals(study, target)[: COLUMNS - 1])
    scores = score_frame(study, target, names)
    curves, panels = _curves(study, data, target, metals, target_cells(study, target), LETTERS[1:])
    what = "modal class" if target.is_class else "mean"
    caption = (
        f"(a) Test scores in {reading.splits(study)[0]} splits, ± one standard deviation over repeats. Solid line: "
        f"always answering the {what}; dashed: a forest on composition alone." + (CURVES if panels else "")
    )
    return Display(
        f"fig{NUMBERS[target]}_{target.value}",
        f"Figure {NUMBERS[target]}. {target.label}",
        caption,
        pd.concat([scores.assign(part="scores"), curves.assign(part="importance")], ignore_index=True),
        in_rows([score_panel(scores, target, names, "(a) Test scores"), *panels], COLUMNS),
    )


def differential_figure(study: Study, data: Dataset) -> Display:
    """Return Figure 4: what the metal's own PDF (dPDF) adds for bond lengths; (c) of the metal with most samples."""
    target, split = Target.BOND_LENGTH, reading.splits(study)[0]
    names = [name for name in reading.inputs(study, target) if name in ("xanes", "pdf", "dpdf")]
    scores, changes = score_frame(study, target, names), change_frame(study, target)
    panels = [score_panel(scores, target, names, "(a) Test scores")]
    panels += [change_panel(changes, "(b) On adding to XANES")] if len(changes) else []
    metals = curve_metals(study, target)[: COLUMNS - len(panels)]
    curves, more = _curves(study, data, target, metals, differential_cells(study), LETTERS[len(panels) :])
    parts = [scores.assign(part="scores"), changes.assign(part="change"), curves.assign(part="importance")]
    caption = (
        f"(a) RMSE of {', '.join(map(input_name, names))} in {split} splits. (b) Change of RMSE when PDF or dPDF joins "
        "XANES, with the 95 % interval of the paired test: below zero is better; star: the interval leaves out zero."
        + (f" (c) XANES+PDF against XANES+dPDF.{CURVES}" if more else "")
    )
    numbers = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return Display("fig4_dpdf", "Figure 4. dPDF and bond length", caption, numbers, in_rows([*panels, *more], COLUMNS))


def _curves(
    study: Study, data: Dataset, target: Target, metals: list[str], cells: list[list[Cell]], letters: str
) -> tuple[pd.DataFrame, list[Panel]]:
    """Return the importances of these metals and a panel for each; none where the study has no such curves."""
    flat = [cell for row in cells for cell in row]
    flat += [(part, part) for _, part in flat]
    parts = [importance_frame(study, data, metal, target, flat) for metal in metals]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    shown = present(frame, cells)
    panels = []
    for letter, metal in zip(letters, metals if shown else [], strict=False):
        samples = reading.samples(study, data, metal, target)
        panels.append(importance_panel(frame, samples, metal, shown, f"({letter}) {metal}"))
    return frame, panels
