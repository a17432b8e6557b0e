"""Athena projects (.prj): gzipped Perl data of Athena and Demeter, or JSON; every group of μ(E) and χ(k) in them.

The shift in energy by which a group was calibrated or aligned (bkg_eshift) is part of its energies here, as it is in
Athena's plots. B. Ravel and M. Newville, J. Synchrotron Rad. 12 (2005) 537.
"""

import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.elements import edge, element, is_foil
from firstshell.errors import InputError
from firstshell.io.spectra.chi import REMEDY as CHI_REMEDY
from firstshell.io.spectra.chi import unweighted
from firstshell.io.spectra.measured import About, Measured, bounded, make_xanes, plain, to_ev
from firstshell.io.spectra.perl import statements
from firstshell.io.spectra.text import decode, number, read_bytes
from firstshell.types import Array

name = "athena"
about = About(
    title="Athena project",
    written_by="Athena, Demeter, larch",
    read="every group of μ(E) with its shift in energy, element, edge, E0, foil; groups of χ(k)",
    ignored="groups of R, q or fits; objects, titles, journal; H and He as the element; spoilt χ(k) beside "
    "other groups, as a note",
    refused="what is no data (code is never run), a cut or corrupt archive, over 2,000 groups",
)

MAX_TEXT = 50_000_000
MAX_GROUPS = 2000
GZIP = b"\x1f\x8b"
MARK = "# Athena project file"
OTHER = ("is_rsp", "is_qsp", "is_xmudat", "is_bkg", "is_diff", "is_pixel", "is_fit", "not_data")
"""Flags of groups that are neither μ(E) nor χ(k)."""
REMEDY = "Save the project again, or export the group as a column file"

Group = dict[str, Any]


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is an Athena project, from 0 to 1."""
    if head.startswith(GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 2000)
        except zlib.error:
            return 0.0
    text = head[:2000].decode("latin-1")
    return 1.0 if text.startswith(MARK) or (text.lstrip().startswith("{") and MARK in text) else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read the groups of μ(E) of a project, in its order, and then those of χ(k); the like are left out.

    Raises InputError for a project that is corrupt, unpacks to over 50 MB, holds over 2000 groups, or has no group of
    either.
    """
    source = str(path)
    text = decode(_unpacked(read_bytes(path), source), source)
    if MARK not in text[:2000]:
        raise InputError("it does not begin as an Athena project", remedy=REMEDY, file=source)
    groups = _json_groups(text, source) if text.lstrip().startswith("{") else _perl_groups(text, source)
    waves = [group for group in groups if _is_chi(group["args"])]
    spectra = _with_foils([group for group in groups if _is_mu(group["args"])], source)
    made, spoilt = _waves(waves, source)
    if not spectra and not made:
        raise spoilt[0] if spoilt else InputError("no group of μ(E) or χ(k) in it", remedy=REMEDY, file=source)
    first, *others = [*spectra, *made]
    left_out = (f"{error.what}: left out" for error in spoilt)
    return [replace(first, notes=(*first.notes, *left_out)), *others]


def _with_foils(groups: list[Group], source: str) -> list[Measured]:
    """Return the spectra of groups of μ(E), each with the reference that was measured with it."""
    spectra = [_measured(group, source) for group in groups]
    channels = {
        group["tag"]: spectrum
        for group, spectrum in zip(groups, spectra, strict=True)
        if _flag(group["args"], "is_ref", "referencegroup")
    }
    foils = [each for each in spectra if is_foil(each.name, each.element)]
    ties = [str(group["args"].get("reference", "")) for group in groups]
    return [_with_foil(spectrum, channels.get(tie), foils) for spectrum, tie in zip(spectra, ties, strict=True)]


def _waves(groups: list[Group], source: str) -> tuple[list[Measured], list[InputError]]:
    """Return the groups of χ(k), and why others cannot be used."""
    made, spoilt = [], []
    for group in groups:
        try:
            k, chi = _columns(group)
            found = unweighted(k, chi, 0, source, _absorber(group["args"]))
            made.append(
                replace(found, name=plain(_label(group)).strip() or found.name, header=bounded(_header(group["args"])))
            )
        except InputError as error:
            what = f"group {_label(group)[:40]!r} of χ(k): {error.what}"
            remedy = error.remedy if error.remedy != CHI_REMEDY else "Import it into Athena without a weight of k"
            spoilt.append(InputError(what, remedy=remedy, file=source))
    return made, spoilt


def _unpacked(content: bytes, source: str) -> bytes:
    if not content.startswith(GZIP):
        return content
    unpack = zlib.decompressobj(wbits=31)
    try:
        text = unpack.decompress(content, MAX_TEXT + 1)
    except zlib.error as error:
        raise InputError(f"a corrupt archive: {error}", remedy="Fetch it again", file=source) from None
    if len(text) > MAX_TEXT:
        raise InputError(f"it unpacks to over {MAX_TEXT // 10**6} MB", remedy="Save it in parts", file=source)
    if not unpack.eof:
        raise InputError("the file is cut short", remedy="Fetch it again", file=source)
    return text


