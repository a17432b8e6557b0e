"""Differential pair distribution functions of a metal: the pairs that involve it."""

from dataclasses import asdict
from functools import partial

from pymatgen.core.structure import Structure

from firstshell.crystal.sites import distinct_sites
from firstshell.io.spectra.writing import gr_text
from firstshell.simulation import Modality
from firstshell.simulation.pairs.params import PdfParams
from firstshell.simulation.pdf import grid, pdf_family, resample, unit
from firstshell.simulation.regions import pair_regions
from firstshell.types import Array, Spectrum

__all__ = ["grid", "modality", "prepare", "simulate"]

name = "dpdf"


def simulate(structure: Structure, metal: str, params: PdfParams, per_site: bool = False) -> Spectrum | list[Spectrum]:
    """Return the metal's differential PDF, or with `per_site` that of each distinct site.

    Normalized as the settings say, see `PairDistributions.differential` and `.site_differential`; neither depends on
    the choice of cell.
    """
    sites = distinct_sites(structure, metal)
    if not per_site:
        return _spectrum(pdf_family(structure, None, params).differential(metal), metal, params)
    family = pdf_family(structure, metal, params)
    return [_spectrum(family.site_differential(*site.indices), metal, params, site.index) for site in sites]


def prepare(measured: Spectrum, params: PdfParams) -> Spectrum:
    """Put a differential PDF from elsewhere on the grid; as `firstshell.simulation.pdf.prepare`."""
    return resample(measured, grid(params), name)


def _spectrum(values: Array, metal: str, params: PdfParams, site: int | None = None) -> Spectrum:
    return Spectrum(grid(params), values, name, "ΔG(r)", unit, metal, site, {"params": asdict(params)})


modality = Modality(
    name=name,
    quantity="ΔG(r)",
    unit=unit,
    Params=PdfParams,
    grid=grid,
    simulate=simulate,
    prepare=prepare,
    regions=partial(pair_regions, differential=True),
    settings_of="pdf",  # a differential PDF is compared with its total
    suffix=".gr",
    text=gr_text,
    scaled_by="RMS of G",
    rank=2,
    cost=10.0,
    takes="a differential PDF the same at several energies near the edge",
    hatch="oo",
    hatch_joined="\\\\\\\\",
    colour="#e69f00",
    colour_joined="#cc79a7",
    marker="D",
    marker_joined="v",
)
