"""Every array that diffpy.srreal computed: the copies in tests/data/pdf, and the whole set where ../shared is."""

import json

import numpy as np
import pytest
from pymatgen.core import Element, Structure

import places
from firstshell.simulation.pdf import PdfParams, pdf_family

COPIES = places.DATA / "pdf"
SHARED = places.SHARED / "reference/pdf"
TOLERANCE = 1e-9


def files(pattern):
    """Reference files: those of the copies, and those of ../shared when it is there."""
    found = [("copies", p.name) for p in sorted(COPIES.glob(pattern))]
    return found + [pytest.param("shared", p.name, marks=pytest.mark.shared) for p in sorted(SHARED.glob(pattern))]


def load(place, name):
    folder = COPIES if place == "copies" else SHARED
    with np.load(folder / name) as data:
        arrays = dict(data)
    symbols = [Element.from_Z(int(z)).symbol for z in arrays["numbers"]]
    return folder, arrays, Structure(arrays["cell"], symbols, arrays["frac"])


def computed(family, key, metal, site):
    """Return the array that a key of the reference files names, None for auxiliary ones."""
    if key == "total":
        return family.total()
    if key in ("dpdf", f"dpdf_{metal}"):
        return family.differential(metal)
    if key.startswith("partial_"):
        return family.partial(*key.split("_")[1:])
    if key == "site":
        return family.masked_site(site)
    return family.r if key == "r" else None


def compare(arrays, prefix, family, metal, site):
    compared = 0
    for name, expected in arrays.items():
        if name.startswith(f"{prefix}/"):
            values = computed(family, name.split("/")[1], metal, site)
            if values is not None:
                assert values.shape == expected.shape, name
                assert np.abs(values - expected).max() <= TOLERANCE, name
                compared += 1
    return compared


@pytest.mark.parametrize(("place", "name"), files("[!p]*.npz"))
def test_all_sets_agree_with_srreal(place, name):
    folder, arrays, structure = load(place, name)
    settings = json.loads((folder / "params.json").read_text())
    meta = settings["structures"][name.removesuffix(".npz")]
    sets = {key.split("/")[0] for key in arrays if "/" in key}
    assert sets <= settings["sets"].keys()
    for key in sets:
        values = dict(settings["sets"][key])
        params = PdfParams(radiation=values.pop("rad"), **values, uiso=settings["uiso"], points=None)
        family = pdf_family(structure, meta["metal"], params)
        assert compare(arrays, key, family, meta["metal"], meta["site_index"]) >= 6


@pytest.mark.parametrize(("place", "name"), files("paper_*.npz"))
def test_the_papers_settings_agree_with_srreal(place, name):
    folder, arrays, structure = load(place, name)
    settings = json.loads((folder / "params_paper.json").read_text())
    settings.pop("dpdf")
    metal = next(e.symbol for e in structure.composition.elements if e.symbol != "O")
    for radiation in ("xray", "neutron"):
        family = pdf_family(structure, metal, PdfParams(radiation=radiation, **settings, points=None))
        assert compare(arrays, radiation, family, metal, 0) >= 2


@pytest.mark.parametrize("points", [100, 90])
def test_fewer_points_are_taken_from_the_fine_grid(points):
    _, arrays, structure = load("copies", "paper_TiO2_rutile.npz")
    params = PdfParams(points=points)
    values = pdf_family(structure, None, params).total()
    fine = arrays["xray/total"]
    expected = np.interp(np.arange(points) * 10 / points, np.arange(1000) * 0.01, fine)
    # Only points off the grid are interpolated, here by a spline and there by straight lines.
    assert np.abs(values - expected).max() < (1e-9 if points == 100 else 0.02)
