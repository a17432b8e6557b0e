"""`firstshell simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.cli.parameters import Changes, Config, Partial, Progress
from firstshell.cli.settings import read_settings
from firstshell.runtime.console import say

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
    config: Config = None,
    set_: Changes = (),
    partial: Partial = "refuse",
    progress: Progress = "auto",
) -> None:
    """Simulate spectra of one crystal structure: columns, and a plot as PNG and SVG.

    A PDF takes milliseconds; for each distinct site of the metal an EXAFS takes a third of a second, a XANES some ten.

    Example: firstshell simulate CuO.cif --metal Cu --modality xanes,pdf,dpdf --set pdf.qmax=24

    Parameters
    ----------
    file
        A CIF or POSCAR.
    metal
        The absorber, or the metal of the differential PDF.
    modality
        One or more of xanes, exafs, pdf and dpdf. EXAFS is written as k²χ(k) and as the magnitude |χ(R)| of its
        Fourier transform.
    out
        Folder for the results.
    per_site
        One spectrum for each symmetry-distinct site of the metal.
    native
        PDFs on their fine grid (rstep); with --no-native on the coarse one that datasets use.
    set_
        One setting, as in --set pdf.qmax=24.

    """
    from firstshell import simulation as modalities
    from firstshell.io.structures.files import read_structure
    from firstshell.runtime.progress import make_reporter

    structure = read_structure(file, partial=partial)
    settings = read_settings(config, set_, native=native)
    for name in modalities.split_inputs(modality.replace(",", "+")):
        kind = modalities.get(name)
        reporter = make_reporter(progress if kind.slow else "none")
        reporter.start(f"{kind.label} of {file.name}", 1)
        try:
            result = modalities.simulate(structure, metal, name, settings[name], per_site=per_site)
            reporter.advance()
        finally:
            reporter.finish()
        spectra = result if isinstance(result, list) else [result]
        stem, title = f"{file.stem}_{metal}_{name}", f"{file.stem}: {kind.label} of {metal}"
        _write(spectra, out, stem, title, kind.suffix)
        if kind.transform is not None:
            other = [kind.transform(spectrum, settings[name]) for spectrum in spectra]
            _write(other, out, f"{stem}_{other[0].grid.quantity}", title, kind.suffix)


def _write(spectra: list[Spectrum], out: Path, stem: str, title: str, suffix: str) -> None:
    import json

    from firstshell.cli.plots import save_plot
    from firstshell.runtime.store import write_atomic

    first = spectra[0]
    names = [first.label if s.site is None else f"site {s.site} {s.label}" for s in spectra]
    header = [
        f"# firstshell {json.dumps(first.provenance, sort_keys=True)}",
        f"# {first.grid.label}  {'  '.join(names)}",
    ]
    rows = zip(first.grid.values, *(s.values for s in spectra), strict=True)
    lines = [*header, *("  ".join(f"{value:.8g}" for value in row) for row in rows)]
    columns = out / f"{stem}{suffix}"
    write_atomic(columns, lambda path: path.write_text("\n".join(lines) + "\n", encoding="utf-8"))
    save_plot(spectra, out / stem, title)
    say(f"wrote {columns}, {stem}.png, {stem}.svg")
