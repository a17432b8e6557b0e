"""Scattering paths of a finished FEFF run as a dataset keeps them: of the right atom, counted from feff6l's threshold.

Versions of FEFF, and potentials with and without self-consistency, put the threshold that k is counted from at places
up to some 6 eV apart, while their EXAFS agrees once it is moved. What is known of the thresholds of measurements
(`ExafsChannel.e0`) holds for feff6l. So feff6l calculates the site, too, and the paths are moved to its threshold.
"""

import zlib
from collections.abc import Mapping

import numpy as np
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure
from scipy.interpolate import CubicSpline

from firstshell.dataset.exafs import LEGS, LONGEST
from firstshell.dataset.paths import MESH
from firstshell.errors import InputError
from firstshell.io.feff_paths import parse_run
from firstshell.simulation.exafs import Conditions, chi_under
from firstshell.simulation.feff.paths import PathTable, path_table, site_paths
from firstshell.types import Array, Site
from firstshell.units import EV_PER_K2

REACH = 4.5
"""Å, half length of the longest path at least: what EXAFS is filtered to still sees shells there."""
K = np.arange(3.0, 10.01, 0.05)
"""Å⁻¹, where EXAFS is compared."""
SHIFTS = np.linspace(-12.0, 12.0, 97)
"""eV that are tried."""
UNLIKE = 0.2
"""Share of k²χ(k), in squares, that may be left; FEFF8 with and without self-consistency leaves 0.003 to 0.03."""
LIMIT_S = 120.0


def usable_paths(files: Mapping[str, bytes | InputError], structure: Structure, site: Site, name: str) -> PathTable:
    """Return the paths of one run, counted from feff6l's threshold.

    files : packed texts by name, or why one cannot be had; name : the run's in errors

    Raises InputError where they are spoilt, not the site's, or do not reach as far as needed; EngineError where feff6l
    cannot calculate the site.
    """
    table = _read(files, structure[site.index].specie.symbol, name)
    own = site_paths(structure, site.index, longest=LONGEST, legs=LEGS, timeout=LIMIT_S)
    shift, left = threshold(table, own)
    if left > UNLIKE:
        what = f"its EXAFS is not that of this atom of the POSCAR: {left:.0%} of it differ from what feff6l calculates"
        raise InputError(what, remedy="Is the POSCAR that of the run?", file=name)
    return moved(table, shift) if shift else table


def threshold(table: PathTable, own: PathTable) -> tuple[float, float]:
    """Return ΔE0 in eV at which a table gives the χ(k) of another, and the share of k²χ(k) that then differs."""
    still, steps = np.zeros(1), np.zeros(len(SHIFTS))
    aim = K**2 * chi_under(own, K, _under(still))[0]
    waves = K**2 * chi_under(table, K, _under(steps + SHIFTS))
    size = waves @ aim / (waves**2).sum(axis=1)
    left = ((aim - size[:, None] * waves) ** 2).sum(axis=1) / (aim @ aim)
    best = int(left.argmin())
    return float(SHIFTS[best]), float(left[best])


def moved(table: PathTable, shift: float) -> PathTable:
    """Return a table on `MESH` whose threshold lies `shift` eV lower: its χ(k) is the other's at ΔE0 = `shift`."""
    q = np.sqrt(MESH**2 - shift / EV_PER_K2)

    def at(values: Array) -> Array:
        return np.asarray(CubicSpline(table.k, values, axis=-1)(q))

    return PathTable(
        MESH,
        at(table.momentum),
        at(table.mean_free_path),
        table.degeneracy,
        table.length,
        table.legs,
        np.maximum(at(table.amplitude), 0.0) * MESH / q,
        at(table.phase) + 2 * (q - MESH) * table.length[:, None],
    )


def _under(e0: Array) -> Conditions:
    one = np.ones(len(e0))
    return Conditions(e0, 0.005 * one, 0.0095 * one, one)


def _read(files: Mapping[str, bytes | InputError], metal: str, name: str) -> PathTable:
    texts = {}
    for file, content in files.items():
        if isinstance(content, InputError):
            raise content
        texts[file] = zlib.decompress(content).decode()
    paths = parse_run(texts, name)
    table = path_table(paths)
    if paths[0].charge != Element(metal).Z:
        what = f"its absorber is {Element.from_Z(paths[0].charge).symbol}, not {metal}"
        raise InputError(what, remedy="Check the absorber", file=name)
    if table.k[0] > MESH[0] / 2 or table.k[-1] < MESH[-1] + 1:
        what = f"its paths reach from k = {table.k[0]:.1f} to {table.k[-1]:.1f} Å⁻¹"
        raise InputError(what, remedy="Run FEFF with the card EXAFS 20", file=name)
    if table.length[-1] < REACH:
        what = f"its longest path has {table.length[-1]:.1f} Å"
        raise InputError(what, remedy="Run FEFF with the card RPATH 5", file=name)
    return table
