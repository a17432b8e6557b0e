"""What the data hold: bond lengths (Figure S1) and classes, per metal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from firstshell.report import reading
from firstshell.report.display import Display, Panel
from firstshell.report.style import INK, by_number, class_name, metal_colour
from firstshell.types import Array, Target

if TYPE_CHECKING:
    from firstshell.study.study import Study

BINS = 24


@dataclass(frozen=True, eq=False)
class BondLengths(Display):
    """Figure S1: histogram of mean bond lengths (Å) for each metal."""

    lengths: dict[str, Array]
    name: str = "figS1_bond_lengths"
    title: str = "Figure S1. Mean bond lengths in the data"

    @property
    def caption(self) -> str:
        """What is drawn."""
        return "Mean metal–neighbour distance in the first shell of each sample. Dashed line: mean over the samples."

    def frame(self) -> pd.DataFrame:
        """Counts by bin: metal, low, high (Å), samples."""
        parts, edges = [], np.histogram_bin_edges(np.concatenate(list(self.lengths.values())), BINS)
        for metal, values in self.lengths.items():
            counts = np.histogram(values, edges)[0]
            parts.append(pd.DataFrame({"metal": metal, "low": edges[:-1], "high": edges[1:], "samples": counts}))
        return pd.concat(parts, ignore_index=True)

    def rows(self) -> list[list[Panel]]:
        """Two metals a row, on one axis of lengths."""
        frame = self.frame()
        panels = [self._panel(reading.pick(frame, metal=metal), metal) for metal in self.lengths]
        return [panels[i : i + 2] for i in range(0, len(panels), 2)]

    def _panel(self, bins: pd.DataFrame, metal: str) -> Panel:
        lengths = self.lengths[metal]

        def draw(figure: Figure | SubFigure) -> None:
            axes = figure.subplots()
            axes.bar(
                bins["low"], bins["samples"], bins["high"] - bins["low"],
                align="edge", color=metal_colour(metal), edgecolor=INK, lw=0.5,
            )  # fmt: skip
            axes.axvline(lengths.mean(), color=INK, ls="--", lw=1)
            axes.set(xlabel="Mean bond length (Å)", ylabel="Samples")
            axes.set_xlim(bins["low"].iloc[0], bins["high"].iloc[-1])
            axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.set_title(f"{metal}: {len(lengths)} samples, {lengths.mean():.3f} ± {lengths.std():.3f} Å", loc="left")

        alt = f"Histogram for {metal}: {len(lengths)} samples, {lengths.mean():.3f} ± {lengths.std():.3f} Å."
        return Panel(draw, alt, 5.0, 2.3)


@dataclass(frozen=True, eq=False)
class ClassCounts(Display):
    """How many samples each class has, for each metal."""

    study: Study
    name: str = "class_counts"
    title: str = "Classes in the data"

    @property
    def caption(self) -> str:
        """What is drawn."""
        return "Samples studied, by class. Rare classes are learnt badly and weigh little in the weighted F1."

    def frame(self) -> pd.DataFrame:
        """Samples that were studied: metal, target, class, samples."""
        rows = [
            (metal, target, int(label), count)
            for metal in reading.metals(self.study)
            for target, held in self.study.provenance["counts"][metal].items()
            for label, count in held["classes"].items()
        ]
        return pd.DataFrame(rows, columns=["metal", "target", "class", "samples"])

    def rows(self) -> list[list[Panel]]:
        """One panel per class target."""
        frame = self.frame()
        held = [t for t in Target if t.is_class and len(reading.pick(frame, target=t.value))]
        return [[self._panel(reading.pick(frame, target=target.value), target) for target in held]]

    def _panel(self, counts: pd.DataFrame, target: Target) -> Panel:
        metals, classes = by_number(counts["metal"]), sorted({int(value) for value in counts["class"]})
        width = 0.8 / len(metals)

        def draw(figure: Figure | SubFigure) -> None:
            axes = figure.subplots()
            for i, metal in enumerate(metals):
                rows = reading.pick(counts, metal=metal)
                x = [classes.index(int(value)) + (i - (len(metals) - 1) / 2) * width for value in rows["class"]]
                bars = axes.bar(
                    x, rows["samples"], width * 0.92, color=metal_colour(metal), edgecolor=INK, lw=0.6, label=metal
                )
                axes.bar_label(bars, fontsize=7, padding=1)
            axes.set_xticks(range(len(classes)), [class_name(target, value) for value in classes])
            axes.set_xlim(-0.6, len(classes) - 0.4)
            axes.set(xlabel=target.label, ylabel="Samples")
            axes.tick_params(axis="x", length=0)
            if len(metals) > 1:
                figure.legend(loc="outside lower center", ncols=len(metals))

        said = ", ".join(
            f"{row['metal']} {class_name(target, row['class'])}: {row['samples']}" for row in counts.to_dict("records")
        )
        return Panel(draw, f"Samples by {target.label.lower()}. {said}.", 5.0, 2.6)
