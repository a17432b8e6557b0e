"""`firstshell fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from firstshell.cli.parameters import Changes, Config, Progress, Workers
from firstshell.runtime.console import say

if TYPE_CHECKING:
    from firstshell.dataset.table import Dataset


def fetch(
    *,
    metal: str,
    out: Path = Path("mp.parquet"),
    preset: Literal["default", "paper"] = "default",
    elements: str = "O",
    max_materials: int | None = None,
    config: Config = None,
    set_: Changes = (),
    workers: Workers = None,
    progress: Progress = "auto",
) -> None:
    """Fetch structures and FEFF's K-edge XANES from the Materials Project, and make a dataset of them.

    Needs your key in MP_API_KEY (free: https://next-gen.materialsproject.org/api). This is the only command that uses
    the network. An interrupted run resumes; every answer is kept.

    Example: firstshell fetch --metal Ti,Mn,Fe,Cu --preset paper --out mp.parquet

    Parameters
    ----------
    metal
        Absorbers, as in Ti,Mn,Fe,Cu.
    out
        The dataset to write. NAME.excluded.csv and the folder NAME.store with every answer are written beside it.
    preset
        paper: all oxides, on the grids and with the PDF settings of Na Narong et al. (2025), which are the defaults;
        the study has a preset of the same name for the rest.
    elements
        Elements that a material must contain besides the metal, as in O or O,Li; empty for every material.
    max_materials
        Most materials of each metal, the lowest ids first; all by default.
    workers
        Processes for labels and PDFs; one a core by default.
    set_
        One setting, as in --set pdf.qmax=24.

    """
    from firstshell.api.datasets import fetch as fetched
    from firstshell.runtime.progress import make_reporter

    data = fetched(
        metal,
        out,
        preset=preset,
        elements=elements,
        max_materials=max_materials,
        config=config,
        set_=set_,
        workers=workers,
        reporter=make_reporter(progress),
    )
    _summarise(data)
    say(f"left out: {len(data.excluded)} (see {out.with_suffix('.excluded.csv')})\nwrote {out}")
    say(f"next: firstshell study {out}" + (" --preset paper" if preset == "paper" else ""))


def _summarise(data: Dataset) -> None:
    """Print what came, from where, under which licence, on which grids."""
    from firstshell.dataset.fetch import licences
    from firstshell.dataset.pipeline import params_of

    params = params_of(data)
    origin, xanes, pdf = data.settings["materials_project"], params["xanes"], params["pdf"]
    say(f"Materials Project, database {origin['database_version']}, begun {origin['retrieved']}")
    say("licences: " + ", ".join(f"{name} ({count})" for name, count in licences(data).items()))
    say(
        f"grids: XANES {xanes.emin:g} to {xanes.emax:g} eV from the K edge, {xanes.points} points; {pdf.radiation} PDF "
        f"{pdf.rmin:g} to {pdf.rmax:g} Å, {pdf.points or 'all'} points, Qmax {pdf.qmax:g} Å⁻¹"
    )
    for name, rows in data.frame.groupby("metal"):
        labelled = rows[["oxidation_state", "coordination_number", "bond_length"]].notna().sum()
        averaged = rows["source"].str.contains("averaged over all").sum()
        say(
            f"{name}: {len(rows)} materials, {averaged} of them with a XANES averaged over unlike sites; oxidation "
            f"state known for {labelled['oxidation_state']}, coordination number for "
            f"{labelled['coordination_number']}, bond length for {labelled['bond_length']}"
        )
