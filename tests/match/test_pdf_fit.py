import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.io.structures.files import read_structure
from firstshell.match.fit import fit_structure
from firstshell.match.measurements import Measurements
from firstshell.match.pdf_fit import fit_pdf
from firstshell.measured.pdf.match import match_pdf
from pdfs import curve, measured_pdf
from places import DATA

RUTILE = read_structure(DATA / "structures" / "rutile.cif")
TRUTH = {"qmax": 20.0, "qdamp": 0.04, "uiso": {"Ti": 0.004, "O": 0.009}, "delta2": 1.5}


def strained(a, c):
    crystal = RUTILE.copy()
    crystal.apply_strain([a, a, c])
    return crystal


@pytest.mark.slow
def test_planted_parameters_are_found():
    measured = match_pdf(measured_pdf(strained(0.004, -0.006), scale=0.7, **TRUTH), qmax=20.0, qdamp=0.04)
    found = fit_pdf(measured, RUTILE, strain="system")
    values = {each.name: each.value for each in found.parameters}
    assert found.rw < 0.01
    assert values["scale"] == pytest.approx(0.7, rel=0.01)
    assert (values["a"], values["c"]) == pytest.approx((0.004, -0.006), abs=2e-4)
    assert (values["uiso Ti"], values["uiso O"]) == pytest.approx((0.004, 0.009), rel=0.05)
    assert values["delta2"] == pytest.approx(1.5, abs=0.1)
    assert found.structure.lattice.a == pytest.approx(strained(0.004, 0).lattice.a, rel=3e-4)


def test_qdamp_is_fitted_where_nothing_says_it():
    measured = match_pdf(measured_pdf(RUTILE, **TRUTH), qmax=20.0)
    found = fit_structure(Measurements("Ti", None, measured), RUTILE, "rutile")
    values = {each.name: each.value for each in found.parameters}
    assert values["qdamp"] == pytest.approx(0.04, abs=0.003)
    assert any(each.startswith("Qdamp is not known") for each in measured.warnings)
    assert not any("Qdamp" in each for each in found.measurements.warnings)


@pytest.mark.slow
def test_intervals_hold_the_truth_in_nine_cases_of_ten():
    rng, held = np.random.default_rng(3), []
    pure = measured_pdf(RUTILE, rstep=np.pi / 200.0, **TRUTH)
    size = float(np.sqrt(np.mean(pure.y**2)))
    points = np.arange(0, len(pure.x), 10)  # independent: π/Qmax apart
    carry = np.sinc((pure.x[:, None] - pure.x[points]) * 20.0 / np.pi)
    for _ in range(30):
        noisy = curve(pure.x, pure.y + carry @ rng.normal(0.0, 0.05 * size, len(points)))
        found = fit_pdf(match_pdf(noisy, qmax=20.0, qdamp=0.04), RUTILE)
        truth = {"scale": 1.0, "strain": 0.0, "uiso Ti": 0.004, "uiso O": 0.009, "delta2": 1.5}
        held += [each.low <= truth[each.name] <= each.high for each in found.parameters]
    assert 0.83 <= np.mean(held) <= 0.97  # of 150


@pytest.mark.parametrize("how", [{"strain": "twisted"}, {"motion": "delta3"}, {"rmax": 2.0}])
def test_what_cannot_be_fitted_is_refused(how):
    with pytest.raises(InputError, match=r"cannot fit with|independent points"):
        fit_pdf(match_pdf(measured_pdf(RUTILE, **TRUTH), qmax=20.0), RUTILE, **how)
