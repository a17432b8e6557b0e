"""Structures beside measurements as pictures: one structure fitted, and the probabilities of many."""

import numpy as np
from matplotlib.figure import Figure, SubFigure

from firstshell import simulation as modalities
from firstshell.match.fit import StructureFit
from firstshell.match.pdf_fit import PdfFit
from firstshell.match.rank import NONE_NAME, Ranking
from firstshell.match.xanes_fit import XanesFit
from firstshell.report.style import FAINT, INK, MEAN, PAPER, TRACE, label, metal_colour
from firstshell.report.words.match import alone, alone_too, residual
from firstshell.types import Array

WIDTH = 7.2
"""Inches."""
SHOWN = 12
"""Candidates that are drawn."""
LONGEST = 34
"""Letters of a name that a picture has room for."""


def fit_figure(found: StructureFit) -> Figure:
    """Return measured and fitted curves and what is left; to be drawn and saved within `paper_style`."""
    parts: list[tuple[str, Array, XanesFit | PdfFit]] = []
    if found.xanes is not None:
        parts.append(("xanes", found.xanes.energy, found.xanes))
    if found.pdf is not None:
        parts.append(("pdf", found.pdf.r, found.pdf))
    figure = Figure(figsize=(WIDTH, 3.4 * len(parts) + 0.4), layout="constrained")
    figure.suptitle(f"{label(found.name, 70)}: {found.measurements.metal}", fontsize=10)
    panels = figure.subfigures(len(parts), 1, squeeze=False)[:, 0]
    for panel, (name, x, each) in zip(panels, parts, strict=True):
        _curves(panel, name, x, each, metal_colour(found.measurements.metal), residual(found, name))
    return figure


def _curves(figure: SubFigure, name: str, x: Array, each: XanesFit | PdfFit, colour: str, title: str) -> None:
    kind = modalities.get(name)
    top, low = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    top.plot(x, each.measured, color=colour, lw=1.3, label="measured")
    shown = [each.measured, each.fitted]
    if name == "xanes":  # the scale of a PDF is not known before
        top.plot(x, each.here, color=TRACE, lw=0.9, ls=":", label="expected at this beamline, before the fit")
        shown.append(each.here)
    top.plot(x, each.fitted, color=INK, lw=0.9, ls="--", label="fitted")
    span = float(np.ptp(each.measured))
    top.set_ylim(top=max(float(curve.max()) for curve in shown) + 0.25 * span)
    top.legend(loc="upper right", ncols=3)
    top.set(ylabel=kind.ordinate)
    top.set_title(title, loc="left")
    low.axhline(0.0, color=FAINT, lw=0.8)
    low.plot(x, each.measured - each.fitted, color=MEAN, lw=0.9)
    low.set(xlabel=kind.abscissa, ylabel="Residual")
    low.margins(x=0)


def ranking_figure(found: Ranking) -> Figure:
    """Return the probabilities of the first candidates, all measurements together as bars and each alone as a mark."""
    rows = found.ranked[:SHOWN]
    names = [f"{label(each.candidate.name, LONGEST)}, {each.candidate.formula}" for each in rows] + [NONE_NAME]
    together = [each.probability for each in rows] + [found.none]
    figure = Figure(figsize=(WIDTH, 0.34 * len(names) + 1.3), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    axes.barh(places, together, height=0.7, color=metal_colour(found.measurements.metal), lw=0, label="together")
    for name in alone_too(found):
        by_it = [alone(each, name) for each in rows] + [found.none_alone[name]]
        axes.plot(by_it, places, ls="", marker=modalities.get(name).marker, ms=5, mfc=PAPER, color=INK, clip_on=False,
                  label=f"{modalities.show(name)} alone")  # fmt: skip
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.0)
    axes.set(xlabel="Probability")
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower right")
    sources = ", ".join(
        label(each.source, LONGEST) for each in (found.measurements.xanes, found.measurements.pdf) if each
    )
    axes.set_title(f"{found.measurements.metal}: {sources}", loc="left")
    return figure
