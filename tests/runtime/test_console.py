"""Names are data: at the terminal, in spreadsheets, and to who reads the source."""

import ast
import io
import sys
from pathlib import Path

import pandas as pd
import pytest

import firstshell
from firstshell.runtime.console import plain, say
from firstshell.runtime.progress import Plain, Rich
from firstshell.runtime.spreadsheet import csv_text, guarded, read_csv, write_csv

PACKAGE = Path(firstshell.__file__).parent
FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1+1", "'=1", "''=1"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Fe₂O₃, 20 °C – Å", "Fe₂O₃, 20 °C – Å"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\x9b2Jb", r"a\x9b2Jb"),
        ("gpj.\u202etxt", r"gpj.\u202etxt"),
        ("two\nlines", r"two\nlines"),
        ("bytes \udcff", r"bytes \udcff"),
    ],
)
def test_control_characters_are_written_out(name, shown):
    assert plain(name) == shown


def test_lines_stay_lines_and_a_poor_terminal_is_no_error():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    say("a\x1b\nb", "1.95 Å", file=stream)
    stream.flush()
    assert stream.buffer.getvalue() == b"a\\x1b\nb 1.95 ?\n"


def test_progress_takes_names_as_they_are(monkeypatch):
    stream = io.StringIO()
    Plain(stream).start("[/red]\x1b[2J", 1)
    assert stream.getvalue() == "[/red]\\x1b[2J: 1 to do\n"
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    bar = Rich()
    bar.start("[/red]\x1b[2J", 1)
    bar.advance(note="[bold]")
    bar.finish()
    assert "[/red]\\x1b[2J" in shown.getvalue()
    assert "[bold]" in shown.getvalue()


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_is_calculated_and_everything_comes_back(text, tmp_path):
    assert csv_text(pd.DataFrame({"a": [text], text: [1.5]})).count(f"'{text}") == 2
    write_csv(pd.DataFrame({"a": [text], text: ["b"]}), tmp_path / "t.csv")
    again = read_csv(tmp_path / "t.csv")
    assert list(again.columns) == ["a", text]
    assert again["a"].tolist() == [text]


def test_no_cell_begins_a_row_of_its_own(tmp_path):
    write_csv(pd.DataFrame({"a": ["x\r=1+1", "y\n=1+1"]}), tmp_path / "t.csv")
    assert read_csv(tmp_path / "t.csv")["a"].tolist() == [r"x\r=1+1", "y\n=1+1"]


@pytest.mark.parametrize("value", [-1.5, "-1.5", "+2", "1e-3", "-1e-3", "Fe2O3", "it's", "'quoted'", "", None, "−1"])
def test_numbers_and_plain_names_stay(value):
    assert guarded(value) == value


def calls(tree):
    """The names of all functions that a module calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if isinstance(node, ast.Attribute) and node.attr == "to_csv":  # handed on
            yield node.attr


@pytest.mark.slow
@pytest.mark.parametrize(("function", "place"), [("print", "runtime/console.py"), ("to_csv", "runtime/spreadsheet.py")])
def test_there_is_one_printer_and_one_writer_of_csv(function, place):
    users = [path for path in PACKAGE.rglob("*.py") if function in calls(ast.parse(path.read_text(encoding="utf-8")))]
    assert [path.relative_to(PACKAGE).as_posix() for path in users] == [place]
