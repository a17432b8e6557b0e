"""Scattering paths of a photoelectron around one atom, by the open feff6l of the xraylarch wheel.

Feff6 (Zabinsky, Rehr, Ankudinov, Albers and Eller, Phys. Rev. B 52, 2995 (1995)) overlaps free atoms, cuts muffin tins,
and gives each path an effective amplitude and phase. Potentials are not self-consistent: past k = 2.5 Å⁻¹ that
changes little, and a site costs a fraction of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pymatgen.core.structure import Structure

from firstshell.errors import EngineError, InputError
from firstshell.io.feff_paths import LIST, FeffPath, parse_run
from firstshell.runtime.leftovers import scratch_folder
from firstshell.simulation.feff.cards import Potential
from firstshell.simulation.feff.feff8l import MEMORY, wheel_program
from firstshell.simulation.feff.process import last_words, run_program
from firstshell.simulation.feff.surroundings import site_atoms
from firstshell.types import Array

MAX_KINDS = 8
"""Potentials that feff6l takes, the absorber's included."""
SURROUND = 2.5
"""Å beyond the longest path of which atoms still overlap with those of a path."""
CRITERIA = "4.0 2.5"
"""Per cent of the largest path below which curved-wave and plane-wave amplitudes are left out, Feff's own values."""


@dataclass(frozen=True, eq=False)
class PathTable:
    """The paths of one absorbing atom, all that χ(k) is made of but disorder and S0².

    k : (q,) in Å⁻¹, counted from the threshold
    momentum : (q,) real part of the photoelectron's momentum in the solid, Å⁻¹
    mean_free_path : (q,) in Å
    degeneracy : (n,) number of equivalent paths
    length : (n,) half path length in Å
    legs : (n,) of a path; 2 scatter once
    amplitude : (n, q) effective scattering amplitude in Å, reduction by the central atom included
    phase : (n, q) in radians, of central atom and path together
    """

    k: Array
    momentum: Array
    mean_free_path: Array
    degeneracy: Array
    length: Array
    legs: NDArray[np.intp]
    amplitude: Array
    phase: Array


def site_paths(structure: Structure, site: int, *, longest: float, legs: int, timeout: float) -> PathTable:
    """Calculate the paths of atom `site` (0-based) at the K edge, averaged over all directions.

    Parameters
    ----------
    structure : pymatgen Structure
        Every position fully occupied by one element.
    site : int
        The absorber.
    longest : float
        Half path length in Å up to which paths are looked for.
    legs : int
        Most legs of a path.
    timeout : float
        Wall-clock seconds.

    Returns
    -------
    PathTable
        By increasing length.

    Raises
    ------
    InputError
        For partly occupied positions, and more elements than the engine takes.
    EngineError
        Where the engine fails, naming what it printed.

    """
    positions, kinds, potentials = site_atoms(structure, site, longest + SURROUND)
    if len(potentials) > MAX_KINDS:
        raise InputError(
            f"EXAFS takes {MAX_KINDS - 1} elements around the absorber, and there are {len(potentials) - 1}",
            remedy="Give a structure of fewer elements",
        )
    with scratch_folder() as folder:
        text = _cards(positions, kinds, potentials, longest, legs)
        (folder / "feff.inp").write_text(text, encoding="ascii")
        printed = run_program([wheel_program("feff6l")], folder, "feff6l", timeout=timeout, memory=MEMORY)
        if not (folder / "feff0001.dat").is_file():
            raise EngineError(f"feff6l found no path: {last_words(printed)}")
        return read_paths(folder)


def read_paths(folder: Path) -> PathTable:
    """Read the paths that a run of feff6l left in a folder; EngineError for files that are not as Feff writes them."""
    files = [folder / LIST, *folder.glob("feff[0-9][0-9][0-9][0-9].dat")]
    texts = {file.name: file.read_text(encoding="latin-1") for file in files if file.is_file()}
    try:
        return path_table(parse_run(texts, "feff6l"))
    except InputError as error:
        raise EngineError(f"feff6l wrote paths that cannot be read: {error}") from None


def path_table(paths: Sequence[FeffPath]) -> PathTable:
    """Put the paths of one run, which have the same momenta and mean free path, into one table by length."""
    paths = sorted(paths, key=lambda path: path.length)
    columns = np.moveaxis(np.array([path.columns for path in paths]), -1, 0)
    k, central, magnitude, phase, reduction, mean_free_path, momentum = columns
    return PathTable(
        k[0],
        momentum[0],
        mean_free_path[0],
        np.array([path.degeneracy for path in paths]),
        np.array([path.length for path in paths]),
        np.array([path.legs for path in paths], dtype=np.intp),
        magnitude * reduction,
        central + phase,
    )


def _cards(
    positions: Array, kinds: NDArray[np.intp], potentials: tuple[Potential, ...], longest: float, legs: int
) -> str:
    """Input of Feff6 for paths of the K edge (HOLE 1) with S0² = 1, one file a path (PRINT 0 0 0 3)."""
    return "\n".join(
        [
            "TITLE firstshell",
            "HOLE 1 1.0",
            "CONTROL 1 1 1 1",
            "PRINT 0 0 0 3",
            f"RMAX {longest:.4f}",
            f"NLEG {legs}",
            f"CRITERIA {CRITERIA}",
            "POTENTIALS",
            *(f"{kind} {each.charge} {each.label}" for kind, each in enumerate(potentials)),
            "ATOMS",
            *(f"{x:.6f} {y:.6f} {z:.6f} {kind}" for (x, y, z), kind in zip(positions, kinds, strict=True)),
            "END",
            "",
        ]
    )
