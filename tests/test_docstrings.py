"""Docstrings of the public names: each has the sections of numpydoc, and its examples run."""

import doctest
import inspect
from pathlib import Path

import pytest

import firstshell as fs
from example_files import lay_out
from firstshell.types import Grid

ROOT = Path(__file__).parents[1]
PUBLIC = {name: getattr(fs, name) for name in fs.__all__ if name != "__version__"}
RETURNED = {"Grid": Grid}
SLOW = {
    "Advice",
    "Answer",
    "Answers",
    "Mixtures",
    "Study",
    "advise",
    "build_report",
    "mix",
    "predict",
    "run_study",
    "score",
}
LEFT_OUT = {
    "GL01",  # the text begins on the first line
    "GL02",
    "GL03",
    "ES01",  # an extended summary is not always needed
    "SA01",  # nor is See Also
    "PR08",  # descriptions are not sentences
    "PR09",
    "RT03",
    "RT04",
    "RT05",
}


ENUMS = {"firstshell.types.Target"}
"""Their parameters are those of Enum."""


def members():
    """Dotted path of every public name, of what they return, and of their public methods."""
    for name, thing in (PUBLIC | RETURNED).items():
        path = f"{thing.__module__}.{thing.__qualname__}"
        yield pytest.param(path, name in PUBLIC, id=name)
        if inspect.isclass(thing):
            for method, value in vars(thing).items():
                function = getattr(value, "__func__", value)
                if not method.startswith("_") and inspect.isfunction(function):
                    yield pytest.param(f"{path}.{method}", False, id=f"{name}.{method}")


@pytest.mark.parametrize(("path", "has_example"), list(members()))
def test_sections(path, has_example):
    validate = pytest.importorskip("numpydoc.validate")
    left_out = LEFT_OUT | (set() if has_example else {"EX01"}) | ({"PR01"} if path in ENUMS else set())
    found = validate.validate(path)
    assert [(code, text) for code, text in found["errors"] if code not in left_out] == []


def test_the_documentation_lists_every_public_name():
    listed = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8").split()
    assert set(PUBLIC) <= set(listed)


@pytest.fixture
def files(tmp_path, monkeypatch, common):
    """The files that examples name, in the current folder."""
    lay_out(tmp_path, monkeypatch, common / "cache")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in PUBLIC]
)
def test_examples(name, files, capsys):
    (example,) = doctest.DocTestFinder(recurse=False).find(PUBLIC[name], name, globs={})
    assert doctest.DocTestRunner().run(example).failed == 0, capsys.readouterr().out
    assert example.examples
