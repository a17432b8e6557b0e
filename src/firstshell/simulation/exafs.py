r"""EXAFS: the fine structure of the absorption past the near edge, as :math:`k^n\chi(k)`.

With paths :math:`j` of degeneracy :math:`N_j` and half length :math:`R_j` (Rehr and Albers, Rev. Mod. Phys. 72, 621
(2000), eq. 33),

.. math::
    \chi(k) = S_0^2 \sum_j \frac{N_j |f_j(q)|}{q R_j^2} e^{-2R_j/\lambda(q)} e^{-2\sigma_j^2 p^2}
    \sin\!\left(2qR_j + \varphi_j(q) - 4 p \sigma_j^2 / R_j\right), \qquad q^2 = k^2 - \Delta E_0 / 3.81

in Å and eV, :math:`p` being the momentum in the solid.
"""

from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from pymatgen.core.structure import Structure
from scipy.interpolate import CubicSpline

from firstshell.crystal.sites import distinct_sites
from firstshell.errors import EngineError, InputError
from firstshell.io.spectra.writing import columns_text
from firstshell.simulation import Modality
from firstshell.simulation.feff.paths import PathTable, site_paths
from firstshell.simulation.waves.fourier import forward
from firstshell.types import Array, Grid, Site, Spectrum
from firstshell.units import EV_PER_K2

name = "exafs"

R_STEP, R_MAX = 0.03, 6.0
"""Å, of the grid of |χ(R)|."""
QUANTITIES = ("χ(k)", "kχ(k)", "k²χ(k)", "k³χ(k)")
UNITS = ("1", "Å⁻¹", "Å⁻²", "Å⁻³", "Å⁻⁴")
"""Of kⁿχ(k) by n, and of its Fourier transform by n + 1."""


@dataclass(frozen=True)
class ExafsParams:
    """The grid of χ(k), and what measurements differ in.

    Parameters
    ----------
    kmin, kmax, kstep : float
        Photoelectron wave numbers in Å⁻¹, both ends included.
    kweight : int
        Power of k that χ(k) is multiplied with.
    s02 : float
        Amplitude reduction. Fits of true structures to measurements scatter about 0.7.
    e0 : float
        Shift ΔE0 in eV of the threshold of `k` against the one calculated.
    sigma2 : float
        Mean square relative displacement in Å² of the shortest path.
    sigma2_far : float
        That of long paths: σ²(R) = sigma2_far − (sigma2_far − sigma2) (R₁/R)².
    longest : float
        Half length in Å of the longest path.
    legs : int
        Most legs of a path.

    """

    kmin: float = 2.5
    kmax: float = 12.0
    kstep: float = 0.05
    kweight: int = 2
    s02: float = 0.7
    e0: float = 0.0
    sigma2: float = 0.005
    sigma2_far: float = 0.0095
    longest: float = 5.0
    legs: int = 4

    def __post_init__(self) -> None:
        checks = (
            (0.5 <= self.kmin < self.kmax <= 20, "kmin and kmax", "Give 0.5 ≤ kmin < kmax ≤ 20 Å⁻¹"),
            (0.005 <= self.kstep <= 0.5 * (self.kmax - self.kmin), "kstep", "Give 0.005 Å⁻¹ to half the range"),
            (0 <= self.kweight <= 3, "kweight", "Give 0, 1, 2 or 3"),
            (0 < self.s02 <= 2, "s02", "Give a number up to 2"),
            (
                abs(self.e0) <= min(20.0, 0.9 * EV_PER_K2 * self.kmin**2),
                "e0",
                "Give at most 20 eV, less at a small kmin",
            ),
            (0 <= self.sigma2 <= self.sigma2_far <= 0.1, "sigma2", "Give 0 ≤ sigma2 ≤ sigma2_far ≤ 0.1 Å²"),
            (2.5 <= self.longest <= 7, "longest", "Give 2.5 to 7 Å"),
            (2 <= self.legs <= 6, "legs", "Give 2 to 6"),
        )
        for sound, what, remedy in checks:
            if not sound:
                raise InputError(f"{what} of EXAFS out of range", remedy=remedy)

    @property
    def limit_s(self) -> float:
        """Wall-clock seconds after which a site is given up."""
        return 600.0


