"""What every figure of the report is: a Display, made of panels that stand side by side and reflow on a phone."""

from __future__ import annotations

import io
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure, SubFigure

from firstshell.report.style import paper_style

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 10.0
DPI, SVG_DPI = 200, 150
CLIP = re.compile(rb"\bp[0-9a-f]{10}\b")


@dataclass(frozen=True)
class Panel:
    """One part of a figure.

    draw : draws into an empty figure or subfigure
    alt : what one sees, for those who do not
    width, height : inches when it stands alone
    """

    draw: Callable[[Figure | SubFigure], None]
    alt: str
    width: float = 5.0
    height: float = 3.4


class Display(ABC):
    """A figure that shows itself. Subclasses are frozen dataclasses of what they draw from."""

    name: str
    title: str

    @property
    @abstractmethod
    def caption(self) -> str:
        """What is drawn, for the page: plain text."""

    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """Return the numbers drawn, as in the CSV beside the figure."""

    @abstractmethod
    def rows(self) -> list[list[Panel]]:
        """Return the panels, row by row."""

    def plot(self) -> Figure:
        """Compose all panels into one figure, 10 inches wide at most."""
        rows = self.rows()
        width = min(WIDTH, max(sum(panel.width for panel in row) for row in rows))
        heights = [max(panel.height for panel in row) for row in rows]
        with paper_style():
            figure = Figure(figsize=(width, sum(heights)), layout="constrained")
            stack = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=heights)
            for row, strip in zip(rows, stack[:, 0], strict=True):
                ratios = [panel.width for panel in row]
                for panel, part in zip(
                    row, strip.subfigures(1, len(row), squeeze=False, width_ratios=ratios)[0], strict=True
                ):
                    panel.draw(part)
            settle(figure)
        return figure


def plot_panel(panel: Panel) -> Figure:
    """Draw one panel as a figure of its own."""
    with paper_style():
        figure = Figure(figsize=(panel.width, panel.height), layout="constrained")
        panel.draw(figure)
        settle(figure)
    return figure


def settle(figure: Figure) -> None:
    """Lay the figure out once and for all: otherwise every save does it again, which takes most of its time."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def png(figure: Figure) -> bytes:
    """Return the figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with paper_style():
        figure.set_dpi(DPI)
        # Not savefig, which draws everything twice, the first time to see where it lies.
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """Return the figure as SVG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with paper_style():
        figure.set_dpi(SVG_DPI)  # of what is drawn as an image
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    return _numbered(buffer.getvalue())


def _numbered(svg: bytes) -> bytes:
    """Number clip paths: matplotlib names them by where they are, to the last bit, which layouts do not repeat."""
    names: dict[bytes, bytes] = {}
    return CLIP.sub(lambda found: names.setdefault(found.group(), b"clip%d" % len(names)), svg)
