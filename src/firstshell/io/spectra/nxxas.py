"""NeXus files of X-ray absorption (HDF5), of every form in which NXxas is written.

NXxas of 2008 (incoming_beam and absorbed_beam against monochromator/energy), that of 2024 and later with its
definitions for each technique (NXxas_trans …; energy and intensity in the entry), xraylarch's (columns in NXdata), and
NXxasproc. See https://manual.nexusformat.org/classes/applications/NXxas.html. Nothing outside the file is ever opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firstshell.elements import edge, element
from firstshell.errors import InputError
from firstshell.io.spectra.channels import absorption
from firstshell.io.spectra.hdf5 import Tree, check_heaps
from firstshell.io.spectra.measured import About, Measured, Scan, make_xanes, to_ev
from firstshell.io.spectra.text import open_plain
from firstshell.types import Array

if TYPE_CHECKING:
    import h5py  # type: ignore[import-untyped]

name = "nxxas"
about = About(
    title="NeXus NXxas",
    written_by="NeXus (NXxas of 2008 and 2024), larch",
    read="energy and intensity or the columns of detectors of each entry",
    ignored="everything else of the file",
    refused="links out of the file, more than 64 MB or 1,000 spectra, energies in no unit of energy, files without an "
    "NXxas entry",
)

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MAX_SPECTRA = 1000
ELEMENT = (
    "element",
    "element/symbol",
    "element/name",
    "absorber/chemical_symbol",
    "absorber/symbol",
    "scan/xrayedge/element",
)
EDGE = ("absorption_edge", "edge", "edge/name", "absorber/edge", "scan/xrayedge/edge")
ENERGY = ("energy", "instrument/monochromator/energy", "data/energy", "plot/energy")
BEAMS = {"incoming_beam": "i0", "absorbed_beam": "itrans"}
FLUORESCENCE = ("fluo", "yield", "tfy", "pfy", "tey", "herfd")
UNITS = {
    "ev": 1.0,
    "electronvolt": 1.0,
    "kev": 1e3,
    "kiloelectronvolt": 1e3,
    "j": 1 / 1.602176634e-19,
    "joule": 1 / 1.602176634e-19,
    "hartree": 27.211386,
    "rydberg": 13.605693,
}
"""eV in one of each unit of energy, by its name in small letters without the plural."""
REMEDY = "Give a file that follows the NeXus definition NXxas"


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is NXxas: any HDF5 file may be."""
    return 0.5 if head.startswith(SIGNATURE) else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read the spectra of all NXxas entries of a file; a stack of spectra gives one each.

    Raises InputError for a file that is no HDF5, has no such entry, or keeps its arrays outside (external links and
    virtual datasets), as anything but numbers, or beyond 10⁶ points.
    """
    import h5py

    source = str(path)
    with open_plain(path):  # what is no plain file is refused before HDF5 sees it
        pass
    try:
        check_heaps(path)
        with h5py.File(path, "r", locking=False) as file:
            return _read(file, source)
    except InputError:
        raise
    except (
        OSError,
        KeyError,
        RuntimeError,
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        MemoryError,
    ) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"not a sound HDF5 file: {reason}", remedy=REMEDY, file=source) from None


def _read(file: h5py.File, source: str) -> list[Measured]:
    tree = Tree(file, source)
    entries = [key for key in tree.members("/") if tree.text(f"/{key}/definition").startswith("NXxas")]
    if not entries:
        raise InputError("no entry of the definition NXxas in it", remedy=REMEDY, file=source)
    spectra: list[Measured] = []
    for key in entries:
        spectra += _entry(tree, f"/{key}")
        if len(spectra) > MAX_SPECTRA:
            raise InputError(f"over {MAX_SPECTRA} spectra", remedy="Give them in parts", file=source)
    return spectra


def _entry(tree: Tree, entry: str) -> list[Measured]:
    """Return the spectra of one entry: of its intensity, or else of its detectors' columns."""
    place = next((f"{entry}/{path}" for path in ENERGY if tree.has(f"{entry}/{path}")), None)
    place = place or next((f"{group}/energy" for group in tree.groups(entry, "NXdata", "NXmonochromator")), None)
    if place is None:
        raise InputError(f"{entry} has no energy", remedy=REMEDY, file=tree.source)
    energy = _energy(tree, place)
    mode = f"{tree.text(f'{entry}/mode')} {tree.text(f'{entry}/data/mode')} {tree.text(f'{entry}/definition')}".strip()
    title = tree.text(f"{entry}/sample/name") or tree.text(f"{entry}/title") or entry.strip("/")
    header = {"entry": entry.strip("/"), "title": tree.text(f"{entry}/title"), "mode": mode}
    common: dict[str, Any] = {
        "element": next((known for path in ELEMENT if (known := element(tree.text(f"{entry}/{path}")))), None),
        "edge": next((known for path in EDGE if (known := edge(tree.text(f"{entry}/{path}")))), None),
        "header": {key: value for key, value in header.items() if value},
    }
    if tree.has(f"{entry}/intensity"):
        intensity = np.atleast_2d(tree.array(f"{entry}/intensity"))
        reference = _reference(tree, entry, energy)
        names = [title] if len(intensity) == 1 else [f"{title} {i + 1}" for i in range(len(intensity))]
        _check_shape(intensity, energy, entry, tree.source)
        return [
            make_xanes(label, energy, mu, tree.source, "intensity", reference=reference, **common)
            for label, mu in zip(names, intensity, strict=True)
        ]
    columns = _columns(tree, entry, len(energy), fluorescence=any(word in mode.lower() for word in FLUORESCENCE))
    made = absorption(list(columns), list(columns.values()), tree.source, common["element"])
    return Scan(energy, "eV", made, tree.source, name=title, **common).spectra()


