import numpy as np
import pytest

from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.prediction.outputs import LENGTH_WEIGHT, Outputs, mean_and_spread
from firstshell.prediction.training import draw_features, fit
from firstshell.prediction.training_set import collect, joined, mixed
from firstshell.types import Target
from quick import QUICK, XANES

CHARGE, NUMBER, LENGTH = Target


@pytest.fixture(scope="module")
def samples(data):
    return collect(data, "Cu")


def altered(data, change):
    frame = data.frame.copy()
    change(frame)
    return Dataset(frame, data.spectra, data.grids, data.settings, data.excluded)


def sites_of(data, name):
    return data.frame.index[(data.frame["id"] == name) & (data.frame["level"] == "site")].tolist()


def test_all_sites_and_the_materials_with_more_than_one(data, samples):
    assert len(samples) == len(data.frame)  # 45 materials of two sites each
    assert samples.spectra["xanes"].shape == (len(samples), 100)
    for target in (CHARGE, NUMBER):
        assert samples.classes[target].shares.sum(axis=1) == pytest.approx(np.ones(len(samples)))
    per_material = {}
    for name, weight in zip(samples.names, samples.weights, strict=True):
        key = name.split("(")[1].split(",")[0].rstrip(")")
        per_material[key] = per_material.get(key, 0.0) + weight
    assert list(per_material.values()) == pytest.approx([1.0] * 45)


def test_whole_materials_only(data):
    whole = collect(data, "Cu", whole=True)
    assert len(whole) == 45
    assert not any("site" in name for name in whole.names)


def test_derived_materials_do_not_outvote_what_nature_has(data):
    """A state with a coordination number of which two are natural and six derived counts 3/9 each; another one 1."""
    materials = data.frame[data.frame["level"] == "material"]
    eight, others = materials["id"].tolist()[:8], materials["id"].tolist()[8:]

    def change(frame):
        frame["oxidation_state"], frame["coordination_number"], frame["origin"] = 2, 4, "natural"
        frame.loc[frame["id"].isin(eight), "coordination_number"] = 6
        frame.loc[frame["id"].isin(eight[2:]), "origin"] = "derived"

    whole = collect(altered(data, change), "Cu", whole=True)
    weights = dict(zip(whole.names, whole.weights, strict=True))
    found = {name.split("(")[1].rstrip(")"): weight for name, weight in weights.items()}
    assert [found[name] for name in eight] == pytest.approx([3 / 9] * 8)
    assert [found[name] for name in others] == pytest.approx([1.0] * len(others))


def test_a_material_has_the_averages_of_its_sites_by_multiplicity(data):
    one, two = sites_of(data, "cu-0000")

    def change(frame):
        frame.loc[one, ["oxidation_state", "coordination_number", "bond_length", "multiplicity"]] = [2, 4, 1.9, 3]
        frame.loc[two, ["oxidation_state", "coordination_number", "bond_length", "multiplicity"]] = [3, 6, 2.1, 1]
        frame.loc[frame["id"].eq("cu-0000") & frame["level"].eq("material"), ["oxidation_state", "bond_length"]] = None

    whole = collect(altered(data, change), "Cu", whole=True)
    row = next(i for i, name in enumerate(whole.names) if "cu-0000" in name)
    assert whole.truth(CHARGE)[row] == pytest.approx(2.25)
    assert whole.truth(NUMBER)[row] == pytest.approx(4.5)
    assert whole.truth(LENGTH)[row] == pytest.approx(1.95)


def test_what_belongs_together_is_of_one_group(samples):
    for name, group in zip(samples.names, samples.groups, strict=True):
        formula = name.split(",")[1].split("(")[0] if "," in name.split("(")[0] else name.split("(")[0]
        same = {samples.groups[i] for i, other in enumerate(samples.names) if formula.strip() in other}
        assert same == {group}


def test_rare_classes_are_left_out(data):
    rare = sites_of(data, "cu-0007")[0]
    found = collect(altered(data, lambda frame: frame.__setitem__("coordination_number", rare_at(frame, rare))), "Cu")
    assert 9 not in found.classes[NUMBER].classes
    assert not any(f"cu-0007, site {data.frame['site'][rare]}" in name for name in found.names)
    # Nor is the material that the site belongs to: part of it is not known.
    assert not any(name.endswith("(cu-0007)") for name in found.names)


def rare_at(frame, row):
    values = frame["coordination_number"].copy()
    values[row] = 9
    return values


