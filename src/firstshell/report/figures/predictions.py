"""What was predicted for held-out samples: confusion matrices, and predicted against true bond lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from firstshell.report import reading
from firstshell.report.display import Display, Panel
from firstshell.report.style import INK, by_number, class_name, input_name, metal_colour, number
from firstshell.types import Metric, Target

if TYPE_CHECKING:
    from firstshell.study.study import Study

COLUMNS = 3
DEEPEST = 0.6  # opacity of a full cell: numbers stay readable on it in light and dark


def held_out(study: Study, target: Target) -> pd.DataFrame:
    """Predictions of the measured inputs in the main split."""
    rows = reading.pick(study.predictions, target=target.value, split=reading.splits(study)[0])
    return rows[rows["inputs"].isin(reading.inputs(study, target))].reset_index(drop=True)


def small_grid(figure: Figure | SubFigure, names: list[str]) -> list[Axes]:
    """Return one axes for each name, three a row, the rest empty and hidden."""
    grid = figure.subplots(-(-len(names) // COLUMNS), min(COLUMNS, len(names)), squeeze=False).ravel()
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    return list(grid[: len(names)])


def panel_height(names: list[str]) -> float:
    """Height in inches of a panel with these small plots."""
    return 0.5 + 1.75 * -(-len(names) // COLUMNS)


def pairs(panels: list[Panel]) -> list[list[Panel]]:
    """Two panels a row."""
    return [panels[i : i + 2] for i in range(0, len(panels), 2)]


@dataclass(frozen=True, eq=False)
class Confusion(Display):
    """Confusion matrices of one class target, for each metal and input, the best input first."""

    study: Study
    target: Target

    @property
    def name(self) -> str:  # type: ignore[override]
        """File name."""
        return f"confusion_{self.target.value}"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"{self.target.label}: what is taken for what"

    @property
    def caption(self) -> str:
        """What is drawn."""
        return (
            "Rows: true class; columns: predicted class; each input, the one with the highest mean score first. "
            "Percent of the true class (colour), and below it the count of held-out predictions over all repeats."
        )

    def frame(self) -> pd.DataFrame:
        """Counts: metal, inputs, true, predicted, count, fraction (of the true class)."""
        rows = held_out(self.study, self.target).astype({"true": int, "predicted": int})
        counts = rows.groupby(["metal", "inputs", "true", "predicted"]).size().rename("count").reset_index()
        counts["fraction"] = counts["count"] / counts.groupby(["metal", "inputs", "true"])["count"].transform("sum")
        return counts

    def rows(self) -> list[list[Panel]]:
        """Two metals a row."""
        frame = self.frame()
        return pairs([self._panel(reading.pick(frame, metal=metal), metal) for metal in by_number(frame["metal"])])

    def _panel(self, counts: pd.DataFrame, metal: str) -> Panel:
        names = [name for name in reading.ranking(self.study, metal, self.target) if name in set(counts["inputs"])]
        classes = sorted(set(counts["true"]) | set(counts["predicted"]))

        def draw(figure: Figure | SubFigure) -> None:
            for i, (axes, name) in enumerate(zip(small_grid(figure, names), names, strict=True)):
                draw_confusion(axes, reading.pick(counts, inputs=name), classes, metal_colour(metal))
                ticks = [class_name(self.target, value) for value in classes]
                axes.set_xticks(range(len(classes)), ticks)
                axes.set_yticks(range(len(classes)), ticks)
                axes.set_title(input_name(name) + (" (best)" if i == 0 else ""), fontsize=8, pad=3)
                if i % COLUMNS == 0:
                    axes.set_ylabel("True", fontsize=8)
                if i + COLUMNS >= len(names):
                    axes.set_xlabel("Predicted", fontsize=8)
            figure.suptitle(metal, x=0.01, ha="left", fontsize=9)

        right = reading.pick(counts, inputs=names[0])
        right = right[right["true"] == right["predicted"]]
        said = ", ".join(f"{class_name(self.target, r['true'])}: {r['fraction']:.0%}" for r in right.to_dict("records"))
        return Panel(draw, f"{metal}, {input_name(names[0])}: found correctly, {said}.", 5.0, panel_height(names))


def draw_confusion(axes: Axes, counts: pd.DataFrame, classes: list[int], colour: str) -> None:
    """Draw one row-normalised matrix with counts."""
    size = 7.0 if len(classes) <= 3 else 6.0 if len(classes) == 4 else 5.0
    for row in counts.to_dict("records"):
        x, y, share = classes.index(row["predicted"]), classes.index(row["true"]), row["fraction"]
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, alpha=DEEPEST * share, lw=0))
        axes.text(x, y, f"{share:.0%}\n{row['count']}", ha="center", va="center", fontsize=size, linespacing=1.05)
    axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(len(classes) - 0.5, -0.5), aspect="equal")
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_visible(True)


@dataclass(frozen=True, eq=False)
class Parity(Display):
    """Predicted against true bond length, for each metal and input, the best input first."""

    study: Study
    name: str = "parity_bond_length"
    title: str = "Predicted against true bond length"

    @property
    def caption(self) -> str:
        """What is drawn."""
        return (
            "Every held-out prediction of all repeats, each input, the one with the lowest mean error first. Line: "
            "predicted equals true. RMSE over the points drawn, in Å."
        )

    def frame(self) -> pd.DataFrame:
        """The points: metal, inputs, repeat, id, site, true, predicted (Å)."""
        return held_out(self.study, Target.BOND_LENGTH)[
            ["metal", "inputs", "repeat", "id", "site", "true", "predicted"]
        ]

    def rows(self) -> list[list[Panel]]:
        """Two metals a row."""
        frame = self.frame()
        return pairs([self._panel(reading.pick(frame, metal=metal), metal) for metal in by_number(frame["metal"])])

    def _panel(self, points: pd.DataFrame, metal: str) -> Panel:
        names = [n for n in reading.ranking(self.study, metal, Target.BOND_LENGTH) if n in set(points["inputs"])]
        errors = {}
        for name in names:
            rows = reading.pick(points, inputs=name)
            errors[name] = number(Metric.RMSE, float(np.sqrt(((rows["predicted"] - rows["true"]) ** 2).mean())))
        low, high = points[["true", "predicted"]].min().min(), points[["true", "predicted"]].max().max()
        ends = (low - 0.05 * (high - low), high + 0.05 * (high - low))

        def draw(figure: Figure | SubFigure) -> None:
            for i, (axes, name) in enumerate(zip(small_grid(figure, names), names, strict=True)):
                rows = reading.pick(points, inputs=name)
                axes.plot(ends, ends, color=INK, lw=0.8)
                axes.scatter(
                    rows["true"],
                    rows["predicted"],
                    s=5,
                    color=metal_colour(metal),
                    alpha=max(0.08, min(0.6, 150 / len(rows))),
                    lw=0,
                    rasterized=True,
                )
                axes.set_title(f"{input_name(name)}{' (best)' if i == 0 else ''}", fontsize=8, pad=3)
                axes.text(0.04, 0.95, f"RMSE {errors[name]} Å", transform=axes.transAxes, va="top", fontsize=7)
                axes.set(xlim=ends, ylim=ends, aspect="equal")
                axes.locator_params(nbins=4)
                if i % COLUMNS == 0:
                    axes.set_ylabel("Predicted (Å)", fontsize=8)
                if i + COLUMNS >= len(names):
                    axes.set_xlabel("True (Å)", fontsize=8)
                axes.tick_params(labelsize=7)
            figure.suptitle(metal, x=0.01, ha="left", fontsize=9)

        said = ", ".join(f"{input_name(name)} {error} Å" for name, error in errors.items())
        return Panel(draw, f"{metal}: predicted against true bond length. RMSE: {said}.", 5.0, panel_height(names))
