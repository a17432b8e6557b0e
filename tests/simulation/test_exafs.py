"""EXAFS: the sum over paths against larch's, its Fourier transform, and what is refused."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

import places
from firstshell.crystal.sites import distinct_sites
from firstshell.errors import EngineError, InputError
from firstshell.io.structures.files import read_structure
from firstshell.simulation import exafs
from firstshell.simulation.exafs import ExafsParams
from firstshell.simulation.feff import paths as module
from firstshell.simulation.feff.paths import PathTable, read_paths, site_paths
from firstshell.types import Grid, Spectrum

HEMATITE = places.DATA / "structures" / "hematite.cif"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The paths of hematite, and the folder of the run that gave them."""
    folder = tmp_path_factory.mktemp("feff6")
    structure = read_structure(HEMATITE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "scratch_folder", lambda: nullcontext(folder))
        table = site_paths(structure, distinct_sites(structure, "Fe")[0].index, longest=4.0, legs=4, timeout=60)
    return table, folder


def single(length=2.0, degeneracy=6.0):
    """One path whose amplitude and phase do not depend on k, no losses to speak of."""
    k = np.linspace(0, 20, 41)
    one = np.array([[degeneracy], [length]])
    return PathTable(k, k, np.full(41, 1e9), *one, np.array([2]), np.ones((1, 41)), np.zeros((1, 41)))


def test_one_path_is_the_equation():
    params = ExafsParams(kmin=3, kmax=12, sigma2=0.004, s02=0.8, kweight=1)
    k = exafs.grid(params).values
    expected = 0.8 * 6 / 4 * np.exp(-2 * 0.004 * k**2) * np.sin(4 * k - 4 * k * 0.004 / 2)
    assert np.abs(exafs.weighted_chi(single(), params) - expected).max() < 1e-6


def test_a_shift_of_the_threshold_moves_k():
    params = ExafsParams(kmin=3, kmax=12, e0=5.0, sigma2=0.0, sigma2_far=0.0, kweight=0, s02=1.0)
    q = np.sqrt(exafs.grid(params).values ** 2 - 5.0 / exafs.EV_PER_K2)
    assert np.abs(exafs.weighted_chi(single(), params) - 6 / 4 * np.sin(4 * q) / q).max() < 1e-6


def test_the_transform_peaks_at_the_path_length():
    params = ExafsParams(kmin=3, kmax=15, sigma2=0.0, sigma2_far=0.0)
    for length in (1.8, 2.6, 3.9):
        values = exafs.weighted_chi(single(length), params)
        chi = Spectrum(exafs.grid(params), values, "exafs", "", "", "Fe")
        spectrum = exafs.transform(exafs.prepare(chi, params), params)
        assert abs(spectrum.grid.values[np.argmax(spectrum.values)] - length) < 0.02
        assert (spectrum.grid.label, spectrum.label) == ("R (Å)", "|χ(R)| (Å⁻³)")


def test_paths_chi_and_transform_are_those_of_larch(run):
    """Larch reads the same files, sums the same paths and transforms the same curve with code of its own."""
    xafs = pytest.importorskip("larch.xafs")
    from larch import Group

    table, folder = run
    params = ExafsParams(e0=3.0)
    k, total = exafs.grid(params).values, 0.0
    for i, file in enumerate(sorted(folder.glob("feff0*.dat"))):
        path = xafs.feffpath(str(file))
        feff = path._feffdat
        row = np.argmin(np.abs(table.length - feff.reff) + np.abs(table.amplitude[:, 20] - feff.amp[20]))
        assert table.degeneracy[row] == feff.degen, i
        assert np.allclose(table.amplitude[row], feff.amp, rtol=1e-6)
        path.s02, path.e0 = params.s02, params.e0
        near = (table.length[0] / table.length[row]) ** 2
        path.sigma2 = params.sigma2_far - (params.sigma2_far - params.sigma2) * near
        xafs.path2chi(path, k=k)
        total = total + path.chi
    mine = exafs.weighted_chi(table, params)
    assert np.abs(total * k**2 - mine)[1:].max() < 1e-6  # larch treats the first point apart
    other = Group(k=np.arange(0, 20, 0.05))
    other.chi = np.interp(other.k, k, mine / k**2, left=0, right=0)
    xafs.xftf(other.k, other.chi, group=other, kmin=2.5, kmax=12, dk=1, kweight=2, window="hanning")
    spectrum = exafs.transform(exafs._spectrum(mine, params, "Fe", None, {}), params)
    assert np.abs(np.interp(spectrum.grid.values, other.r, other.chir_mag) - spectrum.values).max() < 0.01


