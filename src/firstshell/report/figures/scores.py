"""Score figures: bars with baselines (Figures 1a to 4a), change on adding an input (4b), grouped against random."""

from collections.abc import Hashable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from firstshell.report import reading
from firstshell.report.display import Display, Panel
from firstshell.report.style import FAINT, INK, PAPER, by_number, hatch, input_name, metal_colour, number
from firstshell.study.compare import BASELINES
from firstshell.study.result import Study
from firstshell.types import Metric, Target, main_metric

WIDTH = 0.26
LABEL = 0.06
"""Height of a bar's label as a share of the axis."""
MOST_LABELS = 15
"""Bars beyond which no labels stand above them: they would touch."""
BASELINE_STYLES = {"modal": "-", "composition": (0, (4, 2))}


def score_frame(study: Study, target: Target, inputs: list[str]) -> pd.DataFrame:
    """Main scores of these inputs and the baselines in the main split: metal, inputs, split, metric, mean, std, n."""
    scores = reading.main_scores(study, target, reading.splits(study)[0])
    kept = scores[scores["inputs"].isin([*inputs, *BASELINES])].reset_index(drop=True)
    kept.insert(3, "metric", main_metric(target).value)
    return kept


def score_panel(scores: pd.DataFrame, target: Target, inputs: list[str], heading: str) -> Panel:
    """Bars of `inputs` for each metal of `scores`, with one standard deviation and the baselines as lines."""
    metals, metric = by_number(scores["metal"]), main_metric(target)
    values = "; ".join(
        f"{m}: " + ", ".join(f"{input_name(n, target)} {number(metric, reading.score(scores, m, n)[0])}" for n in names)
        for m in metals
        if (names := [n for n in [*inputs, *BASELINES] if not np.isnan(reading.score(scores, m, n)[0])])
    )
    return Panel(partial(_draw_scores, scores, target, inputs, heading), f"{metric.label} as bars. {values}.")


def _draw_scores(
    scores: pd.DataFrame, target: Target, inputs: list[str], heading: str, figure: Figure | SubFigure
) -> None:
    metals, metric, top = by_number(scores["metal"]), main_metric(target), score_limit(scores, target)
    axes, labelled = figure.subplots(), len(metals) * len(inputs) <= MOST_LABELS
    for i, metal in enumerate(metals):
        levels = [reading.score(scores, metal, name)[0] for name in BASELINE_STYLES]
        for j, name in enumerate(inputs):
            x, score = i + (j - (len(inputs) - 1) / 2) * WIDTH, reading.score(scores, metal, name)
            bar(axes, x, score, metal, name, metric, label_height(score, levels, LABEL * top) if labelled else None)
        for level, style in zip(levels, BASELINE_STYLES.values(), strict=True):
            reach = (len(inputs) / 2 + 0.25) * WIDTH
            axes.plot([i - reach, i + reach], [level, level], color=INK, lw=1.4, ls=style, zorder=3)
    axes.set_xticks(range(len(metals)), metals)
    axes.set_xlim(-0.62, len(metals) - 0.38)
    axes.set_ylabel(metric.label)
    axes.set_ylim(0, top)
    axes.tick_params(axis="x", length=0)
    axes.set_title(heading, loc="left")
    legend = [Patch(facecolor="none", edgecolor=INK, hatch=hatch(name), label=input_name(name)) for name in inputs]
    lines = [
        Line2D([], [], color=INK, lw=1.4, ls=style, label=input_name(name, target))
        for name, style in BASELINE_STYLES.items()
        if name in set(scores["inputs"])
    ]
    figure.legend(handles=legend + lines, loc="outside lower center", ncols=3, handlelength=2.2)


def score_limit(scores: pd.DataFrame, target: Target) -> float:
    """Return the upper end of the axis: room for a label above the widest error bar, and for F1 at least 1.08."""
    highest = float((scores["mean"] + scores["std"].fillna(0.0)).max())
    return max(1.08 if target.is_class else 0.0, highest / (1.0 - 2.0 * LABEL))


def label_height(score: tuple[float, float], levels: list[float], room: float) -> float:
    """Return where a label of height `room` stands: above the error bar, and clear of the lines at `levels`."""
    height = score[0] + (0.0 if np.isnan(score[1]) else score[1])
    for level in sorted(levels):
        if height - 0.1 * room < level < height + room:
            height = level
    return height


def bar(
    axes: Axes, x: float, score: tuple[float, float], metal: str, inputs: str, metric: Metric, label: float | None
) -> None:
    """Draw one bar with its error bar, and its value at the height `label`, if any."""
    mean, std = score
    if np.isnan(mean):
        return
    std = 0.0 if np.isnan(std) else std
    hatched(axes, x, mean, metal, inputs)
    axes.errorbar(x, mean, std, color=INK, capsize=2.5, lw=1, zorder=4)
    if label is not None:
        text = number(metric, mean) if metric is Metric.RMSE_PERCENT else f"{mean:.2f}"
        axes.annotate(text, (x, label), (0, 2), textcoords="offset points", ha="center", fontsize=7, zorder=5)


def hatched(axes: Axes, x: float, height: float, metal: str, inputs: str) -> None:
    """Draw a bar in the metal's colour under the inputs' hatch: apart, so that an SVG needs each hatch once."""
    axes.bar(x, height, WIDTH * 0.94, color=metal_colour(metal), lw=0, zorder=2)
    axes.bar(x, height, WIDTH * 0.94, facecolor="none", edgecolor=INK, hatch=hatch(inputs), lw=0.7, zorder=2)


