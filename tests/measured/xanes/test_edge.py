"""E0 and whose edge it is."""

import numpy as np
import pytest

from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.spectra.sniff import read_measured
from firstshell.measured.xanes.edge import ABOVE, BELOW, check_metal, find_edge, k_edges, metal_at
from scans import E0, cut, scan


@pytest.mark.parametrize("metal", E0)
def test_e0_is_the_steepest_rise(metal):
    measured = scan(metal)
    _, e0, others, _ = find_edge(measured.x, measured.y, metal)
    assert e0 == pytest.approx(E0[metal], abs=0.3)
    assert others == ()
    assert find_edge(measured.x, measured.y).metal == metal_at(e0) == metal


def test_e0_of_published_scans_is_that_of_larch(shared):
    """Within 0.4 eV of larch's find_e0 in all but one of the groups, in which ours is the other steep rise of CuO.

    The median difference is 0.10 eV. The one is CuO at 13 K, where larch takes the second of two rises, 6.5 eV on, that
    are within 20 % of each other; that is said.
    """
    from larch.xafs import find_e0 as larch_e0  # takes seconds

    folder = shared / "data" / "measured" / "xanes"
    if not folder.is_dir():
        pytest.skip("no measured files here")
    apart = {}
    for path in sorted(folder.iterdir()):
        for measured in read_measured(path):
            _, e0, others, _ = find_edge(measured.x, measured.y)
            theirs = larch_e0(measured.x.copy(), measured.y.copy())
            apart[path.name, measured.name] = e0 - theirs
            if abs(e0 - theirs) > 0.4:
                assert path.name == "CuO_tenorite_13K_01.xdi"
                assert np.abs(np.array(others) - theirs).min() < 0.5
    assert len(apart) > 50
    assert np.median(np.abs(list(apart.values()))) < 0.12


@pytest.mark.parametrize("noise", [0.005, 0.02, 0.05])
def test_noise(noise):
    """Of 40 scans each with noise of 0.5, 2 and 5 % of the edge step at every 0.5 eV: E0 within 0.5, 1 and 2 eV."""
    for seed in range(40):
        measured = scan(noise=noise, seed=seed)
        assert find_edge(measured.x, measured.y, "Fe").e0 == pytest.approx(E0["Fe"], abs=0.4 + 35 * noise)


@pytest.mark.parametrize("size", [3.0, 1.0, 0.3, -0.3, -1.0])
@pytest.mark.parametrize("place", [-100, -40, -12, 30, 60, 200])
def test_a_glitch_is_no_edge(place, size):
    measured = scan()
    at = np.searchsorted(measured.x, E0["Fe"] + place)
    for width in (1, 2, 3):
        spoilt = measured.y.copy()
        spoilt[at : at + width] += size
        assert find_edge(measured.x, spoilt).metal == "Fe"
        assert find_edge(measured.x, spoilt, "Fe").e0 == pytest.approx(E0["Fe"], abs=0.3)


def test_a_pre_edge_peak_is_no_edge():
    measured = scan("Ti")
    for height in (0.3, 0.7, 1.2):
        peak = height * np.exp(-0.5 * ((measured.x - E0["Ti"] + 10) / 0.8) ** 2)
        assert find_edge(measured.x, measured.y + peak, "Ti").e0 == pytest.approx(E0["Ti"], abs=0.3)


def test_other_rises_that_e0_might_be_are_told():
    measured = scan("Cu")
    rise = 0.5 + np.arctan((measured.x - 8990) / 1.5) / np.pi
    x = measured.x
    two = 0.5 + np.arctan((x - 8983) / 1.5) / np.pi + 0.95 * rise
    _, e0, others, _ = find_edge(x, two, "Cu")
    assert e0 == pytest.approx(8983, abs=0.3)
    assert others == pytest.approx((8990,), abs=0.3)


@pytest.mark.parametrize("metal", E0)
@pytest.mark.parametrize("named", ["Ti", "Cr", "Mn", "Fe", "Co", "Cu", "Zn"])
def test_a_scan_of_another_element_is_refused_with_both_named(metal, named):
    measured = scan(metal, past=1200)
    if metal == named:
        return
    wanted = f"the edge at {E0[metal]:.0f} eV is the K edge of {metal}, not of {named}"
    with pytest.raises(InputError, match=wanted):
        find_edge(measured.x, measured.y, named)


def test_another_element_over_published_scans(shared):
    folder = shared / "data" / "measured" / "xanes"
    if not folder.is_dir():
        pytest.skip("no measured files here")
    for path in sorted(folder.iterdir()):
        for measured in read_measured(path):
            metal = find_edge(measured.x, measured.y).metal
            if measured.name == "Todorokite":  # a scan that runs over the edge of its iron, half as high
                assert find_edge(measured.x, measured.y, "Fe").e0 == pytest.approx(7124.9, abs=0.1)
                continue
            for named in {"Ti", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"} - {metal}:
                with pytest.raises(InputError, match=f"is the K edge of {metal}, not of {named}"):
                    find_edge(measured.x, measured.y, named)


def test_a_scan_that_misses_the_edge():
    whole = scan()
    for low, high in ((-150, -20), (-150, -1), (60, 500), (45, 500)):
        part = cut(whole, E0["Fe"] + low, E0["Fe"] + high)
        with pytest.raises(InputError, match=r"misses the K edge of Fe, 7112 eV|there is no absorption edge"):
            find_edge(part.x, part.y, "Fe")


@pytest.mark.parametrize("y", [np.zeros, np.ones, lambda n: -np.arange(n) / n])
def test_what_has_no_edge(y):
    x = scan().x
    with pytest.raises(InputError, match="there is no absorption edge"):
        find_edge(x, y(len(x)), "Fe")
    with pytest.raises(InputError, match="there is no absorption edge"):
        find_edge(x, y(len(x)))


def test_an_edge_that_is_no_k_edge():
    measured = scan("Fe")
    with pytest.raises(InputError, match="the edge at 13047 eV is no K edge; the nearest is that of Se, 12658 eV"):
        find_edge(measured.x + 5923, measured.y)  # the L3 edge of lead is near


def test_too_few_points():
    for x in (np.linspace(7000, 7300, 10), np.linspace(7112, 7112.1, 50), np.linspace(10, 2e5, 12)):
        for ask in (lambda x, y: find_edge(x, y, "Fe"), find_edge):
            with pytest.raises(InputError, match=r"points from .* where the edge may be|misses the K edge"):
                ask(x, np.arctan(x - 7112))


def test_whose_edge():
    assert len(k_edges()) == 96
    for metal, edge in k_edges().items():
        assert metal_at(edge) == metal
    for shift in (-BELOW + 1, 0.0, ABOVE - 1):
        assert metal_at(k_edge("Fe") + shift) == "Fe"
        check_metal("Fe", k_edge("Fe") + shift)
    for e0 in (7300.0, 6300.0, 3e5):
        with pytest.raises(InputError, match="is no K edge; the nearest is that of"):
            metal_at(e0)
    with pytest.raises(InputError, match="the edge at 8985 eV is the K edge of Cu, not of Fe"):
        check_metal("Fe", 8985.0)
