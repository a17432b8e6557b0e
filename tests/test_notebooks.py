"""The notebooks of the documentation: every cell runs, from the first to the last, with stand-ins for what is slow."""

import ast
import json
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest

from example_files import lay_out
from firstshell.dataset import embedded
from firstshell.elements import k_edge
from quick import level, quick_data

BOOKS = sorted((Path(__file__).parents[1] / "docs" / "notebooks").glob("*.ipynb"))


def cells(path):
    book = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def run(source, names):
    """Run one cell; return the value of its last expression, as a notebook shows it."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def site_xanes(structure, site, *_):
    """What the engine returns, without its ten seconds."""
    energy, mu = level()
    found = SimpleNamespace(energy=energy + k_edge(structure[site].species_string), mu=mu)
    return found, {"site": site, "fermi_eV": -8.0}


@pytest.mark.slow
@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path, tmp_path, monkeypatch):
    lay_out(tmp_path, monkeypatch, tmp_path / "cache")  # of its own, as the dataset is another one
    monkeypatch.setattr("firstshell.simulation.xanes.site_xanes", site_xanes)
    monkeypatch.setattr("firstshell.report.build._drawn", lambda shown, *_: {each.name: "" for each in shown})
    small = quick_data(("Cu", "Mn"))
    monkeypatch.setattr(embedded, "load_dataset", lambda: small)
    names = {"__name__": "__main__"}
    shown = [run("".join(cell["source"]), names) for cell in cells(path)]
    assert sum(value is not None for value in shown) >= 3
    plt.close("all")


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path):
    assert [cell for cell in cells(path) if cell["outputs"] or cell["execution_count"] is not None] == []


def test_there_are_three():
    assert {path.stem for path in BOOKS} == {"my-spectrum", "the-paper", "my-structures"}
