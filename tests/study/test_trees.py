from dataclasses import replace

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.study.forest import fit_forest
from firstshell.study.trees import Trees


@pytest.fixture(scope="module")
def forest():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 6))
    labels = np.column_stack([features[:, 0] > 0, features[:, 1] + 0.1 * features[:, 2], rng.normal(size=200)])
    return fit_forest(features, labels.astype(float), trees=12, max_features=3, min_samples_leaf=2)


def test_it_answers_as_scikit_learn_does_tree_by_tree(forest):
    trees, points = Trees.of(forest), np.random.default_rng(1).normal(size=(300, 6))
    expected = [tree.predict(points.astype(np.float32)) for tree in forest.estimators_]
    assert trees.outputs == 3
    assert np.allclose(trees.each(points), expected, atol=1e-6)
    assert np.allclose(trees.each(points).mean(axis=0), forest.predict(points), atol=1e-6)


def test_many_samples_are_taken_in_parts(forest, monkeypatch):
    trees, points = Trees.of(forest), np.random.default_rng(2).normal(size=(50, 6))
    whole = trees.each(points)
    monkeypatch.setattr("firstshell.study.trees.AT_ONCE", 12 * 7)
    assert np.array_equal(trees.each(points), whole)


def test_a_forest_of_stumps_and_leaves():
    features = np.random.default_rng(0).normal(size=(30, 2))
    constant = fit_forest(features, np.full(30, 1.5), trees=3, max_features=1)
    assert np.array_equal(Trees.of(constant).each(features), np.full((3, 30, 1), 1.5))


def test_arrays_come_back(forest):
    trees = Trees.of(forest)
    again, points = Trees.from_arrays(trees.arrays(), 6), np.random.default_rng(3).normal(size=(20, 6))
    assert np.array_equal(again.each(points), trees.each(points))


def changed(trees, name, place, value):
    array = getattr(trees, name).copy()
    array[place] = value
    return replace(trees, **{name: array}).arrays()


def test_arrays_that_would_lead_astray_are_refused(forest):
    trees = Trees.of(forest)
    inner = int(np.flatnonzero(trees.left >= 0)[0])
    leaf, second = int(np.flatnonzero(trees.left < 0)[0]), int(trees.roots[1])
    outside = "points outside"
    for name, place, value, message in [
        ("left", inner, 10**6, outside),
        ("right", inner, -7, outside),
        ("left", inner, inner, outside),  # a loop without an end
        ("left", inner, second, outside),  # into another tree
        ("right", leaf, 3, outside),
        ("feature", inner, 6, outside),
        ("feature", inner, -1, outside),
        ("threshold", inner, np.nan, "finite"),
        ("values", leaf, np.inf, "finite"),
        ("roots", 0, 1, "no roots"),
        ("roots", 1, len(trees.left), "no roots"),
    ]:
        with pytest.raises(InputError, match=message):
            Trees.from_arrays(changed(trees, name, place, value), 6)


def test_arrays_of_another_kind_are_refused(forest):
    arrays = Trees.of(forest).arrays()
    for name, wrong in [
        ("left", arrays["left"].astype(float)),
        ("left", arrays["left"][None]),
        ("values", arrays["values"][:, 0]),
        ("weight", None),
        ("threshold", np.array(["x"])),
    ]:
        with pytest.raises(InputError, match=f"no array {name}"):
            Trees.from_arrays(arrays | {name: wrong}, 6)
    with pytest.raises(InputError, match="differ in length"):
        Trees.from_arrays(arrays | {"left": arrays["left"][:-1]}, 6)
    with pytest.raises(InputError, match="no roots"):
        Trees.from_arrays(arrays | {"roots": arrays["roots"][:0]}, 6)
