"""Mixtures as pictures: a scan with its parts and residual, and fractions along a series."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from firstshell.match.mix import Mixture, Mixtures
from firstshell.report.figures.answer import LONGEST, MOST_TICKS, WIDTH
from firstshell.report.pictures import save_picture
from firstshell.report.style import FAINT, INK, MEAN, label, metal_colour, paper_style

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
"""Of phases, Okabe and Ito's, which every kind of colour vision separates."""
MARKERS = "osD^v<>"
PICTURES = 20
"""Scans that are drawn one by one."""


def save_mixtures(found: Mixtures, folder: Path) -> list[Path]:
    """Write PNG and SVG of each of the first scans, and of the series when it has two or more."""
    written = []
    with paper_style():
        for i, each in enumerate(found[:PICTURES], start=1):
            written += save_picture(mixture_figure(each), folder / f"mixture_{i:02d}")
        if len(found) > 1:
            written += save_picture(series_figure(found), folder / "fractions")
    return written


def mixture_figure(found: Mixture) -> Figure:
    """Return a scan, its parts by their fractions, their sum and the residual; to be saved within `paper_style`."""
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    top, low = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    top.plot(found.energy, found.measured, color=metal_colour(found.metal), lw=1.6, label="measured")
    top.plot(found.energy, found.measured - found.residual, color=INK, lw=0.9, ls="--", label="mixture")
    for part, colour in zip(found.parts, _cycle(len(found.parts)), strict=True):
        ends = "–".join(f"{100 * end:.0f}" for end in part.interval)
        text = f"{label(part.name, LONGEST)} {100 * part.fraction:.0f} % ({ends})"
        top.plot(found.energy, part.spectrum, color=colour, lw=0.9, label=text)
    top.set(ylabel="μ(E) (edge steps)", xlim=(found.energy[0], found.energy[-1]))
    top.set_ylim(top=found.measured.max() + 0.12 * (2 + len(found.parts)) * np.ptp(found.measured))
    top.legend(loc="upper left")
    verdict = "enough" if found.sufficient else "NOT ENOUGH"
    misfit = f"misfit {found.misfit:.4f}, limit {found.errors.limit:.4f}: {verdict}"
    top.set_title(f"{label(found.sample.name, LONGEST)}: {misfit}", loc="left")
    low.axhline(0.0, color=FAINT, lw=0.8)
    low.plot(found.energy, found.residual, color=MEAN, lw=0.9)
    low.set(xlabel="E − E(K) (eV)", ylabel="Residual")
    return figure


def series_figure(found: Mixtures) -> Figure:
    """Return the fractions of all phases with their 90 % intervals along the scans, hollow where phases do not suffice.

    Below it stands the misfit of each scan beside the limit, above which phases do not suffice.
    """
    figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
    top, low = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    place = np.arange(1, len(found) + 1)
    enough = np.array([each.sufficient for each in found])
    for i, (name, colour) in enumerate(zip(found.names, _cycle(len(found.names)), strict=True)):
        values = np.array([each.fraction(name) for each in found])
        ends = np.array([each.interval(name) for each in found])
        top.errorbar(place, values, np.abs(ends.T - values), fmt="none", ecolor=colour, elinewidth=0.9, alpha=0.6)
        top.plot(place, values, color=colour, lw=0.7, alpha=0.6)
        marker = MARKERS[i % len(MARKERS)]
        for chosen, fill in ((enough, colour), (~enough, "none")):
            top.plot(place[chosen], values[chosen], marker, color=colour, ms=4, mfc=fill)
        top.plot([], [], marker, color=colour, ms=4, label=label(name, LONGEST))
    top.set(ylabel="Fraction", ylim=(-0.03, 1.03))
    top.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
    top.grid(axis="y", color=FAINT, lw=0.5)
    low.plot(place, [each.misfit for each in found], ".", color=MEAN)
    low.axhline(found[0].errors.limit, color=INK, lw=0.8, ls="--")
    highest = max(found[0].errors.limit, *(each.misfit for each in found))
    low.set(ylabel="Misfit", ylim=(0.0, 1.1 * highest))
    low.set_title("Dashed: the limit. Scans above it have hollow marks: these phases are not enough", loc="left")
    if len(found) <= MOST_TICKS:
        names = [label(each.sample.name, LONGEST - 10) for each in found]
        low.set_xticks(place, names, rotation=40, ha="right", rotation_mode="anchor")
    else:
        low.set(xlabel="Number of the scan, in the order given")
        low.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _cycle(count: int) -> Sequence[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(count)]
