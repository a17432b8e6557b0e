"""What the data hold: bond lengths (Figure S1) and classes, per metal."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from firstshell.report import reading
from firstshell.report.display import Display, Panel, in_rows
from firstshell.report.style import INK, by_number, class_name, metal_colour
from firstshell.study.result import Study
from firstshell.types import Array, Target

BINS = 24


def bond_lengths(lengths: dict[str, Array]) -> Display:
    """Return Figure S1: a histogram of mean bond lengths (Å) for each metal, on one axis."""
    parts, edges = [], np.histogram_bin_edges(np.concatenate(list(lengths.values())), BINS)
    for metal, values in lengths.items():
        counts = np.histogram(values, edges)[0]
        parts.append(pd.DataFrame({"metal": metal, "low": edges[:-1], "high": edges[1:], "samples": counts}))
    frame = pd.concat(parts, ignore_index=True)
    panels = [_histogram(reading.pick(frame, metal=metal), metal, values) for metal, values in lengths.items()]
    caption = "Mean metal–neighbour distance in the first shell of each sample. Dashed line: mean over the samples."
    title = "Figure S1. Mean bond lengths in the data"
    return Display("figS1_bond_lengths", title, caption, frame, in_rows(panels, 4))


def _histogram(bins: pd.DataFrame, metal: str, lengths: Array) -> Panel:
    text = f"{metal}: {len(lengths)} samples, {lengths.mean():.3f} ± {lengths.std():.3f} Å"
    return Panel(partial(_draw_histogram, bins, metal, float(lengths.mean()), text), f"Histogram for {text}.", 3.1, 2.1)


def _draw_histogram(bins: pd.DataFrame, metal: str, mean: float, text: str, figure: Figure | SubFigure) -> None:
    axes = figure.subplots()
    axes.bar(
        bins["low"], bins["samples"], bins["high"] - bins["low"],
        align="edge", color=metal_colour(metal), edgecolor=INK, lw=0.5,
    )  # fmt: skip
    axes.axvline(mean, color=INK, ls="--", lw=1)
    axes.set(xlabel="Mean bond length (Å)", ylabel="Samples")
    axes.set_xlim(bins["low"].iloc[0], bins["high"].iloc[-1])
    axes.set_ylim(0, 1.06 * max(1, int(bins["samples"].max())))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_title(text.replace(" samples", ""), loc="left", fontsize=8)


def class_counts(study: Study) -> Display:
    """Return how many samples each class has, for each metal."""
    rows = [
        (metal, target, int(label), count)
        for metal in reading.metals(study)
        for target, held in study.provenance["counts"][metal].items()
        for label, count in held["classes"].items()
    ]
    frame = pd.DataFrame(rows, columns=["metal", "target", "class", "samples"])
    held = [t for t in Target if t.is_class and len(reading.pick(frame, target=t.value))]
    panels = [_counts(reading.pick(frame, target=target.value), target) for target in held]
    caption = "Samples studied, by class. Rare classes are poorly learned and weigh little in the weighted F1."
    return Display("class_counts", "Classes in the data", caption, frame, (tuple(panels),))


def _counts(counts: pd.DataFrame, target: Target) -> Panel:
    values = ", ".join(
        f"{row['metal']} {class_name(target, row['class'])}: {row['samples']}" for row in counts.to_dict("records")
    )
    return Panel(partial(_draw_counts, counts, target), f"Samples by {target.label.lower()}. {values}.", 5.0, 2.6)


def _draw_counts(counts: pd.DataFrame, target: Target, figure: Figure | SubFigure) -> None:
    metals, classes = by_number(counts["metal"]), sorted({int(value) for value in counts["class"]})
    axes, width = figure.subplots(), 0.8 / len(metals)
    for i, metal in enumerate(metals):
        rows = reading.pick(counts, metal=metal)
        x = [classes.index(int(value)) + (i - (len(metals) - 1) / 2) * width for value in rows["class"]]
        bars = axes.bar(x, rows["samples"], width * 0.92, color=metal_colour(metal), edgecolor=INK, lw=0.6, label=metal)
        axes.bar_label(bars, fontsize=7 if len(metals) <= 4 else 5, padding=1)
    axes.set_xticks(range(len(classes)), [class_name(target, value) for value in classes])
    axes.set_xlim(-0.6, len(classes) - 0.4)
    axes.set(xlabel=target.label, ylabel="Samples")
    axes.tick_params(axis="x", length=0)
    if len(metals) > 1:
        figure.legend(loc="outside lower center", ncols=len(metals))
