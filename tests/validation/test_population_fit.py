"""The population that validation/transfers.py makes of fitted transfers."""

import numpy as np
import pytest
from population_fit import population_of

from firstshell.measured.xanes.population import LEAST, REFERENCE_STATE
from firstshell.measured.xanes.transfer import Transfer

STATE = REFERENCE_STATE


def test_means_and_spreads_are_those_of_compounds_not_of_files():
    found = [Transfer(sigma=1.0), Transfer(sigma=1.0), Transfer(sigma=1.0), Transfer(sigma=3.0)]
    population = population_of(found, [STATE] * 4, ["a", "a", "a", "b"], 0.03, ["Fe"] * 4)
    assert population.mean.sigma == pytest.approx(2.0)
    assert population.spread["shift"] == LEAST["shift"]
    assert population.compounds == ("a", "b")
    assert population.misfit == 0.03
    assert population.correlation == ()  # four files tell nothing of it


def test_a_shift_that_grows_with_the_oxidation_state_is_told_from_a_spread():
    states = np.repeat([2.0, 3.0, 4.0], 4)
    found = [Transfer(shift=-2 + 2.5 * (state - STATE)) for state in states]
    population = population_of(found, list(states), [f"c{i}" for i in range(12)], 0.03, ["Fe"] * 12)
    assert population.of_metal("Fe").gain == pytest.approx(2.5, abs=0.1)
    assert population.of_metal("Fe").mean.shift == pytest.approx(-2.0, abs=0.2)
    assert population.spread["shift"] == pytest.approx(LEAST["shift"], abs=0.1)


def test_a_metal_with_one_standard_leans_on_the_others():
    rng = np.random.default_rng(1)
    stretches = {"Fe": -0.1 + 0.02 * rng.normal(size=10), "Mn": 0.1 + 0.02 * rng.normal(size=10), "Ti": [0.2]}
    metals = [metal for metal, values in stretches.items() for _ in values]
    found = [Transfer(stretch=float(value)) for values in stretches.values() for value in values]
    names = [f"c{i}" for i in range(len(found))]
    population = population_of(found, [STATE] * len(found), names, 0.03, metals)
    own = {metal: population.of_metal(metal).mean.stretch for metal in stretches}
    assert own["Fe"] == pytest.approx(-0.1, abs=0.03)
    assert own["Mn"] == pytest.approx(0.1, abs=0.03)
    assert population.mean.stretch < own["Ti"] < 0.17
    assert population.of_metal("Zn").mean.stretch == population.mean.stretch


def test_shifts_that_no_foil_has_set_count_less():
    found = [Transfer(shift=s, sigma=1.0 + s / 4) for s in (0.0, 0.0, 4.0, 4.0)]
    names, anchored, metals = ["a", "b", "c", "d"], [True, True, False, False], ["Fe"] * 4
    alike = population_of(found, [STATE] * 4, names, 0.03, metals)
    told = population_of(found, [STATE] * 4, names, 0.03, metals, anchored=anchored)
    assert alike.mean.shift == pytest.approx(2.0)
    assert told.mean.shift == pytest.approx(4 * 0.7**2 / (2 * 0.7**2 + 1.2**2))
    assert (told.mean.sigma, told.spread["sigma"]) == (alike.mean.sigma, alike.spread["sigma"])
