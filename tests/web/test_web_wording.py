"""Messages on the page name what can be done on the page."""

import re
from pathlib import Path

import pytest

import firstshell
from firstshell.web.wording import REPLACEMENTS, for_page

ROOMS = ("io/spectra", "io/structures", "measured", "prediction", "match")
OPTION = re.compile(r"--[a-z]+")


@pytest.mark.parametrize(
    ("said", "here"),
    [
        ("Name it with --metal", "Choose it in the field “Metal”"),
        ("Name one with --format (format= in Python): xdi", "Choose one in the field “Format”: xdi"),
        ("--align -12 or the like moves them", "an energy shift of -12 eV or the like moves them"),
        ("Is it right (--columns takes another)?", "Is it right (the field “Columns” takes another)?"),
        ("--columns 'a=1' does not give energy and mu", "the columns 'a=1' do not give energy and mu"),
        ("Name two or more with --with (with_= in Python)", "Drop CIFs or spectra of two phases or more"),
        (
            "Give a PDF as well, name the elements (--composition), or allow it with --most 63",
            "Give a PDF as well, name the elements in the field “Elements”, or give fewer structures",
        ),
        (
            'Give an ordered structure, or allow --partial round where it is an option (partial="round" in Python)',
            "Give an ordered structure",
        ),
        ("a sentence -- with dashes", "a sentence -- with dashes"),
    ],
)
def test_options_become_fields(said, here):
    assert for_page(said) == here


def test_no_message_of_a_measured_file_names_an_option_that_the_page_does_not_know():
    root = Path(firstshell.__file__).parent
    files = [root / "elements.py", *(file for room in ROOMS for file in (root / room).rglob("*.py"))]
    named = {option for file in files for option in OPTION.findall(file.read_text(encoding="utf-8"))}
    known = {option for pattern, _ in REPLACEMENTS for option in OPTION.findall(pattern)}
    assert {"--columns", "--metal"} <= named
    assert named <= known
