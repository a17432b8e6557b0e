"""FEFF's xmu.dat: absorption of one site near its edge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
    ignored="μ0 and χ but for the edge step",
    refused="files cut short, energies that do not increase",
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
        """Return the atomic background 50 eV above the Fermi level; InputError when it is not positive."""
        step = float(np.interp(self.fermi + NORMALISATION, self.energy, self.mu0))
        if not step > 0:
            raise InputError("its atomic background has no edge step", remedy=RERUN)
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

    Raises InputError for a file that is empty, cut short, not of six columns, not finite, or not increasing in energy.
    """
    rows: list[list[float]] = []
    for place, line in enumerate(text.splitlines(), start=1):
        if HEADER.match(line) or not line.strip():
            continue
        rows.append(_row(line, source, place))
        if len(rows) > MAX_ROWS:
            raise InputError(f"over {MAX_ROWS} rows", remedy="Is this an xmu.dat?", file=source)
    if not rows:
        raise InputError("no spectrum in it", remedy=RERUN, file=source)
    if len(rows) < MIN_ROWS or _ends_early(text):
        raise InputError(f"cut short after {len(rows)} rows", remedy=RERUN, file=source)
    energy, _, k, mu, mu0, _ = np.array(rows).T
    if (np.diff(energy) <= 0).any() or (np.diff(k) <= 0).any():
        raise InputError("its energies do not increase", remedy=RERUN, file=source)
    if not k[0] <= 0 <= k[-1]:
        raise InputError("its energies do not span the Fermi level (k = 0)", remedy=RERUN, file=source)
    program = PROGRAM.search(text[:2000])
    fermi = float(np.interp(0.0, k, energy))
    return Xmu(energy, fermi, mu, mu0, re.sub(r"\s+", " ", program[0]) if program else "")


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
