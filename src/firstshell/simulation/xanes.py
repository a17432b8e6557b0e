"""XANES: X-ray absorption near the K edge, in units of the edge step."""

import math
from dataclasses import dataclass, field, replace
from importlib.metadata import version

import numpy as np
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from firstshell.config import to_dict
from firstshell.crystal.sites import distinct_sites
from firstshell.crystal.symmetry import symmetry
from firstshell.elements import k_edge
from firstshell.errors import EngineError, InputError
from firstshell.io.spectra.writing import xdi_text
from firstshell.runtime.progress import noted_as
from firstshell.simulation import Modality
from firstshell.simulation.feff import external as feff_external
from firstshell.simulation.feff.cards import Mesh, Scf
from firstshell.simulation.feff.settings import FeffSettings
from firstshell.simulation.feff.site import SiteSettings, site_xanes
from firstshell.simulation.regions import edge_of, xanes_regions
from firstshell.types import ABSORPTION, Array, Grid, Site, Spectrum
from firstshell.units import EV_PER_K2_OF_MESHES

name = "xanes"

PRESETS = {
    "fast": SiteSettings(
        Scf(3.0, iterations=8),
        fms_radius=5.5,
        mesh=Mesh(kstep=0.06, estep=0.2),
        light_lmax=2,
        open_shell_scf=Scf(3.0, iterations=12, mixing=0.1),
    ),
    "standard": SiteSettings(Scf(3.6), fms_radius=6.0, mesh=Mesh(kstep=0.04, estep=0.1)),
    "converged": SiteSettings(
        Scf(7.0, iterations=100), fms_radius=9.0, mesh=Mesh(kstep=0.04, estep=0.1), timeout=14400.0
    ),
}
"""Settings by name; docs/results/xanes.md has cost and error of each. `converged` has the Materials Project's radii."""
DEFAULT, EXTERNAL = "fast", "feff"
MESH_POINTS = 85
"""Steps in k: with those below and next to the edge they keep within the engine's 100 energies."""
REACH = 5.0
"""eV past the grid's end that are calculated."""


@dataclass(frozen=True)
class XanesParams:
    """The XANES grid, and how spectra are calculated.

    Parameters
    ----------
    emin, emax : float
        First and last energy in eV, counted from the metal's tabulated K edge. FEFF places the Fermi level 4 to 10 eV
        above that edge for the 3d metals, so the window spans the pre-edge to about 50 eV past it. Of Zr, Nb and Mo it
        is 15 to 19 eV: 10 to 65 suits them better.
    points : int
        Number of evenly spaced energies, both ends included.
    preset : {"fast", "standard", "converged", "feff"}
        Accuracy of the built-in engine; always "feff" where `feff` is given.
    polarization : tuple of float, optional
        Direction of the electric field, three Cartesian components in the axes of the structure; None averages over all
        directions, as a powder does.
    uiso : float
        Å², mean square displacement of every atom, which damps the fine structure; 0 leaves atoms at rest.
    feff : FeffSettings, optional
        A FEFF9 or FEFF10 of the user's, and its settings, instead of feff8l; powder averages of atoms at rest only.

    Raises
    ------
    InputError
        For values without meaning.

    Examples
    --------
    >>> import firstshell as fs
    >>> along_c = fs.XanesParams(points=200, polarization=(0, 0, 1))
    >>> along_c.preset
    'fast'

    """

    emin: float = 0.0
    emax: float = 55.0
    points: int = 100
    preset: str = DEFAULT
    polarization: tuple[float, ...] | None = None
    uiso: float = 0.0
    feff: FeffSettings | None = field(default=None, metadata={"optional": True})

    def __post_init__(self) -> None:
        if not np.isfinite([self.emin, self.emax]).all() or self.emax <= self.emin:
            raise InputError(f"emin {self.emin} and emax {self.emax} make no range", remedy="Give emin < emax in eV")
        if not 2 <= self.points <= 100_000:
            raise InputError(f"points = {self.points} is out of range", remedy="Give 2 to 100000")
        if self.feff is not None and self.preset in (DEFAULT, EXTERNAL):
            object.__setattr__(self, "preset", EXTERNAL)
        elif self.preset not in PRESETS:
            raise InputError(f"there is no preset {self.preset!r}", remedy=f"Choose from: {', '.join(PRESETS)}")
        direction = self.polarization
        if direction is not None and not (len(direction) == 3 and 0 < math.hypot(*direction) < math.inf):
            raise InputError(f"polarization = {direction} is no direction", remedy="Give three numbers, not all zero")
        if not 0 <= self.uiso <= 0.1:
            raise InputError(f"uiso = {self.uiso} is out of range", remedy="Give 0 to 0.1 Å²")
        if self.feff is not None and (self.preset != EXTERNAL or direction is not None or self.uiso):
            raise InputError(
                "preset, polarization and uiso are settings of the built-in engine, not of FEFF",
                remedy="Leave them out, or feff",
            )

    @property
    def limit_s(self) -> float:
        """Wall-clock seconds after which a site is given up, whatever its engine does."""
        return 7200.0 if self.feff is None else self.feff.timeout + 60.0


