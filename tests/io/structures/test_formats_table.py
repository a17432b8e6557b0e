"""The table of structure formats in the documentation is made from the code."""

from pathlib import Path

from firstshell.io.structures.formats import table

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference" / "formats.md"


def test_the_table_in_the_documentation_is_that_of_the_code():
    assert table() in DOCS.read_text(encoding="utf-8")
    assert all(line.count("|") == 6 for line in table().splitlines())
