import itertools

import numpy as np
import pandas as pd
import pytest

from firstshell.elements import half_step
from firstshell.report import regions
from firstshell.report.regions import axis_of, shares
from firstshell.simulation.regions import pair_regions, xanes_regions
from firstshell.types import Grid
from synthetic import synthetic_dataset

ENERGY, R = np.linspace(0, 55, 111), np.arange(100) * 0.1
ENERGIES, DISTANCES, NO_LENGTHS = Grid(ENERGY, "E − E(K)", "eV"), Grid(R, "r", "Å"), np.array([])
SLOPE = "slope of the density line without a pair"


def step(edge, line):
    rise = 0.5 + np.arctan((ENERGY - edge) / 1.5) / np.pi
    return rise + 0.8 * np.exp(-(((ENERGY - line) / 2.5) ** 2))


def test_the_edge_is_where_the_mean_spectrum_reaches_half_its_step():
    mean = step(12.0, 60.0)
    assert half_step(ENERGY, mean) == pytest.approx([12.0], abs=0.05)
    assert np.isnan(half_step(ENERGY, [mean + 2, 0 * mean])).all()


def test_xanes_regions_follow_the_edge_and_the_first_maximum():
    mean = step(12.0, 20.0)
    edge = float(half_step(ENERGY, mean)[0])
    found = {region.name: (region.low, region.high) for region in xanes_regions(ENERGIES, mean, NO_LENGTHS)}
    top = ENERGY[np.argmax(mean)]
    reach = (top - edge) / 2
    assert found["pre-edge"] == (0.0, pytest.approx(edge - 3))
    assert found["white line"] == pytest.approx((top - reach, top + reach))
    assert list(found) == ["pre-edge", "edge", "white line", "post-edge oscillations"]


def test_without_a_maximum_there_is_no_white_line():
    far, near = (0.5 + np.arctan((ENERGY - edge) / 1.5) / np.pi for edge in (12.0, 1.0))
    assert [r.name for r in xanes_regions(ENERGIES, far, NO_LENGTHS)] == ["pre-edge", "edge", "post-edge"]
    assert [r.name for r in xanes_regions(ENERGIES, near, NO_LENGTHS)] == ["edge", "post-edge"]


@pytest.mark.parametrize("differential", [True, False])
def test_distances_are_named_by_the_bond_lengths_of_the_data(differential):
    lengths = np.array([1.9, 2.0, 2.1])
    mean = (
        np.exp(-(((R - 2) / 0.2) ** 2)) + np.exp(-(((R - 3.2) / 0.3) ** 2)) + np.exp(-(((R - 5) / 0.4) ** 2)) - 0.1 * R
    )
    axis = regions.Axis("Å", 0.0, False, pair_regions(DISTANCES, mean, lengths, differential=differential))
    assert axis.region(0.6) == SLOPE
    assert axis.region(1.5) == (SLOPE if differential else "shorter bonds of other elements")
    assert axis.region(1.8) == axis.region(2.2) == "first shell"
    assert axis.region(3.2).endswith("metal–metal, second shell")
    assert ("O–O" in axis.region(3.2)) != differential
    assert axis.region(5.0) == axis.region(9.9) == "further shells"


def test_a_bond_far_below_the_mean_still_is_of_the_first_shell():
    lengths = np.array([1.6, 2.0, 2.1, 2.1])
    axis = regions.Axis("Å", 0.0, False, pair_regions(DISTANCES, np.zeros(100), lengths, differential=True))
    assert axis.region(1.5) == "first shell"


def test_regions_cover_the_grid_without_gaps():
    data = synthetic_dataset(30)
    for name, grid in data.grids.items():
        found = axis_of(data, name).regions
        assert (found[0].low, found[-1].high) == (grid.values[0], grid.values[-1])
        assert all(a.high == b.low < b.high for a, b in itertools.pairwise(found))


def test_shares_add_to_one_and_an_even_spread_is_one_everywhere():
    axis = axis_of(synthetic_dataset(30), "xanes")
    position = np.linspace(0, 55, 100)
    rows = shares(axis, position, np.ones(100))
    assert rows["share"].sum() == pytest.approx(1.0)
    assert rows["times_even"].to_numpy() == pytest.approx(1.0)
    peak = shares(axis, position, (np.abs(position - axis.origin) < 1).astype(float)).set_index("region")["share"]
    assert peak["edge"] == 1.0
    assert shares(axis, position, np.zeros(100)).empty


def test_places_are_told_from_the_edge_with_a_sign():
    axis = regions.Axis("eV", 12.0, True, ())
    assert (axis.place(10.5), axis.place(14.0)) == ("−1.5 eV", "+2.0 eV")
    assert axis.region(3.0) == ""
    assert regions.Axis("Å", 0.0, False, ()).place(1.95) == "1.9 Å"


def test_without_bond_lengths_distances_have_no_names():
    data = synthetic_dataset(12)
    frame = data.frame.assign(bond_length=np.nan)
    bare = type(data)(frame, data.spectra, data.grids, data.settings, pd.DataFrame())
    assert axis_of(bare, "pdf").regions == ()