def grid(params: XanesParams, metal: str | None = None) -> Grid:
    """Return the energies relative to the tabulated K edge, or absolute ones when `metal` is named."""
    relative = np.linspace(params.emin, params.emax, params.points)
    if metal is None:
        return Grid(relative, "E − E(K)", "eV")
    return Grid(k_edge(metal) + relative, "Energy", "eV")


def ready(params: XanesParams) -> XanesParams:
    """Return the settings with the version of the FEFF that they name, which has been tried; others as they are.

    Raises InputError when it does not work.
    """
    return params if params.feff is None else replace(params, feff=feff_external.ready(params.feff))


def simulate(
    structure: Structure, metal: str, params: XanesParams, per_site: bool = False
) -> Spectrum | list[Spectrum]:
    """Return the K-edge XANES of a metal in a structure, in edge steps on the grid, the edge step taken 50 eV past E_F.

    Sites are averaged by multiplicity; with `per_site` each distinct site has its own spectrum. A polarized average
    takes all atoms of a site, each in its own orientation; a polarized site spectrum is that of the atom `site`.

    Raises InputError for a metal or a structure that cannot be calculated, EngineError where the engine fails.
    """
    sites = distinct_sites(structure, metal)
    if per_site:
        return [simulate_site(structure, metal, site, params) for site in sites]
    spectra = [_site(structure, metal, site, params, alone=False) for site in sites]
    weights = np.array([site.multiplicity for site in sites], dtype=float)
    values = np.average([spectrum.values for spectrum in spectra], axis=0, weights=weights)
    provenance = spectra[0].provenance | {"sites": [spectrum.provenance["sites"][0] for spectrum in spectra]}
    return Spectrum.absorption(spectra[0].grid, values, metal, None, provenance)


def simulate_site(structure: Structure, metal: str, site: Site, params: XanesParams) -> Spectrum:
    """Return the spectrum of one of the distinct sites, as `simulate` with `per_site` does for all."""
    return _site(structure, metal, site, params, alone=True)


def _site(structure: Structure, metal: str, site: Site, params: XanesParams, *, alone: bool) -> Spectrum:
    """Spectrum of one site on the grid; when polarized, of its first atom if `alone`, else the mean of its atoms."""
    # The mesh counts from the Fermi level, which lies above the tabulated edge: this reaches past the grid.
    kmax = math.sqrt((max(params.emax, 50.0) + REACH) / EV_PER_K2_OF_MESHES)
    try:
        with noted_as(f"{metal} site {site.index}"):
            if params.feff is not None:
                return _external(structure, metal, site, params, params.feff, kmax)
            return _built_in(structure, metal, site, params, kmax, alone)
    except EngineError as error:
        raise type(error)(f"{metal} site {site.index}: {error}") from error