def test_sites_without_labels_and_materials_without_all_sites_are_left_out(data):
    site = sites_of(data, "cu-0003")[1]

    def change(frame):
        frame.loc[site, "bond_length"] = None
        frame.loc[frame["id"] == "cu-0004", "missing_sites"] = 1

    names = collect(altered(data, change), "Cu").names
    assert sum("cu-0003" in name for name in names) == 1
    assert not any("cu-0004" in name for name in names)


def test_too_few_and_another_metal(data):
    with pytest.raises(InputError, match="no samples of 'Fe'"):
        collect(data, "Fe")
    few = data.take(np.flatnonzero(data.frame["id"].isin(["cu-0000", "cu-0001", "cu-0002", "cu-0003"])))
    with pytest.raises(InputError, match="At least 20"):
        collect(few, "Cu")


def test_mixtures_are_between_their_parts(samples):
    made = mixed(samples, 50, np.random.default_rng(0))
    assert len(made) == 50
    for i, name in enumerate(made.names):
        one, two = (samples.names.index(part) for part in name.split(" with "))
        for target in Target:
            low, high = sorted([samples.truth(target)[one], samples.truth(target)[two]])
            assert low - 1e-9 <= made.truth(target)[i] <= high + 1e-9
        assert made.groups[i] == samples.groups[one]
        a, b, mix = (values.spectra["xanes"][j] for values, j in [(samples, one), (samples, two), (made, i)])
        assert np.all(mix <= np.maximum(a, b) + 1e-12)
    both = joined(samples, made)
    assert len(both) == len(samples) + 50
    assert both.classes[CHARGE].shares[-1] == pytest.approx(made.classes[CHARGE].shares[-1])


def test_outputs_stand_side_by_side_and_give_back_what_was_encoded(samples):
    outputs = Outputs.of(samples)
    encoded = outputs.encode(samples)
    assert encoded.shape == (len(samples), outputs.count)
    for target in Target:
        assert outputs.averages(target, encoded) == pytest.approx(samples.truth(target))
    assert encoded[:, outputs.columns(LENGTH)].std() == pytest.approx(LENGTH_WEIGHT)
    assert list(outputs.classes(LENGTH)) == []


def test_samples_of_two_coordination_numbers_have_unlike_sites(samples):
    made = mixed(samples, 50, np.random.default_rng(0))
    both, outputs = joined(samples, made), Outputs.of(samples)
    unlike = outputs.unlike(outputs.encode(both))
    assert (unlike[: len(samples)] == 0).all()
    assert (unlike[len(samples) :] == ((made.classes[NUMBER].shares > 0).sum(axis=1) > 1)).all()
    assert 0 < unlike.sum() < 50


def test_trees_that_disagree_have_a_spread(samples):
    from firstshell.study.trees import Trees

    outputs, rng = Outputs.of(samples), np.random.default_rng(0)
    trees = Trees.of(fit(samples, XANES, outputs, QUICK, rng))
    means, spread = mean_and_spread(trees, draw_features(samples, XANES, rng), outputs, by_class=False)
    assert means.shape == (len(samples), trees.outputs)
    each = trees.each(draw_features(samples.take(np.arange(5)), XANES, np.random.default_rng(1)))
    assert each.shape == (QUICK.trees, 5, trees.outputs)
    for target in Target:
        assert spread[target].shape == (len(samples),)
        assert spread[target].max() > 0


def test_the_length_is_that_of_the_trees_which_agree_with_the_likeliest_class():
    outputs = Outputs((2, 3), (4, 6), 2.0, 1.0)
    rows = np.array([[0.0, 1.0, 0.0, 1.0, 0.0, 0.0]] * 3 + [[1.0, 0.0, 1.0, 0.0, 0.4, 0.0]])

    class Four:
        def each(self, features):
            return rows[:, None, :] + np.zeros((1, len(features), 1))

    for by_class, length in ((False, 2.1), (True, 2.0)):
        means, spread = mean_and_spread(Four(), np.zeros((2, 1)), outputs, by_class=by_class)
        assert outputs.averages(Target.BOND_LENGTH, means) == pytest.approx([length] * 2, abs=1e-5)
        assert outputs.averages(Target.COORDINATION_NUMBER, means) == pytest.approx([5.5] * 2)
        assert spread[Target.BOND_LENGTH] == pytest.approx([0.4 * np.sqrt(3) / 4] * 2)
