"""The only writer of single pictures: PNG and SVG, each whole or not at all, the same bytes for the same figure."""

from pathlib import Path

from matplotlib.figure import Figure

from firstshell.report.style import paper_style
from firstshell.runtime.store import write_atomic

DPI = 150


def save_picture(figure: Figure, stem: Path, dpi: int = DPI) -> list[Path]:
    """Write `stem`.png and `stem`.svg of a figure that was made within `paper_style`; InputError for no such folder."""
    png, svg = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")
    with paper_style():
        write_atomic(png, lambda path: figure.savefig(path, dpi=dpi))
        write_atomic(svg, lambda path: figure.savefig(path, dpi=dpi, metadata={"Date": None}))
    return [png, svg]
