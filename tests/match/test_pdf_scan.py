import numpy as np
import pytest

from firstshell.io.structures.files import read_structure
from firstshell.match.pdf_scan import PdfScan
from firstshell.measured.pdf.match import match_pdf
from pdfs import measured_pdf
from places import DATA

NAMES = ("rutile", "anatase", "SrTiO3", "hematite", "MnO")
CRYSTALS = {name: read_structure(DATA / "structures" / f"{name}.cif") for name in NAMES}


def scan_of(name, strain=0.0, **params):
    crystal = CRYSTALS[name].copy()
    crystal.scale_lattice(crystal.volume * (1.0 + strain) ** 3)
    return PdfScan(match_pdf(measured_pdf(crystal, **params), qmax=params["qmax"], qdamp=params.get("qdamp", 0.0)))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_right_structure_has_the_most_evidence(name):
    scan = scan_of(name, qmax=22.0, uiso=0.009, scale=0.6)
    found = {other: scan.compare(crystal) for other, crystal in CRYSTALS.items()}
    assert max(found, key=lambda other: found[other].evidence) == name
    assert found[name].rw < 0.12
    assert found[name].scale == pytest.approx(0.6, abs=0.1)


def test_strain_and_displacement_are_found():
    found = scan_of("rutile", strain=0.01, qmax=24.0, qdamp=0.03, uiso=0.012).compare(CRYSTALS["rutile"])
    assert found.rw < 0.05
    assert found.strain == pytest.approx(0.01)
    assert found.uiso == pytest.approx(0.012)


def test_a_curve_turned_upside_down_is_explained_by_nothing():
    measured = measured_pdf(CRYSTALS["MnO"], qmax=22.0)
    upside_down = PdfScan(match_pdf(measured.__class__(**{**vars(measured), "y": -measured.y}), qmax=22.0))
    right = PdfScan(match_pdf(measured, qmax=22.0)).compare(CRYSTALS["MnO"])
    assert upside_down.compare(CRYSTALS["MnO"]).rw > 0.7 > right.rw


def test_points_are_independent():
    scan = scan_of("rutile", qmax=20.0)
    assert np.diff(scan.r) == pytest.approx(np.pi / 20.0)
    assert scan.r[0] >= 1.3
    assert scan.r[-1] <= 10.0
