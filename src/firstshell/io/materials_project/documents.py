"""Documents of the Materials Project read strictly: ids, XANES with the structure they were calculated for, licences.

Nothing in a document is built by name, as monty's decoder would: what is not expected is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from pymatgen.core.structure import Structure

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.structures.atoms import check_count, element
from firstshell.io.structures.files import parse_structure
from firstshell.types import Array, Grid, Spectrum

MIN_POINTS, MAX_POINTS = 20, 100_000
MAX_SITES = 1000
FAR = (30.0, 55.0)
"""eV past the tabulated K edge: where a normalised spectrum swings about 1."""
LEVEL = (0.5, 2.0)
"""Edge steps that the mean over `FAR` may be; 825 FEFF spectra of copper oxides lie between 0.87 and 1.19."""
UNKNOWN = "licence not stated"
LAST_NUMBER = 3_347_529
"""The largest id that is written as a number; later ones are letters (emmet's AlphaID)."""

_ID = re.compile(r"(?:([a-z]{2,8})-)?([0-9]{1,12}|[a-z]{1,9})")
_LICENCE = re.compile(r"[A-Za-z0-9. -]{1,20}")


def canonical_id(text: str) -> str:
    """Return the one spelling of an id that its endpoints write as "mp-149", "mp-aaaaaaft" or "aaaaaaft".

    Letters are a number to the base of 26 (a = 0); ids up to `LAST_NUMBER` become numbers, later ones eight letters.

    Raises InputError for what is no id.
    """
    prefix, value = _id_parts(text)
    if value <= LAST_NUMBER:
        return f"{prefix}-{value}"
    letters = ""
    while value:
        value, digit = divmod(value, 26)
        letters = chr(ord("a") + digit) + letters
    return f"{prefix}-{letters.rjust(8, 'a')}"


def document_id(content: Any) -> str:
    """Return the id in a document as it is spelled: of the material, which materials/xas calls task_id."""
    spelling = content.get("task_id", content.get("material_id")) if isinstance(content, Mapping) else None
    if not isinstance(spelling, str):
        raise InputError("a document without an id")
    return spelling


def id_order(text: str) -> tuple[str, int]:
    """Key that sorts ids by prefix and number."""
    return _id_parts(text)


@dataclass(frozen=True, eq=False)
class XanesDocument:
    """One K-edge XANES of one metal in one material.

    energy, mu : (n,) photon energy in eV, increasing, and absorption in edge steps, as FEFF wrote it
    absorber : index, in `structure`, of the atom it is of; None for the mean over all atoms of the metal
    structure : what it was calculated for; None where the document holds none. Its atoms are not in the order of the
        structures of other endpoints, nor is it always the same cell.
    licence : "BY-C" (any use), "BY-NC" (no commercial use), or `UNKNOWN`
    updated : when it was calculated, as the document says
    """

    id: str
    metal: str
    energy: Array
    mu: Array
    absorber: int | None
    structure: Structure | None
    licence: str
    updated: str

    def spectrum(self, site: int | None = None) -> Spectrum:
        """Return it as a spectrum in edge steps; InputError when it is not normalised."""
        offset = self.energy - k_edge(self.metal)
        far = self.mu[(offset >= FAR[0]) & (offset <= FAR[1])]
        if len(far) and not LEVEL[0] <= far.mean() <= LEVEL[1]:
            raise InputError(f"its XANES is not in edge steps: {far.mean():.3g} past the edge, not about 1")
        grid, provenance = Grid(self.energy, "Energy", "eV"), {"source": "Materials Project", "id": self.id}
        return Spectrum.absorption(grid, self.mu, self.metal, site, provenance)


def parse_xanes(content: Any, metal: str) -> XanesDocument:
    """Read one document of materials/xas; InputError for anything that is not a K-edge XANES of `metal`."""
    if not isinstance(content, Mapping):
        raise InputError("a XANES document that is no object")
    spectrum = content.get("spectrum")
    if not isinstance(spectrum, Mapping):
        raise InputError("its XANES document holds no spectrum")
    for name, wanted in (("absorbing_element", metal), ("edge", "K"), ("spectrum_type", "XANES")):
        found = _word(content.get(name, spectrum.get(name)))
        if found != wanted:
            raise InputError(f"its document has {name} {found[:20]!r}, and {wanted!r} was asked for")
    absorber = spectrum.get("absorbing_index")
    if absorber is not None and (type(absorber) is not int or absorber < 0):
        raise InputError(f"its absorbing_index {str(absorber)[:20]!r} is no index")
    energy, mu = _curve(spectrum)
    structure = spectrum.get("structure")
    return XanesDocument(
        id=canonical_id(document_id(content)),
        metal=metal,
        energy=energy,
        mu=mu,
        absorber=absorber,
        structure=None if structure is None else parse_document_structure(structure),
        licence=licence(content),
        updated=_word(content.get("last_updated")),
    )


def parse_document_structure(content: Any) -> Structure:
    """Read a structure as pymatgen writes it to JSON, and check it like a file; InputError when it cannot be used."""
    if isinstance(content, Mapping) and "sites" not in content and "structure" in content:
        content = content["structure"]  # pymatgen makes averages over sites with a SymmetrizedStructure
    try:
        cell = [_row(row) for row in content["lattice"]["matrix"]]
        check_count(len(content["sites"]), MAX_SITES, "")
        symbols = [_symbol(site["species"]) for site in content["sites"]]
        positions = [_row(site["abc"]) for site in content["sites"]]
        if len(cell) != 3:
            raise InputError("its lattice has not three vectors")
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError("its structure is not one of pymatgen's") from error
    except InputError as error:
        raise InputError(f"its structure cannot be used: {error.what}") from error
    runs = [(symbol, len(list(run))) for symbol, run in groupby(symbols)]
    lines = ["Materials Project", "1.0", *cell, " ".join(symbol for symbol, _ in runs)]
    lines += [" ".join(str(count) for _, count in runs), "Direct", *positions, ""]
    try:
        return parse_structure("\n".join(lines), format="poscar", source="")
    except InputError as error:
        raise InputError(f"its structure cannot be used: {error.what}") from error


def licence(content: Mapping[str, Any]) -> str:
    """Return the licence that a document states in its builder_meta, or `UNKNOWN`."""
    meta = content.get("builder_meta")
    stated = meta.get("license") if isinstance(meta, Mapping) else None
    return stated if isinstance(stated, str) and _LICENCE.fullmatch(stated) else UNKNOWN


def _id_parts(text: str) -> tuple[str, int]:
    match = _ID.fullmatch(text)
    if match is None:
        raise InputError(f"{text[:40]!r} is no id of the Materials Project")
    prefix, body = match[1] or "mp", match[2]
    if body.isdecimal():
        return prefix, int(body)
    value = 0
    for letter in body:
        value = value * 26 + ord(letter) - ord("a")
    return prefix, value


def _word(value: Any) -> str:
    """Return a word, also where an element or date is written as an object of its own."""
    if isinstance(value, Mapping):
        value = value.get("element", value.get("$date", ""))
    return value if isinstance(value, str) else ""


def _curve(spectrum: Mapping[str, Any]) -> tuple[Array, Array]:
    columns = []
    for name in ("x", "y"):
        values = spectrum.get(name)
        if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
            raise InputError(f"its spectrum has no numbers {name}")
        if not MIN_POINTS <= len(values) <= MAX_POINTS:
            raise InputError(f"its spectrum has {len(values)} points, not {MIN_POINTS} to {MAX_POINTS}")
        columns.append(_finite(values))
    energy, mu = columns
    if len(energy) != len(mu):
        raise InputError(f"its spectrum has {len(energy)} energies and {len(mu)} values")
    if (np.diff(energy) <= 0).any():
        raise InputError("the energies of its spectrum do not increase")
    return energy, mu


def _finite(values: list[Any]) -> Array:
    try:
        array = np.array(values, dtype=float)
    except OverflowError:  # an integer of over 308 digits
        array = np.array([np.inf])
    if not np.isfinite(array).all():
        raise InputError("its spectrum has a value that is not finite")
    return array


def _row(values: Any) -> str:
    """Return three coordinates as a row of a POSCAR, every digit kept; TypeError when they are no numbers."""
    if not isinstance(values, list) or len(values) != 3 or not all(type(value) in (int, float) for value in values):
        raise TypeError("not three numbers")
    return " ".join(repr(value)[:40] for value in values)


def _symbol(species: Any) -> str:
    if len(species) != 1 or species[0]["occu"] != 1:
        raise InputError("a position is partly occupied")
    symbol = species[0]["element"]
    if not isinstance(symbol, str) or element(symbol) != symbol:
        raise InputError(f"{str(symbol)[:20]!r} is not an element")
    return symbol
