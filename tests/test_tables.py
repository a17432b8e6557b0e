"""The tables of the documentation are those of the files of results."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def load():
    """The program that writes the tables; bench/ is no package."""
    spec = importlib.util.spec_from_file_location("bench_tables", ROOT / "bench" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tables = load()


def test_every_table_has_a_place():
    found = [name for page in PAGES for _, name, _ in tables.PLACE.findall(page.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(tables.TABLES)


@pytest.mark.parametrize("page", [page for page in PAGES if "<!-- table:" in page.read_text(encoding="utf-8")])
def test_tables_are_those_of_the_results(page):
    text = page.read_text(encoding="utf-8")
    assert tables.renewed(text) == text, "run: python bench/tables.py"


def test_a_stale_table_is_made_anew():
    stale = "before\n<!-- table: spoilt_spectra -->\n| old |\n<!-- end of table -->\nafter\n"
    fresh = tables.renewed(stale)
    assert "old" not in fresh
    assert fresh.startswith("before\n")
    assert fresh.endswith("after\n")
    assert "| athena |" in fresh
