"""What every reader of measured files returns, and the rules that all of them share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from firstshell.errors import InputError
from firstshell.types import Array

MIN_POINTS = 10
MAX_DISORDER = 0.05
"""Share of points that may lie behind the furthest one before them: monochromators step back a little, scans do not."""
MIN_ENERGY, MAX_ENERGY = 10.0, 200_000.0  # eV, from the Li K edge to beyond the U K edge
KEV_LIMIT = 200.0
"""Energies that all lie below are in keV, unless the file names its unit."""
MAX_SPAN = 3.0
"""Largest ratio of last to first energy of a scan in keV; an axis that runs from near 0 to 30 is r or k, not energy."""
MAX_R = 10_000.0  # Å
MAX_HEADER_KEYS, MAX_HEADER_TEXT = 2000, 2000

Kind = Literal["xanes", "pdf"]
Radiation = Literal["x-ray", "neutron"]


@dataclass(frozen=True)
class PdfHeader:
    """How a PDF was made, as far as its file says.

    qmin, qmax, qmaxinst : limits of Q in Å⁻¹: of the transform (the first two) and of the usable data
    qdamp, qbroad : resolution parameters of PDFfit2 in Å⁻¹
    rpoly : r in Å up to which PDFgetX3 corrected by a polynomial
    composition : formula of the sample, as written
    radiation : what was scattered
    """

    qmin: float | None = None
    qmax: float | None = None
    qmaxinst: float | None = None
    qdamp: float | None = None
    qbroad: float | None = None
    rpoly: float | None = None
    composition: str | None = None
    radiation: Radiation | None = None


@dataclass(frozen=True, eq=False)
class Measured:
    """One measured spectrum, as its file gives it.

    kind : "xanes" or "pdf"
    name : name of the group in the file, or of the file
    x : (n,) energy in eV (absolute) or r in Å; increasing and distinct
    y : (n,) μ(E), raw or normalised, or G(r) in Å⁻²
    source : name of the file, without its folder
    how : how y was had from the file ("ln(i0/itrans)")
    normalised : whether the file says that μ is normalised; None when it does not say
    reference : (n,) μ of a reference foil on x, when the file has it
    element, edge, e0 : absorber, edge and its energy in eV, when the header has them
    header : what else the header says, verbatim
    pdf : how a PDF was made; None for XANES
    """

    kind: Kind
    name: str
    x: Array
    y: Array
    source: str
    how: str
    normalised: bool | None = None
    reference: Array | None = None
    element: str | None = None
    edge: str | None = None
    e0: float | None = None
    header: dict[str, str] = field(default_factory=dict)
    pdf: PdfHeader | None = None


def to_ev(energy: Array, unit: str, source: str) -> Array:
    """Return energies in eV; `unit` is "eV", "keV" or "" where the file names none and the values must tell.

    Raises InputError for values that are no photon energies.
    """
    low, high = float(energy.min()), float(energy.max())
    if not unit and high < KEV_LIMIT:
        if not 0 < high <= MAX_SPAN * low:
            what = f"the first column runs from {low:g} to {high:g}, which is no photon energy in eV or keV"
            raise InputError(what, remedy="Give absolute energies; a PDF is read with its .gr header", file=source)
        unit = "keV"
    factor = 1000.0 if unit == "keV" else 1.0
    if not MIN_ENERGY <= low * factor <= high * factor <= MAX_ENERGY:
        what = f"energies from {low * factor:g} to {high * factor:g} eV are not those of an absorption scan"
        raise InputError(what, remedy="Give absolute photon energies in eV or keV", file=source)
    return energy * factor


def in_order(x: Array, columns: list[Array], source: str) -> tuple[Array, list[Array]]:
    """Sort a scan by its axis and average what stands at exactly the same place.

    A scan downwards is turned. Then up to 5 % of the points (or one point) may lie behind the furthest one before them,
    as where the monochromator stepped back; more is refused, since it is another axis or several scans in one file.
    """
    if (np.diff(x) < 0).sum() > (np.diff(x) > 0).sum():
        x, columns = x[::-1], [column[::-1] for column in columns]
    behind = int((x < np.maximum.accumulate(x)).sum())
    if behind > max(1, MAX_DISORDER * len(x)):
        what = f"{behind} of {len(x)} points are out of order"
        raise InputError(what, remedy="Give one scan per file, along its axis", file=source)
    distinct, place, count = np.unique(x, return_inverse=True, return_counts=True)
    return distinct, [np.bincount(place, weights=column) / count for column in columns]


def make_xanes(
    name: str,
    energy: Array,
    mu: Array,
    source: str,
    how: str,
    *,
    normalised: bool | None = None,
    reference: Array | None = None,
    element: str | None = None,
    edge: str | None = None,
    e0: float | None = None,
    header: dict[str, str] | None = None,
) -> Measured:
    """Check and order one absorption scan (energies in eV); InputError when it is none. `source` is named in errors."""
    check_points(energy, mu, source)
    columns = [mu] if reference is None else [mu, reference]
    energy, columns = in_order(energy, columns, source)
    check_points(energy, columns[0], source)
    return Measured(
        kind="xanes",
        name=name.strip() or stem(source),
        x=energy,
        y=columns[0],
        source=base_name(source),
        how=how,
        normalised=normalised,
        reference=columns[1] if reference is not None and np.isfinite(columns[1]).all() else None,
        element=element,
        edge=edge,
        e0=e0 if e0 is not None and MIN_ENERGY <= e0 <= MAX_ENERGY else None,
        header=bounded(header or {}),
    )


def make_pdf(r: Array, g: Array, source: str, pdf: PdfHeader, header: dict[str, str]) -> Measured:
    """Check one PDF (r in Å, G in Å⁻²); InputError unless r increases from 0 or above."""
    check_points(r, g, source)
    if (np.diff(r) <= 0).any() or r[0] < 0 or r[-1] > MAX_R:
        raise InputError("r does not increase from 0 upwards", remedy="Give G(r) against r in Å", file=source)
    return Measured("pdf", stem(source), r, g, base_name(source), "G(r)", header=bounded(header), pdf=pdf)


def check_points(x: Array, y: Array, source: str) -> None:
    """Raise InputError unless both are finite, long enough and y is not constant."""
    if len(x) < MIN_POINTS:
        raise InputError(f"{len(x)} points are no spectrum", remedy="Is the file complete?", file=source)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("a value that is not finite", remedy="Remove these points", file=source)
    if np.ptp(y) == 0:
        raise InputError("the spectrum is constant", remedy="Is it the right column?", file=source)


def base_name(source: str) -> str:
    """Return the name of a file without its folder."""
    return source.replace("\\", "/").rpartition("/")[2]


def stem(source: str) -> str:
    """Return the name of a file without folder and ending."""
    name = base_name(source)
    return name.rpartition(".")[0] or name


def bounded(header: dict[str, str]) -> dict[str, str]:
    """Keep what a person may want to read of a header: at most 2000 entries of 2000 characters."""
    kept = list(header.items())[:MAX_HEADER_KEYS]
    return {key[:MAX_HEADER_TEXT]: value[:MAX_HEADER_TEXT] for key, value in kept}
