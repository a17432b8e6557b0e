"""Pictures are written in one place, whatever letters a name has."""

import re
import warnings
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import firstshell
from firstshell.errors import InputError
from firstshell.report.pictures import save_picture
from firstshell.report.style import paper_style


def titled(text):
    with paper_style():
        figure = Figure(figsize=(2, 1), layout="constrained")
        figure.subplots().set_title(text)
    return figure


def test_letters_that_no_font_has_are_no_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png, svg = save_picture(titled("酸化鉄 $x_1 試料"), tmp_path / "one")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "酸化鉄 $x_1 試料" in svg.read_text(encoding="utf-8")


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    first, second = (save_picture(titled("a"), tmp_path / name) for name in ("one", "two"))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_a_folder_that_cannot_be_written_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        save_picture(titled("a"), tmp_path / "file" / "one")


def test_nothing_else_writes_pictures():
    root = Path(firstshell.__file__).parent
    writers = [
        file for file in root.rglob("*.py") if re.search(r"^\s+[^>#]*\.savefig\(", file.read_text("utf-8"), re.M)
    ]
    assert {file.name for file in writers} == {"pictures.py", "types.py"}  # the second in memory, for notebooks
