import numpy as np
import pytest

from firstshell.measured.xanes.training_grid import ENERGY, interpolate
from firstshell.measured.xanes.transfer import over_absorbed
from firstshell.prediction import forest_output
from firstshell.prediction.damping import AMOUNTS, remove_damping
from firstshell.prediction.forest_output import evaluate_forest
from firstshell.types import Target
from quick import normalised

NUMBER, STATE = Target.COORDINATION_NUMBER, Target.OXIDATION_STATE


@pytest.fixture(scope="module")
def spectra():
    return np.array([interpolate(normalised(charge=2, number=number)) for number in (4, 5, 6)])


def test_what_was_damped_is_undone():
    mu = 1 + 0.4 * np.sin(ENERGY)[None]
    for amount in AMOUNTS:
        assert remove_damping(over_absorbed(mu, amount), np.array([amount])) == pytest.approx(mu)
    assert np.isfinite(remove_damping(np.full((1, 111), 5.0), np.array([1.5]))).all()


def test_over_absorption_is_inferred(xanes_model, spectra):
    as_is, much = (xanes_model.damping.likely(each) @ AMOUNTS for each in (spectra, over_absorbed(spectra, 1.0)))
    assert (as_is < 0.15).all()
    assert (much > as_is + 0.3).all()
    likely = xanes_model.damping.likely(spectra)
    assert likely.sum(axis=1) == pytest.approx(1.0)
    assert ((likely == 0) | (likely >= 0.02)).all()


def test_a_damped_spectrum_is_answered_better_when_it_is_undone(xanes_model, spectra):
    model, worse = xanes_model, over_absorbed(spectra, 1.0)
    parts = model.trees, model.outputs, model.channels

    def off(damping):
        output = evaluate_forest(*parts, damping, {"xanes": worse})
        return np.abs(model.outputs.averages(NUMBER, output.outputs) - [4, 5, 6]).mean(), output

    (plain, untouched), (undone_, output) = off(None), off(model.damping)
    assert undone_ < plain
    assert (output.damping > 0.2).all()
    assert (untouched.damping == 0).all()


def test_what_is_not_known_of_the_damping_enters_the_spread(xanes_model, spectra):
    model = xanes_model
    worse = over_absorbed(spectra, 0.45)
    output = evaluate_forest(model.trees, model.outputs, model.channels, model.damping, {"xanes": worse})
    shares = model.damping.likely(worse)
    row = int((shares > 0).sum(axis=1).argmax())
    ways = np.flatnonzero(shares[row])
    assert len(ways) > 1
    each = evaluate_forest(
        model.trees,
        model.outputs,
        model.channels,
        None,
        {"xanes": remove_damping(np.repeat(worse[row : row + 1], len(ways), axis=0), AMOUNTS[ways])},
    )
    means, weight = model.outputs.averages(NUMBER, each.outputs), shares[row, ways]
    middle = weight @ means
    assert model.outputs.averages(NUMBER, output.outputs)[row] == pytest.approx(middle)
    expected = np.sqrt(weight @ (each.spread[NUMBER] ** 2 + (means - middle) ** 2))
    assert output.spread[NUMBER][row] == pytest.approx(expected)


def test_the_likelihood_of_training_spectra_says_the_oxidation_state(xanes_model):
    spectra = np.array([interpolate(normalised(charge=charge, number=4)) for charge in (2, 3)])
    likely, states = xanes_model.damping.infer(spectra)
    assert likely == pytest.approx(xanes_model.damping.likely(spectra))
    assert states.sum(axis=1) == pytest.approx(1.0)
    assert states @ xanes_model.outputs.classes(STATE) == pytest.approx([2, 3], abs=0.3)


def test_the_oxidation_state_is_averaged_with_it_and_doubt_is_kept(xanes_model, spectra, monkeypatch):
    model, classes = xanes_model, xanes_model.outputs.classes(STATE)
    near = model.damping.infer(spectra)[1]
    both = model.evaluate({"xanes": spectra})
    monkeypatch.setattr(forest_output, "NEAREST", 0.0)
    forest = model.evaluate({"xanes": spectra})
    own, others = model.outputs.columns(STATE), slice(model.outputs.columns(STATE).stop, None)
    assert both.outputs[:, own] == pytest.approx((forest.outputs[:, own] + near) / 2)
    assert (both.outputs[:, others] == forest.outputs[:, others]).all()
    one, two = forest.outputs[:, own] @ classes, near @ classes
    within = near @ classes**2 - two**2
    expected = np.sqrt((forest.spread[STATE] ** 2 + within) / 2 + (one - two) ** 2 / 4)
    assert both.spread[STATE] == pytest.approx(expected, abs=1e-6)
    assert (both.spread[NUMBER] == forest.spread[NUMBER]).all()
