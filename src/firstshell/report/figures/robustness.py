"""How scores decay as measurements get worse: augmented models against plain ones."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from firstshell.report.display import Display, Panel
from firstshell.report.style import INK, by_number, input_name, metal_colour
from firstshell.types import Target, main_metric

STYLES = {"augmented": "-", "plain": (0, (3, 2)), "as simulated": (0, (1, 1.5))}


@dataclass(frozen=True, eq=False)
class Robustness(Display):
    """Scores against each disturbance of one modality, a row for each target.

    curves : columns of `measured.robustness.COLUMNS`
    """

    curves: pd.DataFrame
    modality: str

    @property
    def name(self) -> str:  # type: ignore[override]
        """Name of its files."""
        return f"robustness_{self.modality}"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Worse and worse {input_name(self.modality)}"

    @property
    def caption(self) -> str:
        """What is drawn."""
        return (
            f"Scores on held-out groups against one disturbance of the {input_name(self.modality)} at a time. Solid: a "
            "model trained on disturbed simulations, as predictions on measured files use it; dashed: one that has "
            f"never seen a disturbed one. Both are asked about the same spectra.{self._third()}"
        )

    def _third(self) -> str:
        if "as simulated" not in set(self.frame()["model"]):
            return ""
        return " Dotted: one trained on simulations as they are, on tabulated energies, and asked about such."

    def frame(self) -> pd.DataFrame:
        """Return means over repeats."""
        rows = self.curves[self.curves["modality"] == self.modality]
        keys = ["metal", "modality", "disturbance", "unit", "amount", "model", "target", "metric"]
        return rows.groupby(keys, sort=False)["value"].agg(["mean", "std"]).reset_index()

    def rows(self) -> list[list[Panel]]:
        """Return a panel for each target and disturbance."""
        frame = self.frame()
        names = list(dict.fromkeys(frame["disturbance"]))
        return [[self._panel(frame, target, name, i) for i, name in enumerate(names)] for target in Target]

    def _panel(self, frame: pd.DataFrame, target: Target, disturbance: str, column: int) -> Panel:
        row = frame[frame["target"] == target.value]
        here = row[row["disturbance"] == disturbance]
        low, high = float(row["mean"].min()), float(row["mean"].max())
        first, top = column == 0, target is next(iter(Target))
        styles = {model: style for model, style in STYLES.items() if model in set(frame["model"])}
        metals, metric = by_number(here["metal"]), main_metric(target)

        def draw(figure: Figure | SubFigure) -> None:
            axes = figure.subplots()
            for metal in metals:
                for model, style in styles.items():
                    line = here[(here["metal"] == metal) & (here["model"] == model)].sort_values("amount")
                    width = 1.7 if style == "-" else 1.0
                    axes.plot(line["amount"], line["mean"], color=metal_colour(metal), ls=style, lw=width)
            unit = str(here["unit"].iloc[0])
            axes.set_xlabel(f"{disturbance} ({unit})" if unit else disturbance)
            axes.set_ylabel(metric.label if first else "")
            axes.set_title(target.label if first else "", loc="left")
            axes.margins(x=0.03)
            axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low) + 1e-9)
            handles = []
            if top and column == 0:
                handles = [Line2D([], [], color=metal_colour(metal), label=metal) for metal in metals]
            if top and column == 1:
                handles = [Line2D([], [], color=INK, ls=style, label=model) for model, style in styles.items()]
            if handles:
                figure.legend(
                    handles=handles, loc="outside lower left", ncols=4, fontsize=7, handlelength=1.6, columnspacing=1.2
                )

        said = "; ".join(
            f"{m}, {model}: {line['mean'].iloc[0]:.2f} to {line['mean'].iloc[-1]:.2f}"
            for m in metals
            for model in styles
            if len(line := here[(here["metal"] == m) & (here["model"] == model)].sort_values("amount"))
        )
        return Panel(draw, f"{metric.label} against {disturbance}. {said}.", width=2.6, height=2.6)
