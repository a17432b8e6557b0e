"""Answers as pictures: the measurement, the nearest training spectrum, the values, and the evidence."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from firstshell import simulation as modalities
from firstshell.measured.xanes.normalise import Normalised
from firstshell.prediction.answer import Answer
from firstshell.prediction.explain import Evidence
from firstshell.prediction.resemblance import Resemblance
from firstshell.report.pictures import save_picture
from firstshell.report.style import FAINT, INK, MEAN, TRACE, class_name, label, metal_colour, paper_style
from firstshell.types import Prediction, Target

WIDTH = 7.2
"""Inches."""
MOST_TICKS = 12
"""Samples whose names stand on the axis of a series."""
SMALL = {True: 0.02, False: 0.002}
"""Contributions, of classes and in Å, that look small."""
LONGEST = 34
"""Letters of a name that a picture has room for."""


def save_pictures(
    drawn: Sequence[Answer], series: Sequence[Answer], evidence: Sequence[Sequence[Evidence]], folder: Path
) -> list[Path]:
    """Write PNG and SVG of each of the answers drawn, and of the series when it has two or more.

    evidence : of each answer; empty where none was asked for
    """
    written = []
    with paper_style():
        for i, answer in enumerate(drawn):
            figure = answer_figure(answer, evidence[i] if evidence else ())
            written += save_picture(figure, folder / f"sample_{i + 1:02d}")
        if len(series) > 1:
            written += save_picture(series_figure(series), folder / "series")
    return written


def answer_figure(answer: Answer, evidence: Sequence[Evidence] = ()) -> Figure:
    """Return the picture of one answer; to be drawn and saved within `paper_style`."""
    curves = [(name, each) for name, each in answer.resemblance.items() if name != "xanes"]
    heights = (
        [2.6] * (answer.sample.xanes is not None)
        + [2.4] * len(curves)
        + [1.9]
        + [1.8 * len(_modalities_of(evidence))] * bool(evidence)
    )
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.4), layout="constrained")
    figure.suptitle(f"{label(answer.sample.name, 70)}: {answer.metal}", fontsize=10)
    parts = iter(figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
    colour = metal_colour(answer.metal)
    if answer.sample.xanes is not None:
        left, right = next(parts).subfigures(1, 2)
        raw(left.subplots(), answer.sample.xanes, colour)
        beside(right, answer.resemblance["xanes"], colour)
    for _, each in curves:
        beside(next(parts), each, colour)
    bars = next(parts).subplots(1, len(answer.predictions))
    for axes, prediction in zip(bars, answer.predictions.values(), strict=True):
        bar(axes, prediction, colour)
    if evidence:
        windows(next(parts), evidence)
    return figure


def _modalities_of(evidence: Sequence[Evidence]) -> list[str]:
    """Return the modalities that evidence is of."""
    return list(dict.fromkeys(each.modality for each in evidence))


def raw(axes: Axes, measured: Normalised, colour: str) -> None:
    """Draw μ(E) as measured, with E0 and the lines below and above the edge."""
    axes.plot(measured.energy, measured.raw, color=colour, lw=1.2, label="measured")
    if not measured.kept:
        below, above = measured.energy <= measured.e0, measured.energy >= measured.e0
        axes.plot(measured.energy[below], measured.pre[below], color=INK, lw=0.9, ls="--", label="pre-edge")
        axes.plot(measured.energy[above], measured.post[above], color=INK, lw=0.9, ls=":", label="post-edge")
    axes.axvline(measured.e0, color=MEAN, lw=0.8, label=f"E0 = {measured.e0:.1f} eV")
    axes.set(xlabel="Energy (eV)", ylabel="μ(E) (edge steps)" if measured.kept else "μ(E) as measured")
    axes.set_title("Already normalised" if measured.kept else f"Edge step {measured.edge_step:.3g}", loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.ticklabel_format(useOffset=False)
    axes.legend(loc="best")


def beside(figure: Figure | SubFigure, found: Resemblance, colour: str) -> None:
    """Draw a measurement, the training spectrum nearest to it at its best, and what is left between them."""
    top, low = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    top.plot(found.axis, found.measured, color=colour, lw=1.3, label="measured")
    top.plot(found.axis, found.alike, color=INK, lw=0.9, ls="--", label=label(found.nearest[0][0], LONGEST))
    span = max(np.ptp(found.measured), np.ptp(found.alike))
    # Room for the legend, which would hide white lines and peaks.
    top.set_ylim(top=max(found.measured.max(), found.alike.max()) + 0.6 * span)
    top.legend(loc="upper left")
    top.set(ylabel=modalities.get(found.modality).compared)
    title = f"Distance {found.distance:.3f}, limit {found.limit:.3f}: {'in domain' if found.inside else 'OUTSIDE'}"
    if found.non_oxide is not None:
        title += f"\n{label(found.non_oxide[0], LONGEST)}: {found.non_oxide[1]:.3f}"
    top.set_title(title, loc="left")
    low.axhline(0.0, color=FAINT, lw=0.8)
    low.plot(found.axis, found.measured - found.alike, color=MEAN, lw=0.9)
    low.set(xlabel=modalities.get(found.modality).abscissa, ylabel="Residual")
    low.margins(x=0)


def bar(axes: Axes, found: Prediction, colour: str) -> None:
    """Draw probabilities of classes as bars, and above them the value with its 90 % interval."""
    low, high = found.interval
    level = 1.18 if found.probabilities else 0.5
    if found.probabilities:
        axes.bar(list(found.probabilities), list(found.probabilities.values()), width=0.7, color=colour, lw=0)
        names = [class_name(found.target, value) for value in found.probabilities]
        axes.set_xticks(list(found.probabilities), names)
        axes.set_yticks([0, 0.5, 1.0])
        axes.set_xlim(min(found.probabilities) - 0.6, max(found.probabilities) + 0.6)
        axes.set(ylabel="Probability")
    else:
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlim(low - 0.6 * (high - low), high + 0.6 * (high - low))
    axes.plot([low, high], [level, level], color=INK, lw=1.4, solid_capstyle="butt")
    axes.plot([found.value], [level], color=INK, marker="o", ms=5)
    axes.set_ylim(0.0, 1.35 if found.probabilities else 1.0)
    digits, unit = (2, "") if found.target.is_class else (3, " Å")
    axes.set(xlabel=f"{found.target.label}{' (Å)' if unit else ''}")
    axes.set_title(f"{found.value:.{digits}f}{unit}, 90 %: {low:.{digits}f}–{high:.{digits}f}{unit}", loc="left")


def windows(figure: Figure | SubFigure, evidence: Sequence[Evidence]) -> None:
    """Draw what each window of each input adds to the answers, a target beside the other."""
    names = _modalities_of(evidence)
    grid = figure.subplots(len(names), len(Target), squeeze=False, sharey="col")
    for row, name in zip(grid, names, strict=True):
        for axes, target in zip(row, Target, strict=True):
            own = [each for each in evidence if each.modality == name and each.target is target]
            centres, widths = [0.5 * (e.low + e.high) for e in own], [0.9 * (e.high - e.low) for e in own]
            axes.bar(centres, [e.contribution for e in own], widths, color=TRACE, lw=0)
            axes.axhline(0.0, color=INK, lw=0.8)
            axes.yaxis.set_major_locator(MaxNLocator(4))
            axes.tick_params(labelleft=True)
            axes.set(xlabel=modalities.get(name).abscissa, ylabel=f"Adds{' (Å)' if target.unit else ''}")
            axes.set_title(f"Evidence: {target.label.lower().removeprefix('mean ')}", loc="left")
    for axes, target in zip(grid[0], Target, strict=True):
        parts = [each.contribution for each in evidence if each.target is target]
        axes.set_ylim(1.1 * min(*parts, -SMALL[target.is_class]), 1.1 * max(*parts, SMALL[target.is_class]))


def series_figure(answers: Sequence[Answer]) -> Figure:
    """Return values and 90 % intervals along a series of scans; hollow where they are outside the domain."""
    figure = Figure(figsize=(WIDTH, 6.4), layout="constrained")
    place = np.arange(1, len(answers) + 1)
    rows = figure.subplots(len(Target), 1, sharex=True)
    for axes, target in zip(rows, Target, strict=True):
        for metal in dict.fromkeys(answer.metal for answer in answers):
            own = np.array([answer.metal == metal for answer in answers])
            _along(axes, place[own], [a for a in answers if a.metal == metal], target, metal)
        axes.set(ylabel=f"{target.label}{' (Å)' if target.unit else ''}".replace(" number", "\nnumber"))
        axes.grid(axis="y", color=FAINT, lw=0.5)
    rows[0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4)
    rows[0].set_title("Bars: 90 % intervals. Hollow: outside the domain", loc="right", fontsize=8)
    if len(answers) <= MOST_TICKS:
        names = [label(answer.sample.name, LONGEST - 10) for answer in answers]
        rows[-1].set_xticks(place, names, rotation=40, ha="right", rotation_mode="anchor")
    else:
        rows[-1].set(xlabel="Number of the sample, in the order given")
        rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _along(axes: Axes, place: np.ndarray, answers: Sequence[Answer], target: Target, metal: str) -> None:
    found = [answer.predictions[target] for answer in answers]
    value = np.array([each.value for each in found])
    ends = np.abs(np.array([each.interval for each in found]).T - value)
    inside = np.array([answer.in_domain for answer in answers])
    colour = metal_colour(metal)
    axes.errorbar(place, value, ends, fmt="none", ecolor=colour, elinewidth=0.9, alpha=0.6)
    axes.plot(place[inside], value[inside], "o", color=colour, ms=4, label=metal)
    axes.plot(place[~inside], value[~inside], "o", color=colour, ms=4, mfc="none")
