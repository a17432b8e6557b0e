"""Which columns of a scan make μ(E): the names that beamlines and programs give them, and every signal they hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from firstshell.elements import K_EDGES
from firstshell.errors import InputError
from firstshell.types import Array

Role = Literal["energy", "mu", "mufluor", "muyield", "norm", "i0", "itrans", "ifluor", "iyield", "irefer", "murefer"]
SignalKind = Literal["mu", "transmission", "fluorescence", "electron-yield", "normalised", "reference"]

ROLES: dict[Role, re.Pattern[str]] = {
    "energy": re.compile(
        r"energy.*|(mono|photon|real|actual|achieved|encoder|enc|qexafs|dcm|bragg|scan|measured)energy(ev|kev)?"
        r"|e|ev|kev|eev|ekev|en|ene|hv|energie|energia"
    ),
    "murefer": re.compile(
        r"mu(refer|ref|reference)|(ref|reference|foil)mu|normrefer|(ln|log)(itrans|it|i1)(irefer|iref|ir|i2)"
    ),
    "norm": re.compile(r"norm(alized|alised)?(mu|xmu|mue|trans|fluor|absorption)?|(mu|xmu|mue)norm|nor|flat(tened)?"),
    "muyield": re.compile(r"mu(tey|ey|yield)|(tey|ey)(i0|io)"),
    "mufluor": re.compile(r"mu(fluor|fluo|fluorescence|f)|(ff|if|fy|tfy|iff|fluor)(over)?(i0|io)"),
    "mu": re.compile(
        r"x?mue?|mut(rans|ransmission)?|mux|abs|absorption|absorbance|absorptioncoefficient|xanes|xas"
        r"|(ln|log)(i0|io|mon)(it|i1|itrans|i)"
    ),
    "i0": re.compile(
        r"i0|io|izero|i00|monitor|mon|ion0|ic0|i0ic|ionchamber0|incomingbeam|i0(detector|current|counts|corr|eh\d)"
    ),
    "itrans": re.compile(
        r"i1|it|itrans|itr|itransmission|transmission|trans|ion1|ic1|i1ic|ionchamber1|i[1t](detector|current|counts)"
    ),
    "irefer": re.compile(r"i2|ir|iref|irefer|ireference|ion2|ic2|ionchamber2|i(2|r|ref)(current|counts)"),
    "iyield": re.compile(r"(tey|ey|cey|pey|itey|iey|drain(current)?|samplecurrent|electronyield)(c|corr)?\d{0,3}"),
    "ifluor": re.compile(
        r"(if|iff|ifl|iflu|ifluor|ifluorescence|fl|flu|fluor|fluo|fluorescence|fluorsum|fy|tfy|pfy|ipfy|itfy|ff|lytle"
        r"|pips|ifch|sdd|dtc|vortex|ketek|herfd|ge|roi|sca|scaroi|xmap|xsp|dtcorr|ffch|fch)(c|corr|corrected|sum)?\d{0,3}"
    ),
}
CURRENTS = ("i0", "itrans", "irefer", "ifluor", "iyield")
NOT_CURRENT = re.compile(
    r"(offset|gain|dark|err|error|std|sigma|time|rate|bkg|background|res|sens|ref|reference|foil|norm|time|dt|icr|ocr|sum"
    r"|live|dead|ratio|set|pos)\d*"
)
"""Words of a name that make it something else than the current of its other words."""
CHANNEL = re.compile(r"([A-Z][a-z])(?:k|ka|_k|_ka)?_?(\d{1,2})")
"""A channel of a detector of several elements that is named after the line it counts: Fe1, Fe_ka_2."""
RATIO = re.compile(r"(ln|log|log10)?\(?\(?([a-z0-9_ ]+)\)?/\(?([a-z0-9_ ]+)\)?\)?")
MULTICOLUMN = re.compile(r"multicolumn (normalized |flattened )?(?:x?mu|mu\(E\))(?: data)?", re.IGNORECASE)
UNITS = re.compile(r"[(\[]([^()\[\]]{0,30})[)\]]")
NAMES = (
    "Say which they are with --columns, for example energy=1,mu=ln(2/3), or name the columns in a line above them: "
    "# energy i0 itrans"
)
NEGATIVE = 0.98
"""Share of negative values from which on a current is one that its amplifier turned round."""
USED = 0.9
"""Share of the points of a scan at which a signal must be defined."""


@dataclass(frozen=True, eq=False)
class Signal:
    """μ(E) made of the columns of one scan.

    mu : (n,) absorption, NaN where it cannot be formed
    how : how it was made ("ln(i0/itrans)")
    kind : what was detected
    normalised : whether the columns' names say that it is normalised; None when they do not say
    reference : (n,) absorption of a reference foil, when there is one
    """

    mu: Array
    how: str
    kind: SignalKind
    normalised: bool | None = False
    reference: Array | None = None

    @property
    def problem(self) -> str:
        """Why it is no spectrum at all, "" when it may be one."""
        bad = int((~np.isfinite(self.mu)).sum())
        if bad > (1 - USED) * len(self.mu):
            return f"{self.how} cannot be formed at {bad} of {len(self.mu)} points (a current is zero or negative)"
        return f"{self.how} is constant" if np.nanmax(self.mu) == np.nanmin(self.mu) else ""


def role(label: str) -> Role | None:
    """Return what a column of that name holds, None for a name that is not known."""
    ratio = _ratio(label)
    if ratio is not None:
        return ratio
    return _known(_plain(label)) or _by_a_word(label)


def _known(plain: str) -> Role | None:
    return next((name for name, pattern in ROLES.items() if pattern.fullmatch(plain)), None)


def _by_a_word(label: str) -> Role | None:
    """Return what a current is of which one word of the name says so: I0Detector_DarkCorrect, a_i0_1, I0 mesh.

    None where two words do, or one says that it is something about the current.
    """
    words = [word for word in re.split(r"[^a-z0-9]+", UNITS.sub("", label.lower())) if word]
    found = {name for word in words if (name := _known(word)) is not None}
    if not 2 <= len(words) <= 3 or len(found) != 1 or any(NOT_CURRENT.fullmatch(word) for word in words):
        return None
    name = found.pop()
    return name if name in CURRENTS else None


def _plain(label: str) -> str:
    return re.sub(r"[^a-z0-9]", "", UNITS.sub("", label.replace("μ", "mu").replace("µ", "mu")).lower())


def _ratio(label: str) -> Role | None:
    """Return what a column holds whose name is a formula: "log(i0/it)", "If/I0"; None for any other name."""
    match = RATIO.fullmatch(label.strip().lower().replace("[", "(").replace("]", ")"))
    if match is None:
        return None
    over, under = (_plain(match[i]) for i in (2, 3))
    known: dict[tuple[bool, Role, Role], Role] = {
        (True, "i0", "itrans"): "mu",
        (True, "itrans", "irefer"): "murefer",
        (False, "ifluor", "i0"): "mufluor",
        (False, "iyield", "i0"): "muyield",
    }
    for (log, one, two), name in known.items():
        if log == bool(match[1]) and ROLES[one].fullmatch(over) and ROLES[two].fullmatch(under):
            return name
    return None


def unit_of(label: str) -> str:
    """Return the unit of energy that a label names: "eV", "keV" or ""."""
    words = re.split(r"[^a-z]+", label.lower())
    return "keV" if "kev" in words else "eV" if "ev" in words else ""


def signals(
    labels: Sequence[str], columns: Sequence[Array], source: str, file_type: str = "", element: str | None = None
) -> list[tuple[str, list[Signal]]]:
    """Return the spectra that the columns beside energy make, each with its name, "" for that of the whole file.

    Files of Demeter (Athena) whose `file_type` (header Demeter.output_filetype) is "multicolumn normalized mu(E)" or
    the like hold one spectrum in each column, named after its group; all others hold one (see `absorption`).
    """
    match = MULTICOLUMN.fullmatch(file_type.strip())
    if match is None:
        return [("", absorption(labels, columns, source, element))]
    named = zip(labels, columns, strict=True)
    return [(label, [Signal(column, "Athena group", "mu", match[1] is not None)]) for label, column in named]


def absorption(
    labels: Sequence[str], columns: Sequence[Array], source: str, element: str | None = None
) -> list[Signal]:
    """Return every signal that the named columns hold, in this order of preference.

    1. a column of μ: of transmission or unspecified, then of fluorescence, then of electron yield
    2. ln(i0/itrans)
    3. fluorescence over i0, the elements of one detector summed; detectors of different kinds are never added
    4. electron yield over i0
    5. a column of normalised μ
    6. the reference foil

    element : the absorber, as far as the file says; channels named after it (Fe1, Fe2) count as fluorescence

    Raises InputError when there is none but perhaps the foil.
    """
    found: dict[Role, list[int]] = {}
    for index, label in enumerate(labels):
        if (what := role(label)) is not None:
            found.setdefault(what, []).append(index)

    def column(name: Role) -> tuple[str, Array] | None:
        return (labels[found[name][0]], columns[found[name][0]]) if name in found else None

    i0, itrans, irefer = column("i0"), column("itrans"), column("irefer")
    foil = column("murefer")
    if foil is None and itrans is not None and irefer is not None:
        foil = log_ratio(itrans, irefer)
    reference = None if foil is None or not np.isfinite(foil[1]).all() else foil[1]
    made: list[Signal] = []
    direct: tuple[tuple[Role, SignalKind], ...] = (
        ("mu", "mu"),
        ("mufluor", "fluorescence"),
        ("muyield", "electron-yield"),
    )
    for name, kind in direct:
        made += [Signal(columns[i], labels[i], kind, False, reference) for i in found.get(name, [])]
    if i0 is not None and itrans is not None:
        how, mu = log_ratio(i0, itrans)
        made.append(Signal(mu, how, "transmission", False, reference))
    if i0 is not None:
        arrays = [*_detectors(labels, found.get("ifluor", [])), *_channels(labels, element)]
        made += [_yield(labels, columns, places, i0, "fluorescence", reference) for places in arrays]
        made += [_yield(labels, columns, [place], i0, "electron-yield", reference) for place in found.get("iyield", [])]
    made += [Signal(columns[i], labels[i], "normalised", True, reference) for i in found.get("norm", [])[:1]]
    if not made:
        shown = ", ".join(labels)[:200]
        raise InputError(f"no absorption can be made of the columns {shown}", remedy=NAMES, file=source)
    return made + ([] if foil is None else [Signal(foil[1], foil[0], "reference")])


def log_ratio(above: tuple[str, Array], below: tuple[str, Array]) -> tuple[str, Array]:
    """Return name and values of the logarithm of a ratio of currents, each of whichever sign its amplifier gives."""
    signs = [_sign(current) for _, current in (above, below)]
    one, two = (
        np.where(sign * current > 0, sign * current, np.nan)
        for sign, (_, current) in zip(signs, (above, below), strict=True)
    )
    how = f"ln({above[0]}/{below[0]})" if signs[0] == signs[1] else f"ln(|{above[0]}/{below[0]}|)"
    return how, np.log(one) - np.log(two)


def _sign(current: Array) -> float:
    """Return the sign that a current has throughout; a few negative values of a positive one are faults."""
    return -1.0 if (current < 0).mean() > NEGATIVE else 1.0


def _yield(
    labels: Sequence[str],
    columns: Sequence[Array],
    places: Sequence[int],
    i0: tuple[str, Array],
    kind: SignalKind,
    reference: Array | None,
) -> Signal:
    """Return a detector's counts, its elements summed, over the incoming beam."""
    total = np.sum([columns[place] for place in places], axis=0)
    name, beam = i0
    with np.errstate(over="ignore", invalid="ignore"):
        mu = total / np.where(_sign(beam) * beam > 0, beam, np.nan)
    return Signal(mu, f"({'+'.join(labels[place] for place in places)})/{name}", kind, False, reference)


def _detectors(labels: Sequence[str], places: Sequence[int]) -> list[list[int]]:
    """Return the columns of each fluorescence detector: names that differ in a number are elements of one."""
    found: dict[str, list[int]] = {}
    for place in places:
        found.setdefault(re.sub(r"\d+", "", _plain(labels[place])), []).append(place)
    return list(found.values())


def _channels(labels: Sequence[str], element: str | None) -> list[list[int]]:
    """Return the channels that are named after lines of elements, those of the absorber first."""
    found: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        match = CHANNEL.fullmatch(label.strip())
        if match is not None and match[1] in K_EDGES and role(label) is None:
            found.setdefault(match[1], []).append(place)
    return [places for symbol, places in found.items() if element in (None, symbol)]
