"""Fits of standards as pictures and as a table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from firstshell.measured.xanes.standards import Fit
from firstshell.measured.xanes.transfer import PARAMETERS
from firstshell.report.pictures import save_picture
from firstshell.report.style import FAINT, INK, MEAN, TRACE, label, metal_colour, paper_style
from firstshell.runtime.console import true_minus
from firstshell.runtime.spreadsheet import write_csv

UNITS = {"shift": "eV", "sigma": "eV", "growth": "eV/eV", "slope": "1/40 eV"}


def frame(fits: Sequence[Fit]) -> pd.DataFrame:
    """Return one row a standard: what it is, what the best transfer leaves, and its parameters."""
    rows = [
        {
            "standard": each.standard.name,
            "compound": each.standard.compound,
            "metal": each.standard.metal,
            "rmse (edge steps)": each.rmse,
            "correlation": each.correlation,
        }
        | {_head(name): getattr(each.transfer, name) for name in PARAMETERS}
        for each in fits
    ]
    return pd.DataFrame(rows)


def save_fits(fits: Sequence[Fit], stem: Path) -> list[Path]:
    """Write `stem`.csv, and `stem`_01.png and .svg and so on, one of each standard."""
    table, csv = frame(fits), stem.with_name(f"{stem.name}.csv")
    write_csv(table, csv)
    written = [csv]
    with paper_style():
        for i, each in enumerate(fits):
            written += save_picture(fit_figure(each), stem.with_name(f"{stem.name}_{i + 1:02d}"))
    return written


def fit_figure(found: Fit) -> Figure:
    """Return a standard as simulated, as its transfer makes it, and as measured; to be saved within `paper_style`."""
    each, colour = found.standard, metal_colour(found.standard.metal)
    made = found.transfer.apply(each.grid, each.simulated, each.energy)
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    top, low = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    top.plot(each.grid, each.simulated, color=TRACE, lw=0.9, label="simulated")
    top.plot(each.energy, made, color=INK, lw=0.9, ls="--", label="after the transfer")
    top.plot(each.energy, each.measured, color=colour, lw=1.3, label="measured")
    top.set(ylabel="μ(E) (edge steps)", xlim=(each.energy[0], each.energy[-1]))
    top.legend(loc="lower right")
    settings = [(_head(name).replace("_", " "), getattr(found.transfer, name)) for name in PARAMETERS]
    words = "\n".join(f"{name}: {true_minus(f'{value:z.3f}')}" for name, value in settings)
    inside = each.grid <= each.energy[-1]
    highest = max(each.simulated[inside].max(), each.measured.max(), made.max())
    # Room for the parameters, above everything that is drawn.
    top.set_ylim(top=highest + 0.35 * np.ptp(each.measured))
    top.text(0.01, 0.98, words, transform=top.transAxes, va="top", fontsize=7, linespacing=1.25)
    what = label(f"{each.name}: {each.compound}")
    top.set_title(f"{what}. RMSE {found.rmse:.3f}, r {found.correlation:.4f}", loc="left")
    low.axhline(0.0, color=FAINT, lw=0.8)
    low.plot(each.energy, each.measured - made, color=MEAN, lw=0.9)
    low.set(xlabel="E − E(K) (eV)", ylabel="Residual")
    return figure


def _head(name: str) -> str:
    return f"{name} ({UNITS[name]})" if name in UNITS else name
