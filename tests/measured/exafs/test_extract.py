"""χ(k) of scans: its background, and up to where it can be used."""

from dataclasses import replace

import numpy as np
import pytest

from firstshell.elements import half_step
from firstshell.errors import InputError
from firstshell.measured.exafs.background import chi_of, splines, wave_number
from firstshell.measured.exafs.extract import extract
from firstshell.measured.read import read_samples
from firstshell.measured.xanes.normalise import normalise
from firstshell.units import EV_PER_K2
from scans import E0, scan

LONG = 700.0


def exafs(**changed):
    return extract(normalise(scan(past=LONG, **changed)))


def spoilt(place, width, height):
    """A scan with a glitch at k = `place` of some points."""
    made = scan(past=LONG)
    k = wave_number(made.x, E0["Fe"])
    return replace(made, y=made.y + height * (np.abs(k - place) < width) * np.cos(np.arange(len(k)) * 2.0))


def test_splines_are_those_of_scipy():
    from scipy.interpolate import BSpline

    x = np.linspace(0, 13, 261)
    places = np.linspace(0, 13, 9)
    knots = np.concatenate([np.full(4, 0.0), places[2:-2], np.full(4, 13.0)])
    assert np.allclose(splines(x, 9), BSpline.design_matrix(x, knots, 3).toarray(), atol=1e-12)


def test_a_wave_on_a_smooth_background_is_found_again():
    energy = np.arange(7000.0, 7800.0, 0.5)
    away = energy - 7120.0
    k = wave_number(energy, 7120.0)
    wave = np.where(k > 0, 0.4 * np.exp(-0.03 * k**2) * np.sin(2 * 1.8 * k), 0.0)
    mesh, chi = chi_of(energy, 1.0 - 2e-4 * away + 1e-7 * away**2 + wave, 7120.0, 12.0)
    inside = (mesh > 2.5) & (mesh < 11.5)
    true = (mesh**2 * 0.4 * np.exp(-0.03 * mesh**2) * np.sin(2 * 1.8 * mesh))[inside]
    left = (mesh**2 * chi)[inside] - true
    assert np.sqrt(np.mean(left**2)) < 0.1 * np.sqrt(np.mean(true**2))


@pytest.mark.slow
def test_it_is_the_background_of_larch():
    from larch import Group
    from larch.xafs import autobk

    found = normalise(scan(past=LONG))
    ours = extract(found)
    theirs = Group(energy=found.energy, mu=found.mu)
    e0 = float(half_step(found.energy, found.flat)[0])
    autobk(theirs, rbkg=1.0, kweight=2, ek0=e0, edge_step=1.0)
    k = ours.k[(ours.k > 2.5) & (ours.k < 12.0)]
    one, two = ours.weighted(k, 2), k**2 * np.interp(k, theirs.k, theirs.chi)
    assert np.sqrt(np.mean((one - two) ** 2)) < 0.1 * np.sqrt(np.mean(two**2))


def test_a_scan_is_used_to_its_end():
    found = exafs()
    assert found.end == pytest.approx(np.sqrt(LONG / EV_PER_K2), abs=0.1)
    assert (found.metal, found.because) == ("Fe", "")


def test_a_scan_that_ends_at_k_5():
    with pytest.raises(InputError, match=r"ends at k = 5\.\d Å⁻¹") as raised:
        extract(normalise(scan(past=100.0)))
    assert "Measure on to k = 7 Å⁻¹ (187 eV past the edge)" in raised.value.remedy


def test_the_edge_of_another_element_ends_it():
    made = scan("Mn", past=900.0)
    behind = np.clip((made.x - 7112.0) / 3.0, 0, 1)
    found = extract(normalise(replace(made, y=made.y + 0.3 * behind)))
    assert found.because == "Fe K follows"
    assert found.end == pytest.approx(wave_number(np.array([7102.0]), E0["Mn"])[0], abs=0.2)


def test_a_glitch_ends_it():
    found = extract(normalise(spoilt(9.0, 0.1, 0.2)))
    assert (found.because, found.end) == ("there is a glitch", pytest.approx(8.7, abs=0.2))
    with pytest.raises(InputError, match=r"ends at k = 5\.\d Å⁻¹, where there is a glitch"):
        extract(normalise(spoilt(6.0, 0.1, 0.4)))


def test_noise_ends_it():
    found = exafs(noise=0.006)
    assert found.because == "noise is half of the signal"
    assert 7.0 < found.end < 12.0


def test_the_scan_of_a_xanes_brings_its_exafs(tmp_path):
    made = scan(past=LONG)
    path = tmp_path / "iron.dat"
    path.write_text("# energy mu\n" + "".join(f"{e} {m}\n" for e, m in zip(made.x, made.y, strict=True)))
    (sample,) = read_samples([path], "Fe").samples
    assert sample.inputs == ("xanes",)
    assert sample.exafs.end > 13
    assert sample.no_exafs == ""
