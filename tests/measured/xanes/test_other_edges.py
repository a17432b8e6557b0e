"""Edges of other elements in a scan are found, named and kept out of the ranges; fine structure is none."""

from dataclasses import replace

import numpy as np
import pytest

from firstshell.elements import K_EDGES, L_EDGES
from firstshell.errors import InputError
from firstshell.io.spectra.sniff import read_measured
from firstshell.measured.xanes.normalise import NormaliseParams, normalise
from firstshell.measured.xanes.other_edges import other_edges
from scans import E0, scan


def with_edge(measured, place, height):
    """The same with another edge, fine structure and all, that rises at a place by so much of the step (0.8)."""
    x = measured.x - place
    wave = 0.3 * np.sin(4 * np.sqrt(np.maximum(x, 0) / 3.81)) * np.exp(-np.maximum(x, 0) / 60) * (x > 10)
    return replace(measured, y=measured.y + 0.8 * height * (0.5 + np.arctan(x / 1.5) / np.pi + wave))


@pytest.mark.parametrize(
    ("metal", "name", "tabulated"),
    [("Mn", "Fe K", K_EDGES["Fe"]), ("Ti", "Ba L3", L_EDGES["Ba"][2]), ("Fe", "Gd L3", L_EDGES["Gd"][2])],
)
@pytest.mark.parametrize("height", [0.1, 0.7, 5.0])
def test_the_curve_ends_before_another_edge(metal, name, tabulated, height):
    measured = scan(metal, past=1000, noise=0.002)
    if metal == "Fe" and height < 0.5:
        return  # only 130 eV on, in strong fine structure, so little cannot be told
    plain = normalise(replace(measured, y=measured.y), NormaliseParams(norm2=tabulated - E0[metal] - 15))
    found = normalise(with_edge(measured, tabulated + 6, height), metal=metal)
    assert f"the curve above the edge ends before {tabulated:.0f} eV, where {name} shows" in found.ends
    assert found.edge_step == pytest.approx(plain.edge_step, rel=0.04)
    assert found.e0 + found.settings.norm2 < tabulated


def test_the_line_below_begins_past_another_edge():
    measured = scan("Fe", before=400, noise=0.001)
    measured = with_edge(measured, L_EDGES["Eu"][2] + 5, 0.5)
    found = normalise(measured, metal="Fe")
    assert "the line below the edge begins past 698" in found.ends
    off = abs(normalise(measured, NormaliseParams(pre1=-395), metal="Fe").edge_step - 0.8)
    assert abs(found.edge_step - 0.8) < min(0.12, 0.5 * off)


def test_a_range_that_is_given_is_kept():
    measured = with_edge(scan("Mn", past=1000), K_EDGES["Fe"] + 8, 1.0)
    found = normalise(measured, NormaliseParams(norm2=800), metal="Mn")
    assert found.settings.norm2 == 800
    assert found.ends == ""


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.02])
@pytest.mark.parametrize("metal", E0)
def test_fine_structure_is_no_edge(metal, noise):
    for seed in range(5):
        measured = scan(metal, past=1200, before=300, noise=noise, seed=seed)
        assert other_edges(measured.x, measured.y / 0.8, E0[metal], metal) == []


def test_a_small_edge_before_a_larger_one_is_found_when_it_is_named():
    measured = with_edge(scan("Mn", past=900), K_EDGES["Fe"] + 8, 8.0)
    assert normalise(measured, metal="Mn").edge_step == pytest.approx(0.8, rel=0.03)
    assert normalise(measured, NormaliseParams(pre1=-120)).metal == "Fe"
    with pytest.raises(InputError, match="K edge of Fe, not of Co"):
        normalise(measured, metal="Co")


@pytest.mark.parametrize("off", [-70.0, -40.0, 45.0, 90.0])
def test_energies_that_are_off_are_told_with_the_shift_that_works(off):
    measured = scan("Fe")
    moved = replace(measured, x=measured.x + off)
    side = "below" if E0["Fe"] + off < K_EDGES["Fe"] else "above"
    with pytest.raises(InputError, match=f"the edge lies at .* eV {side} that of Fe .*--align {-off + 1:.0f}"):
        normalise(moved, metal="Fe")
    found = normalise(moved, NormaliseParams(shift=-off), metal="Fe")
    assert found.e0 == pytest.approx(E0["Fe"] + off, abs=0.3)
    assert found.edge_step == pytest.approx(0.8, rel=0.015)


def test_published_scans(shared):
    """Iron behind manganese is all that shows in 110 published scans: in four of them and in one of a project."""
    folders = [shared / "data" / "measured" / "xanes", *(shared / "data" / "measured-bmm" / "files").glob("*")]
    files = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    if not any("measured-bmm" in str(path) for path in files):
        pytest.skip("no measured files here")
    seen = {}
    for path in files:
        for measured in read_measured(path):
            if path.name != "Mn-Mnfoil.xdi" and (ends := normalise(measured).ends):
                seen[path.name, measured.name] = ends
    assert {name for name, _ in seen} == {
        "Mn-K-Pennantite.xdi", "Mn-K-Purpurite.xdi", "Mn-K-Tephroite.xdi", "Mn-Rhodonite.xdi", "Mn.prj"
    }  # fmt: skip
    assert all("ends before 7112 eV, where Fe K shows" in ends for ends in seen.values())
