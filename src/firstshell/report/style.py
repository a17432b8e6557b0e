"""How figures look: metal colours, hatches, fonts and the names of things on paper.

Colours and hatches are those of Na Narong et al., npj Comput. Mater. 11, 98 (2025): titanium orange, manganese green,
iron blue, copper magenta; XANES plain, PDF dotted, their combination striped.
"""

import colorsys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from warnings import catch_warnings, filterwarnings

import matplotlib as mpl
import xraydb

from firstshell import simulation as modalities
from firstshell.runtime.console import plain, true_minus
from firstshell.types import Metric, Target

INK, PAPER, FAINT, TRACE, MEAN = "#1b1b1b", "#fefefe", "#d6d6d6", "#8e8e8e", "#555555"
THEME = {INK: "var(--ink)", PAPER: "var(--paper)", FAINT: "var(--faint)", MEAN: "var(--mean)"}

CJK = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Unifont",
)  # fmt: skip
"""Fonts with Chinese, Japanese and Korean letters, of Linux, macOS and Windows."""
METALS = {"Ti": "#ee8a2a", "Mn": "#3f9f4f", "Fe": "#3c82cf", "Cu": "#c9409f"}
DIGITS = {Metric.RMSE: 4, Metric.MAE: 4, Metric.RMSE_PERCENT: 2}

RC: dict[Any, Any] = {
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titley": 1.0,  # else matplotlib looks at every label, again and again, for where the title may stand
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.hspace": 0.05,
    "font.size": 9,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "patch.edgecolor": INK,
    "hatch.color": INK,
    "hatch.linewidth": 0.7,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "firstshell",
    "text.parse_math": False,  # a name may hold dollar signs
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw and save in the report's style, whatever the user's matplotlibrc says.

    Letters that no font of this machine has are drawn as boxes, without a warning; an SVG holds them as text.
    """
    with mpl.rc_context(), catch_warnings():
        filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        mpl.rcParams["font.family"] = ["DejaVu Sans", *_more_fonts()]
        yield


@cache
def _more_fonts() -> list[str]:
    """Return fonts of this machine with letters that names may hold and DejaVu Sans lacks."""
    from matplotlib.font_manager import get_font_names

    installed = set(get_font_names())
    return [name for name in CJK if name in installed]


def metal_colour(metal: str) -> str:
    """Return the paper's colour, or for other metals a hue that follows from the atomic number."""
    if metal in METALS:
        return METALS[metal]
    number = xraydb.atomic_number(metal)
    hue = number * 0.618034 % 1  # golden angle: neighbours in the periodic table lie far apart
    lightness = 0.5 if number <= 36 else 0.75  # distinguishes the heavier metals from the 3d metals
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, 0.6))
    return f"#{red:02x}{green:02x}{blue:02x}"


def by_number(metals: Iterable[str]) -> list[str]:
    """Sort metals by atomic number."""
    return sorted(set(metals), key=xraydb.atomic_number)


def label(name: str, most: int = 80) -> str:
    """Return a name as a figure has room for: at most so many characters, none of them a control character."""
    shown = plain(name)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def hatch(inputs: str) -> str:
    """Return the hatch of a bar for these inputs."""
    *others, last = (modalities.get(name) for name in inputs.split("+"))
    return last.hatch_joined if others else last.hatch


def line(inputs: str) -> tuple[str, str]:
    """Return colour and marker of a line for these inputs."""
    *others, last = (modalities.get(name) for name in inputs.split("+"))
    return (last.colour_joined, last.marker_joined) if others else (last.colour, last.marker)


def input_rank(inputs: str) -> tuple[int, list[int]]:
    """Return what inputs are sorted by: single modalities first, each in its place."""
    ranks = [modalities.get(name).rank for name in inputs.split("+")]
    return len(ranks), ranks


def input_name(inputs: str, target: Target | None = None) -> str:
    """Return "XANES+PDF" for "xanes+pdf"; the baselines by what they do."""
    if inputs == "modal":
        return "Always the mean" if target and not target.is_class else "Always the modal class"
    if inputs == "composition":
        return "Composition alone"
    return modalities.show(inputs)


def ordinate(modality: str) -> str:
    """Return the axis label, with unit, of a modality's spectra."""
    return modalities.get(modality).ordinate


def class_name(target: Target, value: float) -> str:
    """Return "+2" for an oxidation state, "4" for a coordination number."""
    return f"{int(value):+d}" if target is Target.OXIDATION_STATE else f"{int(value)}"


def percent(share: float) -> str:
    """Return "12 %" for 0.12."""
    return f"{100 * share:.0f} %"


def number(metric: Metric, value: float, sign: bool = False) -> str:
    """Format a score with the digits its spread deserves, with a true minus and none on zero; a dash if missing."""
    if value != value:
        return "–"
    return true_minus(f"{value:{'+' if sign else ''}z.{DIGITS.get(metric, 3)}f}")
