import io
import pickle
import zipfile
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import skops.io

from firstshell.dataset import embedded
from firstshell.errors import InputError
from firstshell.measured.xanes.footing import ENERGY
from firstshell.measured.xanes.population import PLAIN
from firstshell.prediction import model_cache as models
from firstshell.prediction import model_file as predictor_file
from firstshell.prediction.model_cache import cache_folder, channels_of, load_predictor, predictor, save_predictor
from firstshell.prediction.model_file import keep_predictor, kept_predictor
from firstshell.types import Target
from quick import QUICK, on_dataset_grid, quick_data
from synthetic import GRIDS


def asked(model, charge=2, number=5):
    return model.predict({"xanes": np.interp(ENERGY, GRIDS["xanes"].values, on_dataset_grid(charge, number))})[0]


def train(data, folder, **changed):
    return predictor("Cu", ["xanes"], data=data, population=PLAIN, params=QUICK, folder=folder, **changed)


@pytest.fixture
def trained(monkeypatch, xanes_model):
    """Whatever is to be trained is there already; counts how often."""
    calls = []
    monkeypatch.setattr(models, "make_predictor", lambda *a: calls.append(a) or xanes_model)
    models._cached.cache_clear()
    yield calls
    models._cached.cache_clear()


def test_answers(xanes_model):
    found = asked(xanes_model, charge=3, number=6)
    assert found[Target.OXIDATION_STATE].most_likely == 3
    for target, each in found.items():
        low, high = each.interval
        assert low <= each.value <= high
        assert each.inputs == "xanes"
        if target.is_class:
            assert sum(each.probabilities.values()) == pytest.approx(1.0)
            mean = sum(value * share for value, share in each.probabilities.items())
            assert each.value == pytest.approx(mean)
            assert min(each.probabilities) <= low
            assert high <= max(each.probabilities)


def test_a_model_is_trained_once_and_answers_the_same_from_the_cache(data, tmp_path, trained):
    first = train(data, tmp_path)
    models._cached.cache_clear()
    second = train(data, tmp_path)
    assert len(trained) == 1
    assert asked(first) == asked(second)
    assert train(data, tmp_path) is second  # and is not read again
    assert [path.suffix for path in (tmp_path / "models").iterdir()] == [".npz"]


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"x" * 100, lambda b: b[:-200] + b"\0" * 200]
)
def test_a_damaged_file_of_the_cache_is_made_again(data, tmp_path, trained, damage):
    first = train(data, tmp_path)
    path = next((tmp_path / "models").iterdir())
    path.write_bytes(damage(path.read_bytes()))
    models._cached.cache_clear()
    assert asked(train(data, tmp_path)) == asked(first)
    assert len(trained) == 2
    assert asked(kept_predictor(path)) == asked(first)


def test_other_data_settings_or_transfers_make_another_model(data, tmp_path, trained):
    train(data, tmp_path)
    other = quick_data()
    other.spectra["xanes"][0, 0] += 0.01
    train(other, tmp_path)
    wider = replace(PLAIN, spread=PLAIN.spread | {"shift": 2.0})
    predictor("Cu", ["xanes"], data=data, population=wider, params=QUICK, folder=tmp_path)
    predictor("Cu", ["xanes"], data=data, population=PLAIN, params=replace(QUICK, seed=1), folder=tmp_path)
    assert len(trained) == 4
    assert len(list((tmp_path / "models").iterdir())) == 4


def test_which_dataset_it_is_is_known_without_reading_it():
    assert embedded.manifest()["oxides"]["hash"] == embedded.load_dataset().hash


