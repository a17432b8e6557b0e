"""`firstshell simulate`."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from firstshell.cli.settings import read_settings

if TYPE_CHECKING:
    from firstshell.types import Spectrum


def simulate(
    file: Path,
    /,
    *,
    metal: str,
    modality: str = "pdf,dpdf",
    out: Path = Path(),
    per_site: bool = False,
    native: bool = True,
    config: Path | None = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative="")] = (),
    partial: Literal["refuse", "round"] = "refuse",
) -> None:
    """Simulate spectra of one crystal structure: columns, and a plot as PNG and SVG.

    Example: firstshell simulate CuO.cif --metal Cu --modality pdf,dpdf --set pdf.qmax=24

    Parameters
    ----------
    file
        A CIF or POSCAR.
    metal
        The absorber, or the metal of the differential PDF.
    modality
        One or more of xanes, pdf and dpdf.
    out
        Folder for the results.
    per_site
        One spectrum for each symmetry-distinct site of the metal.
    native
        PDFs on their fine grid (rstep); with --no-native on the coarse one that datasets use.
    config
        A study.toml; its tables [xanes], [pdf] and [dpdf] hold the settings of each modality.
    set_
        One setting, as in --set pdf.qmax=24.
    partial
        What to do with partly occupied positions.

    """
    from firstshell import modalities
    from firstshell.structures.files import read_structure

    structure = read_structure(file, partial=partial)
    settings = read_settings(config, set_)
    for name in modalities.split_inputs(modality.replace(",", "+")):
        params = _native(settings[name]) if native else settings[name]
        result = modalities.simulate(structure, metal, name, params, per_site=per_site)
        _write(result if isinstance(result, list) else [result], out, f"{file.stem}_{metal}_{name}")


def _native(params: Any) -> Any:
    """Return the settings without resampling, where a modality has such a choice."""
    names = {field.name for field in fields(params)}
    return replace(params, points=None) if {"points", "rstep"} <= names else params


def _write(spectra: list[Spectrum], out: Path, stem: str) -> None:
    import json

    from matplotlib.figure import Figure

    from firstshell.store import write_atomic

    first = spectra[0]
    names = [first.label if s.site is None else f"site {s.site} {s.label}" for s in spectra]
    header = [
        f"# firstshell {json.dumps(first.provenance, sort_keys=True)}",
        f"# {first.grid.label}  {'  '.join(names)}",
    ]
    rows = zip(first.grid.values, *(s.values for s in spectra), strict=True)
    lines = [*header, *("  ".join(f"{value:.8g}" for value in row) for row in rows)]
    columns = out / f"{stem}{'.gr' if first.grid.unit == 'Å' else '.dat'}"
    write_atomic(columns, lambda path: path.write_text("\n".join(lines) + "\n", encoding="utf-8"))

    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    for spectrum in spectra:
        spectrum.plot(axes, label="" if spectrum.site is None else f"site {spectrum.site}", lw=1.2)
    axes.set_title(stem.replace("_", " "))
    axes.margins(x=0)
    if len(spectra) > 1:
        axes.legend(frameon=False)
    for suffix in (".png", ".svg"):
        write_atomic(out / f"{stem}{suffix}", lambda path: figure.savefig(path, dpi=200))
    print(f"wrote {columns}, {stem}.png, {stem}.svg")
