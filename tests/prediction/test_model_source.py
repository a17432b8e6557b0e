"""One source of models for command line, page and API."""

import pytest

from firstshell.errors import InputError
from firstshell.prediction import model_cache
from firstshell.prediction.model_file import save_predictor
from firstshell.prediction.model_source import ModelSource, kind_of


def test_a_kind_has_one_name():
    assert kind_of("Cu", ["pdf", "xanes", "pdf"], "xray") == ("Cu", ("xanes", "pdf"), "xray")
    for words in (("Cu", ["raman"], "xray"), ("Cu", [], "xray"), ("Cu", ["xanes"], "gamma")):
        with pytest.raises(InputError):
            kind_of(*words)


def test_the_cache_is_asked_with_what_the_source_knows(monkeypatch, xanes_model, data):
    asked = []
    monkeypatch.setattr(model_cache, "predictor", lambda *words, **how: asked.append((words, how)) or xanes_model)
    assert ModelSource(load=lambda: data, reporter="mine")("Cu", ["xanes"], "neutron") is xanes_model
    assert ModelSource()("Cu", ["xanes"], reporter="yours") is xanes_model
    how = {"population": None, "radiation": "neutron", "data": data, "reporter": "mine"}
    assert asked[0] == (("Cu", ("xanes",)), how)
    assert asked[1][1] == {"population": None, "radiation": "xray", "data": None, "reporter": "yours"}


def test_a_saved_model_is_read_once_and_answers_for_its_kind(xanes_model, tmp_path):
    save_predictor(xanes_model, tmp_path / "m.npz")
    source = ModelSource(tmp_path / "m.npz")
    found = source("Cu", ["xanes"])
    (tmp_path / "m.npz").unlink()
    assert source("Cu", ["xanes"]) is found
    for metal, inputs in (("Fe", ["xanes"]), ("Cu", ["xanes", "pdf"])):
        with pytest.raises(InputError, match="the model is of Cu from xanes"):
            source(metal, inputs)
