"""FEFF's xmu.dat: absorption of one site near its edge."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.spectra.measured import About, Measured, make_xanes, to_ev
from firstshell.io.spectra.text import decode_head, numbers, read_text
from firstshell.types import Array, Grid, Spectrum

name = "xmu"
about = About(
    title="xmu.dat of FEFF",
    written_by="FEFF",
    read="μ(E) over the edge step, the Fermi level as E0",
    ignored="the columns e, k, μ0 and χ, once they agree with the others",
    refused="files cut short, energies that do not increase, columns that contradict each other, edge steps and curves "
    "that FEFF does not write",
)

MAX_BYTES = 10_000_000
MAX_ROWS = 20_000
MIN_ROWS = 20
NORMALISATION = 50.0
"""eV above the Fermi level at which the atomic background μ0 is the edge step (FEFF's own convention)."""
MAX_DISTANCE = 60.0
"""eV between the Fermi level and the tabulated K edge beyond which the file is of another element or edge."""

HEADER = re.compile(r"^\s*#")
PROGRAM = re.compile(r"FEFF\s*\d+(?:\.\d+)*", re.IGNORECASE)
COLUMNS = re.compile(r"#\s*omega\s+e\s+k\s+mu\s+mu0\s+chi\b")
RERUN = "Run FEFF again for this site"
DIGITS = 2e-5
"""How far μ − μ0 may be from χ, as a share of |μ| + |μ0|: FEFF prints 6 digits, and of 387,520 points (2,240 files of
FEFF 9.9.1) none is off by more than 1.0e-5."""
LEVEL = 0.003
"""eV; how far omega − e may be from its median: FEFF prints 0.001 eV, and in the same files it is off by 0.001."""
BEHIND = 0.03
"""eV, and share of the step of k in it; how far omega may be from the Fermi level and k²/2."""
PER_K2 = 3.80998
"""eV Å²; ħ²/2m."""
STEPS = ((0.5, 2.0), (1e-7, 0.1))
"""Edge steps: of μ in FEFF's normalisation (0.98 to 1.005 in the same files), and in Å² (card ABSOLUTE)."""
LOWEST, HIGHEST, LAST = -0.5, 8.0, (0.3, 3.0)
"""Edge steps: what μ may be anywhere, and at its last point (0.02 to 2.5, and 0.8 to 1.2, in the same files)."""


@dataclass(frozen=True)
class Xmu:
    """The columns of an xmu.dat.

    energy : (n,) photon energy in eV, increasing
    fermi : photon energy in eV at the Fermi level (k = 0)
    mu, mu0 : (n,) absorption and atomic background, in FEFF's normalisation
    program : the program that wrote it, as its header says ("FEFF 9.9.1"), or ""
    """

    energy: Array
    fermi: float
    mu: Array
    mu0: Array
    program: str

    def normalised(self, metal: str, site: int | None = None) -> Spectrum:
        """Return μ(E) in edge steps: divided by the atomic background 50 eV above the Fermi level.

        Raises InputError when the energies are not those of the metal's K edge.
        """
        if abs(self.fermi - k_edge(metal)) > MAX_DISTANCE:
            raise InputError(
                f"its edge at {self.fermi:.0f} eV is not the K edge of {metal} ({k_edge(metal):.0f} eV)",
                remedy="Check the absorber",
            )
        step = self.edge_step()
        grid, provenance = Grid(self.energy, "Energy", "eV"), {"source": self.program, "fermi_eV": self.fermi}
        return Spectrum.absorption(grid, self.mu / step, metal, site, provenance)

    def edge_step(self) -> float:
        """Return the atomic background 50 eV above the Fermi level.

        Raises InputError when it is none that FEFF writes, or μ is none that follows such a step.
        """
        step = float(np.interp(self.fermi + NORMALISATION, self.energy, self.mu0))
        if not step > 0:
            raise InputError("its atomic background has no edge step", remedy=RERUN)
        if not any(low <= step <= high for low, high in STEPS):
            raise InputError(f"an edge step of {step:.3g} is none that FEFF writes", remedy=RERUN)
        low, high, last = (float(value) / step for value in (self.mu.min(), self.mu.max(), self.mu[-1]))
        if not (low >= LOWEST and high <= HIGHEST and LAST[0] <= last <= LAST[1]):
            what = f"μ runs from {low:.3g} to {high:.3g} edge steps and ends at {last:.3g}, as no K edge does"
            raise InputError(what, remedy=RERUN)
        return step


def sniff(head: bytes) -> float:
    """Return how surely a file that begins like this is an xmu.dat, from 0 to 1."""
    return 1.0 if COLUMNS.search(decode_head(head)) else 0.0


def read(path: str | Path) -> list[Measured]:
    """Read an xmu.dat as if it were measured: μ(E) in edge steps, its Fermi level as E₀."""
    source = str(path)
    xmu = parse_xmu(read_text(path, MAX_BYTES), source)
    energy, mu = to_ev(xmu.energy, "eV", source), xmu.mu / xmu.edge_step()
    header = {"program": xmu.program} if xmu.program else {}
    return [make_xanes("", energy, mu, source, "mu", normalised=True, e0=xmu.fermi, header=header)]


def parse_xmu(text: str, source: str) -> Xmu:
    """Read the text of an xmu.dat: columns omega, e, k, mu, mu0, chi; `source` is named in errors.

    Raises InputError for a file that is empty, cut short, not of six columns, not finite, or not increasing in energy,
    and for columns that contradict each other.
    """
    rows: list[list[float]] = []
    places: list[int] = []
    for place, line in enumerate(text.splitlines(), start=1):
        if HEADER.match(line) or not line.strip():
            continue
        rows.append(_row(line, source, place))
        places.append(place)
        if len(rows) > MAX_ROWS:
            raise InputError(f"over {MAX_ROWS} rows", remedy="Is this an xmu.dat?", file=source)
    if not rows:
        raise InputError("no spectrum in it", remedy=RERUN, file=source)
    if len(rows) < MIN_ROWS or _ends_early(text):
        raise InputError(f"cut short after {len(rows)} rows", remedy=RERUN, file=source)
    energy, level, k, mu, mu0, chi = np.array(rows).T
    if (np.diff(energy) <= 0).any() or (np.diff(k) <= 0).any():
        raise InputError("its energies do not increase", remedy=RERUN, file=source)
    if not k[0] <= 0 <= k[-1]:
        raise InputError("its energies do not span the Fermi level (k = 0)", remedy=RERUN, file=source)
    program = PROGRAM.search(text[:2000])
    fermi = float(np.interp(0.0, k, energy))
    for what, bad in (
        ("χ is not μ − μ0", _chi_differs(mu, mu0, chi)),
        ("omega − e is not that of the other rows", np.abs(energy - level - np.median(energy - level)) > LEVEL),
        ("k is not that of its energy", _k_differs(energy, k)),
    ):
        if bad.any():
            raise InputError(f"{what}: a value is spoilt", remedy=RERUN, file=source, line=places[int(np.argmax(bad))])
    return Xmu(energy, fermi, mu, mu0, re.sub(r"\s+", " ", program[0]) if program else "")


def _chi_differs(mu: Array, mu0: Array, chi: Array) -> NDArray[np.bool_]:
    """Return where μ, μ0 and χ contradict each other: χ is μ − μ0, from FEFF6 (μ − μ0)/μ0, in Å² in another unit."""
    size = np.abs(mu) + np.abs(mu0)
    scale = float(np.dot(chi, mu - mu0)) / max(float(np.dot(chi, chi)), 1e-300)
    forms = (mu - mu0 - chi, mu - mu0 - chi * mu0, mu - mu0 - scale * chi)
    off = [np.abs(form) > DIGITS * size for form in forms]
    return min(off, key=lambda each: int(each.sum()))


def _k_differs(energy: Array, k: Array) -> NDArray[np.bool_]:
    """Return where omega is not k²ħ²/2m past the Fermi level, below which k counts as negative."""
    before = np.searchsorted(k, 0.0)
    first, last = max(int(before) - 3, 0), min(int(before) + 3, len(k))
    expected = np.sign(k) * k**2 * PER_K2
    fermi = float(np.median(energy[first:last] - expected[first:last]))
    return np.asarray(np.abs(energy - fermi - expected) > BEHIND + BEHIND * np.abs(k))


def _ends_early(text: str) -> bool:
    """Whether the last line lost its end: no line feed, and shorter than the line before."""
    lines = text.splitlines()
    return not text.endswith("\n") and len(lines[-1].rstrip()) < len(lines[-2].rstrip())


def _row(line: str, source: str, place: int) -> list[float]:
    words = line.split()
    try:
        values = numbers(words)
    except ValueError:
        values = []
    if len(values) != 6:
        raise InputError("not a row of six numbers", remedy=RERUN, file=source, line=place)
    if not np.isfinite(values).all():
        raise InputError("a value that is not finite", remedy=RERUN, file=source, line=place)
    return values