def test_the_first_shell_of_hematite(run):
    table = run[0]
    assert np.allclose(table.length[:2], [1.945, 2.115], atol=0.01)
    assert table.degeneracy[:2].tolist() == [3, 3]
    assert (np.diff(table.length) >= 0).all()
    assert np.isfinite(table.phase).all()


def test_disorder_damps_and_weight_is_a_power():
    quiet, wild = ExafsParams(sigma2=0.002), ExafsParams(sigma2=0.009)
    assert np.abs(exafs.weighted_chi(single(), wild)).max() < np.abs(exafs.weighted_chi(single(), quiet)).max()
    k = exafs.grid(quiet).values
    one = exafs.weighted_chi(single(), ExafsParams(kweight=1))
    assert np.allclose(exafs.weighted_chi(single(), ExafsParams(kweight=3)), one * k**2)
    labels = [exafs._spectrum(k, ExafsParams(kweight=n), "Fe", None, {}).label for n in range(4)]
    assert labels == ["χ(k) (1)", "kχ(k) (Å⁻¹)", "k²χ(k) (Å⁻²)", "k³χ(k) (Å⁻³)"]


@pytest.mark.parametrize(
    "bad",
    [
        {"kmin": 5, "kmax": 4},
        {"kmax": 25},
        {"kstep": 0},
        {"kweight": 4},
        {"s02": -1},
        {"e0": 30},
        {"kmin": 1, "e0": 5},
        {"sigma2": 0.02},
        {"longest": 50},
        {"legs": 9},
        {"kmin": float("nan")},
    ],
)
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(InputError, match="of EXAFS out of range"):
        ExafsParams(**bad)


def test_more_elements_than_the_engine_takes_are_refused():
    elements = ["Fe", "O", "Mg", "Al", "Si", "Ca", "Ti", "Mn", "Na", "K"]
    corners = [[0.5 * (i % 2), 0.5 * (i // 2 % 2), 0.25 * (i // 4)] for i in range(10)]
    with pytest.raises(InputError, match="EXAFS takes 7 elements around the absorber, and there are 10"):
        exafs.simulate(Structure(Lattice.cubic(6), elements, corners), "Fe", ExafsParams(longest=7))


def test_a_run_without_paths_names_what_the_engine_printed(monkeypatch):
    monkeypatch.setattr(module, "run_program", lambda *_, **__: "no neighbours\n")
    with pytest.raises(EngineError, match="Fe site 0: feff6l found no path: no neighbours"):
        exafs.simulate(read_structure(HEMATITE), "Fe", ExafsParams())


def test_a_spoilt_path_is_named(run, tmp_path):
    (tmp_path / "files.dat").write_text((run[1] / "files.dat").read_text())
    with pytest.raises(EngineError, match=r"cannot be read: feff6l: files.dat names feff0001.dat, which is not there"):
        read_paths(tmp_path)


def test_curves_on_another_axis_are_refused():
    curve = Spectrum(Grid(np.linspace(0, 20, 100), "R", "Å"), np.zeros(100), "exafs", "χ", "", "Fe")
    with pytest.raises(InputError, match="Convert k"):
        exafs.prepare(curve, ExafsParams())


def test_the_command_writes_both_axes(command, tmp_path):
    status, out, _ = command(
        "simulate", HEMATITE, "--metal", "Fe", "--modality", "exafs", "--set", "exafs.longest=3", "--out", tmp_path
    )
    assert status == 0
    assert Path(tmp_path / "hematite_Fe_exafs.dat").name in out
    k, chi, weighted = np.loadtxt(tmp_path / "hematite_Fe_exafs.dat").T
    assert (len(k), k[0], k[-1]) == (191, 2.5, 12.0)
    assert np.allclose(weighted, k**2 * chi, atol=1e-6)
    assert np.loadtxt(tmp_path / "hematite_Fe_exafs_R.dat").shape == (201, 2)
    assert (tmp_path / "hematite_Fe_exafs_R.png").read_bytes().startswith(b"\x89PNG")
