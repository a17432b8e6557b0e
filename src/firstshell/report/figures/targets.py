"""The paper's Figures 1 to 4: scores of each input beside the importance curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from firstshell.report import reading
from firstshell.report.display import Display, Panel
from firstshell.report.figures.importance import Cell, importance_frame, importance_panel
from firstshell.report.figures.scores import change_frame, change_panel, score_frame, score_panel
from firstshell.report.style import by_number, input_name
from firstshell.types import Target

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset
    from firstshell.study.study import Study

NUMBERS = {Target.OXIDATION_STATE: 1, Target.COORDINATION_NUMBER: 2, Target.BOND_LENGTH: 3}
LETTERS = "abcdefgh"
CURVES = (
    "Importance is the mean decrease of impurity, averaged over repeats (shaded: one standard deviation), over the "
    "spectra (thin, grey, at most 150 of them) and their mean (thick, grey), which have the second axis. Dotted lines "
    "mark the prominent features of each input alone and are repeated on the combined input. Energies are counted from "
    "the metal's tabulated K edge, E(K); the absorption rises some eV above it."
)


def target_cells(study: Study, target: Target) -> list[list[Cell]]:
    """Cells of the importance curves: each input alone, and below it the same in the combined input."""
    names = reading.paper_inputs(study, target)
    singles, combined = [name for name in names if "+" not in name], [name for name in names if "+" in name]
    rows = [[(name, name) for name in singles]] if singles else []
    return rows + [[(name, part) for part in name.split("+")] for name in combined]


def curve_metals(study: Study, target: Target) -> list[str]:
    """Metals with importance curves for the target, the one with most samples first."""
    rows = reading.pick(study.impurity, target=target.value, split=reading.splits(study)[0])
    counts = study.provenance["counts"]
    return sorted(by_number(rows["metal"]), key=lambda metal: -int(counts[metal][target.value]["samples"]))


def main_metals(study: Study, target: Target) -> list[str]:
    """The two metals with most samples, by atomic number."""
    return by_number(curve_metals(study, target)[:2])


def present(frame: pd.DataFrame, cells: list[list[Cell]]) -> list[list[Cell]]:
    """Cells that the study has curves for, without empty rows."""
    have = set(zip(frame["inputs"], frame["modality"], strict=True)) if len(frame) else set()
    return [kept for row in cells if (kept := [cell for cell in row if cell in have])]


def arrange(bars: list[Panel], curves: list[Panel]) -> list[list[Panel]]:
    """Bars above curves, two panels a row; one of each share a row."""
    if len(bars) == len(curves) == 1:
        return [bars + curves]
    return [bars] + [curves[i : i + 2] for i in range(0, len(curves), 2)]


@dataclass(frozen=True, eq=False)
class TargetFigure(Display):
    """Figures 1, 2 and 3: (a) test scores, (b, c) importance curves of up to two metals."""

    study: Study
    data: Dataset
    target: Target

    @property
    def name(self) -> str:  # type: ignore[override]
        """File name."""
        return f"fig{NUMBERS[self.target]}_{self.target.value}"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Figure {NUMBERS[self.target]}. {self.target.label}"

    @property
    def caption(self) -> str:
        """What is drawn."""
        names = ", ".join(input_name(name) for name in reading.paper_inputs(self.study, self.target))
        what = "modal class" if self.target.is_class else "mean"
        return (
            f"(a) Test scores of {names} for each metal in {reading.splits(self.study)[0]} splits; error bars are one "
            f"standard deviation over repeats. Solid line: always answering the {what}; dashed: a forest on "
            "composition alone. " + (CURVES if self._metals() else "")
        )

    def _metals(self) -> list[str]:
        return main_metals(self.study, self.target)

    def _curves(self) -> pd.DataFrame:
        cells = [cell for row in target_cells(self.study, self.target) for cell in row]
        parts = [importance_frame(self.study, self.data, metal, self.target, cells) for metal in self._metals()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def _scores(self) -> pd.DataFrame:
        return score_frame(self.study, self.target, reading.paper_inputs(self.study, self.target))

    def frame(self) -> pd.DataFrame:
        """Scores, then curves; `part` says which ("scores", "importance")."""
        return pd.concat(
            [self._scores().assign(part="scores"), self._curves().assign(part="importance")], ignore_index=True
        )

    def rows(self) -> list[list[Panel]]:
        """Bars, then one panel per metal."""
        names, curves = reading.paper_inputs(self.study, self.target), self._curves()
        cells = present(curves, target_cells(self.study, self.target))
        panels: list[Panel] = []
        for letter, metal in zip(LETTERS[1:], self._metals() if cells else [], strict=False):
            samples = reading.samples(self.study, self.data, metal, self.target)
            panels.append(importance_panel(curves, samples, metal, cells, f"({letter}) {metal}"))
        return arrange([score_panel(self._scores(), self.target, names, "(a) Test scores")], panels)


@dataclass(frozen=True, eq=False)
class DifferentialFigure(Display):
    """Figure 4: what the metal's own PDF (dPDF) adds for bond lengths."""

    study: Study
    data: Dataset
    name: str = "fig4_dpdf"
    title: str = "Figure 4. dPDF and bond length"

    @property
    def caption(self) -> str:
        """What is drawn."""
        return (
            "(a) RMSE of XANES, PDF and dPDF. (b) Change of RMSE when PDF or dPDF joins XANES, with the 95 % interval "
            "of the paired test over the same splits: below zero is better, a star marks an interval that leaves out "
            "zero. "
            "Further panels: importance in XANES+PDF against XANES+dPDF. " + CURVES
        )

    def _cells(self) -> list[list[Cell]]:
        names = [name for name in ("xanes+pdf", "xanes+dpdf") if name in reading.inputs(self.study, Target.BOND_LENGTH)]
        return [[(name, part) for part in name.split("+")] for name in names]

    def _metals(self) -> list[str]:
        return by_number(curve_metals(self.study, Target.BOND_LENGTH))

    def _names(self) -> list[str]:
        return [n for n in ("xanes", "pdf", "dpdf") if n in reading.inputs(self.study, Target.BOND_LENGTH)]

    def _curves(self) -> pd.DataFrame:
        cells = [cell for row in self._cells() for cell in row]
        cells += [(part, part) for _, part in cells]
        parts = [importance_frame(self.study, self.data, metal, Target.BOND_LENGTH, cells) for metal in self._metals()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def frame(self) -> pd.DataFrame:
        """Scores, changes and curves; `part` says which."""
        scores = score_frame(self.study, Target.BOND_LENGTH, self._names())
        changes = change_frame(self.study, Target.BOND_LENGTH)
        parts = [scores.assign(part="scores"), changes.assign(part="change"), self._curves().assign(part="importance")]
        return pd.concat([part for part in parts if len(part)], ignore_index=True)

    def rows(self) -> list[list[Panel]]:
        """Bars and changes, then one panel per metal."""
        target, curves = Target.BOND_LENGTH, self._curves()
        cells, changes = present(curves, self._cells()), change_frame(self.study, Target.BOND_LENGTH)
        bars = [score_panel(score_frame(self.study, target, self._names()), target, self._names(), "(a) Test scores")]
        bars += [change_panel(changes, "(b) On adding to XANES")] if len(changes) else []
        panels: list[Panel] = []
        for metal in self._metals() if cells else []:
            letter = LETTERS[len(bars) + len(panels)]
            samples = reading.samples(self.study, self.data, metal, target)
            panels.append(importance_panel(curves, samples, metal, cells, f"({letter}) {metal}"))
        return arrange(bars, panels)
