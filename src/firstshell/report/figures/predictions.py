"""What was predicted for held-out samples: confusion matrices, and predicted against true bond lengths."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from firstshell.report import reading
from firstshell.report.display import Display, Panel, in_rows, small_multiples
from firstshell.report.style import INK, by_number, class_name, input_name, metal_colour, number
from firstshell.study.result import Study
from firstshell.types import Metric, Target

COLUMNS = 3
DEEPEST = 0.6  # opacity of a full cell: numbers stay readable on it in light and dark


def held_out(study: Study, target: Target) -> pd.DataFrame:
    """Predictions of the measured inputs in the main split."""
    rows = reading.pick(study.predictions, target=target.value, split=reading.splits(study)[0])
    return rows[rows["inputs"].isin(reading.inputs(study, target))].reset_index(drop=True)


def panel_height(names: list[str]) -> float:
    """Height in inches of a panel with these small plots."""
    return 0.5 + 1.5 * -(-len(names) // COLUMNS)


def confusion(study: Study, target: Target) -> Display:
    """Return the confusion matrices of one class target, for each metal and input, by mean score."""
    rows = held_out(study, target).astype({"true": int, "predicted": int})
    counts = rows.groupby(["metal", "inputs", "true", "predicted"]).size().rename("count").reset_index()
    counts["fraction"] = counts["count"] / counts.groupby(["metal", "inputs", "true"])["count"].transform("sum")
    panels = [
        _confusion_panel(study, reading.pick(counts, metal=metal), metal, target)
        for metal in by_number(counts["metal"])
    ]
    caption = (
        "Rows: true class; columns: predicted class; inputs by mean score. Percent of the true class (colour), and "
        "below it the count of held-out predictions over all repeats."
    )
    title = f"{target.label}: confusion matrix"
    return Display(f"confusion_{target.value}", title, caption, counts, in_rows(panels))


def _confusion_panel(study: Study, counts: pd.DataFrame, metal: str, target: Target) -> Panel:
    names = [name for name in reading.ranking(study, metal, target) if name in set(counts["inputs"])]
    right = reading.pick(counts, inputs=names[0])
    right = right[right["true"] == right["predicted"]]
    values = ", ".join(f"{class_name(target, r['true'])}: {r['fraction']:.0%}" for r in right.to_dict("records"))
    alt = f"{metal}, {input_name(names[0])}: found correctly, {values}."
    return Panel(partial(_draw_confusions, counts, names, metal, target), alt, 4.2, panel_height(names))


def _draw_confusions(
    counts: pd.DataFrame, names: list[str], metal: str, target: Target, figure: Figure | SubFigure
) -> None:
    classes = sorted(set(counts["true"]) | set(counts["predicted"]))
    ticks = [class_name(target, value) for value in classes]

    def one(axes: Axes, name: str) -> None:
        draw_confusion(axes, reading.pick(counts, inputs=name), classes, metal_colour(metal))
        axes.set_xticks(range(len(classes)), ticks)
        axes.set_yticks(range(len(classes)), ticks)
        axes.set_title(input_name(name), fontsize=8, pad=3)

    label_edges(small_multiples(figure, names, one, COLUMNS), "Predicted", "True")
    figure.suptitle(metal, x=0.01, ha="left", fontsize=9)


def label_edges(axes: list[Axes], x: str, y: str) -> None:
    """Label the left and the lowest of small multiples."""
    for i, each in enumerate(axes):
        if i % COLUMNS == 0:
            each.set_ylabel(y, fontsize=8)
        if i + COLUMNS >= len(axes):
            each.set_xlabel(x, fontsize=8)


def draw_confusion(axes: Axes, counts: pd.DataFrame, classes: list[int], colour: str) -> None:
    """Draw one row-normalised matrix with counts."""
    size = 6.5 if len(classes) <= 3 else 5.5 if len(classes) == 4 else 4.5
    for row in counts.to_dict("records"):
        x, y, share = classes.index(row["predicted"]), classes.index(row["true"]), row["fraction"]
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, alpha=DEEPEST * share, lw=0))
        axes.text(x, y, f"{share:.0%}\n{row['count']}", ha="center", va="center", fontsize=size, linespacing=1.05)
    axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(len(classes) - 0.5, -0.5), aspect="equal")
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_visible(True)


def parity(study: Study) -> Display:
    """Return predicted against true bond length, for each metal and input, by mean error."""
    columns = ["metal", "inputs", "repeat", "id", "site", "true", "predicted"]
    frame = held_out(study, Target.BOND_LENGTH)[columns]
    panels = [_parity_panel(study, reading.pick(frame, metal=metal), metal) for metal in by_number(frame["metal"])]
    caption = (
        "Every held-out prediction of all repeats; inputs by mean error. Line: predicted equals true. RMSE over the "
        "points drawn, in Å."
    )
    return Display("parity_bond_length", "Predicted against true bond length", caption, frame, in_rows(panels))


def _parity_panel(study: Study, points: pd.DataFrame, metal: str) -> Panel:
    names = [n for n in reading.ranking(study, metal, Target.BOND_LENGTH) if n in set(points["inputs"])]
    errors = {}
    for name in names:
        rows = reading.pick(points, inputs=name)
        errors[name] = number(Metric.RMSE, float(np.sqrt(((rows["predicted"] - rows["true"]) ** 2).mean())))
    values = ", ".join(f"{input_name(name)} {error} Å" for name, error in errors.items())
    alt = f"{metal}: predicted against true bond length. RMSE: {values}."
    return Panel(partial(_draw_parities, points, errors, metal), alt, 4.2, panel_height(names))


def _draw_parities(points: pd.DataFrame, errors: dict[str, str], metal: str, figure: Figure | SubFigure) -> None:
    low, high = points[["true", "predicted"]].min().min(), points[["true", "predicted"]].max().max()
    ends = (low - 0.05 * (high - low), high + 0.05 * (high - low))

    def one(axes: Axes, name: str) -> None:
        rows = reading.pick(points, inputs=name)
        axes.plot(ends, ends, color=INK, lw=0.8)
        alpha = max(0.08, min(0.6, 150 / len(rows)))
        axes.scatter(
            rows["true"], rows["predicted"], s=5, color=metal_colour(metal), alpha=alpha, lw=0, rasterized=True
        )
        axes.set_title(input_name(name), fontsize=8, pad=3)
        axes.text(0.04, 0.95, f"{errors[name]} Å", transform=axes.transAxes, va="top", fontsize=7)
        axes.set(xlim=ends, ylim=ends, aspect="equal")
        axes.locator_params(nbins=4)
        axes.tick_params(labelsize=7)

    label_edges(small_multiples(figure, list(errors), one, COLUMNS), "True (Å)", "Predicted (Å)")
    figure.suptitle(metal, x=0.01, ha="left", fontsize=9)
