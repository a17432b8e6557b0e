from dataclasses import replace

import numpy as np
import pytest

from firstshell.dataset import embedded
from firstshell.errors import InputError, SlowWarning
from firstshell.measured.xanes.population import PLAIN
from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.prediction import model_cache as models
from firstshell.prediction.model_cache import cache_folder, channels_of, load_predictor, predictor
from firstshell.prediction.training import TOWARDS_LIKELIEST
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
            power = 1 if target is Target.OXIDATION_STATE else TOWARDS_LIKELIEST
            shares = {value: share**power for value, share in each.probabilities.items()}
            mean = sum(value * share for value, share in shares.items()) / sum(shares.values())
            assert each.value == pytest.approx(mean, abs=1e-2)
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
    assert asked(load_predictor(path)) == asked(first)


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
    with pytest.raises(InputError, match="raman"):
        channels_of(["raman"])
    with pytest.raises(InputError, match="nothing"):
        channels_of([])
    for metal in ("Xx", "../../etc/passwd"):
        with pytest.raises(InputError, match="not an element"):
            predictor(metal, ["xanes"], data=data, folder=tmp_path)
    with pytest.raises(InputError, match="no samples of 'Fe'"):
        predictor("Fe", ["xanes"], data=data, folder=tmp_path)
    assert [channel.name for channel in channels_of(["pdf", "xanes"])] == ["xanes", "pdf"]


def test_a_cache_that_cannot_be_written_costs_time_only(data, tmp_path, trained):
    (tmp_path / "models").write_text("in the way")
    with pytest.warns(SlowWarning, match=r"cannot be kept.*FIRSTSHELL_CACHE"):
        first = train(data, tmp_path)
    assert train(data, tmp_path) is first  # for the rest of this process
    assert len(trained) == 1
    models._unkept.clear()


def test_a_cache_that_cannot_be_read_is_none(monkeypatch, data, tmp_path, trained):
    def forbidden(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "is_file", forbidden)
    assert asked(train(data, tmp_path))
    assert len(trained) == 1
