"""Where the importance sits: impurity curves over the spectra (Figures 1b to 4c), and permutation of whole blocks."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, SubFigure

from firstshell.dataset.table import Dataset
from firstshell.report import reading
from firstshell.report.display import Display, Panel, in_rows
from firstshell.report.style import INK, MEAN, TRACE, by_number, input_name, metal_colour, ordinate
from firstshell.study.result import Study
from firstshell.types import Array, Target, main_metric

MAX_TRACES = 100
Cell = tuple[str, str]  # (inputs, modality): the part of the importance of `inputs` that falls on `modality`


def importance_frame(study: Study, data: Dataset, metal: str, target: Target, cells: list[Cell]) -> pd.DataFrame:
    """Impurity importance and mean spectrum along each modality.

    Columns metal, inputs, modality, position, mean, std (both of the importance, over repeats), spectrum (mean over the
    materials), prominent (a peak of the single-input curve).
    """
    rows = reading.pick(study.impurity, metal=metal, target=target.value, split=reading.splits(study)[0])
    spectra, parts = reading.samples(study, data, metal, target).spectra, []
    for inputs, modality in dict.fromkeys(cells):
        curve = reading.pick(rows, inputs=inputs, modality=modality).sort_values("position", ignore_index=True)
        if curve.empty:
            continue
        spectrum = np.interp(curve["position"], data.grids[modality].values, spectra[modality].mean(axis=0))
        peaks = reading.prominent(curve["mean"].to_numpy()) if inputs == modality else []
        parts.append(
            curve[["metal", "inputs", "modality", "position", "mean", "std"]].assign(
                spectrum=spectrum, prominent=curve.index.isin(peaks)
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def importance_panel(frame: pd.DataFrame, samples: Dataset, metal: str, rows: list[list[Cell]], head: str) -> Panel:
    """Curves of `importance_frame` in a grid of cells: each column one modality, each row one scale of importance."""
    frame = reading.pick(frame, metal=metal)
    spectra = {name: (samples.grids[name].values, few(samples.spectra[name])) for row in rows for _, name in row}
    labels = {name: samples.grids[name].label for name in spectra}
    values = "; ".join(f"{cell_title(cell)} highest at {highest(frame, cell):.3g}" for row in rows for cell in row)
    alt = f"Importance for {metal} along each axis over its spectra. {values}."
    return Panel(partial(_draw_cells, frame, spectra, labels, metal, rows, head), alt, 4.2, 0.6 + 1.4 * len(rows))


def few(spectra: Array) -> tuple[Array, Array]:
    """Return at most `MAX_TRACES` of the spectra, evenly chosen, and the mean of all."""
    chosen = np.unique(np.linspace(0, len(spectra) - 1, min(MAX_TRACES, len(spectra))).astype(int))
    return spectra[chosen], np.asarray(spectra.mean(axis=0))


def _draw_cells(
    frame: pd.DataFrame,
    spectra: dict[str, tuple[Array, tuple[Array, Array]]],
    labels: dict[str, str],
    metal: str,
    rows: list[list[Cell]],
    head: str,
    figure: Figure | SubFigure,
) -> None:
    grid = figure.subplots(len(rows), max(map(len, rows)), squeeze=False, sharex="col")
    for i, row in enumerate(rows):
        top = max((curve(frame, cell)["mean"] + curve(frame, cell)["std"].fillna(0)).max() for cell in row)
        for j, cell in enumerate(row):
            axes, x = grid[i, j], spectra[cell[1]][0]
            draw_importance(axes, frame, cell, metal)
            axes.set_ylim(0, 1.08 * top if len({name for name, _ in row}) == 1 else None)
            axes.set_xlim(x[0], x[-1])
            axes.set_title(cell_title(cell), fontsize=8, loc="left", pad=3)
            second = draw_spectra(axes, x, *spectra[cell[1]][1])
            if i == len(rows) - 1:
                axes.set_xlabel(labels[cell[1]])
            second.set_ylabel(ordinate(cell[1]), fontsize=7, color=MEAN, labelpad=2)
        for spare in grid[i, len(row) :]:
            spare.set_visible(False)
        grid[i, 0].set_ylabel("Importance")
    figure.suptitle(head, x=0.01, ha="left", fontsize=9)


def curve(frame: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    """Rows of one cell."""
    return reading.pick(frame, inputs=cell[0], modality=cell[1])


def highest(frame: pd.DataFrame, cell: Cell) -> float:
    """Position of the largest importance of a cell."""
    rows = curve(frame, cell)
    return float(rows["position"].iloc[int(rows["mean"].argmax())])


def cell_title(cell: Cell) -> str:
    """Return "XANES alone", or "XANES in XANES+PDF"."""
    inputs, modality = cell
    return f"{input_name(modality)} alone" if inputs == modality else f"{input_name(modality)} in {input_name(inputs)}"


def draw_importance(axes: Axes, frame: pd.DataFrame, cell: Cell, metal: str) -> None:
    """Draw one curve with its spread, and dotted lines at the prominent features of the modality alone."""
    rows, colour = curve(frame, cell), metal_colour(metal)
    x, mean, std = rows["position"], rows["mean"], rows["std"].fillna(0)
    axes.fill_between(x, 0, mean, color=colour, alpha=0.3, lw=0)
    axes.plot(x, mean, color=colour, lw=1.4)
    axes.fill_between(x, (mean - std).clip(lower=0), mean + std, color=colour, alpha=0.3, lw=0)
    alone = curve(frame, (cell[1], cell[1]))
    for position in alone.loc[alone["prominent"], "position"] if len(alone) else []:
        axes.axvline(position, color=INK, ls=":", lw=1)


def draw_spectra(axes: Axes, x: Array, traces: Array, mean: Array) -> Axes:
    """Draw spectra in light grey and their mean in dark grey; return the second axis."""
    second = axes.twinx()
    alpha = min(0.5, 0.1 + 6 / len(traces))
    lines = [np.column_stack([x, spectrum]) for spectrum in traces]
    # One artist, and none for the layout to ask: 150 lines a panel would take most of a report's time.
    bundle = LineCollection(lines, colors=TRACE, alpha=alpha, linewidths=0.4, rasterized=True)
    bundle.set_in_layout(False)
    second.add_collection(bundle)
    second.plot(x, mean, color=MEAN, lw=1.1)
    second.tick_params(axis="y", colors=MEAN, labelsize=6.5, length=2, pad=1)
    second.spines["right"].set(visible=True, color=MEAN)
    second.set_zorder(axes.get_zorder() - 1)
    return second


def more_importance(
    study: Study, data: Dataset, target: Target, metals: list[str], cells: list[list[Cell]], kind: str = ""
) -> Display:
    """Return importance curves of the metals that a main figure has no room for; `kind` distinguishes two figures."""
    flat = [cell for row in cells for cell in row]
    flat += [(part, part) for _, part in flat]
    frame = pd.concat([importance_frame(study, data, metal, target, flat) for metal in metals], ignore_index=True)
    panels = []
    for metal in metals:
        samples = reading.samples(study, data, metal, target)
        panels.append(importance_panel(frame, samples, metal, cells, metal))
    title = f"{target.label}: importance for {', '.join(metals)}"
    caption = "As the importance curves of the main figures, for the other metals."
    return Display(f"importance_{target.value}{kind}", title, caption, frame, in_rows(panels, 3))


def permutation(study: Study, target: Target, inputs: str, labels: dict[str, str]) -> Display:
    """Return impurity importance of a combined input, above the loss when windows or a whole modality are permuted."""
    chosen = {"target": target.value, "split": reading.splits(study)[0], "inputs": inputs}
    parts = [
        reading.pick(study.impurity, **chosen).assign(kind="impurity"),
        reading.pick(study.permutation, **chosen).assign(kind="permutation"),
    ]
    columns = ["metal", "inputs", "kind", "modality", "position", "low", "high", "mean", "std"]
    frame = pd.concat(parts, ignore_index=True).reindex(columns=columns)
    metals = by_number(frame["metal"])
    panels = [_permutation_panel(reading.pick(frame, metal=metal), metal, target, inputs, labels) for metal in metals]
    caption = (
        f"Above: impurity importance in the {input_name(inputs)} forest, which favours one of two correlated features. "
        f"Below: loss of {main_metric(target).label} when a window is permuted on held-out samples; right: all of a "
        "modality. Above zero: it matters. Error bars: one standard deviation over repeats."
    )
    title = f"{target.label}: what is lost without a part of {input_name(inputs)}"
    return Display(f"permutation_{target.value}", title, caption, frame, in_rows(panels, 3))


def _permutation_panel(frame: pd.DataFrame, metal: str, target: Target, inputs: str, labels: dict[str, str]) -> Panel:
    losses = reading.pick(frame, kind="permutation")
    blocks = losses[losses["low"].isna()]
    values = ", ".join(f"{input_name(row['modality'])} {row['mean']:.3g}" for row in blocks.to_dict("records"))
    alt = f"{metal}: impurity importance and permutation loss along each axis. Whole modality: {values}."
    return Panel(partial(_draw_permutation, frame, metal, target, inputs, labels), alt)


def _draw_permutation(
    frame: pd.DataFrame, metal: str, target: Target, inputs: str, labels: dict[str, str], figure: Figure | SubFigure
) -> None:
    modalities, colour = inputs.split("+"), metal_colour(metal)
    impurity, loss = reading.pick(frame, kind="impurity"), reading.pick(frame, kind="permutation")
    windows, blocks = loss[loss["low"].notna()], loss[loss["low"].isna()]
    unit = "" if target.is_class else "\n(% of mean)"
    grid = figure.add_gridspec(2, len(modalities) + 1, width_ratios=[*[1.0] * len(modalities), 0.42])
    first: list[Axes | None] = [None, None]
    for j, modality in enumerate(modalities):
        for i, rows in enumerate((impurity, windows)):
            axes = figure.add_subplot(grid[i, j], sharey=first[i])
            first[i] = first[i] or axes
            rows = rows[rows["modality"] == modality].sort_values(["position", "low"])
            (draw_curve if i == 0 else draw_windows)(axes, rows, colour)
            axes.tick_params(labelleft=j == 0, labelbottom=i == 1)
            if i == 0:
                axes.set_ylim(0, 1.05 * impurity["mean"].max())
        axes.set_xlabel(labels[modality])
        figure.axes[-2].set_title(input_name(modality), loc="left", fontsize=8, pad=3)
        figure.axes[-2].sharex(axes)
    figure.axes[0].set_ylabel("Importance")
    figure.axes[1].set_ylabel(f"Loss by window{unit}")
    if len(blocks):
        draw_blocks(figure.add_subplot(grid[:, -1]), blocks, colour)
    figure.suptitle(metal, x=0.01, ha="left", fontsize=9)


def draw_curve(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Impurity importance as a filled curve."""
    axes.fill_between(rows["position"], 0, rows["mean"], color=colour, alpha=0.3, lw=0)
    axes.plot(rows["position"], rows["mean"], color=colour, lw=1.4)


def draw_windows(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Loss by window as bars as wide as the window."""
    width = np.diff(rows["low"], append=rows["high"].iloc[-1])
    axes.bar(
        rows["low"], rows["mean"], width, align="edge", yerr=rows["std"], color=colour, edgecolor=INK, lw=0.5,
        error_kw={"lw": 0.8, "ecolor": INK},
    )  # fmt: skip
    axes.axhline(0, color=INK, lw=0.8)


def draw_blocks(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    """Loss by whole modality."""
    names = [input_name(modality) for modality in rows["modality"]]
    axes.bar(
        names, rows["mean"], 0.7, yerr=rows["std"], color=colour, edgecolor=INK, lw=0.7,
        error_kw={"lw": 1, "ecolor": INK, "capsize": 2},
    )  # fmt: skip
    axes.axhline(0, color=INK, lw=0.8)
    axes.tick_params(axis="x", labelrotation=90, length=0)
    axes.set_title("Whole", fontsize=8, loc="left", pad=3)
