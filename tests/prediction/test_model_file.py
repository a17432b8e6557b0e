"""Models in files: what is saved comes back; nothing else is built, run, or unpacked."""

import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from copy import deepcopy

import numpy as np
import pytest

from firstshell.errors import InputError
from firstshell.prediction import model_file
from firstshell.prediction.model import make_predictor
from firstshell.prediction.model_file import ABOUT, load_predictor, save_predictor
from quick import BOTH, QUICK


def npy(array, allow_pickle=False):
    """The bytes of a file of numpy's."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def archive(path, members, **how):
    """A zip archive of members by name."""
    with zipfile.ZipFile(path, "w", **how) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


def text(table):
    return npy(np.frombuffer(json.dumps(table).encode(), dtype=np.uint8))


@pytest.fixture(scope="module")
def both_model(data):
    """As it was trained, and not as a file has it."""
    return make_predictor(data, "Cu", BOTH, QUICK)


@pytest.fixture
def whole(xanes_model, tmp_path):
    """A model file, and its members by name."""
    save_predictor(xanes_model, tmp_path / "whole.npz")
    with zipfile.ZipFile(tmp_path / "whole.npz") as made:
        return {name: made.read(name) for name in made.namelist()}


def test_what_is_saved_comes_back(both_model, tmp_path):
    save_predictor(both_model, tmp_path / "m")
    again = load_predictor(tmp_path / "m")
    rng = np.random.default_rng(0)
    spectra = {"xanes": rng.random((4, 111)), "pdf": rng.normal(size=(4, 100))}
    assert again.predict(spectra) == both_model.predict(spectra)
    assert again.channels == both_model.channels
    assert (again.metal, again.inputs, again.dataset) == ("Cu", "xanes+pdf", both_model.dataset)
    for name, each in both_model.domains.items():
        assert again.domains[name].names == each.names
        assert again.domains[name].limit == each.limit


def test_the_same_members_are_read_however_they_are_stored(whole, xanes_model, tmp_path):
    again = load_predictor(archive(tmp_path / "m", whole))
    assert np.array_equal(again.trees.values, xanes_model.trees.values)
    assert set(whole) > {"about.npy", "trees/left.npy", "xanes/0.npy"}


def test_truncated_and_missing_files_are_refused(xanes_model, tmp_path):
    save_predictor(xanes_model, tmp_path / "m")
    whole = (tmp_path / "m").read_bytes()
    for size in (0, 10, len(whole) // 3, len(whole) - 1):
        (tmp_path / "cut").write_bytes(whole[:size])
        with pytest.raises(InputError, match="not a model"):
            load_predictor(tmp_path / "cut")
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(InputError, match="not a model"):
            load_predictor(path)


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def test_nothing_is_executed(whole, tmp_path):
    path = tmp_path / "m"
    for content in (pickle.dumps(Bomb()), b"\x80\x04."):
        path.write_bytes(content)
        with pytest.raises(InputError):
            load_predictor(path)
    bomb = npy(np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="other arrays than of numbers"):
        load_predictor(archive(path, whole | {"about.npy": bomb}))
    with pytest.raises(InputError, match="other arrays than of numbers"):
        load_predictor(archive(path, whole | {"names.npy": npy(np.array(["a"]))}))


def peak(path):
    """Bytes that reading a file takes at most."""
    tracemalloc.start()
    with pytest.raises(InputError):
        load_predictor(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_memory_is_bounded_by_the_bytes_of_the_file(whole, tmp_path):
    zeros = npy(np.zeros(20_000_000))
    packed = archive(tmp_path / "packed", whole | {"xanes/0.npy": zeros}, compression=zipfile.ZIP_DEFLATED)
    assert packed.stat().st_size < 3_000_000
    assert peak(packed) < 3_000_000
    claims = npy(np.zeros((1,))).replace(b"'shape': (1,), }         ", b"'shape': (9999999999,), }")
    assert b"9999999999" in claims
    assert peak(archive(tmp_path / "claims", whole | {"xanes/0.npy": claims})) < 12_000_000


def test_parts_that_overlap_are_refused(tmp_path):
    """Fifty names for the bytes of one part."""
    path = archive(tmp_path / "m", {f"{i:02d}.npy": npy(np.zeros(1000)) if i == 0 else b"" for i in range(50)})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    first = data[at : at + 46]
    while (at := data.find(b"PK\x01\x02", at + 1)) > 0:
        data[at + 16 : at + 28], data[at + 42 : at + 46] = first[16:28], first[42:46]
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="overlap"):
        load_predictor(path)


def test_too_many_parts_are_refused_unread(tmp_path):
    path = archive(tmp_path / "m", {f"{i}": b"" for i in range(3000)})
    with pytest.raises(InputError, match="too many parts"):
        load_predictor(path)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)
    path.write_bytes(b"PK\x06\x07" + bytes(16) + end)
    with pytest.raises(InputError, match="no plain archive"):
        load_predictor(path)


def test_large_files_are_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(model_file, "MAX_BYTES", 10_000)
    (tmp_path / "m").write_bytes(bytes(10_001))
    with pytest.raises(InputError, match="a model of over"):
        load_predictor(tmp_path / "m")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"protocol": 1}, "protocol 1, not 6"),
        ({"protocol": "x" * 10_000}, "protocol 'xxx"),
        ({}, "not a model: KeyError"),
        ([1], "not a model: TypeError"),
        ({"protocol": 6}, "holds no predictor"),
    ],
)
def test_other_tables_are_refused(whole, tmp_path, table, message):
    with pytest.raises(InputError, match=message) as caught:
        load_predictor(archive(tmp_path / "m", whole | {f"{ABOUT}.npy": text(table)}))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("content", [b"[" * 100_000, b"9" * 5000, b'{"protocol": 1e999}', b"\xff"])
def test_crafted_json_is_refused(whole, tmp_path, content):
    with pytest.raises(InputError, match="model"):
        load_predictor(archive(tmp_path / "m", whole | {f"{ABOUT}.npy": npy(np.frombuffer(content, dtype=np.uint8))}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about, arrays: about.pop("metal"), "metal"),
        (lambda about, arrays: about["calibrations"].pop("bond_length"), "parts are missing"),
        (lambda about, arrays: about["outputs"].update(oxidation_states=[1, 2, 3, 4, 5]), "other outputs"),
        (lambda about, arrays: about["outputs"].update(oxidation_states=[2, 10**30]), "no predictor"),
        (lambda about, arrays: about["outputs"].update(centre="far"), "centre"),
        (lambda about, arrays: about["outputs"].update(centre=10**400), "centre"),
        (lambda about, arrays: about.update(channels=[]), "no predictor"),
        (lambda about, arrays: about["channels"][0].update(view="nothing"), "no view"),
        (lambda about, arrays: about["channels"][0].update(more=1), "unknown setting"),
        (lambda about, arrays: about["domains"]["xanes"]["names"].pop(), "do not match"),
        (lambda about, arrays: about["domains"]["xanes"].update(limit="x"), "x"),
        (lambda about, arrays: about["domains"]["xanes"].update(limit=float("nan")), "not positive"),
        (lambda about, arrays: arrays.pop("trees/left"), "no array left"),
        (lambda about, arrays: arrays["trees/feature"].fill(5000), "points outside"),
        (lambda about, arrays: arrays["trees/left"].__setitem__(0, 0), "points outside"),
        (lambda about, arrays: arrays["trees/right"].__setitem__(0, 10**8), "points outside"),
        (lambda about, arrays: arrays["trees/weight"].fill(np.nan), "finite"),
        (lambda about, arrays: arrays["xanes/0"].fill(np.nan), "not finite"),
        (lambda about, arrays: arrays.update({"xanes/1": arrays["xanes/1"][:, :, :5]}), "different lengths"),
        (lambda about, arrays: arrays.update({f"xanes/{i}": arrays[f"xanes/{i}"][..., :5] for i in "01"}), "different"),
        (lambda about, arrays: arrays.update({f"xanes/{i}": arrays[f"xanes/{i}"][:, :0] for i in "01"}), "different"),
        (lambda about, arrays: arrays.pop("xanes/1"), "do not match"),
    ],
)
def test_crafted_contents_are_refused(xanes_model, tmp_path, change, message):
    about, arrays = deepcopy(model_file._packed(xanes_model))
    change(about, arrays)
    with pytest.raises(InputError, match=message):
        model_file._unpacked(about, arrays, tmp_path / "m")
