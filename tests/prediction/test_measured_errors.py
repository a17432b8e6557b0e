"""Intervals that are calibrated with errors for measured standards: what each error counts for, and who is covered."""

from dataclasses import replace

import numpy as np
import pytest

from firstshell.measured.xanes.training_grid import interpolate
from firstshell.prediction.measured_errors import MeasuredError, MeasuredErrors, measured_errors
from firstshell.types import Target
from quick import normalised

NUMBER, SIMULATED = Target.COORDINATION_NUMBER, (0.1, 0.2, 0.3)


def errors(scores, *, metal="Fe", likeliest=6, target=NUMBER, prefix="c"):
    return tuple(MeasuredError(metal, f"{prefix}{i}", target.value, likeliest, s) for i, s in enumerate(scores))


def test_standards_of_other_compounds_are_covered_in_nine_cases_of_ten():
    rng, covered = np.random.default_rng(0), []
    for _ in range(300):
        scores = rng.exponential(size=30)
        known = MeasuredErrors(errors(scores[1:]))
        covered.append(scores[0] <= known.width("Fe", NUMBER, 6, tuple(rng.exponential(size=20))))
    # At least 0.9, and one of 31 more where the quantile is rounded up; with four standard errors.
    assert 0.9 - 4 * 0.018 <= np.mean(covered) <= 0.95 + 4 * 0.014


def test_the_own_metal_and_class_count_most():
    own = MeasuredErrors(errors(np.full(20, 1.0)))
    assert own.width("Fe", NUMBER, 6, SIMULATED) == 1.0
    few_others = MeasuredErrors(own.rows + errors(np.full(8, 9.0), metal="Mn"))
    assert few_others.width("Fe", NUMBER, 6, SIMULATED) == 1.0
    assert few_others.width("Mn", NUMBER, 6, SIMULATED) == 9.0
    mixed = MeasuredErrors(errors(np.full(8, 1.0)) + errors(np.full(8, 5.0), likeliest=4, prefix="d"))
    assert mixed.width("Fe", NUMBER, 4, SIMULATED) == 5.0
    assert MeasuredErrors(own.rows + errors([9.0] * 20, target=Target.BOND_LENGTH)).rows[:20] == own.rows


def test_a_compound_counts_once_however_often_it_was_measured():
    often = tuple(MeasuredError("Fe", "wustite", NUMBER.value, 6, 9.0) for _ in range(8))
    found = MeasuredErrors(errors(np.linspace(0.1, 1.0, 40)) + often)
    assert found.width("Fe", NUMBER, 6, SIMULATED) <= 1.0
    assert found.without("Fe", "wustite").rows == found.rows[:40]
    assert found.without("Mn", "wustite").rows == found.rows


def test_without_standards_simulations_decide():
    assert MeasuredErrors(()).width("Co", NUMBER, 6, SIMULATED) == 0.3


def test_what_is_kept_is_of_standards_of_each_metal():
    kept = measured_errors().rows
    assert {row.metal for row in kept} == {"Ti", "Mn", "Fe", "Cu"}
    assert {row.target for row in kept} == {target.value for target in Target}
    assert all(row.score >= 0 for row in kept)


@pytest.fixture(scope="module")
def spectrum():
    return {"xanes": interpolate(normalised(charge=2, number=4))[None]}


def test_intervals_follow_the_errors_and_values_do_not(xanes_model, spectrum):
    small, large = (
        replace(xanes_model, errors=MeasuredErrors(errors(np.full(60, s), metal="Cu", likeliest=4)))
        for s in (0.01, 0.5)
    )
    one, two = (model.predict(spectrum)[0][NUMBER] for model in (small, large))
    assert one.value == two.value
    assert np.diff(two.interval) > np.diff(one.interval)
    assert one.interval[0] <= one.value <= one.interval[1]


def test_models_that_see_a_pdf_are_calibrated_with_simulations_only(both_model, xanes_model):
    assert xanes_model.of_measured_xanes
    assert not both_model.of_measured_xanes


def test_an_error_is_counted_in_units_of_the_disagreement(xanes_model, spectrum):
    output = xanes_model.evaluate(spectrum)
    (found,) = xanes_model.errors_for("Cu", "made", output, {NUMBER: 4.0})
    assert (found.metal, found.compound, found.likeliest) == ("Cu", "made", 4)
    wide = replace(xanes_model, errors=MeasuredErrors((replace(found, score=found.score + 1e-9),) * 9))
    low, high = wide.predict(spectrum)[0][NUMBER].interval
    assert low <= 4.0 <= high
