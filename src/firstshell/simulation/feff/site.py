"""XANES of one atom of a crystal, or of a feff.inp: the engine's job, then multiple scattering."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure
from scipy.spatial import cKDTree

from firstshell.runtime.progress import note
from firstshell.simulation.feff.cards import Job, Mesh, Scf
from firstshell.simulation.feff.feff8l import Potentials, calculate
from firstshell.simulation.feff.inp import FeffInput
from firstshell.simulation.feff.surroundings import clear_radius, shell_end, site_atoms
from firstshell.simulation.scattering.absorption import Absorption, absorption, average, propagators
from firstshell.simulation.scattering.propagator import Cluster, Scattering
from firstshell.types import Array
from firstshell.units import BOHR

SCF_ATOMS = 100
"""The engine's limit on the cluster of its self-consistent field."""
LIST_RADIUS = 8.0
"""Å. Atoms this far still weigh on the potentials; a shorter list moves the Fermi level."""


@dataclass(frozen=True)
class SiteSettings:
    """How a site is calculated.

    scf : self-consistent field; its radius is widened until it holds the six nearest atoms and one atom of each kind
        where all share one cluster, and moved into a gap between shells
    fms_radius : Å, of the cluster that scatters; a shell that begins within it belongs to it
    mesh : energies
    light_lmax : angular momenta that scatter from atoms up to neon; from all others 3
    timeout : seconds for each process of the engine
    open_shell_scf : used instead of `scf` for absorbers with a partly filled d shell, Sc to Ni and Y to Pd, whose field
        swings at the mixing that suits the others
    """

    scf: Scf
    fms_radius: float
    mesh: Mesh
    light_lmax: int = 3
    timeout: float = 900.0
    open_shell_scf: Scf | None = None

    def scf_of(self, absorber: Element) -> Scf:
        """Return the self-consistent field to begin with for an absorber."""
        open_shell = absorber.Z in range(21, 29) or absorber.Z in range(39, 47)
        return self.open_shell_scf if open_shell and self.open_shell_scf is not None else self.scf


def site_job(structure: Structure, site: int, settings: SiteSettings) -> Job:
    """Return the engine's job for atom `site`: one potential for the absorber and one for each element around it.

    Raises InputError for partly occupied positions and for what `Job` refuses.
    """
    scf = settings.scf_of(Element(structure[site].specie.symbol))
    positions, kinds, potentials = site_atoms(structure, site, LIST_RADIUS + scf.radius / 2)
    return Job(positions, kinds, potentials, replace(scf, radius=_scf_radius(positions, kinds, scf)), settings.mesh)


def site_cluster(job: Job, settings: SiteSettings) -> Cluster:
    """Return the atoms of a job that scatter."""
    count = shell_end(np.linalg.norm(job.positions, axis=1), settings.fms_radius)
    lmax = tuple(settings.light_lmax if potential.charge <= 10 else 3 for potential in job.potentials)
    return Cluster(job.positions[:count] / BOHR, job.kinds[:count], lmax)


def _scf_radius(positions: Array, kinds: NDArray[np.intp], scf: Scf) -> float:
    """Radius for the self-consistent field: wide enough, within the engine's limit, and clear of every shell."""
    distances = np.linalg.norm(positions, axis=1)
    first = np.array([np.flatnonzero(kinds == kind)[0] for kind in range(kinds.max() + 1)])
    least = distances[min(6, len(distances) - 1)]
    if scf.one_cluster:
        least = max(least, distances[first].max())
        first = first[:1]
    around = cKDTree(positions).query(positions[first], k=min(SCF_ATOMS, len(positions)))[0]
    widest = float(around[:, -1].min()) if len(positions) >= SCF_ATOMS else np.inf
    return clear_radius(np.unique(around), max(scf.radius, least + 0.05), widest)


def site_xanes(
    structure: Structure,
    site: int,
    settings: SiteSettings,
    directions: Array | None = None,
    uiso: float = 0.0,
) -> tuple[Absorption, dict[str, Any]]:
    """Calculate the K edge of atom `site` (0-based) and say how.

    directions : (m, 3) unit vectors of the polarization to average over; None for all directions
    uiso : Å², mean square displacement of each atom, without correlation between them

    Returns the absorption, and a record of the accepted settings, all attempts and the cluster, JSON-able

    Raises EngineError when the engine fails, InputError for a structure it cannot take.

    """
    job = site_job(structure, site, settings)
    solved = calculate(job, timeout=settings.timeout)
    note("multiple scattering")
    scattering = Scattering(site_cluster(job, settings), sigma2=2 * uiso / BOHR**2)
    result = absorption(solved.phases, average(propagators(solved.phases, scattering), directions))
    record = {
        "site": site,
        "fermi_eV": round(result.fermi, 3),
        "scf": list(solved.attempts),
        "fms_atoms": len(scattering.cluster.kinds),
        "symmetry_operations": len(scattering.group.rotations),
    }
    return result, record


def input_xanes(wanted: FeffInput, *, timeout: float = 14400.0) -> tuple[Absorption, Potentials]:
    """Calculate what an existing feff.inp asks for.

    timeout : seconds for each process of the engine

    Raises EngineError when the engine fails. The field is guarded but the file's settings are not changed: no retries.
    """
    solved = calculate(wanted.job, timeout=timeout, retry=False)
    note("multiple scattering")
    positions, kinds = wanted.job.positions[wanted.members], wanted.job.kinds[wanted.members]
    scattering = Scattering(Cluster(positions / BOHR, kinds, solved.lmax))
    directions = None if wanted.polarization is None else wanted.polarization[None]
    scattered = average(propagators(solved.phases, scattering), directions)
    return absorption(solved.phases, scattered, wanted.job.s02), solved
