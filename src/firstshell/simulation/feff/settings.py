"""The input of FEFF9 or FEFF10 for a site: the user's settings, and the cards of feff.inp made of them."""

from dataclasses import dataclass, field

import numpy as np
from pymatgen.core.structure import Structure

from firstshell.errors import InputError
from firstshell.simulation.feff.cards import Job, Mesh, Scf, write_cards
from firstshell.simulation.feff.surroundings import site_atoms

CORE_HOLES = ("RPA", "FSR", "NONE")
LIST_RADIUS = 10.0
"""Å; the least radius of the list of atoms, as in pymatgen's FEFF sets."""


@dataclass(frozen=True)
class FeffSettings:
    """A FEFF9 or FEFF10 of the user's, and how it calculates a site.

    The defaults are those of Lightshow and of the FEFF 9.9 spectra made with it: a core hole screened by the RPA, and
    the radii of the Materials Project. MPXANESSet of pymatgen has core_hole "FSR", scf_radius 4.5, scf_iterations 30,
    scf_steps 1 and fms_radius 7.5.

    Parameters
    ----------
    path : str
        Folder of FEFF's modules (rdinp, pot, …), or one program or script that runs them all in the folder where it is
        started. It is not among the settings of a dataset: where a program lies does not change what it makes.
    program : str
        Name and version as FEFF writes them into xmu.dat, "FEFF 9.9.1"; "" takes what lies at `path`. Spectra of
        another version are refused.
    scf_radius, fms_radius : float
        Å, of the clusters of the self-consistent field and of full multiple scattering.
    scf_iterations, scf_mixing, scf_steps
        Most iterations; part of the new density that is taken; steps before Broyden's mixing. Where the field does not
        converge, gentler ones are tried, then other radii.
    kstep, estep : float
        1/Å and eV, of the energies; how far they go follows from the XANES grid.
    exchange : tuple of float
        FEFF's EXCHANGE card: self-energy model, real shift (eV), imaginary shift (eV), model of the background.
    core_hole : {"RPA", "FSR", "NONE"}
        FSR is unscreened.
    s02 : float
        Amplitude reduction; 0 has FEFF calculate it.
    timeout : float
        Seconds of wall-clock time for a site, all attempts together; not among the settings of a dataset.
    memory : float
        GB of address space for each process; not among the settings of a dataset.

    """

    path: str = field(default="", compare=False, metadata={"local": True})
    program: str = ""
    scf_radius: float = 7.0
    scf_iterations: int = 100
    scf_mixing: float = 0.2
    scf_steps: int = 3
    fms_radius: float = 9.0
    kstep: float = 0.04
    estep: float = 0.1
    exchange: tuple[float, ...] = (0.0, 0.0, 0.0, 2.0)
    core_hole: str = "RPA"
    s02: float = 0.0
    timeout: float = field(default=14400.0, compare=False, metadata={"local": True})
    memory: float = field(default=8.0, compare=False, metadata={"local": True})

    def __post_init__(self) -> None:
        bounds: dict[str, tuple[float, float]] = {
            "scf_radius": (1.0, 20.0),
            "scf_iterations": (1, 1000),
            "scf_mixing": (0.001, 1.0),
            "scf_steps": (1, 1000),
            "fms_radius": (1.0, 20.0),
            "kstep": (0.005, 1.0),
            "estep": (0.0, 5.0),
            "s02": (0.0, 1.0),
            "timeout": (0.1, 1e7),
            "memory": (0.1, 1e5),
        }
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} = {getattr(self, name)} is out of range", remedy=f"Give {low:g} to {high:g}")
        if self.core_hole not in CORE_HOLES:
            raise InputError(
                f"core_hole = {self.core_hole!r} is not known", remedy=f"Choose from: {', '.join(CORE_HOLES)}"
            )
        if not 1 <= len(self.exchange) <= 4 or not np.isfinite(self.exchange).all():
            raise InputError(f"exchange = {self.exchange} is no EXCHANGE card", remedy="Give up to four numbers")

    @property
    def scf(self) -> Scf:
        """The self-consistent field to begin with."""
        return Scf(self.scf_radius, self.scf_iterations, self.scf_mixing, simple_steps=self.scf_steps)


def site_job(structure: Structure, site: int, settings: FeffSettings, kmax: float) -> Job:
    """Return the job of atom `site`, its energies up to `kmax` in 1/Å; InputError for what `Job` refuses."""
    radius = max(LIST_RADIUS, settings.fms_radius + 1, settings.scf_radius + 1)
    return Job(
        *site_atoms(structure, site, radius),
        settings.scf,
        Mesh(kmax, settings.kstep, settings.estep),
        exchange=settings.exchange,
        s02=settings.s02,
        core_hole=settings.core_hole != "NONE",
    )


def cards(job: Job, settings: FeffSettings) -> str:
    """Return feff.inp of a job whose field may have come to differ from that of the settings."""
    mesh = job.mesh
    more = (
        f"COREHOLE {settings.core_hole}",
        f"FMS {settings.fms_radius:.4f} 0",
        f"XANES {mesh.kmax:.4f} {mesh.kstep:g} {mesh.estep:g}",
    )
    return write_cards(job, more)
