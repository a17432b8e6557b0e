"""The documentation: its code runs or is checked, by the rule in CONTRIBUTING.md, and its links lead somewhere."""

import ast
import doctest
import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import firstshell as fs
from example_files import lay_out
from firstshell.api.settings import read_settings
from firstshell.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINKED = sorted({*PAGES, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.ipynb")})
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
LANGUAGES = {"python", "py", "console", "sh", "toml", "text"}


@dataclass(frozen=True)
class Block:
    """A piece of code on a page."""

    page: Path
    line: int
    language: str
    text: str


def blocks(*languages):
    """Every piece of code of these languages, as parameters of a test."""
    return [
        pytest.param(block, id=f"{block.page.stem}:{block.line}") for block in BLOCKS if block.language in languages
    ]


def read_blocks():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            yield Block(page, text[: found.start()].count("\n") + 1, found[1].strip(), found[2])


BLOCKS = list(read_blocks())


@pytest.fixture
def files(tmp_path, monkeypatch, common):
    lay_out(tmp_path, monkeypatch, common / "cache")


def test_code_is_of_a_kind_that_is_checked():
    fences = [found for page in PAGES for found in re.findall(r"^```(\S+)", page.read_text(encoding="utf-8"), re.M)]
    assert (
        {found for found in fences if not found.startswith("{")}
        == LANGUAGES
        == {b.language for b in BLOCKS} & LANGUAGES
    )
    indented = [page.name for page in PAGES if re.search(r"^ {4}(firstshell|import) ", page.read_text("utf-8"), re.M)]
    assert indented == []


@pytest.mark.parametrize("block", blocks("python"))
def test_python_runs(block, files):
    exec(compile(block.text, f"{block.page.name}:{block.line}", "exec"), {})


@pytest.mark.parametrize("block", blocks("py"))
def test_python_that_takes_long_uses_names_that_exist(block):
    names = {node.attr for node in ast.walk(ast.parse(block.text)) if _of_the_package(node)}
    assert names <= set(fs.__all__)


def _of_the_package(node):
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "fs"


@pytest.mark.parametrize("block", blocks("console"))
def test_commands_print_what_is_shown(block, files, command):
    _, *runs = re.split(r"^\$ firstshell ", block.text, flags=re.MULTILINE)
    assert runs
    for words, _, wanted in (run.partition("\n") for run in runs):
        status, printed, errors = command(*shlex.split(words))
        assert status == 0, errors
        assert doctest.OutputChecker().check_output(wanted, printed, doctest.ELLIPSIS), printed


@pytest.mark.parametrize("block", blocks("sh"))
def test_commands_that_take_long_have_options_that_exist(block):
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["firstshell"]:
            app.parse_args(words[1:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize("block", blocks("toml"))
def test_settings_are_known(block, tmp_path):
    (tmp_path / "study.toml").write_text(block.text, encoding="utf-8")
    assert read_settings(tmp_path / "study.toml", [])
    assert tomllib.loads(block.text)


def test_links_lead_somewhere():
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in LINKED
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not _leads_somewhere(page, link)
    ]
    assert broken == []


def _leads_somewhere(page, link):
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if target == ROOT / "docs":
        return False
    return target.is_file() and (not anchor or anchor in _anchors(target))


def _anchors(page):
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
