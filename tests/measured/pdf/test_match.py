"""A measured PDF and simulated ones on one grid."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import places
from firstshell.errors import InputError
from firstshell.io.spectra.measured import PdfHeader
from firstshell.io.spectra.sniff import read_measured
from firstshell.io.structures.files import read_structure
from firstshell.measured.pdf.match import WINDOW, PdfConditions, as_measured, match_pdf, scale_free, window
from firstshell.measured.pdf.qspace import band_limit, resample
from firstshell.simulation.pdf import PdfParams, grid, pdf_family
from firstshell.types import Grid
from pdfs import curve, measured_pdf

STRUCTURES = places.DATA / "structures"
NAMES = ("rutile", "anatase", "hematite", "MnO", "magnetite", "cuprite", "SrTiO3", "hausmannite")
GRID = grid(PdfParams())
SAID = PdfHeader(qmax=25.0, qdamp=0.03, radiation="x-ray")


@cache
def crystal(name):
    return read_structure(STRUCTURES / f"{name}.cif")


def simulated(**params):
    return np.array([pdf_family(crystal(name), None, PdfParams(**params)).total() for name in NAMES])


@cache
def stored_pdfs():
    return simulated()


def off(values, expected, low, high):
    """RMS error within a range of r, as a share of the RMS of G there, over all crystals."""
    part = slice(*np.searchsorted(GRID.values, (low - 1e-9, high - 1e-9)))
    return np.sqrt(np.mean((values - expected)[:, part] ** 2) / np.mean(expected[:, part] ** 2))


@pytest.mark.parametrize(
    ("change", "near", "far"),
    [
        ({"qmax": 25.0}, 0.006, 0.012),
        ({"qmax": 22.0}, 0.007, 0.015),
        ({"qmax": 18.0}, 0.012, 0.02),
        ({"qmax": 16.0}, 0.02, 0.03),
        ({"qmax": 14.0}, 0.03, 0.04),
        ({"du": 0.002}, 0.004, 0.004),
        ({"du": 0.02}, 0.004, 0.004),
        ({"du": -0.002}, 0.02, 0.06),
        ({"qmax": 20.0, "du": 0.005}, 0.006, 0.009),
        ({"qmin": 0.8}, 0.05, 0.08),
        ({"qdamp": 0.06}, 1e-12, 1e-12),
    ],
)
def test_stored_pdfs_stand_for_other_measurements(change, near, far):
    """Against simulations made anew, within 1–6 Å and 6–9 Å; `bench/pdf_match.py` does this for the whole dataset."""
    anew = {name: value for name, value in change.items() if name != "du"}
    expected = simulated(**anew, uiso=0.007 + change.get("du", 0.0))
    found = as_measured(stored_pdfs(), GRID, **change)
    assert off(found, expected, 1.0, 6.0) < near
    assert off(found, expected, 6.0, WINDOW[1]) < far
    assert off(stored_pdfs(), expected, 1.0, 9.0) > 1.5 * off(found, expected, 1.0, 9.0)


def test_the_range_ends_at_10_angstrom_and_that_shows_past_9():
    expected = simulated(qmax=16.0)
    assert off(as_measured(stored_pdfs(), GRID, qmax=16.0), expected, 9.0, 10.0) > 0.04


def test_no_change_is_none():
    assert np.array_equal(as_measured(stored_pdfs(), GRID), stored_pdfs())
    assert off(as_measured(stored_pdfs(), GRID, qmax=30.0), stored_pdfs(), 1.0, 9.0) < 0.006
    one = as_measured(stored_pdfs()[0], GRID, qmax=18.0, qdamp=0.03)
    assert one == pytest.approx(as_measured(stored_pdfs(), GRID, qmax=18.0, qdamp=0.03)[0], abs=1e-12)


@pytest.mark.parametrize(
    "change",
    [{"qmax": 2.0}, {"qmax": math.nan}, {"qdamp": -0.1}, {"qdamp": 2.0}, {"du": -0.01}, {"du": 1.0}, {"qmin": -1.0}],
)
def test_settings_without_meaning(change):
    with pytest.raises(InputError, match=r"= .* is out of range"):
        as_measured(stored_pdfs(), GRID, **change)


def test_another_grid_is_refused():
    for r in (GRID.values + 1.0, GRID.values**1.1, GRID.values[:50]):
        with pytest.raises(InputError, match="even steps from r = 0"):
            as_measured(stored_pdfs(), Grid(r, "r", "Å"), qmax=20.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_measured_pdf_meets_its_simulation(name):
    """Resampled by sinc functions from steps of 0.02 Å: within 1 % of what is simulated with the file's settings."""
    match = match_pdf(measured_pdf(crystal(name), SAID, qmax=25.0, qdamp=0.03, rstep=0.02))
    assert match.conditions == PdfConditions("xray", 25.0, 0.0, 0.03)
    assert match.warnings == ()
    assert match.grid == GRID
    expected = pdf_family(crystal(name), None, match.conditions.params()).total()
    part = window(GRID.values)
    assert np.abs(match.values - expected)[part].max() < 0.01 * np.abs(expected).max()
    stored = as_measured(stored_pdfs()[NAMES.index(name)], GRID, qmax=25.0, qdamp=0.03)
    error = match.features - scale_free(stored, GRID)
    assert np.sqrt(np.mean(error**2)) < 0.02


