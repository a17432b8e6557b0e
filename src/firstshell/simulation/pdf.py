r"""Total pair distribution functions of crystals.

With :math:`\rho(r)` the pair density, the mean number of atoms per volume at a distance :math:`r` from an atom weighted
by scattering lengths, and :math:`\rho_0` the number density of the crystal, the literature has four functions (Keen,
J. Appl. Cryst. 34, 172 (2001)). firstshell computes and reads :math:`G(r)`; the others follow from it:

========================  =====================================  ================  ==========================
function                  definition                             unit              from :math:`G(r)`
========================  =====================================  ================  ==========================
reduced PDF               :math:`G = 4\pi r(\rho - \rho_0)`      Å⁻²               :math:`G`
PDF                       :math:`g = \rho/\rho_0`                1                 :math:`1 + G/(4\pi r\rho_0)`
total correlation         :math:`T = 4\pi r\rho`                 Å⁻²               :math:`G + 4\pi r\rho_0`
radial distribution, RDF  :math:`R = 4\pi r^2\rho`               Å⁻¹               :math:`rG + 4\pi r^2\rho_0`
========================  =====================================  ================  ==========================

Below the first distance :math:`\rho = 0`, so that :math:`G = -4\pi r\rho_0`; far away :math:`G \to 0`, :math:`g \to 1`.
The area of a peak of :math:`R` is a coordination number, each pair of elements :math:`i, j` weighted by
:math:`b_i b_j/\langle b\rangle^2`. :math:`G` is the sine transform of the measured structure function,

.. math::
    G(r) = \frac{2}{\pi} \int_{Q_\mathrm{min}}^{Q_\mathrm{max}} Q\,[S(Q) - 1]\,\sin(Qr)\,\mathrm{d}Q,

and what it lacks below :math:`Q_\mathrm{min}` and above :math:`Q_\mathrm{max}` shows as ripples (`PdfParams.qmin`,
`PdfParams.qmax`).
"""

from dataclasses import asdict
from functools import partial

import numpy as np
from pymatgen.core.structure import Structure
from scipy.interpolate import CubicSpline

from firstshell.crystal.sites import distinct_sites
from firstshell.errors import InputError
from firstshell.io.spectra.writing import gr_text
from firstshell.simulation import Modality
from firstshell.simulation.pairs.crystal import read_crystal
from firstshell.simulation.pairs.distributions import PairDistributions, result_grid
from firstshell.simulation.pairs.params import PdfParams
from firstshell.simulation.regions import pair_regions
from firstshell.types import Array, Grid, Spectrum

__all__ = ["PairDistributions", "PdfParams", "grid", "modality", "pdf_family", "prepare", "simulate"]

name, unit = "pdf", "Å⁻²"


def grid(params: PdfParams, metal: str | None = None) -> Grid:  # noqa: ARG001  every modality takes the metal
    """Return the r grid in Å; it is the same for all metals."""
    return Grid(result_grid(params), "r", "Å")


def pdf_family(structure: Structure, metal: str | None, params: PdfParams) -> PairDistributions:
    """Return all PDFs of a structure from one pass over its pairs; each is put together when it is asked for.

    structure : crystal; site properties "uiso" (Å²) or "u_cart" ((3, 3), Cartesian, Å²) win over the settings' uiso
    metal : the element whose sites are kept apart, None when no site PDFs are wanted

    Raises InputError for what cannot be computed; warns (DomainWarning) of a pair without a peak for delta1 or delta2.
    """
    return PairDistributions(read_crystal(structure, params), params, metal)


def simulate(structure: Structure, metal: str, params: PdfParams, per_site: bool = False) -> Spectrum | list[Spectrum]:
    """Return the total G(r), or with `per_site` the PDF around each distinct site of the metal.

    The site PDF is `PairDistributions.site`, averaged over the equivalent atoms: it does not depend on the cell.
    """
    if not per_site:
        distinct_sites(structure, metal)
        return _spectrum(pdf_family(structure, None, params).total(), metal, params)
    family = pdf_family(structure, metal, params)
    return [
        _spectrum(family.site(*site.indices), metal, params, site.index) for site in distinct_sites(structure, metal)
    ]


def prepare(measured: Spectrum, params: PdfParams) -> Spectrum:
    """Put a PDF from elsewhere on the grid, by a cubic spline.

    Raises InputError where it is not in Å, holds gaps, or does not cover the grid; only G(0) = 0 may be missing.
    """
    return resample(measured, grid(params), name)


def resample(measured: Spectrum, target: Grid, modality: str) -> Spectrum:
    """Return a PDF on the target grid (Å) as a spectrum of the modality; see `prepare`."""
    r, g = np.asarray(measured.grid.values, dtype=float), np.asarray(measured.values, dtype=float)
    if measured.grid.unit != "Å":
        raise InputError(f"a PDF stands on r in Å, not on {measured.grid.label}", remedy="Convert r to Å")
    if len(r) < 4 or len(r) != len(g) or not (np.isfinite(r).all() and np.isfinite(g).all() and (np.diff(r) > 0).all()):
        raise InputError("the PDF is not a curve of four or more increasing r with finite G", remedy="Correct the data")
    if 0 < r[0] <= 1.5 * (r[1] - r[0]):
        r, g = np.append(0.0, r), np.append(0.0, g)
    wanted = target.values
    if wanted[0] < r[0] - 1e-9 or wanted[-1] > r[-1] + 1e-9:
        raise InputError(
            f"the PDF covers {r[0]:g}–{r[-1]:g} Å, but {wanted[0]:g}–{wanted[-1]:g} Å are needed",
            remedy="Give a PDF over a longer range, or choose rmin and rmax within it",
        )
    values = CubicSpline(r, g)(wanted)
    return Spectrum(
        target, values, modality, measured.quantity, unit, measured.metal, measured.site, measured.provenance
    )


def _spectrum(values: Array, metal: str, params: PdfParams, site: int | None = None) -> Spectrum:
    return Spectrum(grid(params), values, name, "G(r)", unit, metal, site, {"params": asdict(params)})


modality = Modality(
    name=name,
    quantity="G(r)",
    unit=unit,
    Params=PdfParams,
    grid=grid,
    simulate=simulate,
    prepare=prepare,
    regions=partial(pair_regions, differential=False),
    suffix=".gr",
    text=gr_text,
    scaled_by="RMS of G",
    rank=1,
    cost=2.0,
    takes="a PDF minutes at a high-energy beamline",
    hatch="...",
    hatch_joined="////",
    colour="#d55e00",
    colour_joined="#009e73",
    marker="s",
    marker_joined="^",
)
