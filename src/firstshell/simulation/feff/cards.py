"""The input of a feff8l calculation: the job and its cards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from firstshell.errors import InputError
from firstshell.types import Array

MAX_ATOMS = 1000
MAX_POTENTIALS = 12
MAX_CHARGE = 99
CLOSEST = 0.7
"""Å. Nearer than this are no two atoms: the bond of H₂ has 0.74 Å."""


@dataclass(frozen=True)
class Potential:
    """A kind of atom that shares one muffin-tin potential.

    charge : atomic number
    label : up to six characters
    amount : how many there are, relative to the others; the absorber's is small
    lmax : (for the self-consistent field, for multiple scattering); -1 leaves the choice to the engine
    """

    charge: int
    label: str
    amount: float
    lmax: tuple[int, int] = (-1, -1)


@dataclass(frozen=True)
class Scf:
    """Self-consistent field, as FEFF's SCF card.

    radius : Å, of the cluster about each kind of atom
    iterations : at most `iterations + simple_steps - 1` are done
    mixing : part of the new density that is taken
    one_cluster : 1 uses the absorber's cluster for all potentials (FEFF's lfms1), 0 one for each
    simple_steps : steps before Broyden's mixing sets in; with 2 `iterations` it never does
    """

    radius: float
    iterations: int = 30
    mixing: float = 0.2
    one_cluster: int = 0
    simple_steps: int = 1


@dataclass(frozen=True)
class Mesh:
    """Energies, as FEFF's XANES card: up to `kmax` (1/Å) in steps of `kstep` (1/Å), `estep` (eV) next to the edge."""

    kmax: float = 3.7
    kstep: float = 0.04
    estep: float = 0.1


@dataclass(frozen=True, eq=False)
class Job:
    """One absorber in its surroundings.

    positions : (n, 3) in Å, the absorber first; sorted by distance
    kinds : (n,) index into `potentials`; 0 is the absorber and nobody else
    exchange : FEFF's EXCHANGE card: self-energy model, real shift (eV), imaginary shift (eV), model of the background
    s02 : amplitude reduction; 0 has the engine work it out
    core_hole : whether the 1s hole is there in the final state
    """

    positions: Array
    kinds: NDArray[np.intp]
    potentials: tuple[Potential, ...]
    scf: Scf
    mesh: Mesh = Mesh()
    exchange: tuple[float, ...] = (0, 0.0, 0.0, 2)
    s02: float = 0.0
    core_hole: bool = True

    def __post_init__(self) -> None:
        if len(self.positions) > MAX_ATOMS:
            raise InputError(
                f"the cluster has {len(self.positions)} atoms and the engine takes {MAX_ATOMS}",
                remedy="Give a smaller radius",
            )
        if len(self.potentials) > MAX_POTENTIALS:
            raise InputError(
                f"there are {len(self.potentials)} kinds of atoms and the engine takes {MAX_POTENTIALS}",
                remedy="Merge kinds of one element",
            )
        for potential in self.potentials:
            if not 1 <= potential.charge <= MAX_CHARGE:
                raise InputError(
                    f"the engine has no data for {potential.label} (Z = {potential.charge})",
                    remedy=f"Elements up to Z = {MAX_CHARGE} can be calculated",
                )
        if len(self.positions) < 2:
            raise InputError("the absorber has no neighbours", remedy="Give a larger radius or a solid")
        if self.kinds[0] != 0 or (self.kinds[1:] == 0).any():
            raise InputError("exactly one atom, the first, must be the absorber (potential 0)")
        if set(range(1, len(self.potentials))) - set(self.kinds.tolist()):
            raise InputError("a kind of atom has no atom", remedy="Drop the kind, or give a larger radius")
        overlapping = sorted(cKDTree(self.positions).query_pairs(CLOSEST))
        if overlapping:
            i, j = overlapping[0]
            gap = np.linalg.norm(self.positions[i] - self.positions[j])
            far = np.linalg.norm(self.positions[i])
            raise InputError(
                f"atoms overlap: two are {gap:.2f} Å apart, {far:.2f} Å from the absorber",
                remedy="Check the structure for partial occupancy and atoms given twice",
            )


def write_cards(job: Job, more: Sequence[str] = ()) -> str:
    """Return the text of feff.inp with the cards that feff8l_rdinp knows, and `more`; XANES and FMS are not of them."""
    scf = job.scf
    lines = [
        "TITLE firstshell",
        "CONTROL 1 1 1 1 1 1",
        "PRINT 1 0 0 0 0 0",
        "EDGE K",
        f"S02 {job.s02:.4f}",
        "EXCHANGE " + " ".join(f"{number:g}" for number in job.exchange),
        f"SCF {scf.radius:.4f} {scf.one_cluster} {scf.iterations} {scf.mixing:.4f} {scf.simple_steps}",
        *([] if job.core_hole else ["NOHOLE"]),
        *more,
        "POTENTIALS",
        *(
            f"{kind} {each.charge} {each.label} {each.lmax[0]} {each.lmax[1]} {each.amount:.6g}"
            for kind, each in enumerate(job.potentials)
        ),
        "ATOMS",
        *(f"{x:.6f} {y:.6f} {z:.6f} {kind}" for (x, y, z), kind in zip(job.positions, job.kinds, strict=True)),
        "END",
    ]
    return "\n".join(lines) + "\n"
