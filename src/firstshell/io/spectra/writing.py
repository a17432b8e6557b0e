"""Calculated spectra as text that other programs read: columns with their names, settings and units in the header."""

from collections.abc import Iterator, Mapping, Sequence
from math import pi
from typing import Any

import numpy as np

from firstshell.types import Array, Spectrum

DIGITS = 8
"""Significant digits of a value, where a column does not say otherwise."""


def gr_text(spectrum: Spectrum) -> str:
    """Return a G(r) with a header of "# key = value" lines as PDFgetX3 and PDFgui read them, and numpy passes over.

    qmax = 0 (no limit) is written as what the step of r bounds, π/step, since it means "not known" in such files.
    """
    settings = dict(spectrum.provenance.get("params", {}))
    settings["mode"] = settings.pop("radiation", "xray")
    step = float(np.median(np.diff(spectrum.grid.values)))
    settings["qmax"] = settings.get("qmax") or round(pi / step, 4)
    if spectrum.modality == "dpdf":
        settings["differential"] = spectrum.metal
    if formula := spectrum.provenance.get("formula"):
        settings["composition"] = formula
    return _text([_title(spectrum), *_settings(settings), "#### start data", "#L r(A) G(A^-2)", "# r  G"], spectrum)


def xdi_text(spectrum: Spectrum) -> str:
    """Return a XANES as XDI, version 1.0: energies in eV, normalised μ in edge steps as the column "norm"."""
    about = {
        "Element.symbol": spectrum.metal,
        "Element.edge": "K",
        "Column.1": "energy eV",
        "Column.2": "norm edge_steps",
        "Sample.name": _name(spectrum),
        "Sample.stoichiometry": spectrum.provenance.get("formula"),
        **{f"Firstshell.{key}": value for key, value in _flat(spectrum.provenance) if key != "formula"},
    }
    fields = [f"# {key}: {value}" for key, value in about.items() if value is not None]
    version = spectrum.provenance.get("software", "firstshell").replace(" ", "/")
    head = [f"# XDI/1.0 {version}", *fields, "# ///", _title(spectrum), "# ---", "# energy  norm"]
    return _text(head, spectrum)


def columns_text(spectrum: Spectrum, columns: Mapping[str, Array] | None = None) -> str:
    """Return a spectrum as columns below a line of their names, which larch and Athena read.

    columns : (n,) by name; the axis and the values under their own names by default
    """
    about = {"absorber": spectrum.metal, "x": spectrum.grid.label, "y": spectrum.label}
    made = {key: value for key, value in spectrum.provenance.items() if key != "params"}
    settings = {**about, **made, **spectrum.provenance.get("params", {})}
    columns = columns or {spectrum.grid.quantity: spectrum.grid.values, spectrum.modality: spectrum.values}
    head = [_title(spectrum), *_settings(settings), "# " + "  ".join(columns)]
    return "\n".join([*head, *_rows(list(columns.values()))]) + "\n"


def _text(head: Sequence[str], spectrum: Spectrum) -> str:
    return "\n".join([*head, *_rows([spectrum.grid.values, spectrum.values])]) + "\n"


def _rows(columns: Sequence[Array]) -> Iterator[str]:
    for row in zip(*columns, strict=True):
        yield "  ".join(f"{value:.{DIGITS}g}" for value in row)


def _title(spectrum: Spectrum) -> str:
    made = spectrum.provenance.get("software", "firstshell")
    return f"# {spectrum.quantity} of {_name(spectrum)}, simulated by {made}"


def _name(spectrum: Spectrum) -> str:
    """Return what the spectrum is of, as "Cu in tenorite.cif, site 0"."""
    found = spectrum.provenance.get("structure") or spectrum.provenance.get("formula")
    where = f" in {found}" if found else ""
    return f"{spectrum.metal}{where}" + ("" if spectrum.site is None else f", site {spectrum.site}")


def _settings(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in _flat(values):
        yield f"# {key} = {value}"


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings within settings as "outer_inner"; a list as "outer_0_inner". Numbers in a row are left out."""
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}_")
        elif isinstance(value, list | tuple):
            rows = {str(i): each for i, each in enumerate(value) if isinstance(each, Mapping)}
            yield from _flat(rows, f"{name}_")
        elif value is not None:
            yield name, value
