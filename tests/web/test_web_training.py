"""Models are made once, in the background; what goes wrong is told, and tried again."""

import threading

import pytest

from firstshell.errors import InputError
from firstshell.web import jobs, training
from firstshell.web.jobs import NotReadyError
from firstshell.web.training import Models


def test_one_making_for_all_who_ask(monkeypatch):
    monkeypatch.setattr(jobs, "PATIENCE", 0.01)
    go, calls = threading.Event(), []

    def train(metal, inputs, radiation, reporter):
        calls.append((metal, inputs, radiation))
        reporter.start("Training", 3)
        reporter.advance(2)
        go.wait(10)
        return "model"

    models = Models(train, lambda: ("Fe",))
    for _ in range(3):
        with pytest.raises(NotReadyError):
            models("Fe", ("xanes",), "xray")
    assert [(each["done"], each["total"]) for each in models.progress()] == [(2, 3)]
    go.set()
    monkeypatch.setattr(jobs, "PATIENCE", 10)
    assert models("Fe", ("xanes",), "xray") == "model"
    assert models("Fe", ("xanes",), "xray") == "model"
    assert calls == [("Fe", ("xanes",), "xray")]
    assert models.progress() == []


def test_what_went_wrong_is_told_and_tried_again():
    failures = iter([InputError("too few"), RuntimeError("fault")])

    def train(metal, inputs, radiation, reporter):
        error = next(failures, None)
        if error:
            raise error
        return "model"

    models = Models(train, lambda: ("Fe",))
    with pytest.raises(InputError, match="too few"):
        models("Fe", ("xanes",), "xray")
    with pytest.raises(RuntimeError, match="fault"):
        models("Fe", ("xanes",), "xray")
    assert models("Fe", ("xanes",), "xray") == "model"


def test_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(training, "MOST", 2)
    made = []
    models = Models(lambda metal, *_: made.append(metal) or metal, lambda: ("Cu", "Fe", "Mn"))
    for metal in ("Cu", "Fe", "Mn", "Fe", "Cu"):
        assert models(metal, ("xanes",), "xray") == metal
    assert made == ["Cu", "Fe", "Mn", "Cu"]


def test_an_unknown_metal_is_an_error():
    with pytest.raises(InputError, match="no model knows Ni"):
        Models(lambda *_: None, lambda: ("Fe",))("Ni", ("xanes",), "xray")
