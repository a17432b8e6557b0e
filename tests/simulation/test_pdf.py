"""The PDF and dPDF modalities: settings, identities between the normalizations, site PDFs, form factors, bad input."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from firstshell.errors import DomainWarning, InputError
from firstshell.simulation import dpdf, pdf
from firstshell.simulation.pairs import distributions as pair_distributions
from firstshell.simulation.pairs.scattering_lengths import form_factor, scattering_length
from firstshell.simulation.pdf import PdfParams, pdf_family
from firstshell.types import Grid, Spectrum
from pdf_crystals import rutile, spinel, triclinic

PAPER = PdfParams()
FINE = PdfParams(points=None)


def hematite():
    lattice = Lattice.hexagonal(5.038, 13.772)
    return Structure.from_spacegroup("R-3c", lattice, ["Fe", "O"], [[0, 0, 0.3553], [0.3059, 0, 0.25]])


@pytest.mark.slow
@pytest.mark.parametrize(("make", "metal"), [(rutile, "Ti"), (spinel, "Fe"), (triclinic, "Cu")])
@pytest.mark.parametrize("radiation", ["xray", "neutron"])
@pytest.mark.parametrize("fq", [False, True])
def test_the_partials_add_up_to_the_total(make, metal, radiation, fq):
    structure = make()
    family = pdf_family(structure, metal, replace(FINE, radiation=radiation, fq=fq))
    elements = sorted({s.specie.symbol for s in structure})
    partials = sum(family.partial(a, b) for i, a in enumerate(elements) for b in elements[i:])
    assert np.abs(partials - family.total()).max() < 1e-9
    assert np.array_equal(family.partial("O", metal), family.partial(metal, "O"))
    involving = sum(family.partial(metal, e) for e in elements)
    assert np.abs(involving - family.differential(metal)).max() < 1e-9


def slope(family, share):
    """−4π·ρ0·share·r, seen through the Q-range as everything else."""
    return family._seen(family._terms, np.zeros((len(family._terms.row_kind), len(family._b))), share)


@pytest.mark.parametrize("radiation", ["xray", "neutron"])
def test_masked_is_twice_the_differential_less_the_metals_own_part(radiation):
    """masked = 2·x·ΔG − G_AA up to the baseline: 2x − c² of the right side against 1 − (1 − c)² of the left."""
    structure = rutile()
    masked = pdf_family(structure, "Ti", replace(FINE, radiation=radiation))
    literature = pdf_family(structure, "Ti", replace(FINE, radiation=radiation, normalization="differential"))
    c = 1 / 3
    b = [scattering_length(e, radiation) for e in ("Ti", "O")]
    x = c * b[0] / (c * b[0] + (1 - c) * b[1])
    right = 2 * x * literature.differential("Ti") - masked.partial("Ti", "Ti")
    baseline = slope(masked, 1 - (1 - c) ** 2) - slope(masked, 2 * x - c**2)
    assert np.abs(masked.differential("Ti") - right - baseline).max() < 1e-9
    weighted = pdf_family(structure, "Ti", replace(FINE, radiation=radiation, normalization="masked-bweighted"))
    residue = masked.differential("Ti") - weighted.differential("Ti")
    assert np.abs(residue - slope(masked, 1 - (1 - c) ** 2) + slope(masked, 1 - (1 - x) ** 2)).max() < 1e-9


def test_the_default_normalization_leaves_the_slope_of_the_paper():
    family = pdf_family(rutile(), None, replace(FINE, rmax=40.0))
    weighted = pdf_family(rutile(), None, replace(FINE, rmax=40.0, normalization="masked-bweighted"))
    difference = family.differential("Ti") - weighted.differential("Ti")
    assert np.polyfit(family.r, difference, 1)[0] == pytest.approx(0.32, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("normalization", ["masked", "masked-bweighted", "differential"])
def test_site_curves_average_to_those_of_the_element(normalization):
    """Over all sites of an element the literature form is its differential; the masked forms count A–A pairs twice."""
    structure = spinel()
    family = pdf_family(structure, "Fe", replace(FINE, normalization=normalization))
    sites = [i for i, s in enumerate(structure) if s.specie.symbol == "Fe"]
    mean = np.mean([family.site_differential(i) for i in sites], axis=0)
    assert np.abs(mean - family.site_differential(*sites)).max() < 1e-9
    if normalization == "differential":
        assert np.abs(mean - family.differential("Fe")).max() < 1e-9
    else:
        c, b = 3 / 7, [scattering_length(e, "xray") for e in ("Fe", "O")]
        share = c * b[0] / (c * b[0] + (1 - c) * b[1]) if normalization == "masked-bweighted" else c
        own = family.partial("Fe", "Fe") - slope(family, c**2) + slope(family, share**2)
        assert np.abs(c * mean - family.differential("Fe") - own).max() < 1e-9


def test_sites_weighted_by_their_scattering_make_the_total():
    structure = triclinic()
    curves, weights = [], []
    for i, site in enumerate(structure):
        curves.append(pdf_family(structure, site.specie.symbol, FINE).site(i))
        weights.append(scattering_length(site.specie.symbol, "xray"))
    total = pdf_family(structure, None, FINE).total()
    assert np.abs(np.average(curves, axis=0, weights=weights) - total).max() < 1e-9


def test_a_site_masked_in_ever_larger_cells_tends_to_the_site_differential():
    structure = rutile()
    near = replace(FINE, rmax=5.0)
    limit = pdf_family(structure, "Ti", near).site_differential(0)
    errors = []
    for n in (1, 2, 3):
        large = structure.copy().make_supercell(n, in_place=False)
        errors.append(np.abs(len(large) * pdf_family(large, "Ti", near).masked_site(0) - limit).max())
    # What remains are the site's own images, which are gone, and 4π·ρ0·r/N of the baseline.
    assert errors[2] == pytest.approx(errors[1] * 8 / 27, rel=0.1)
    assert errors[1] < errors[0] / 5


@pytest.mark.slow
def test_per_site_spectra_do_not_depend_on_the_cell():
    for module in (pdf, dpdf):
        for normalization in ("masked", "differential"):
            params = replace(PAPER, normalization=normalization)
            one = module.simulate(spinel(), "Fe", params, per_site=True)
            two = module.simulate(spinel().make_supercell([1, 1, 2], in_place=False), "Fe", params, per_site=True)
            assert len(one) == len(two) == 2
            for a, b in zip(one, two, strict=True):
                assert np.abs(a.values - b.values).max() < 1e-9
    assert {s.site for s in one} == {0, 8}


def test_constant_form_factors_give_the_f0_result(monkeypatch):
    reference = pdf_family(rutile(), "Ti", FINE)
    monkeypatch.setattr(
        pair_distributions, "form_factor", lambda element, q: np.full(len(q), scattering_length(element, "xray"))
    )
    family = pdf_family(rutile(), "Ti", replace(FINE, fq=True))
    for a, b in [
        (family.total(), reference.total()),
        (family.differential("Ti"), reference.differential("Ti")),
        (family.site(0), reference.site(0)),
        (family.masked_site(0), reference.masked_site(0)),
    ]:
        assert np.abs(a - b).max() < 1e-12


def test_form_factors_cancel_in_an_element():
    copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.61), ["Cu"], [[0, 0, 0]])
    plain, true = (pdf_family(copper, "Cu", replace(FINE, fq=fq)) for fq in (False, True))
    assert np.abs(plain.total() - true.total()).max() < 1e-12
    assert np.abs(plain.site(0) - true.site(0)).max() < 1e-12


@pytest.mark.parametrize("make", [rutile, hematite, spinel])
def test_form_factors_change_g_by_as_much_as_is_known(make):
    """Rw of f(0) against f(Q) over 1.3–10 Å; the slope of the masked baseline would hide part of it."""
    structure = make()
    metal = next(e.symbol for e in structure.composition.elements if e.symbol != "O")
    settings = replace(FINE, rmin=1.3, normalization="masked-bweighted")
    plain, true = (pdf_family(structure, None, replace(settings, fq=fq)) for fq in (False, True))

    def rw(a, b):
        return np.sqrt(((a - b) ** 2).sum() / (b**2).sum())

    assert 0.14 <= rw(plain.total(), true.total()) <= 0.32
    assert 0.15 <= rw(plain.differential(metal), true.differential(metal)) <= 0.22


def test_scattering_lengths():
    assert scattering_length("O", "xray") == pytest.approx(8, abs=1e-3)
    assert scattering_length("O", "neutron") == 5.805
    assert scattering_length("D", "xray") == scattering_length("H", "xray")
    assert scattering_length("D", "neutron") > 0 > scattering_length("H", "neutron")
    assert (np.diff(form_factor("Fe", np.linspace(0, 30, 50))) < 0).all()
    for bad in (("Po", "neutron"), ("Qq", "neutron"), ("Qq", "xray")):
        with pytest.raises(InputError):
            scattering_length(*bad)


def test_deuterium_and_negative_lengths_are_computed():
    ice = Structure(Lattice.cubic(4), ["D", "D", "O"], [[0, 0, 0], [0.4, 0, 0], [0.2, 0.2, 0.1]])
    heavy = pdf_family(ice, "D", replace(FINE, radiation="neutron"))
    light = pdf_family(ice.replace_species({"D": "H"}, in_place=False), "H", replace(FINE, radiation="neutron"))
    assert heavy.partial("D", "O").max() > 1
    assert light.partial("H", "O").min() < -1
    oxygen = pdf_family(rutile(), None, replace(FINE, radiation="neutron")).partial("Ti", "O")
    assert oxygen.min() < -3


BAD = [
    {"radiation": "light"}, {"normalization": "mask"}, {"rmin": -1.0}, {"rmin": 5.0, "rmax": 5.0}, {"rmax": 1e6},
    {"rstep": 0.0}, {"rstep": 1e-7}, {"rstep": float("nan")}, {"qmin": 30.0}, {"qmin": -1.0}, {"qmax": float("inf")},
    {"qdamp": -0.1}, {"qbroad": "x"}, {"delta1": True}, {"uiso": 0.0}, {"uiso": -0.1}, {"uiso": {"Ti": float("nan")}},
    {"uiso": 50.0}, {"fq": 1}, {"fq": True, "qmax": 0.0}, {"fq": True, "qmax": 90.0}, {"points": 0}, {"points": 1e2},
    {"points": 5000}, {"rmax": 200.0, "rstep": 0.0005},
]  # fmt: skip


@pytest.mark.parametrize("settings", BAD, ids=str)
def test_settings_without_meaning_are_refused(settings):
    with pytest.raises(InputError) as error:
        PdfParams(**settings)
    assert error.value.remedy


def test_a_step_too_wide_for_qmax_is_warned_of():
    with pytest.warns(DomainWarning, match="cannot carry Qmax"):
        PdfParams(rstep=0.2, points=None)


def test_settings_are_frozen_and_hashable():
    a, b = PdfParams(uiso={"Ti": 0.005, "O": 0.01}), PdfParams(uiso={"O": 0.01, "Ti": 0.005})
    assert a == b
    assert hash(a) == hash(b)
    with pytest.raises(TypeError, match="frozen"):
        a.uiso["Ti"] = 1.0
    with pytest.raises(TypeError, match="frozen"):
        a.uiso.update(Ti=1.0)
    with pytest.raises(AttributeError):
        a.rmax = 3.0
    assert pickle.loads(pickle.dumps(a)) == a
    assert replace(a, rmax=5.0).uiso == a.uiso


def test_structures_that_cannot_be_computed_are_refused():
    with pytest.raises(InputError, match="no value for Ti"):
        pdf_family(rutile(), None, PdfParams(uiso={"O": 0.01}))
    with pytest.raises(InputError, match="holds no Fe"):
        pdf_family(rutile(), "Fe", PAPER)
    with pytest.raises(InputError, match="holds no Fe"):
        pdf_family(rutile(), None, PAPER).partial("Fe", "O")
    with pytest.raises(InputError, match="site 3 holds no Ti"):
        pdf_family(rutile(), "Ti", PAPER).site(3)
    with pytest.raises(InputError, match="not kept apart"):
        pdf_family(rutile(), None, PAPER).site(0)
    with pytest.raises(InputError, match="no element"):
        pdf_family(Structure(Lattice.cubic(4), ["X"], [[0, 0, 0]]), None, PAPER)
    with pytest.raises(InputError, match="too many pairs"):
        pdf_family(rutile().make_supercell(12, in_place=False), None, PdfParams(rmax=150.0))
    null = {"Ti": 5.805 / (5.805 + 3.37), "O": 3.37 / (5.805 + 3.37)}
    with pytest.raises(InputError, match="cancel"):
        pdf_family(Structure(Lattice.cubic(4), [null], [[0, 0, 0]]), None, PdfParams(radiation="neutron"))


@pytest.mark.parametrize(
    "tensor",
    [np.diag([0.01, 0.01, -0.001]), np.ones((3, 2)), [[1, 2, 3], [0, 1, 0], [0, 0, 1]], np.full((3, 3), np.nan)],
)
def test_displacement_tensors_without_meaning_are_refused(tensor):
    structure = rutile().add_site_property("u_cart", [tensor] + [None] * 5)
    with pytest.raises(InputError, match="site 0"):
        pdf_family(structure, None, PAPER)


def spectrum(r, g, unit="Å"):
    return Spectrum(Grid(np.asarray(r), "r", unit), np.asarray(g), "pdf", "G(r)", "Å⁻²", "Ti")


def test_a_foreign_curve_is_put_on_the_grid():
    r = np.arange(0.01, 12, 0.01)
    for module in (pdf, dpdf):
        ready = module.prepare(spectrum(r, np.sin(5 * r)), PAPER)
        assert ready.modality == module.name
        assert ready.grid == module.grid(PAPER)
        assert np.abs(ready.values - np.sin(5 * ready.grid.values)).max() < 1e-5


@pytest.mark.parametrize(
    ("r", "unit"),
    [
        (np.arange(1.0, 12, 0.01), "Å"),
        (np.arange(0.0, 9, 0.01), "Å"),
        (np.arange(0.0, 12, 0.01), "nm"),
        (np.zeros(50), "Å"),
        (np.array([0.0, 1.0]), "Å"),
    ],
)
def test_a_curve_that_does_not_cover_the_grid_is_refused(r, unit):
    with pytest.raises(InputError):
        pdf.prepare(spectrum(r, np.sin(r), unit), PAPER)


@settings(max_examples=25, deadline=None)
@given(
    edges=st.lists(st.floats(3.0, 9.0), min_size=3, max_size=3),
    angles=st.lists(st.floats(65, 110), min_size=3, max_size=3),
    shift=st.lists(st.floats(-2, 2), min_size=3, max_size=3),
    seed=st.integers(0, 10**6),
)
def test_any_cell_gives_the_same_as_its_shifted_supercell(edges, angles, shift, seed):
    rng = np.random.default_rng(seed)
    structure = Structure(Lattice.from_parameters(*edges, *angles), ["Ti", "O", "O"], rng.random((3, 3)))
    if structure.distance_matrix[np.triu_indices(3, 1)].min() < 0.5:
        return
    other = Structure(structure.lattice, structure.species, structure.frac_coords + shift)
    other = other.make_supercell([[1, 0, 1], [0, 2, 0], [-1, 0, 1]], in_place=False)
    a, b = (pdf_family(s, None, PdfParams(rmax=6.0)) for s in (structure, other))
    scale = max(1.0, np.abs(a.total()).max())
    assert np.abs(a.total() - b.total()).max() < 1e-9 * scale
    assert np.abs(a.differential("Ti") - b.differential("Ti")).max() < 1e-9 * scale
