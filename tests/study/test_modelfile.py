import importlib.util
import io
import json
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from firstshell.errors import InputError
from firstshell.study import modelfile
from firstshell.study.forest import fit_forest
from firstshell.study.modelfile import Model, load_model, save_model

GOOD = {"firstshell": 1, "about": "{}", "forests": {}, "arrays": {}}
BACKENDS = ["sklearn"] + (["intelex"] if importlib.util.find_spec("sklearnex") else [])


@pytest.fixture(params=BACKENDS)
def model(request):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 5))
    forest = fit_forest(features, (features[:, 0] > 0).astype(np.int64), trees=5, max_features=2, backend=request.param)
    return Model({"oxidation_state": forest}, {"metal": "Cu", "inputs": "xanes"}, {"grid": np.linspace(0, 1, 7)})


def test_what_is_saved_comes_back(model, tmp_path):
    path = tmp_path / "model.skops"
    save_model(model, path)
    read, points = load_model(path), np.random.default_rng(1).normal(size=(30, 5))
    assert np.array_equal(
        read.forests["oxidation_state"].predict_proba(points), model.forests["oxidation_state"].predict_proba(points)
    )
    assert np.array_equal(read.arrays["grid"], model.arrays["grid"])
    assert read.about == model.about
    assert skops.io.get_untrusted_types(file=path) == ["sklearn.tree._tree.Tree"]


def test_lengths_come_back_too(tmp_path):
    features = np.random.default_rng(0).normal(size=(60, 5))
    forest = fit_forest(features, features[:, 0], trees=5, max_features=2)
    save_model(Model({"bond_length": forest}, {}), tmp_path / "m.skops")
    read = load_model(tmp_path / "m.skops").forests["bond_length"]
    assert np.array_equal(read.predict(features), forest.predict(features))


def write(path, content):
    path.write_bytes(skops.io.dumps(content))
    return path


def bad_tree(model, name, value):
    tree = model.forests["oxidation_state"].estimators_[0].tree_
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    inner = np.flatnonzero(state["nodes"]["left_child"] >= 0)
    state["nodes"][name][inner[0]] = value
    tree.__setstate__(state)
    return model


@pytest.mark.parametrize(
    ("name", "value"), [("left_child", 10**6), ("right_child", -7), ("left_child", 0), ("feature", 99), ("feature", -3)]
)
def test_a_tree_that_points_outside_itself_is_refused(model, tmp_path, name, value):
    save_model(bad_tree(model, name, value), tmp_path / "m.skops")
    with pytest.raises(InputError, match="nodes point outside"):
        load_model(tmp_path / "m.skops")


def test_a_forest_of_other_things_than_trees_is_refused(model, tmp_path):
    model.forests["oxidation_state"].estimators_[2] = LinearRegression()
    save_model(model, tmp_path / "m.skops")
    with pytest.raises(InputError, match="other things than trees"):
        load_model(tmp_path / "m.skops")


class Unknown:
    def __init__(self):
        self.built = True

    def __setstate__(self, state):
        raise AssertionError("something was built before the audit")


def test_unknown_types_are_refused_before_anything_is_built(model, tmp_path):
    content = {"firstshell": 1, "about": "{}", "forests": model.forests, "arrays": {}, "more": Unknown()}
    with pytest.raises(InputError, match=r"types that are not trusted: .*Unknown"):
        load_model(write(tmp_path / "m.skops", content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"firstshell": 1}, "was not written by firstshell"),
        (GOOD | {"forests": {"a": LinearRegression()}}, "something else than a random forest"),
        (GOOD, "holds nothing"),
        (GOOD | {"arrays": {"a": 1}}, "other arrays than of numbers"),
        (GOOD | {"firstshell": 2}, "is of protocol 2"),
        ([1, 2], "was not written by firstshell"),
    ],
)
def test_other_content_is_refused(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        load_model(write(tmp_path / "m.skops", content))


def test_arrays_of_other_things_than_numbers_are_refused(model, tmp_path):
    content = GOOD | {"forests": model.forests, "arrays": {"names": np.array(["a"])}}
    with pytest.raises(InputError, match="other arrays than of numbers"):
        load_model(write(tmp_path / "m.skops", content))


def test_damaged_files_are_refused(model, tmp_path):
    path = tmp_path / "m.skops"
    save_model(model, path)
    whole = path.read_bytes()
    for damaged in (b"", b"text", whole[: len(whole) // 2], whole[:-30]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="not a model file"):
            load_model(path)
    with pytest.raises(InputError, match="not a model file"):
        load_model(tmp_path / "absent.skops")


def test_a_crafted_schema_is_refused(model, tmp_path):
    path = tmp_path / "m.skops"
    save_model(model, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    schema["__loader__"] = "NoSuchNode"
    members["schema.json"] = json.dumps(schema).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    path.write_bytes(buffer.getvalue())
    with pytest.raises(InputError, match="not a model file"):
        load_model(path)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(modelfile, "MAX_BYTES", 10_000)
    path = tmp_path / "m.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b"0" * 1_000_000)
    with pytest.raises(InputError, match="unpacked"):
        load_model(path)
    path.write_bytes(b"0" * 20_000)
    with pytest.raises(InputError, match="a model file of over"):
        load_model(path)