def test_resampling_is_exact_up_to_the_step_of_nyquist():
    r = np.arange(0.0, 60.0, np.pi / 25 * 0.98)
    g = np.sin(20.0 * r) * np.exp(-0.5 * (r / 6) ** 2)
    wanted = np.linspace(0.0, 10.0, 77)
    expected = np.sin(20 * wanted) * np.exp(-0.5 * (wanted / 6) ** 2)
    assert resample(r, g, wanted, 25.0) == pytest.approx(expected, abs=1e-6)
    assert np.abs(resample(r, g, wanted, 15.0)).max() < 1e-6
    uneven = np.sort(np.append(np.arange(0.0, 60.0, 0.01), 0.015 + np.arange(0.0, 60.0, 3.0)))
    g = np.sin(20.0 * uneven) * np.exp(-0.5 * (uneven / 6) ** 2)
    assert resample(uneven, g, wanted, 25.0) == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("rmax", "rstep", "qmax"), [(60, 0.01, 22), (30, 0.02, 18), (20, 0.05, 25), (12, 0.01, 20)])
def test_qmax_is_told_by_the_curve(rmax, rstep, qmax):
    """Within 0.8 Å⁻¹, the resolution of the shortest range; with noise of 0.01 Å⁻² at every point within 2."""
    for seed, name in enumerate(NAMES):
        made = measured_pdf(crystal(name), rmax=rmax, rstep=rstep, qmax=qmax, qdamp=0.03)
        assert band_limit(made.x, made.y) == pytest.approx(qmax, abs=0.8)
        match = match_pdf(made)
        assert match.conditions.doubtful == ("radiation", "qmax", "qdamp")
        assert "the file does not say Qmax" in "; ".join(match.warnings)
        noisy = made.y + 0.01 * np.random.default_rng(seed).normal(size=len(made.y))
        assert band_limit(made.x, noisy) == pytest.approx(qmax, abs=2.0)


def test_qmax_is_not_told_by_wide_steps():
    for name in NAMES:
        made = measured_pdf(crystal(name), rstep=0.1, qmax=30.0)
        assert band_limit(made.x, made.y) is None
        assert match_pdf(made).conditions.qmax == 30.0


def test_what_the_user_says_goes_before_the_header():
    made = measured_pdf(crystal("rutile"), SAID, qmax=25.0)
    match = match_pdf(made, radiation="neutron", qmax=20.0, qdamp=0.01, qmin=0.5)
    assert match.conditions == PdfConditions("neutron", 20.0, 0.5, 0.01)
    assert match.conditions.params(PdfParams(uiso=0.01)) == PdfParams(
        radiation="neutron", qmax=20.0, qmin=0.5, qdamp=0.01, uiso=0.01
    )
    for wrong in ({"radiation": "electron"}, {"qmax": -1.0}, {"qmax": math.nan}, {"qdamp": -1.0}, {"qmin": -1.0}):
        with pytest.raises(InputError, match=r"made.gr: .* is (out of range|not known)"):
            match_pdf(made, **wrong)


