"""Plots of spectra as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from firstshell.runtime.console import plain
from firstshell.types import Spectrum


def save_plot(spectra: Sequence[Spectrum], stem: Path, title: str) -> list[Path]:
    """Write `stem`.png and `stem`.svg: the spectra over each other, those of sites with a legend."""
    from matplotlib.figure import Figure

    from firstshell.runtime.store import write_atomic

    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    for spectrum in spectra:
        spectrum.plot(axes, label="" if spectrum.site is None else f"site {spectrum.site}", lw=1.2)
    axes.set_title(plain(title), parse_math=False)
    axes.margins(x=0)
    if len(spectra) > 1:
        axes.legend(frameon=False)
    written = [stem.with_name(stem.name + suffix) for suffix in (".png", ".svg")]
    for place in written:
        write_atomic(place, lambda path: figure.savefig(path, dpi=200))
    return written
