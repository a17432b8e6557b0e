"""How scores decay as measurements get worse."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from firstshell.report import reading
from firstshell.report.display import Display, Panel
from firstshell.report.style import by_number, input_name, metal_colour
from firstshell.types import Target, main_metric

MOST_METALS = 4
MARKERS = "os^D"
MODEL = "augmented"
"""What predictions on measured files use; the others are in the CSV."""


def robustness(curves: pd.DataFrame, modality: str) -> Display:
    """Return scores against each disturbance of one modality, a row for each target, a line for each metal.

    curves : columns of `prediction.robustness.COLUMNS`
    """
    keys = ["metal", "modality", "disturbance", "unit", "amount", "model", "target", "metric"]
    rows = reading.pick(curves, modality=modality)
    frame = rows.groupby(keys, sort=False)["value"].agg(["mean", "std"]).reset_index()
    metals = by_number(frame["metal"])
    shown = frame[(frame["model"] == MODEL) & frame["metal"].isin(metals[:MOST_METALS])]
    names = list(dict.fromkeys(shown["disturbance"]))
    panels = tuple(tuple(_panel(shown, target, name) for name in names) for target in Target)
    more = f" {', '.join(metals[MOST_METALS:])}: in the CSV." if len(metals) > MOST_METALS else ""
    caption = (
        f"Scores on held-out groups against one disturbance of the {input_name(modality)} at a time, of the "
        "models that answer for measured files. Error bars: one standard deviation over splits. The CSV also has "
        f"models that never saw a disturbed spectrum.{more}"
    )
    return Display(f"robustness_{modality}", f"Sensitivity to {input_name(modality)} quality", caption, frame, panels)


def _panel(shown: pd.DataFrame, target: Target, disturbance: str) -> Panel:
    row = reading.pick(shown, target=target.value)
    here = reading.pick(row, disturbance=disturbance)
    values = "; ".join(
        f"{metal}: {line['mean'].iloc[0]:.2f} to {line['mean'].iloc[-1]:.2f}"
        for metal in by_number(here["metal"])
        if len(line := reading.pick(here, metal=metal).sort_values("amount"))
    )
    alt = f"{target.label}, {main_metric(target).label} against {disturbance}. {values}."
    spread = row["std"].fillna(0.0)
    ends = float((row["mean"] - spread).min()), float((row["mean"] + spread).max())
    return Panel(partial(_draw, here, target, disturbance, ends), alt, 3.1, 2.5)


def _draw(
    here: pd.DataFrame, target: Target, disturbance: str, ends: tuple[float, float], figure: Figure | SubFigure
) -> None:
    axes, handles = figure.subplots(), []
    for metal, marker in zip(by_number(here["metal"]), MARKERS, strict=False):
        line, colour = reading.pick(here, metal=metal).sort_values("amount"), metal_colour(metal)
        spread = np.nan_to_num(line["std"].to_numpy(np.float64))
        axes.errorbar(
            line["amount"], line["mean"], spread, color=colour, lw=1.3, marker=marker, ms=3, elinewidth=0.7, capsize=1.5
        )
        handles.append(Line2D([], [], color=colour, marker=marker, ms=3, label=metal))
    unit = str(here["unit"].iloc[0])
    axes.set_xlabel(f"{disturbance[0].upper()}{disturbance[1:]}{f' ({unit})' if unit else ''}")
    axes.set_ylabel(main_metric(target).label if target.is_class else "RMSE (% of mean)")
    axes.set_title(target.label, loc="left", fontsize=8)
    axes.margins(x=0.03)
    low, high = ends
    axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low) + 1e-9)
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=7, handlelength=1.6, columnspacing=1.0)