def _external(
    structure: Structure, metal: str, site: Site, params: XanesParams, feff: FeffSettings, kmax: float
) -> Spectrum:
    xmu, record = feff_external.site_spectrum(structure, site.index, feff, kmax)
    record |= {"multiplicity": site.multiplicity}
    raw = xmu.normalised(metal, site.index)
    return prepare(replace(raw, provenance=_software(params) | {"engine": xmu.program, "sites": [record]}), params)


def _built_in(structure: Structure, metal: str, site: Site, params: XanesParams, kmax: float, alone: bool) -> Spectrum:
    settings = PRESETS[params.preset]
    kstep = max(settings.mesh.kstep, kmax / MESH_POINTS)
    settings = replace(settings, mesh=replace(settings.mesh, kmax=kmax, kstep=kstep))
    directions = None
    if params.polarization is not None:
        direction = np.array(params.polarization) / math.hypot(*params.polarization)
        directions = direction[None] if alone else _equivalent(structure, direction)
    result, record = site_xanes(structure, site.index, settings, directions, params.uiso)
    record |= {"multiplicity": site.multiplicity}
    provenance = _software(params) | {"sites": [record]}
    grid = Grid(result.energy, "Energy", "eV")
    return prepare(Spectrum.absorption(grid, result.mu, metal, site.index, provenance), params)


def _software(params: XanesParams) -> dict[str, object]:
    """What made the spectra."""
    if params.feff is not None:
        return {"preset": params.preset, "feff": to_dict(params.feff)}
    return {"engine": f"feff8l (xraylarch {version('xraylarch')}) + firstshell FMS", "preset": params.preset}


def _equivalent(structure: Structure, direction: Array) -> Array:
    """Images of a direction under the crystal's point group, (m, 3): their average is that over a site's atoms."""
    vectors = structure.lattice.matrix.T
    fractions = np.linalg.inv(vectors) @ direction
    rotations = np.unique(symmetry(structure).rotations, axis=0)
    return np.array([vectors @ (rotation @ fractions) for rotation in rotations])


def prepare(measured: Spectrum, params: XanesParams) -> Spectrum:
    """Put a normalised spectrum (absolute energies, in edge steps) on the grid by linear interpolation.

    Below its first energy a spectrum keeps its first value, for at most `hold(metal)` eV: calculated spectra start
    about 4 eV below the Fermi level, on the tail of the edge. Above its last energy nothing is made up.

    Raises InputError where the spectrum does not reach over the grid.
    """
    target = grid(params, measured.metal)
    energy, (low, high) = measured.grid.values, target.values[[0, -1]]
    if energy[0] > low + hold(measured.metal) or energy[-1] < high:
        raise InputError(
            f"the spectrum spans {energy[0]:.1f} to {energy[-1]:.1f} eV and the grid {low:.1f} to {high:.1f} eV",
            remedy="Choose emin and emax within the spectrum's range",
        )
    values = np.interp(target.values, energy, measured.values)
    return Spectrum.absorption(target, values, measured.metal, measured.site, measured.provenance)


def hold(metal: str) -> float:
    """Return how many eV below its first energy a spectrum of a metal may keep its first value.

    FEFF puts the Fermi level of the 3d metals 4 to 10 eV above the tabulated edge, and of Zr, Nb and Mo 15 to 19 eV.
    """
    return 20.0 if metal and Element(metal).Z > 36 else 10.0


modality = Modality(
    name=name,
    quantity=ABSORPTION[0],
    unit=ABSORPTION[1],
    Params=XanesParams,
    grid=grid,
    simulate=simulate,
    prepare=prepare,
    simulate_site=simulate_site,
    ready=ready,
    origin=edge_of,
    regions=xanes_regions,
    suffix=".xdi",
    text=xdi_text,
    tolerance=5e-4,  # another processor's last digits change by 1e-4 what a slowly converging field gives
    rank=0,
    cost=1.0,
    takes="a XANES scan takes minutes",
    hatch="",
    colour="#0072b2",
    marker="o",
)
