import json

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.measured.xanes.population import BROAD, LEAST, PLAIN, Population, default_population, read_population
from firstshell.measured.xanes.transfer import ANCHOR, LIMITS, PARAMETERS, Transfer


def test_draws_spread_as_the_population_says():
    population, rng = BROAD, np.random.default_rng(0)
    drawn = [population.draw(ANCHOR, rng) for _ in range(1600)]
    for name in ("shift", "stretch", "slope", "scale", "sigma"):
        values = np.array([getattr(each, name) for each in drawn])
        assert values.mean() == pytest.approx(getattr(population.mean, name), abs=4 * population.spread[name] / 40)
        assert values.std() == pytest.approx(population.spread[name], rel=0.1)
    for name, (low, high) in LIMITS.items():
        assert all(low <= getattr(each, name) <= high for each in drawn)


def test_draws_follow_from_the_generator_alone():
    one, two = (BROAD.draw(10.0, np.random.default_rng(5)) for _ in range(2))
    assert one == two
    assert one != BROAD.draw(10.0, np.random.default_rng(6))


def test_the_typical_shift_grows_with_the_edge():
    population = Population(Transfer(shift=1.0), LEAST, edge_gain=0.25)
    assert population.typical(ANCHOR).shift == pytest.approx(1.0)
    assert population.typical(ANCHOR + 4).shift == pytest.approx(2.0)
    assert population.typical(ANCHOR + 400).shift == LIMITS["shift"][1]


def test_means_and_spreads_are_those_of_compounds_not_of_files():
    found = [Transfer(sigma=1.0), Transfer(sigma=1.0), Transfer(sigma=1.0), Transfer(sigma=3.0)]
    population = Population.of(found, [ANCHOR] * 4, ["a", "a", "a", "b"], 0.03)
    assert population.mean.sigma == pytest.approx(2.0)
    assert population.spread["sigma"] == pytest.approx(1.0)
    assert population.spread["shift"] == LEAST["shift"]
    assert population.compounds == ("a", "b")
    assert population.misfit == 0.03


def test_a_shift_that_grows_with_the_edge_is_told_from_a_spread():
    heights = np.linspace(-6, 8, 12)
    found = [Transfer(shift=-2 + 0.4 * height) for height in heights]
    population = Population.of(found, list(ANCHOR + heights), [f"c{i}" for i in range(12)], 0.03)
    assert 0.32 < population.edge_gain <= 0.41  # drawn to zero a little
    assert population.mean.shift == pytest.approx(-2.0, abs=0.2)
    assert population.spread["shift"] == pytest.approx(LEAST["shift"], abs=0.1)


def test_shifts_that_no_foil_has_set_count_less():
    found = [Transfer(shift=s, sigma=1.0 + s / 4) for s in (0.0, 0.0, 4.0, 4.0)]
    names, anchored = ["a", "b", "c", "d"], [True, True, False, False]
    alike = Population.of(found, [ANCHOR] * 4, names, 0.03)
    told = Population.of(found, [ANCHOR] * 4, names, 0.03, anchored=anchored)
    assert alike.mean.shift == pytest.approx(2.0)
    assert told.mean.shift == pytest.approx(4 * 0.7**2 / (2 * 0.7**2 + 1.2**2))
    assert told.spread["shift"] < alike.spread["shift"]
    assert (told.mean.sigma, told.spread["sigma"]) == (alike.mean.sigma, alike.spread["sigma"])


@pytest.mark.parametrize("population", [BROAD, PLAIN, default_population()])
def test_json_comes_back(population, tmp_path):
    assert Population.from_json(population.to_json()) == population
    (tmp_path / "t.json").write_text(population.to_json())
    assert read_population(tmp_path / "t.json") == population


def test_the_default_is_a_population_of_several_compounds():
    population = default_population()
    assert len(population.compounds) >= 5
    assert set(population.spread) == set(PARAMETERS)
    assert 0 < population.misfit < 0.1


def changed(**values):
    return json.dumps(json.loads(BROAD.to_json()) | values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no transfer file"),
        ("[1, 2]", "no transfer file"),
        ("[" * 100_000, "no transfer file"),
        ('{"mean": {}}', "no transfer file"),
        (changed(spread={"shift": 1.0}), "every parameter"),
        (changed(spread=dict.fromkeys(PARAMETERS, 0.0)), "every parameter"),
        (changed(spread=dict.fromkeys(PARAMETERS, -1.0)), "every parameter"),
        (changed(spread=dict.fromkeys(PARAMETERS, "1")), "spread"),
        (changed(spread=dict.fromkeys(PARAMETERS, float("nan"))), "spread"),
        (changed(mean={"shift": 1e9}), "out of range"),
        (changed(mean={"shift": None}), "shift"),
        (changed(mean={"shiift": 1.0}), "Did you mean 'shift'|unknown setting 'shiift'"),
        (changed(misfit=-1.0), "every parameter"),
        (changed(more=1), "unknown setting 'more'"),
    ],
)
def test_crafted_text_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        Population.from_json(text)


def test_files_that_are_no_transfer_are_refused(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_bytes(b" " * 1_000_001)
    for name in ("absent", "binary", "large"):
        with pytest.raises(InputError, match="no transfer file"):
            read_population(tmp_path / name)
    with pytest.raises(InputError, match="no transfer file"):
        read_population(tmp_path)
