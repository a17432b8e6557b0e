"""What every figure of the report is: a Display, made by a function, of panels that reflow on a phone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import imsave
from numpy.typing import NDArray

from firstshell.report.style import PAPER, paper_style
from firstshell.report.svg import Part, stacked

if TYPE_CHECKING:
    import pandas as pd

DPI, SVG_DPI = 150, 110
CLIP = re.compile(rb"\bp[0-9a-f]{10}\b")
T = TypeVar("T")


@dataclass(frozen=True)
class Panel:
    """One part of a figure.

    draw : draws into an empty figure or subfigure; a partial of a function, so that another process can call it
    alt : what one sees, for those who do not
    width, height : inches
    """

    draw: Callable[[Figure | SubFigure], None]
    alt: str
    width: float = 4.2
    height: float = 3.4


@dataclass(frozen=True, eq=False)
class Display:
    """A figure that shows itself.

    name : of its files
    title, caption : heading and what is drawn, plain text
    numbers : what is drawn, as in the CSV beside the figure
    rows : the panels, row by row
    """

    name: str
    title: str
    caption: str
    numbers: pd.DataFrame
    rows: tuple[tuple[Panel, ...], ...]

    @property
    def panels(self) -> list[Panel]:
        """All panels, row by row."""
        return [panel for row in self.rows for panel in row]

    def frame(self) -> pd.DataFrame:
        """Return the numbers drawn."""
        return self.numbers

    def plot(self) -> Figure:
        """Compose all panels into one matplotlib figure."""
        width = max(sum(panel.width for panel in row) for row in self.rows)
        heights = [max(panel.height for panel in row) for row in self.rows]
        with paper_style():
            figure = Figure(figsize=(width, sum(heights)), layout="constrained")
            stack = figure.subfigures(len(self.rows), 1, squeeze=False, height_ratios=heights)
            for row, strip in zip(self.rows, stack[:, 0], strict=True):
                ratios = [panel.width for panel in row]
                parts = strip.subfigures(1, len(row), squeeze=False, width_ratios=ratios)[0]
                for panel, part in zip(row, parts, strict=True):
                    panel.draw(part)
        return figure


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure drawn once: each panel as SVG for the page, and all of them as one PNG and one SVG file."""

    panels: list[bytes]
    png: bytes
    svg: bytes


def in_rows(panels: Sequence[Panel], columns: int = 2) -> tuple[tuple[Panel, ...], ...]:
    """Set panels out in rows of so many."""
    return tuple(tuple(panels[i : i + columns]) for i in range(0, len(panels), columns))


def small_multiples(
    figure: Figure | SubFigure,
    items: Sequence[T],
    draw: Callable[[Axes, T], None],
    columns: int = 3,
    **grid: Any,
) -> list[Axes]:
    """Draw one small plot for each item, so many a row, and hide what is left of the last row; return the axes.

    grid : as `Figure.subplots` takes it
    """
    rows = -(-len(items) // columns)
    axes = figure.subplots(rows, min(columns, len(items)), squeeze=False, **grid).ravel()
    for each, item in zip(axes, items, strict=False):
        draw(each, item)
    for spare in axes[len(items) :]:
        spare.set_visible(False)
    return list(axes[: len(items)])


def plot_panel(panel: Panel) -> Figure:
    """Draw one panel as a figure of its own, and lay it out once and for all: every save would do that again."""
    with paper_style():
        figure = Figure(figsize=(panel.width, panel.height), layout="constrained")
        panel.draw(figure)
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.execute(figure)
            figure.set_layout_engine("none")
    return figure


def drawn(display: Display) -> Drawn:
    """Draw every panel once, and set them out as they stand in the figure; the same figure gives the same bytes."""
    vectors: list[bytes] = []
    images: list[NDArray[np.uint8]] = []
    places: list[Part] = []
    y = 0.0
    for row in display.rows:
        x = 0.0
        for panel in row:
            figure = plot_panel(panel)
            vectors.append(svg(figure))
            images.append(pixels(figure))
            places.append(Part(x, y, panel.width, panel.height))
            x += panel.width
        y += max(panel.height for panel in row)
    return Drawn(vectors, _png(images, places), stacked(vectors, places))


def svg(figure: Figure) -> bytes:
    """Return the figure as SVG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with paper_style():
        figure.set_dpi(SVG_DPI)  # of what is drawn as an image
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    return _numbered(buffer.getvalue())


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """Return the figure as (height, width, 4) pixels."""
    with paper_style():
        figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]
        return np.array(canvas.buffer_rgba(), dtype=np.uint8)  # type: ignore[no-untyped-call]


def _png(images: Sequence[NDArray[np.uint8]], places: Sequence[Part]) -> bytes:
    """Set images out on paper."""
    width, height = (max(ends) for ends in zip(*((p.x + p.width, p.y + p.height) for p in places), strict=True))
    sheet = np.empty((round(height * DPI) + 1, round(width * DPI) + 1, 4), dtype=np.uint8)
    sheet[:] = [int(PAPER[i : i + 2], 16) for i in (1, 3, 5)] + [255]
    for image, place in zip(images, places, strict=True):
        top, left = round(place.y * DPI), round(place.x * DPI)
        part = sheet[top : top + image.shape[0], left : left + image.shape[1]]
        part[:] = image[: part.shape[0], : part.shape[1]]
    buffer = io.BytesIO()
    imsave(buffer, sheet, format="png", metadata={"Software": None})  # type: ignore[dict-item]
    return buffer.getvalue()


def _numbered(svg: bytes) -> bytes:
    """Number clip paths: matplotlib names them by where they are, to the last bit, which layouts do not repeat."""
    names: dict[bytes, bytes] = {}
    return CLIP.sub(lambda found: names.setdefault(found.group(), b"clip%d" % len(names)), svg)
