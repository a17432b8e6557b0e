"""PDFs of the dataset's materials made anew, for what the stored ones cannot become: neutrons, longer ranges."""

import numpy as np

from firstshell import simulation as modalities
from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.runtime.progress import Reporter, Silent, stage
from firstshell.simulation.pdf import PdfParams
from firstshell.types import Array, Spectrum


def remake(
    data: Dataset, metal: str, params: PdfParams, *, modality: str = "pdf", reporter: Reporter | None = None
) -> Array:
    """Simulate the PDFs of a metal's samples anew, from the structures that the dataset keeps.

    data : a dataset with structures, or a part of it
    params : settings, such as `PdfConditions.params()`
    modality : "pdf" or "dpdf"

    Returns (n, points), rows as those of the metal in data.frame.

    Raises InputError for a metal without samples and a sample whose structure the dataset does not keep.
    """
    rows = data.frame[data.frame["metal"] == metal]
    if len(rows) == 0:
        raise InputError(f"the dataset has no {metal}", remedy="Choose another metal or dataset")
    values = np.empty((len(rows), len(modalities.get(modality).grid(params))))
    places = np.arange(len(rows))
    names = rows["id"].unique()
    reporter = reporter or Silent()
    with stage(reporter, "PDFs", len(names)):
        for name in names:
            structure = data.structure(str(name), metal)
            of_it = places[rows["id"].to_numpy() == name]
            sites = rows["site"].iloc[of_it].tolist()
            by_site = _by_site(modalities.simulate(structure, metal, modality, params, per_site=True))
            whole = modalities.simulate(structure, metal, modality, params)
            assert isinstance(whole, Spectrum)
            is_site = (rows["level"].iloc[of_it] == "site").tolist()
            for place, site, one in zip(of_it, sites, is_site, strict=True):
                values[place] = by_site[int(site)] if one else whole.values
            reporter.advance()
    return values


def _by_site(spectra: Spectrum | list[Spectrum]) -> dict[int | None, Array]:
    assert isinstance(spectra, list)
    return {spectrum.site: spectrum.values for spectrum in spectra}
