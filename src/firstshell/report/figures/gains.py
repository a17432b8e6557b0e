"""What each added measurement gains: paired tests of every input against the same with one measurement more."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure, SubFigure

from firstshell.report import reading
from firstshell.report.display import Display, Panel
from firstshell.report.style import FAINT, INK, PAPER, by_number, input_name, metal_colour, number
from firstshell.study.result import Study
from firstshell.types import Target, main_metric


def gain_frame(study: Study) -> pd.DataFrame:
    """Return the rows of `Study.comparisons`, main split, in which `with` is `without` and one measurement more.

    added : the measurement
    """
    rows = reading.ordered(reading.pick(study.comparisons, split=reading.splits(study)[0]))
    parts = [(set(a.split("+")), set(b.split("+"))) for a, b in zip(rows["without"], rows["with"], strict=True)]
    added = ["".join(more - less) if less < more else "" for less, more in parts]
    found: pd.DataFrame = rows.assign(added=added)[[bool(name) for name in added]]
    return found.reset_index(drop=True)


def gains(study: Study) -> Display:
    """Return the gain by each added measurement, for each metal and target."""
    frame = gain_frame(study)
    caption = (
        "Improvement of the main score when one measurement joins others, of an RMSE its decrease: right of zero is "
        "better. Lines: 95 % interval of the paired test over the same splits; filled: the interval leaves out zero. "
        "Of twenty tests without any effect one is filled by chance; p-values adjusted for the number of tests are in "
        "the table below."
    )
    panels = [
        _panel(reading.pick(frame, target=target.value), target)
        for target in reading.targets(study)
        if target.value in set(frame["target"])
    ]
    return Display("gains", "What each added measurement gains", caption, frame, (tuple(panels),))


def _panel(rows: pd.DataFrame, target: Target) -> Panel:
    metric = main_metric(target)
    order = {metal: place for place, metal in enumerate(by_number(rows["metal"]))}
    rows = rows.assign(place=rows["metal"].map(order)).sort_values(["place", "added"], kind="stable")
    values = "; ".join(
        f"{row['metal']}, {input_name(row['added'])} added to {input_name(row['without'])}: "
        f"{number(metric, row['difference'], sign=True)}"
        for row in rows.to_dict("records")
    )
    alt = f"{target.label}: improvement of {metric.label}. {values}."
    return Panel(partial(_draw, rows, target), alt, 4.6, 1.0 + 0.21 * len(rows))


def _draw(rows: pd.DataFrame, target: Target, figure: Figure | SubFigure) -> None:
    axes = figure.subplots()
    records = rows.to_dict("records")
    for y, row in enumerate(records):
        colour, gain = metal_colour(row["metal"]), row["difference"]
        reach = [[gain - row["low"]], [row["high"] - gain]] if np.isfinite(row["low"]) else None
        face = PAPER if row["verdict"] == "undecided" else colour
        axes.errorbar(gain, y, xerr=reach, fmt="o", ms=4.5, color=colour, mfc=face, mec=colour, lw=1, zorder=3)
    axes.axvline(0, color=INK, lw=0.8)
    names = [f"{row['metal']}  {input_name(row['added'])} added to {input_name(row['without'])}" for row in records]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", color=FAINT, lw=0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"Gain: {main_metric(target).label if target.is_class else 'RMSE (% of mean)'}")
    axes.set_title(target.label, loc="left")
