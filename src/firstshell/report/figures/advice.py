"""Learning curves as a figure: one panel a target, a line and a band for each input."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from firstshell.report.pictures import save_picture
from firstshell.report.style import FAINT, INK, MEAN, TRACE, input_name, line, paper_style
from firstshell.types import Target, main_metric

BASELINES = {"composition": (MEAN, "x"), "modal": (TRACE, "+")}
"""Colour and marker of the baselines' lines."""


def curves_figure(table: pd.DataFrame, level: str) -> Figure:
    """Return the figure of a table of `advice_table`; `level` names what is counted ("material" or "site")."""
    targets = list(dict.fromkeys(table["target"]))
    figure = Figure(figsize=(4.2 * len(targets) + 1.0, 4.6), layout="constrained")
    for axes, target in zip(figure.subplots(1, len(targets), squeeze=False)[0], targets, strict=True):
        metric = main_metric(Target(target))
        rows = table[(table["target"] == target) & (table["metric"] == metric.value)]
        for name in dict.fromkeys(rows["inputs"]):
            _line(axes, rows[rows["inputs"] == name], name)
        axes.set_xscale("log")
        # Sizes stand where they are measured, as plain numbers.
        shown = sorted(set(rows["n_train"]))
        axes.set_xticks(shown, [f"{value:.0f}" for value in shown])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(bottom=0.0, top=min(axes.get_ylim()[1], 1.0) if Target(target).is_class else None)
        axes.grid(color=FAINT, lw=0.5)
        axes.set(xlabel=f"Number of training {level}s", ylabel=metric.label)
        axes.set_title(f"{rows['metal'].iloc[0]}: {Target(target).label.lower()}", loc="left")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3 if len(targets) == 1 else len(labels))
    figure.suptitle("Band: 95 % interval of the mean; dashed: extrapolated by a power law", fontsize=8, color=INK)
    return figure


def save_curves(table: pd.DataFrame, level: str, folder: Path) -> list[Path]:
    """Write curves.png and curves.svg into a folder."""
    with paper_style():
        return save_picture(curves_figure(table, level), folder / "curves", dpi=200)


def _line(axes: Axes, rows: pd.DataFrame, name: str) -> None:
    colour, marker = BASELINES.get(name) or line(name)
    known = rows[~rows["extrapolated"]]
    # The dashed part starts at the last point that was measured.
    ahead = pd.concat([known.tail(1), rows[rows["extrapolated"]]])
    axes.plot(known["n_train"], known["mean"], color=colour, marker=marker, ms=4, lw=1.3, label=_label(name))
    for part, style, depth in ((known, "-", 0.1), (ahead, "--", 0.05)):
        axes.plot(part["n_train"], part["mean"], color=colour, lw=1.3, ls=style)
        if name not in BASELINES:
            axes.fill_between(part["n_train"], part["low"], part["high"], color=colour, alpha=depth, lw=0)


def _label(name: str) -> str:
    return "Modal class or mean" if name == "modal" else input_name(name)