def grid(params: ExafsParams, metal: str | None = None) -> Grid:  # noqa: ARG001  every modality takes the metal
    """Return the wave numbers in Å⁻¹; they are the same for all metals."""
    count = round((params.kmax - params.kmin) / params.kstep) + 1
    return Grid(np.linspace(params.kmin, params.kmax, count), "k", "Å⁻¹")


def simulate(
    structure: Structure, metal: str, params: ExafsParams, per_site: bool = False
) -> Spectrum | list[Spectrum]:
    """Return kⁿχ(k) of a metal in a structure, averaged over its sites by multiplicity and over all directions.

    Parameters
    ----------
    structure : pymatgen Structure
        Every position fully occupied by one element.
    metal : str
        The absorber.
    params : ExafsParams
        The grid, and what measurements differ in.
    per_site : bool
        One spectrum for each distinct site instead of the average.

    Raises
    ------
    InputError
        For a metal or a structure that cannot be calculated.
    EngineError
        Where the engine fails.

    """
    sites = distinct_sites(structure, metal)
    spectra = [simulate_site(structure, metal, site, params) for site in sites]
    if per_site:
        return spectra
    weights = np.array([site.multiplicity for site in sites], dtype=float)
    values = np.average([spectrum.values for spectrum in spectra], axis=0, weights=weights)
    provenance = spectra[0].provenance | {"sites": [spectrum.provenance["sites"][0] for spectrum in spectra]}
    return _spectrum(values, params, metal, None, provenance)


def simulate_site(structure: Structure, metal: str, site: Site, params: ExafsParams) -> Spectrum:
    """Return the spectrum of one distinct site, as `simulate` with `per_site` does for all."""
    try:
        paths = site_paths(
            structure, site.index, longest=params.longest, legs=params.legs, timeout=params.limit_s - 60.0
        )
    except EngineError as error:
        raise type(error)(f"{metal} site {site.index}: {error}") from error
    record = {"site": site.index, "multiplicity": site.multiplicity, "paths": len(paths.length)}
    engine = f"feff6l (xraylarch {version('xraylarch')})"
    provenance = {"engine": engine, "params": asdict(params), "sites": [record]}
    return _spectrum(weighted_chi(paths, params), params, metal, site.index, provenance)


@dataclass(frozen=True, eq=False)
class Conditions:
    """What d measurements of one site differ in, each (d,).

    e0 : shift in eV of the threshold of k against the one calculated
    sigma2, sigma2_far : mean square displacements in Å² of the shortest path and of long ones, see `ExafsParams`
    stretch : factor on all lengths
    """

    e0: Array
    sigma2: Array
    sigma2_far: Array
    stretch: Array


def weighted_chi(paths: PathTable, params: ExafsParams) -> Array:
    """Return kⁿχ(k) of one site on the grid, (q,), in Å⁻ⁿ."""
    k = grid(params).values
    one = Conditions(*(np.array([each]) for each in (params.e0, params.sigma2, params.sigma2_far, 1.0)))
    return np.asarray(params.s02 * k**params.kweight * chi_under(paths, k, one)[0])


def chi_under(paths: PathTable, k: Array, conditions: Conditions) -> Array:
    """Return χ(k) of one site with S0² = 1, (d, q), at wave numbers (q,) under d conditions."""
    e0, near, far, stretch = (
        each[:, None] for each in (conditions.e0, conditions.sigma2, conditions.sigma2_far, conditions.stretch)
    )
    q = np.sqrt(k**2 - e0 / EV_PER_K2)
    momentum, decay = _at(q, paths.k, paths.momentum), 1 / _at(q, paths.k, paths.mean_free_path)
    length = paths.length[:, None, None]
    sigma2 = far - (far - near) * (length[0] / length) ** 2
    length = length * stretch
    amplitude, phase = _at(q, paths.k, paths.amplitude), _at(q, paths.k, paths.phase)
    p2 = (momentum + 1j * decay) ** 2
    damped = paths.degeneracy[:, None, None] * amplitude / (q * length**2) * np.exp(-2 * length * decay)
    correction = 4 * (momentum + 1j * decay) * sigma2 / length
    waves = damped * np.exp(1j * (2 * q * length + phase - correction) - 2 * sigma2 * p2)
    return np.asarray(waves.imag.sum(axis=0))


