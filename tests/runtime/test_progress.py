"""Progress in each of its forms, and errors as they are printed."""

import io
import json

import pytest

from firstshell.errors import InputError
from firstshell.runtime.progress import JsonLines, Plain, make_reporter, note, noted_as, stage


def run(reporter):
    reporter.start("Import", 3, 1)
    reporter.advance(note="mp-1")
    reporter.advance()
    reporter.finish()


def test_plain_lines():
    stream = io.StringIO()
    run(Plain(stream, every=0))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Import: 3 to do, 1 done earlier"
    assert lines[1].startswith("Import: 2/3, about ")
    assert lines[1].endswith("(mp-1)")
    assert lines[-1].startswith("Import: 3/3 in ")


def test_a_note_comes_before_anything_is_finished():
    stream = io.StringIO()
    with stage(Plain(stream, every=0), "XANES", 1), noted_as("Fe site 0"):
        note("SCF iteration 3 of 30")
    assert stream.getvalue().splitlines()[1] == "XANES: 0/1 (Fe site 0: SCF iteration 3 of 30)"


def test_a_note_that_nobody_hears_is_lost():
    with noted_as("Fe site 0"):
        note("SCF iteration 3 of 30")


def test_json_lines():
    stream = io.StringIO()
    run(JsonLines(stream, every=0))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["done"] for line in lines] == [1, 2, 3, 3]
    assert {line["total"] for line in lines} == {3}


@pytest.mark.parametrize("kind", ["auto", "rich", "plain", "json", "none"])
def test_every_kind_runs(kind):
    run(make_reporter(kind))


def test_unknown_kind():
    with pytest.raises(InputError, match="no progress display 'loud'"):
        make_reporter("loud")


def test_errors_say_where_what_and_what_to_do():
    assert str(InputError("x is wrong", remedy="Mend it", file="a.cif", line=3)) == "a.cif:3: x is wrong. Mend it."
    assert str(InputError("x is wrong", file="a.cif")) == "a.cif: x is wrong"
    assert str(InputError("x is wrong")) == "x is wrong"
