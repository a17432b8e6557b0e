"""The rooms of the package: each knows only those before it, and no file is imported by what it imports."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import firstshell

ROOT = Path(firstshell.__file__).parent
ROOMS = (
    ("types", "errors", "config", "elements", "units"),
    ("runtime",),
    ("io",),
    ("crystal",),
    ("simulation",),
    ("dataset",),
    ("study",),
    ("measured",),
    ("prediction",),
    ("match",),
    ("report",),
    ("web",),
    ("api",),
    ("cli",),
)
"""A room may import those before it, and a file of the first row the others of that row."""
UNRELATED = (
    ("simulation.scattering", "simulation.feff"),
    ("simulation.scattering", "simulation.pairs"),
    ("simulation.pairs", "simulation.feff"),
    ("simulation.feff", "simulation.pairs"),
    ("measured.xanes", "measured.pdf"),
    ("measured.pdf", "measured.xanes"),
)
"""The first of two parts of a room does not import the second."""

Imports = dict[str, set[str]]


def read_imports(root: Path) -> Imports:
    """Return for each module of the package at `root` the modules of it that it imports, wherever in its text."""
    files = {_module(path, root): path for path in sorted(root.rglob("*.py"))}
    return {name: set(_imported(path, root.name, set(files))) - {name} for name, path in files.items()}


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, package: str, known: set[str]) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    inside = [name.partition(".")[2] for name in names if name.partition(".")[0] == package]
    return [name if name in known else name.rpartition(".")[0] for name in inside]


def floor(module: str) -> int:
    """Return the number of the room that a module lies in."""
    return next(i for i, rooms in enumerate(ROOMS) if module.partition(".")[0] in rooms)


def upward(imports: Imports) -> list[str]:
    """Return the imports of a room that does not come before; the package itself, its version, belongs to no room."""
    return [
        f"{module} imports {other}"
        for module, others in imports.items()
        for other in others
        if module not in ("", "__main__") and other and floor(other) > floor(module)
    ]


def circles(imports: Imports) -> list[str]:
    """Return the modules of one import circle, if there is any."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def packages(imports: Imports, root: Path) -> Imports:
    """Return the imports between packages, without those between a package and one that lies in it."""
    found: Imports = {}
    for module, others in imports.items():
        home = _package(module, root)
        found.setdefault(home, set()).update(
            other for other in (_package(name, root) for name in others) if not _within(home, other)
        )
    return found


def _package(module: str, root: Path) -> str:
    return module if root.joinpath(*module.split(".")).is_dir() else module.rpartition(".")[0]


def _within(first: str, second: str) -> bool:
    return f"{first}.".startswith(f"{second}.") or f"{second}.".startswith(f"{first}.") or "" in (first, second)


@cache
def imports() -> Imports:
    """Return the imports of the package."""
    return read_imports(ROOT)


def test_every_module_lies_in_a_room() -> None:
    known = {room for rooms in ROOMS for room in rooms} | {"", "__main__"}
    assert {module.partition(".")[0] for module in imports()} <= known


def test_no_room_imports_a_later_one() -> None:
    assert not upward(imports())


def test_no_import_circle() -> None:
    assert not circles(imports())
    assert not circles(packages(imports(), ROOT))


@pytest.mark.parametrize(("part", "other"), UNRELATED)
def test_parts_of_a_room_that_do_not_know_each_other(part: str, other: str) -> None:
    inside = {module: names for module, names in imports().items() if module.startswith(part)}
    assert inside
    assert not [(module, name) for module, names in inside.items() for name in names if name.startswith(other)]


def test_finds_what_is_forbidden(tmp_path: Path) -> None:
    for name, text in {
        "io/a.py": "def f():\n    from firstshell.crystal import b",
        "crystal/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from firstshell.io.a import f",
    }.items():
        (tmp_path / "firstshell" / name).parent.mkdir(parents=True)
        (tmp_path / "firstshell" / name).write_text(text, encoding="utf-8")
    imports = read_imports(tmp_path / "firstshell")
    assert upward(imports) == ["io.a imports crystal.b"]
    assert set(circles(imports)) == {"io.a", "crystal.b"}
    assert set(circles(packages(imports, tmp_path / "firstshell"))) == {"io", "crystal"}