def _perl_groups(text: str, source: str) -> list[Group]:
    if text.count("[record]") > MAX_GROUPS:
        raise InputError(f"over {MAX_GROUPS} groups", remedy="Save it in parts", file=source)
    groups: list[Group] = []
    current: Group = {}
    target = ""
    for target, value in statements(text, source):
        if target == "[record]":
            groups.append(_group(current, len(groups), source))
            current = {}
        else:
            current[target[1:]] = value
    if target != "1" or "x" in current:
        raise InputError("the project has no end", remedy=REMEDY, file=source)
    return groups


def _json_groups(text: str, source: str) -> list[Group]:
    try:
        project = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"not JSON: {reason}", remedy=REMEDY, file=source) from None
    records = {key: value for key, value in project.items() if not key.startswith("_____")}
    order = next((value for key, value in project.items() if key.startswith("_____order")), list(records))
    if (
        not isinstance(order, list)
        or len(order) > MAX_GROUPS
        or not all(isinstance(key, str) and isinstance(records.get(key), dict) for key in order)
    ):
        raise InputError("its groups are not as a project has them", remedy=REMEDY, file=source)
    return [_group({**records[key], "old_group": key}, index, source) for index, key in enumerate(order)]


def _group(record: Group, index: int, source: str) -> Group:
    """Return one record with tag, args (a dict), x and y (lists), checked."""
    args = record.get("args", [])
    if isinstance(args, list):
        if len(args) % 2 or not all(isinstance(key, str) for key in args[::2]):
            raise InputError(f"group {index + 1} has settings without a value", remedy=REMEDY, file=source)
        args = dict(zip(args[::2], args[1::2], strict=True))
    x, y = record.get("x"), record.get("y")
    if not (isinstance(args, dict) and isinstance(x, list) and isinstance(y, list)):
        raise InputError(f"group {index + 1} lacks its settings or its arrays", remedy=REMEDY, file=source)
    return {"tag": str(record.get("old_group", "")), "args": args, "x": x, "y": y}


def _is_mu(args: Group) -> bool:
    kinds = ("is_xmu", "is_nor", "is_xanes")
    return not _flag(args, "is_chi", *OTHER) and (_flag(args, *kinds) or not any(kind in args for kind in kinds))


def _is_chi(args: Group) -> bool:
    return _flag(args, "is_chi") and not _flag(args, *OTHER)


def _flag(args: Group, *names: str) -> bool:
    return any(str(args.get(name, "")) not in ("", "0", "0.0", "False", "None") for name in names)


def _measured(group: Group, source: str) -> Measured:
    args: Group = group["args"]
    label = _label(group)
    try:
        x, y = _columns(group)
        shift = _float(args.get("bkg_eshift")) or 0.0
        return make_xanes(
            label,
            to_ev(x + shift, "eV", source) if len(x) else x,
            y,
            source,
            "Athena group",
            normalised=_flag(args, "is_nor"),
            element=_absorber(args),
            edge=edge(str(args.get("fft_edge", ""))),
            e0=_float(args.get("bkg_e0")),
            header=_header(args),
        )
    except InputError as error:
        what = f"group {label[:40]!r}: {error.what}"
        raise InputError(what, remedy=error.remedy, file=source) from None


def _columns(group: Group) -> tuple[Array, Array]:
    x, y = _array(group["x"]), _array(group["y"])
    if len(x) != len(y):
        raise InputError(f"{len(x)} places on the axis but {len(y)} values", remedy=REMEDY)
    if not np.isfinite(x).all():
        raise InputError("a place on the axis that is not finite", remedy=REMEDY)
    return x, y


def _label(group: Group) -> str:
    return str(group["args"].get("label") or group["tag"])


def _absorber(args: Group) -> str | None:
    """Return the element of a group; old projects say H, and some He, where it was never set."""
    symbol = element(str(args.get("bkg_z", "")))
    return None if symbol in ("H", "He") else symbol


def _with_foil(spectrum: Measured, channel: Measured | None, foils: list[Measured]) -> Measured:
    """Add μ of the reference channel where it was measured at the same energies, else of the project's foil.

    Groups of a project share an energy scale: that is what its shifts are for. The first foil of the absorber counts.
    """
    if channel is not None and np.array_equal(channel.x, spectrum.x):
        return replace(spectrum, reference=channel.y)
    foil = next((each for each in foils if each.element == spectrum.element and each.edge == spectrum.edge), None)
    if foil is None or spectrum in foils:
        return spectrum
    return replace(spectrum, reference=np.interp(spectrum.x, foil.x, foil.y))


def _header(args: Group) -> dict[str, str]:
    """Keep settings that are text; lists of text (titles) become lines."""
    header: dict[str, str] = {}
    for key, value in args.items():
        if isinstance(value, list):
            value = "\n".join(line for line in value if isinstance(line, str))
        if isinstance(value, str | int | float) and str(value).strip():
            header[key] = str(value)
    return header


def _array(values: list[Any]) -> Array:
    try:
        return np.array([value if isinstance(value, float) else number(str(value)) for value in values], dtype=float)
    except ValueError:
        raise InputError("a value that is not a number", remedy=REMEDY) from None


def _float(value: Any) -> float | None:
    try:
        result = number(str(value))
    except ValueError:
        return None
    return result if np.isfinite(result) else None
