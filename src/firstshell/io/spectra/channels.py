"""Which columns of a scan make μ(E): the names that beamlines and programs give them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from firstshell.errors import InputError
from firstshell.types import Array

Role = Literal["energy", "mu", "mufluor", "norm", "i0", "itrans", "ifluor", "irefer", "murefer"]

ROLES: dict[Role, re.Pattern[str]] = {
    "energy": re.compile(r"energy.*|e|ev|kev|eev|ekev|en|hv|photonenergy|monoenergy"),
    "murefer": re.compile(r"mu(refer|ref|reference)|(ref|reference)mu|normrefer"),
    "norm": re.compile(r"norm(alized|alised)?(mu|xmu|mue|trans|fluor|absorption)?|(mu|xmu|mue)norm|nor|flat(tened)?"),
    "mufluor": re.compile(r"mu(fluor|fluorescence|f|tey)"),
    "mu": re.compile(r"x?mue?|mut(rans|ransmission)?|mux|abs|absorption|absorbance|absorptioncoefficient|xanes|xas"),
    "i0": re.compile(r"i0|io|izero|monitor|mon|ion0|ic0|ionchamber0|incomingbeam"),
    "itrans": re.compile(r"i1|it|itrans|itr|itransmission|transmission|ion1|ic1|ionchamber1"),
    "irefer": re.compile(r"i2|ir|iref|irefer|ireference|ion2|ic2|ionchamber2"),
    "ifluor": re.compile(r"(if|iff|ifl|ifluor|ifluorescence|fluor|fluo|fluorescence|fy|tfy|pfy|tey)\d{0,3}"),
}
MULTICOLUMN = re.compile(r"multicolumn (normalized |flattened )?(?:x?mu|mu\(E\))(?: data)?", re.IGNORECASE)
UNITS = re.compile(r"[(\[]([^()\[\]]{0,30})[)\]]")
NAMES = "Name the columns in a line above them, for example: # energy i0 itrans"


@dataclass(frozen=True, eq=False)
class Signal:
    """μ(E) made of the columns of one scan.

    mu : (n,) absorption
    how : how it was made ("ln(i0/itrans)")
    normalised : whether the columns' names say that it is normalised; None when they do not say
    reference : (n,) absorption of a reference foil, when there is one
    """

    mu: Array
    how: str
    normalised: bool | None
    reference: Array | None


def role(label: str) -> Role | None:
    """Return what a column of that name holds, None for a name that is not known."""
    plain = re.sub(r"[^a-z0-9]", "", UNITS.sub("", label.replace("μ", "mu").replace("µ", "mu")).lower())
    return next((name for name, pattern in ROLES.items() if pattern.fullmatch(plain)), None)


def unit_of(label: str) -> str:
    """Return the unit of energy that a label names: "eV", "keV" or ""."""
    words = re.split(r"[^a-z]+", label.lower())
    return "keV" if "kev" in words else "eV" if "ev" in words else ""


def signals(
    labels: Sequence[str], columns: Sequence[Array], source: str, file_type: str = ""
) -> list[tuple[str, Signal]]:
    """Return the spectra that the columns beside energy make, each with its name, "" for that of the whole file.

    Files of Demeter (Athena) whose `file_type` (header Demeter.output_filetype) is "multicolumn normalized mu(E)" or
    the like hold one spectrum in each column, named after its group; all others hold one (see `absorption`).
    """
    match = MULTICOLUMN.fullmatch(file_type.strip())
    if match is None:
        return [("", absorption(labels, columns, source))]
    named = zip(labels, columns, strict=True)
    return [(label, Signal(column, "Athena group", match[1] is not None, None)) for label, column in named]


def absorption(labels: Sequence[str], columns: Sequence[Array], source: str) -> Signal:
    """Make μ(E) of the named columns, in this order of preference.

    1. a column of μ: of transmission or unspecified, then of fluorescence
    2. ln(i0/itrans), where there are both; transmission goes before fluorescence when a file has both
    3. fluorescence over i0, its channels summed
    4. a column of normalised μ

    Raises InputError when none of them can be had.
    """
    found: dict[Role, list[int]] = {}
    for index, label in enumerate(labels):
        if (what := role(label)) is not None:
            found.setdefault(what, []).append(index)

    def column(name: Role) -> Array | None:
        return columns[found[name][0]] if name in found else None

    i0, itrans = column("i0"), column("itrans")
    reference = _reference(column("murefer"), itrans, column("irefer"))
    direct: tuple[Role, ...] = ("mu", "mufluor")
    for name in direct:
        if (mu := column(name)) is not None:
            return Signal(mu, labels[found[name][0]], False, reference)
    if i0 is not None and itrans is not None:
        _check_positive(i0, "i0", source)
        _check_positive(itrans, "itrans", source)
        how = f"ln({labels[found['i0'][0]]}/{labels[found['itrans'][0]]})"
        return Signal(np.log(i0) - np.log(itrans), how, False, reference)
    if i0 is not None and "ifluor" in found:
        _check_positive(i0, "i0", source)
        names = "+".join(labels[index] for index in found["ifluor"])
        total = np.sum([columns[index] for index in found["ifluor"]], axis=0)
        return Signal(total / i0, f"({names})/{labels[found['i0'][0]]}", False, reference)
    if (mu := column("norm")) is not None:
        return Signal(mu, labels[found["norm"][0]], True, reference)
    shown = ", ".join(labels)[:200]
    raise InputError(f"no absorption can be made of the columns {shown}", remedy=NAMES, file=source)


def _check_positive(column: Array, name: str, source: str) -> None:
    bad = np.flatnonzero(~(column > 0))
    if len(bad):
        what = f"{name} is not positive at {len(bad)} points, first at point {bad[0] + 1}"
        raise InputError(what, remedy="Subtract the dark current rightly, or leave these points out", file=source)


def _reference(murefer: Array | None, itrans: Array | None, irefer: Array | None) -> Array | None:
    """Return μ of the foil; None where it cannot be had, as a spoilt foil does not spoil the sample."""
    if murefer is not None:
        return murefer
    if itrans is None or irefer is None or not ((itrans > 0).all() and (irefer > 0).all()):
        return None
    return np.asarray(np.log(itrans) - np.log(irefer))