def test_the_cache_is_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("FIRSTSHELL_CACHE", str(tmp_path / "a"))
    assert cache_folder() == tmp_path / "a"
    monkeypatch.delenv("FIRSTSHELL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "firstshell"


def test_unknown_inputs_and_metals(data, tmp_path):
    with pytest.raises(InputError, match="exafs"):
        channels_of(["exafs"])
    with pytest.raises(InputError, match="nothing"):
        channels_of([])
    for metal in ("Xx", "../../etc/passwd"):
        with pytest.raises(InputError, match="not an element"):
            predictor(metal, ["xanes"], data=data, folder=tmp_path)
    with pytest.raises(InputError, match="no samples of 'Fe'"):
        predictor("Fe", ["xanes"], data=data, folder=tmp_path)
    assert [channel.name for channel in channels_of(["pdf", "xanes"])] == ["xanes", "pdf"]


@pytest.fixture(params=[(save_predictor, load_predictor), (keep_predictor, kept_predictor)])
def way(request):
    return request.param


def test_what_is_saved_comes_back(both_model, tmp_path, way):
    write, read = way
    write(both_model, tmp_path / "m")
    again = read(tmp_path / "m")
    rng = np.random.default_rng(0)
    spectra = {"xanes": rng.random((4, 111)), "pdf": rng.normal(size=(4, 100))}
    assert again.predict(spectra) == both_model.predict(spectra)
    assert again.channels == both_model.channels
    assert (again.metal, again.inputs, again.dataset) == ("Cu", "xanes+pdf", both_model.dataset)
    for name, each in both_model.likeness.items():
        assert again.likeness[name].names == each.names
        assert again.likeness[name].limit == each.limit


def test_a_saved_file_holds_nothing_that_needs_trust(xanes_model, tmp_path):
    save_predictor(xanes_model, tmp_path / "m.skops")
    assert skops.io.get_untrusted_types(file=tmp_path / "m.skops") == []


def test_truncated_and_missing_files_are_refused(xanes_model, tmp_path, way):
    write, read = way
    write(xanes_model, tmp_path / "m")
    whole = (tmp_path / "m").read_bytes()
    for size in (0, 10, len(whole) // 3, len(whole) - 1):
        (tmp_path / "cut").write_bytes(whole[:size])
        with pytest.raises(InputError, match="model"):
            read(tmp_path / "cut")
    with pytest.raises(InputError, match="model"):
        read(tmp_path / "absent")
    with pytest.raises(InputError, match="model"):
        read(tmp_path)


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def test_nothing_is_executed(tmp_path, way):
    path = tmp_path / "m"
    for content in (pickle.dumps(Bomb()), b"\x80\x04."):
        path.write_bytes(content)
        with pytest.raises(InputError):
            way[1](path)
    with zipfile.ZipFile(path, "w") as archive:
        buffer = io.BytesIO()
        np.save(buffer, np.array([Bomb()], dtype=object), allow_pickle=True)
        archive.writestr("about.npy", buffer.getvalue())
    with pytest.raises(InputError):
        way[1](path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about, arrays: about.update(kind="other"), "another kind"),
        (lambda about, arrays: about.pop("metal"), "metal"),
        (lambda about, arrays: about["calibrations"].pop("bond_length"), "parts are missing"),
        (lambda about, arrays: about["outputs"].update(oxidation_states=[1, 2, 3, 4, 5]), "other outputs"),
        (lambda about, arrays: about["outputs"].update(centre="far"), "centre"),
        (lambda about, arrays: about.update(channels=[]), "parts are missing"),
        (lambda about, arrays: about["channels"][0].update(seen="nothing"), "no view"),
        (lambda about, arrays: about["channels"][0].update(more=1), "unknown setting"),
        (lambda about, arrays: about["likeness"]["xanes"]["names"].pop(), "do not match"),
        (lambda about, arrays: about["likeness"]["xanes"].update(limit="x"), "x"),
        (lambda about, arrays: arrays.pop("trees/left"), "no array left"),
        (lambda about, arrays: arrays["trees/feature"].fill(5000), "points outside"),
        (lambda about, arrays: arrays["xanes/0"].fill(np.nan), "not finite"),
        (lambda about, arrays: arrays.update({"xanes/1": arrays["xanes/1"][:, :, :5]}), "different lengths"),
    ],
)
def test_crafted_tables_are_refused(xanes_model, tmp_path, change, message):
    about, arrays = deepcopy(predictor_file._packed(xanes_model))
    change(about, arrays)
    with pytest.raises(InputError, match=message):
        predictor_file._unpacked(about, arrays, tmp_path / "m")