def test_steps_too_wide_for_qmax_are_told():
    made = measured_pdf(crystal("rutile"), replace(SAID, qmax=15.0), rstep=0.2, qmax=15.0)
    assert match_pdf(made).warnings == ()
    match = match_pdf(replace(made, pdf=SAID))
    assert match.conditions.qmax == pytest.approx(np.pi / 0.2)
    assert "steps of 0.2 Å hold no more than Qmax 15.7 Å⁻¹" in match.warnings[-1]


def test_missing_rows_are_told():
    made = measured_pdf(crystal("rutile"), SAID, qmax=25.0)
    assert match_pdf(made).warnings == ()
    kept = (made.x < 2.0) | (made.x > 4.0)
    (warning,) = match_pdf(replace(made, x=made.x[kept], y=made.y[kept])).warnings
    assert "rows seem to be missing: r goes from " in warning
    lone = np.arange(len(made.x)) != 300
    assert match_pdf(replace(made, x=made.x[lone], y=made.y[lone])).warnings == ()


@pytest.mark.parametrize("scale", [1e-3, 0.5, 1e3])
def test_the_scale_does_not_matter(scale):
    plain = match_pdf(measured_pdf(crystal("hematite"), SAID, qmax=25.0))
    scaled = match_pdf(measured_pdf(crystal("hematite"), SAID, scale=scale, qmax=25.0))
    assert scaled.features == pytest.approx(plain.features, rel=1e-9)
    assert np.sqrt(np.mean(plain.features**2)) == pytest.approx(1.0)
    assert any("its scale is wrong and is not used" in warning for warning in scaled.warnings) == (scale != 0.5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rmax", [10.0, 30.0, 80.0])
def test_other_functions_of_r_are_told(name, rmax):
    made = measured_pdf(crystal(name), qmax=24.0, rmax=rmax)
    r, g = made.x[1:], made.y[1:]
    base = 4 * np.pi * len(crystal(name)) / crystal(name).volume * r
    for values, seems in ((g / base + 1, r"g\(r\), of which"), (g + base, r"T\(r\), of"), (r * (g + base), "radial")):
        with pytest.raises(InputError, match=rf"made.gr: it does not run about 0.*{seems}"):
            match_pdf(curve(r, values))
    with pytest.raises(InputError, match="r seems to be in nm"):
        match_pdf(curve(made.x / 10, 100 * made.y))
    match_pdf(made)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_curves_against_q_are_told(name):
    """F(Q) and S(Q) of a crystal, with noise of 1 % as there is in one that was measured."""
    made = measured_pdf(crystal(name), qmax=0.0, rmax=80.0, rstep=0.02, qdamp=0.02)
    q = np.arange(0.5, 25.0, 0.02)
    f = np.sin(np.outer(q, made.x)) @ made.y * 0.02
    f += 0.01 * f.std() * np.random.default_rng(0).normal(size=len(q))
    for values in (f, f / q + 1.0):
        with pytest.raises(InputError, match=r"F\(Q\) or S\(Q\)|does not run about 0"):
            match_pdf(curve(q, values))


def test_a_range_too_short_and_other_files_are_refused():
    made = measured_pdf(crystal("rutile"), qmax=25.0)
    for part in (made.x < 8.0, made.x > 1.5):
        with pytest.raises(InputError, match=r"but 1.3 to 9.0 Å are needed"):
            match_pdf(replace(made, x=made.x[part], y=made.y[part]))
    with pytest.raises(InputError, match="made is no PDF"):
        match_pdf(replace(made, kind="xanes", pdf=None))
    for size in (1e-200, 1e200):
        with pytest.raises(InputError, match="Is it the right column"):
            match_pdf(replace(made, y=made.y * size))
    with pytest.raises(InputError, match=r"the PDF is zero from 1.3 to 9.0 Å"):
        scale_free(np.zeros(100), GRID)


def test_poor_corrections_are_told():
    made = measured_pdf(crystal("rutile"), SAID, qmax=25.0)
    rough = made.y + 6.0 * np.sin(12 * made.x) * (made.x < 1.2)
    assert any("rough below 1.2 Å" in warning for warning in match_pdf(replace(made, y=rough)).warnings)


def test_published_pdfs_find_their_structures(shared):
    """Of the dataset's materials, the nearest to the film by RMS difference is TiO2; MgTi2O4 is not in it."""
    folder = shared / "data" / "measured" / "pdf"
    if not folder.is_dir():
        pytest.skip("no measured files here")
    from firstshell.dataset.embedded import load_dataset

    data = load_dataset()
    stored = data.take(np.flatnonzero(data.frame["level"] == "material"))
    for file, qmax, formula in (("TiO2_film_xray", 16.0, "TiO2"), ("MgTi2O4_400K_xray", 21.8, None)):
        match = match_pdf(*read_measured(folder / f"{file}.gr"))
        assert match.conditions.radiation == "xray"
        assert match.conditions.qmax == pytest.approx(qmax, abs=0.01)
        assert match.conditions.doubtful == ("qdamp",)
        (measured,) = read_measured(folder / f"{file}.gr")
        assert band_limit(measured.x, measured.y) == pytest.approx(qmax, abs=0.1)
        c = match.conditions
        features = scale_free(as_measured(stored.spectra["pdf"], GRID, qmax=c.qmax, qdamp=c.qdamp), GRID)
        apart = np.sqrt(np.mean((features - match.features) ** 2, axis=1))
        if formula is not None:
            assert stored.frame["formula"].iloc[int(apart.argmin())] == formula
            assert apart.min() < 0.5


def test_the_slope_at_low_r_does_not_tell_the_scale(shared):
    """Densities in Å⁻³ by −slope/4π within 0.5–1.2 Å, and those of the crystals."""
    folder = shared / "data" / "measured" / "pdf"
    if not folder.is_dir():
        pytest.skip("no measured files here")
    expected = {
        "LaMnO3_300K_neutron": (0.086, 0.082),
        "MgTi2O4_400K_xray": (0.009, 0.091),
        "TiO2_film_xray": (0.014, 0.088),
    }
    for file, (seen, true) in expected.items():
        (measured,) = read_measured(folder / f"{file}.gr")
        low = (measured.x >= 0.5) & (measured.x < 1.2)
        slope = measured.x[low] @ measured.y[low] / (measured.x[low] @ measured.x[low])
        assert -slope / (4 * np.pi) == pytest.approx(seen, abs=0.001)
        assert (abs(seen - true) < 0.01) == (file == "LaMnO3_300K_neutron")


def test_published_neutron_pdf(shared):
    path = shared / "data" / "measured" / "pdf" / "LaMnO3_300K_neutron.gr"
    if not path.is_file():
        pytest.skip("no measured files here")
    match = match_pdf(*read_measured(path))
    assert match.conditions == PdfConditions("neutron", 30.0, 0.0, 0.02, ("qdamp",))
    assert match.values[19] < -3  # Mn–O at 1.9 Å is negative


def test_remade_pdfs_are_the_stored_ones():
    """With the settings of the dataset, for a material and its sites; neutrons give others."""
    from firstshell.dataset.embedded import load_dataset
    from firstshell.prediction.pdf_remake import remake

    data = load_dataset()
    name = data.frame.loc[data.frame["metal"] == "Ti", "id"].iloc[0]
    part = data.take(np.flatnonzero((data.frame["id"] == name) & (data.frame["metal"] == "Ti")))
    for modality in ("pdf", "dpdf"):
        again = remake(part, "Ti", PdfParams(), modality=modality)
        assert np.abs(again - part.spectra[modality]).max() < 1e-5
    neutrons = remake(part, "Ti", PdfParams(radiation="neutron"))
    assert neutrons.shape == part.spectra["pdf"].shape
    assert np.abs(neutrons - part.spectra["pdf"]).max() > 1
    with pytest.raises(InputError, match="the dataset has no Cu"):
        remake(part, "Cu", PdfParams())
    stranger = replace(part, frame=part.frame.assign(id="my-oxide"))
    with pytest.raises(InputError, match="no structure of 'my-oxide'"):
        remake(stranger, "Ti", PdfParams())
