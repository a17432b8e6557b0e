"""Whatever the command line can do, Python can, in the same words and with the same defaults."""

import inspect
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_type_hints

import pytest

import firstshell as fs
from firstshell.cli import app

NAMES = {"study": "run_study"}
"""Functions whose name is not that of the command."""
SAME = {("simulate", "file"): "structure", ("fit", "dask"): "executor", ("rank", "dask"): "executor"}
"""Words that name the same under another name."""
EVERYWHERE = {"progress": "reporter"}
ELSEWHERE = {
    ("simulate", "out"): "save_spectra",
    ("predict", "out"): "Answers.save",
    ("predict", "explain"): "Answer.evidence",
    ("predict", "save_model"): "Answers.save_model",
    ("predict", "verbose"): "Answers.frame",
    ("mix", "out"): "Mixtures.save",
    ("mix", "verbose"): "Mixtures.frame",
    ("fit", "out"): "StructureFit.save",
    ("rank", "out"): "Ranking.save",
    ("build", "verify"): "verify",
    ("study", "robustness"): "Study.report",
}
"""Options of commands that are methods or functions of their own."""
DEFAULTS = {("study", "out"), ("advise", "out"), ("rank", "candidates"), ("rank", "composition")}
"""Words whose default means the same in another form, or writes nothing in Python."""


def commands():
    return {name: app[name].default_command for name in app if not name.startswith("-")}


def options_of(command):
    """Options by word, those that several commands share as fields of one object among them."""
    kinds = get_type_hints(command)
    found = {}
    for word, option in inspect.signature(command).parameters.items():
        shared = is_dataclass(kinds[word])
        found |= inspect.signature(kinds[word]).parameters if shared else {word: option}
    return found


def python_of(name):
    return getattr(fs, NAMES.get(name, name.replace("-", "_")), None)


def test_every_command_has_a_function():
    assert {"study", "predict", "calibrate", "advise", "build", "fetch"} <= set(commands())
    assert [name for name in commands() if python_of(name) is None] == []


@pytest.mark.parametrize("name", commands())
def test_the_words_of_a_command_are_those_of_its_function(name):
    found = inspect.signature(python_of(name)).parameters
    for word, option in options_of(commands()[name]).items():
        if (name, word) in ELSEWHERE:
            assert _there(ELSEWHERE[name, word])
            assert word not in found
            continue
        other = SAME.get((name, word), EVERYWHERE.get(word, word))
        assert other in found, f"{name} has --{word}, and {python_of(name).__name__} has no {other}"
        if option.default is not option.empty and other == word and (name, word) not in DEFAULTS:
            assert _plain(found[word].default) == _plain(option.default), f"the default of {word} differs"


def test_no_exception_is_out_of_date():
    for name, word in (*SAME, *ELSEWHERE, *DEFAULTS):
        assert word in options_of(commands()[name])


def _there(dotted):
    thing = fs
    for part in dotted.split("."):
        thing = getattr(thing, part)
    return callable(thing)


def _plain(default):
    return str(default) if isinstance(default, Path) else default
