"""What pyproject.toml, the constraints and the citation say of versions agrees."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from firstshell import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["cluster"]]
GROUPS = [text for group in PROJECT["dependency-groups"].values() for text in group if isinstance(text, str)]


def pinned(name):
    """Versions by name, as a file of constraints pins them."""
    lines = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in (line.split("==") for line in lines)}


def lowest(requirement):
    (bound,) = [each.version for each in requirement.specifier if each.operator == ">="]
    return Version(bound)


@pytest.mark.parametrize("requirement", [Requirement(text) for text in RUNTIME], ids=lambda each: each.name)
def test_the_lowest_version_is_the_one_that_is_tested(requirement):
    assert pinned("constraints-minimums.txt")[canonicalize_name(requirement.name)] == lowest(requirement)


@pytest.mark.parametrize("requirement", [Requirement(text) for text in RUNTIME + GROUPS], ids=lambda each: each.name)
def test_what_make_installs_is_allowed(requirement):
    assert pinned("constraints.txt")[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_citation_has_the_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", citation, re.MULTILINE)[1] == __version__


def test_the_guide_names_files_that_are_there():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"[\w/]+/\w+\.py", guide) if "yours" not in name}
    assert len(named) > 10
    assert [
        name for name in named if not any((place / name).is_file() for place in (ROOT, ROOT / "src/firstshell"))
    ] == []


def test_what_users_read_names_no_folder_that_they_do_not_have():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tools").rglob("*.md")]
    assert ROOT / "docs" / "reference" / "formats.md" in pages
    assert [page.name for page in pages if "../shared" in page.read_text(encoding="utf-8")] == []


def test_the_conda_recipe_asks_for_the_same():
    yaml = pytest.importorskip("yaml")
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text(encoding="utf-8"))
    assert recipe["context"]["version"] == __version__
    assert f">={recipe['context']['python_min']}" == PROJECT["project"]["requires-python"]
    names = {"matplotlib": "matplotlib-base", "xraylarch": "xraylarch-base"}  # those without a graphical toolkit
    wanted = {
        names.get(each.name, each.name): lowest(each) for each in map(Requirement, PROJECT["project"]["dependencies"])
    }
    found = [Requirement(line) for line in recipe["requirements"]["run"] if not line.startswith("python ")]
    assert {each.name: lowest(each) for each in found} == wanted
