"""What several commands take in the same words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from firstshell.runtime.console import say

if TYPE_CHECKING:
    from firstshell.match.simulations import Cost

Config = Annotated[
    Path | None,
    Parameter(help="A study.toml; its tables [xanes], [exafs], [pdf] and [dpdf] hold the settings of each modality."),
]
Changes = Annotated[tuple[str, ...], Parameter(name="--set", negative="")]
"""Single settings; each command gives an example of its own."""
Partial = Annotated[Literal["refuse", "round"], Parameter(help="What to do with partly occupied positions.")]
Workers = Annotated[int | None, Parameter(help="Processes; one a core by default.")]
Backend = Annotated[
    Literal["auto", "sklearn", "intelex"],
    Parameter(help="Which forest: scikit-learn's, scikit-learn-intelex's, or the faster one that is installed."),
]
Progress = Annotated[
    Literal["auto", "rich", "plain", "json", "none"],
    Parameter(help="How progress is shown."),
]
Transfer = Annotated[
    Path | None,
    Parameter(help="Transfer from simulated spectra to those of your beamline, as firstshell calibrate writes it."),
]


@Parameter(name="*")
@dataclass(frozen=True)
class Reading:
    """Which data of the files are taken."""

    signal: Annotated[
        str | None,
        Parameter(
            help="Which signal of a scan to take: transmission, fluorescence, electron-yield, mu, normalised, "
            "reference, or a formula as an answer names it; by default the first that has a sound edge."
        ),
    ] = None
    columns: Annotated[
        str | None,
        Parameter(help="Which columns of a table to take, such as energy=1,mu=ln(3/4); by default their names decide."),
    ] = None
    format: Annotated[str | None, Parameter(help="Format of the files; by default their content decides.")] = None


@Parameter(name="*")
@dataclass(frozen=True)
class Ranges:
    """How XANES are normalised."""

    e0: Annotated[float | None, Parameter(help="Edge energy of the scans in eV; the steepest rise by default.")] = None
    pre1: Annotated[
        float | None,
        Parameter(help="First energy of the pre-edge line of all files, eV from E0; so are the next three."),
    ] = None
    pre2: Annotated[float | None, Parameter(help="Last energy of the pre-edge line.")] = None
    norm1: Annotated[float | None, Parameter(help="First energy of the post-edge curve.")] = None
    norm2: Annotated[float | None, Parameter(help="Last energy of the post-edge curve.")] = None


@Parameter(name="*")
@dataclass(frozen=True)
class PdfConditions:
    """How PDFs were measured."""

    qmax: Annotated[
        float | None, Parameter(help="Qmax of the PDF in Å⁻¹; by default that of the file's header, or an estimate.")
    ] = None
    qdamp: Annotated[
        float | None,
        Parameter(
            help="Qdamp of the PDF in Å⁻¹; by default that of the file's header, else a usual one; fit fits it where "
            "the PDF reaches 15 Å."
        ),
    ] = None
    radiation: Annotated[
        Literal["xray", "neutron"] | None,
        Parameter(help="Radiation of the PDF; by default from the file, else X-rays."),
    ] = None


def say_cost(cost: Cost, workers: int | None) -> None:
    """Say what simulations take before they start."""
    from firstshell.report.words import match

    say(match.cost(cost, workers or os.cpu_count() or 1), file=sys.stderr)


def say_warnings(warnings: Iterable[str]) -> None:
    """Say what to know of the measurements."""
    for each in warnings:
        say(f"Warning: {each}")


def say_unused(refused: Iterable[tuple[str, str]]) -> None:
    """Name what could not be used, and why."""
    for name, reason in refused:
        say(f"not used: {name}: {reason}", file=sys.stderr)


def say_written(paths: Sequence[Path]) -> None:
    """Name the files of a folder that were written, the first with its path."""
    first, *others = paths
    say(", ".join([f"wrote {first}", *(path.name for path in others)]))