def split_comparison(study: Study) -> Display:
    """Return grouped against random splits: how much of a score is recognising a formula seen in training."""
    parts = []
    for target in reading.targets(study):
        scores = reading.main_scores(study, target)
        scores.insert(0, "target", target.value)
        scores.insert(4, "metric", main_metric(target).value)
        parts.append(scores[~scores["inputs"].isin(["modal"])])
    frame = pd.concat(parts, ignore_index=True)
    by = str(study.settings["group_by"]).replace("_", " ")
    panels = [_split_panel(study, reading.pick(frame, target=t.value), t, by) for t in reading.targets(study)]
    caption = (
        "Main score of each input when related materials stay together (filled) and when they are split at random "
        "(open); one standard deviation over repeats. In a random split a forest can recognise relatives; the grouped "
        "score is the one to expect for a new material."
    )
    return Display("splits", "Grouped against random splits", caption, frame, (tuple(panels),))


def _split_panel(study: Study, frame: pd.DataFrame, target: Target, by: str) -> Panel:
    names = [*reading.inputs(study, target), "composition"]
    lines = [
        (metal, name)
        for metal in by_number(frame["metal"])
        for name in names
        if len(reading.pick(frame, metal=metal, inputs=name))
    ]
    alt = f"{target.label}: {main_metric(target).label} of each input in grouped and in random splits."
    return Panel(partial(_draw_splits, frame, target, lines, by), alt, 3.9, 1.3 + 0.21 * len(lines))


def _draw_splits(
    frame: pd.DataFrame, target: Target, lines: list[tuple[str, str]], by: str, figure: Figure | SubFigure
) -> None:
    axes = figure.subplots()
    for y, (metal, name) in enumerate(lines):
        colour = metal_colour(metal)
        for split, offset, face in (("random", 0.14, PAPER), ("grouped", -0.14, colour)):
            mean, std = reading.score(reading.pick(frame, split=split), metal, name)
            axes.errorbar(
                mean, y + offset, xerr=std, fmt="o", ms=4.5, color=colour, mfc=face, mec=colour, lw=1, zorder=3
            )
    axes.set_yticks(range(len(lines)), [f"{m}  {input_name(n).removesuffix(' alone')}" for m, n in lines])
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.grid(axis="x", color=FAINT, lw=0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(main_metric(target).label)
    axes.set_title(target.label, loc="left")
    handles = [
        Line2D([], [], marker="o", ls="", color=INK, mfc=INK, ms=4.5, label=f"grouped by {by}"),
        Line2D([], [], marker="o", ls="", color=INK, mfc=PAPER, ms=4.5, label="random"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, handletextpad=0.1)


def change_frame(study: Study, target: Target) -> pd.DataFrame:
    """Paired change of the main metric when PDF or dPDF joins XANES: columns of `Study.comparisons`, main split."""
    rows = reading.pick(
        study.comparisons, target=target.value, split=reading.splits(study)[0], metric=main_metric(target).value
    )
    added = rows["with"].isin(["xanes+pdf", "xanes+dpdf"]) & (rows["without"] == "xanes")
    return rows[added].reset_index(drop=True)


def change_panel(changes: pd.DataFrame, heading: str) -> Panel:
    """Bars of the change of RMSE (below zero: better) with the interval of the paired test."""
    values = "; ".join(
        f"{row['metal']}, {input_name(row['with'])}: {number(Metric.RMSE_PERCENT, -row['difference'], True)}"
        for row in changes.to_dict("records")
    )
    alt = f"Change of RMSE in % of the mean bond length against XANES alone. {values}."
    return Panel(partial(_draw_changes, changes, heading), alt)


def _draw_changes(changes: pd.DataFrame, heading: str, figure: Figure | SubFigure) -> None:
    metals, inputs = by_number(changes["metal"]), ["xanes+pdf", "xanes+dpdf"]
    axes = figure.subplots()
    for i, metal in enumerate(metals):
        for j, name in enumerate(inputs):
            for row in reading.pick(changes, metal=metal, **{"with": name}).to_dict("records"):
                draw_change(axes, i + (j - 0.5) * WIDTH, row)
    axes.axhline(0, color=INK, lw=0.8)
    axes.set_xticks(range(len(metals)), metals)
    axes.set_xlim(-0.62, len(metals) - 0.38)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("Change of RMSE (% of mean bond length)")
    axes.margins(y=0.12)
    axes.set_title(heading, loc="left")
    legend = [
        Patch(facecolor="none", edgecolor=INK, hatch=hatch(n), label=f"{input_name(n.split('+')[1])} added to XANES")
        for n in inputs
    ]
    figure.legend(handles=legend, loc="outside lower center", ncols=2, handlelength=2.2)


def draw_change(axes: Axes, x: float, row: dict[Hashable, Any]) -> None:
    """Draw one change with its interval, and a star when the interval leaves out zero."""
    change = -row["difference"]
    hatched(axes, x, change, row["metal"], row["with"])
    if np.isfinite(row["low"]):
        reach = [[row["high"] - row["difference"]], [row["difference"] - row["low"]]]
        axes.errorbar(x, change, reach, color=INK, capsize=2.5, lw=1, zorder=4)
    if row["verdict"] != "undecided":
        axes.annotate("*", (x, max(0.0, -row["low"])), ha="center", fontsize=11)
