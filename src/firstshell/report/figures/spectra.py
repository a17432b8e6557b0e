"""Plots of spectra as files."""

from collections.abc import Sequence
from pathlib import Path

from firstshell.runtime.console import plain
from firstshell.types import Spectrum


def save_plot(spectra: Sequence[Spectrum], stem: Path, title: str) -> list[Path]:
    """Write `stem`.png and `stem`.svg: the spectra over each other, those of sites with a legend."""
    from matplotlib.figure import Figure

    from firstshell.report.pictures import save_picture
    from firstshell.report.style import paper_style

    with paper_style():
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axes = figure.subplots()
        for spectrum in spectra:
            spectrum.plot(axes, label="" if spectrum.site is None else f"site {spectrum.site}", lw=1.2)
        axes.set_title(plain(title))
        axes.margins(x=0)
        if len(spectra) > 1:
            axes.legend()
        return save_picture(figure, stem, dpi=200)
