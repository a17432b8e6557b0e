import json
from dataclasses import replace

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.measured.xanes.population import (
    BROAD,
    LEAST,
    PLAIN,
    REFERENCE_STATE,
    Population,
    default_population,
    read_population,
)
from firstshell.measured.xanes.transfer import LIMITS, PARAMETERS, Transfer

STATE = REFERENCE_STATE


def test_draws_spread_as_the_population_says():
    population, rng = BROAD, np.random.default_rng(0)
    drawn = [population.draw(np.array([STATE]), rng)[0] for _ in range(1600)]
    for name in ("shift", "stretch", "slope", "scale", "sigma"):
        values = np.array([getattr(each, name) for each in drawn])
        assert values.mean() == pytest.approx(getattr(population.mean, name), abs=4 * population.spread[name] / 40)
        assert values.std() == pytest.approx(population.spread[name], rel=0.1)
    for name, (low, high) in LIMITS.items():
        assert all(low <= getattr(each, name) <= high for each in drawn)


def test_draws_of_a_block_share_the_broadening_and_follow_from_the_generator_alone():
    one, two = (BROAD.draw(np.full(3, STATE), np.random.default_rng(5)) for _ in range(2))
    assert one == two
    assert one != BROAD.draw(np.full(3, STATE), np.random.default_rng(6))
    assert len({(each.stretch, each.sigma, each.growth) for each in one}) == 1
    assert len({each.shift for each in one}) == len({each.slope for each in one}) == 3


def test_draws_are_correlated_as_the_population_says():
    names = list(PARAMETERS)
    matrix = np.eye(len(names))
    i, j = names.index("stretch"), names.index("slope")
    matrix[i, j] = matrix[j, i] = 0.8
    population = replace(BROAD, correlation=tuple(map(tuple, matrix.tolist())))
    rng = np.random.default_rng(0)
    drawn = [population.draw(np.array([STATE]), rng)[0] for _ in range(800)]
    found = np.corrcoef([each.stretch for each in drawn], [each.slope for each in drawn])[0, 1]
    assert found == pytest.approx(0.8, abs=0.06)


def test_the_typical_shift_grows_with_the_oxidation_state():
    population = Population(Transfer(shift=1.0), LEAST, gain=2.0, gains={"Fe": 0.5}, offsets={"Fe": {"shift": -1.0}})
    assert population.typical(STATE).shift == pytest.approx(1.0)
    assert population.typical(STATE - 1).shift == pytest.approx(-1.0)
    assert population.typical(STATE + 400).shift == LIMITS["shift"][1]
    assert population.of_metal("Fe").typical(STATE + 1).shift == pytest.approx(1.0 - 1.0 + 2.5)
    assert population.of_metal("Co").typical(STATE + 1).shift == pytest.approx(3.0)


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
        (changed(correlation=[[1.0]]), "correlation"),
        (changed(correlation=[[1.0] * 7] * 7), "correlation"),
        (changed(correlation=[[1.0] * 7, [1.0]]), "correlation"),
        (changed(offsets={"Fe": {"shift": "x"}}), "offsets"),
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
