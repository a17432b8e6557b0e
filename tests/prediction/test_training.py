from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.prediction import training
from firstshell.prediction.outputs import Outputs
from firstshell.prediction.pdf_channel import PdfChannel
from firstshell.prediction.training import TrainingParams, best_temperature, conformal_quantile, sharpened, train
from firstshell.prediction.training_set import collect
from firstshell.types import Target
from quick import QUICK, XANES


def test_a_conformal_quantile_covers_what_it_says():
    rng, covered = np.random.default_rng(0), []
    for _ in range(3000):
        scores = rng.exponential(size=41)
        covered.append(scores[40] <= conformal_quantile(scores[:40], np.ones(40), 0.9))
    # (n + 1) coverage rounded up, over n + 1: 37/41, with four standard errors.
    assert np.mean(covered) == pytest.approx(37 / 41, abs=4 * 0.3 / np.sqrt(3000))


def test_a_sample_of_little_weight_moves_the_quantile_little():
    scores = np.append(np.arange(100.0), 1000.0)
    heavy, light = (conformal_quantile(scores, np.append(np.ones(100), w), 0.9) for w in (20.0, 1e-6))
    assert heavy == 1000.0
    assert light == pytest.approx(90.0, abs=1.5)
    assert conformal_quantile(np.array([1.0, 2.0]), np.ones(2), 0.9) == 2.0  # too few: the largest there is


def test_repeated_rows_count_as_the_materials_that_they_are():
    scores = np.sort(np.random.default_rng(1).exponential(size=50))
    once = conformal_quantile(scores, np.ones(50), 0.9)
    thrice = conformal_quantile(np.repeat(scores, 3), np.full(150, 1 / 3), 0.9)
    assert once == pytest.approx(thrice, rel=0.15)


def test_the_best_temperature_is_the_one_that_made_the_shares():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet([1.0, 1.0, 1.0], 4000)
    for temperature in (0.5, 1.0, 2.0):
        true = sharpened(shares, temperature, 0.02)
        drawn = np.eye(3)[[rng.choice(3, p=p) for p in true]]
        assert best_temperature(shares, drawn, np.ones(4000), 0.02) == pytest.approx(temperature, rel=0.12)


def test_sharpened_shares_add_to_one_and_keep_their_order():
    shares = np.array([[0.0, 0.3, 0.7], [1.0, 0.0, 0.0]])
    for temperature, doubt in product((0.3, 1.0, 3.0), (0.02, 0.1)):
        found = sharpened(shares, temperature, doubt)
        assert found.sum(axis=1) == pytest.approx([1, 1])
        assert (found >= doubt / 3).all()  # no class is ruled out, and none certain
        assert (found <= 1 - doubt * 2 / 3).all()
        assert (found.argmax(axis=1) == [2, 0]).all()
    assert sharpened(shares, 0.3, 0.02)[0, 2] > 0.7 > sharpened(shares, 3.0, 0.02)[0, 2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("channels", "doubt"), [(XANES, 0.02), ((PdfChannel(),), 0.08), ((*XANES, PdfChannel()), 0.02)]
)
def test_a_spectrum_beside_it_takes_a_pdfs_doubt_away(data, channels, doubt):
    made = train(collect(data, "Cu"), channels, QUICK)
    assert {how.doubt for how in made.calibrations.values()} == {doubt}


@pytest.mark.slow
def test_no_held_out_group_is_trained_on(data, monkeypatch):
    samples, fitted = collect(data, "Cu"), []
    fit, draw_features = training.fit, training.draw_features
    trained_on = []

    def spy_fit(part, *rest):
        fitted.append(set(part.groups.tolist()))
        trained_on.clear()
        return fit(part, *rest)

    def spy_features(part, channels, rng):
        trained_on.append(set(part.groups.tolist()))
        return draw_features(part, channels, rng)

    monkeypatch.setattr(training, "fit", spy_fit)
    monkeypatch.setattr(training, "draw_features", spy_features)
    made = train(samples, XANES, replace(QUICK, folds=3))
    assert len(fitted) == 4
    everything = set(samples.groups.tolist())
    assert fitted[3] == everything
    held = made.held_out
    parts = np.array_split(held.rows, [sum(len(p) for p in _folds(held.rows, samples, fitted)[:i]) for i in (1, 2)])
    for groups, rows in zip(fitted[:3], parts, strict=True):
        assert groups.isdisjoint(samples.groups[rows].tolist())
        assert groups | set(samples.groups[rows].tolist()) == everything
    assert sorted(set(held.rows.tolist())) == list(range(len(samples)))


def _folds(rows, samples, fitted):
    """The rows of each fold, in the order in which they were held out."""
    return [[r for r in rows if samples.groups[r] not in groups] for groups in fitted[:3]]


@pytest.mark.slow
def test_mixtures_are_made_of_what_is_trained_on_only(data, monkeypatch):
    samples, given = collect(data, "Cu"), []
    mixed = training.mixed
    monkeypatch.setattr(training, "mixed", lambda part, *rest: given.append(len(part)) or mixed(part, *rest))
    train(samples, XANES, QUICK)
    assert len(given) == 3
    assert given[0] + given[1] == len(samples)


def test_intervals_of_held_out_materials_cover_nine_in_ten(data):
    samples = collect(data, "Cu")
    made = train(samples, XANES, QUICK)
    outputs = Outputs.of(samples)
    for target in Target:
        how = made.calibrations[target]
        held, truth = made.held_out, samples.truth(target)[made.held_out.rows]
        low, high = training.intervals(outputs, target, held.outputs, held.spread[target], how)
        inside = (low <= truth) & (truth <= high)
        covered = np.average(inside, weights=samples.weights[made.held_out.rows])
        assert 0.88 <= covered <= 0.96  # over 0.9 as far as few samples round quantiles up


@pytest.mark.parametrize(
    "wrong", [{"copies": 0}, {"trees": 2000}, {"folds": 1}, {"min_samples_leaf": 0}, {"mixtures": -1}]
)
def test_settings_out_of_range(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        TrainingParams(**wrong)


def test_each_likeliest_class_has_its_own_width():
    rng = np.random.default_rng(0)
    classes = np.repeat([0, 1, 3], [600, 600, 9])
    scores = np.abs(rng.normal(size=len(classes))) * np.where(classes == 1, 3.0, 1.0)
    widths = training.class_widths(scores, np.ones(len(classes)), classes)
    assert widths[0] == pytest.approx(1.64, abs=0.15)
    assert widths[1] == pytest.approx(3 * 1.64, abs=0.45)
    whole = training.conformal_quantile(scores, np.ones(len(classes)), 0.9)
    assert widths[2] == whole  # never likeliest among what was held out
    assert widths[3] >= whole  # too rare to be narrower