def _at(q: Array, k: Array, values: Array) -> Array:
    """Interpolate columns of the engine, whose steps grow to 1 Å⁻¹, by cubic splines along their last axis."""
    return np.asarray(CubicSpline(k, values, axis=-1)(q))


def transform(spectrum: Spectrum, params: ExafsParams) -> Spectrum:
    """Return |χ(R)|, the magnitude of the Fourier transform of kⁿχ(k), without correction for the phase shifts.

    The window is a Hann window that rises and falls over 1 Å⁻¹, half of it outside the range; of the normalisation
    √(1/π) ∫ dk as IFEFFIT has it (Newville, J. Synchrotron Rad. 8, 322 (2001)).
    """
    r = np.arange(0.0, R_MAX + R_STEP / 2, R_STEP)
    values = np.abs(forward(spectrum.grid.values, r) @ spectrum.values)
    unit = UNITS[params.kweight + 1]
    return Spectrum(Grid(r, "R", "Å"), values, name, "|χ(R)|", unit, spectrum.metal, spectrum.site, spectrum.provenance)


def prepare(measured: Spectrum, params: ExafsParams) -> Spectrum:
    """Put kⁿχ(k) of the same weight on the grid by linear interpolation.

    Raises InputError where it is not in Å⁻¹ or does not reach over the grid.
    """
    target, k = grid(params), measured.grid.values
    if measured.grid.unit != "Å⁻¹":
        raise InputError(f"χ(k) stands on k in Å⁻¹, not on {measured.grid.label}", remedy="Convert k to Å⁻¹")
    if k[0] > target.values[0] + 1e-9 or k[-1] < target.values[-1] - 1e-9:
        raise InputError(
            f"χ(k) covers {k[0]:.2f} to {k[-1]:.2f} Å⁻¹ and the grid {params.kmin:.2f} to {params.kmax:.2f} Å⁻¹",
            remedy="Choose kmin and kmax within its range",
        )
    values = np.interp(target.values, k, measured.values)
    return _spectrum(values, params, measured.metal, measured.site, measured.provenance)


def _spectrum(values: Array, params: ExafsParams, metal: str, site: int | None, provenance: dict[str, Any]) -> Spectrum:
    quantity, unit = QUANTITIES[params.kweight], UNITS[params.kweight]
    return Spectrum(grid(params), values, name, quantity, unit, metal, site, provenance)


def text(spectrum: Spectrum) -> str:
    """Return k, χ(k) and what it is multiplied with k to as columns k, chi, k2chi; |χ(R)| as r and chir_mag."""
    if spectrum.grid.quantity == "R":
        return columns_text(spectrum, {"r": spectrum.grid.values, "chir_mag": spectrum.values})
    k, power = spectrum.grid.values, spectrum.provenance["params"]["kweight"]
    columns = {"k": k, "chi": spectrum.values / k**power} | ({f"k{power}chi": spectrum.values} if power else {})
    return columns_text(spectrum, columns)


modality = Modality(
    name=name,
    quantity=QUANTITIES[ExafsParams.kweight],
    unit=UNITS[ExafsParams.kweight],
    Params=ExafsParams,
    grid=grid,
    simulate=simulate,
    prepare=prepare,
    simulate_site=simulate_site,
    transform=transform,
    from_paths=weighted_chi,
    on_request=True,
    text=text,
    tolerance=1e-4,
    rank=3,
    cost=1.5,
    takes="EXAFS the time that the scan goes on to k = 8 Å⁻¹ or beyond, and holds the XANES",
    holds="xanes",
)