def _columns(tree: Tree, entry: str, points: int, *, fluorescence: bool) -> dict[str, Array]:
    """Return the arrays of the length of the energies, by the names of their detectors or datasets.

    NXxas of 2008 calls the sample's signal absorbed_beam: behind the sample, unless the entry's mode is fluorescence.
    """
    columns: dict[str, Array] = {}
    for instrument in tree.groups(entry, "NXinstrument") or [f"{entry}/instrument"]:
        for detector in tree.members(instrument):
            path = f"{instrument}/{detector}/data"
            if tree.has(path) and tree.shape(path) == (points,):
                label = "ifluor" if fluorescence and detector == "absorbed_beam" else BEAMS.get(detector, detector)
                columns[label] = tree.array(path, rank=1)
    for group in tree.groups(entry, "NXdata") or [f"{entry}/data"]:
        for member in tree.members(group):
            path = f"{group}/{member}"
            if member not in (*BEAMS, "energy") and tree.has(path) and tree.shape(path) == (points,):
                label = "mu" if member == "data" else member
                columns.setdefault(label, tree.array(path, rank=1))
    return columns


def _reference(tree: Tree, entry: str, energy: Array) -> Array | None:
    """Return μ of the reference subentry where it stands on the same energies."""
    axis, signal = f"{entry}/reference/energy", f"{entry}/reference/intensity"
    if not (tree.has(axis) and tree.has(signal) and tree.shape(axis) == tree.shape(signal) == energy.shape):
        return None
    same = np.allclose(_energy(tree, axis), energy, rtol=0, atol=1e-6)
    return tree.array(signal, rank=1) if same else None


def _check_shape(intensity: Array, energy: Array, entry: str, source: str) -> None:
    if intensity.ndim != 2 or intensity.shape[1] != len(energy) or len(intensity) > MAX_SPECTRA:
        what = f"{entry}: intensity of shape {intensity.shape} against {len(energy)} energies"
        raise InputError(what, remedy=REMEDY, file=source)


def _energy(tree: Tree, path: str) -> Array:
    """Return energies in eV, converted from the unit that the file names; InputError for what is none of energy."""
    values, unit = tree.array(path, rank=1), tree.unit(path)
    if not unit:
        return to_ev(values, "", tree.source)
    name = unit if unit in ("meV", "MeV") else unit.lower().removesuffix("s")
    factor = {"meV": 1e-3, "MeV": 1e6}.get(name, UNITS.get(name))
    if factor is None:
        what = f"{path} is in {unit[:20]!r}, which is no unit of energy that is known"
        raise InputError(what, remedy="Give energies in eV", file=tree.source)
    return to_ev(values * factor, "eV", tree.source)
