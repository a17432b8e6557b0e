"""Reading of measured files by their content. Each file of this folder that has the members of a Format is one format.

There is no other list of them: a format module has `name`, `sniff(head)` and `read(path)`.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from firstshell.config import did_you_mean
from firstshell.errors import InputError
from firstshell.io.spectra.measured import Measured
from firstshell.io.spectra.text import open_plain

HEAD = 65_536
"""Bytes from the beginning of a file that tell its format."""
MEMBERS = ("name", "sniff", "read")


class Format(Protocol):
    """What every module of a format provides."""

    name: str

    def sniff(self, head: bytes) -> float:
        """Return how surely a file that begins with `head` is of this format, from 0 (not) to 1 (surely)."""

    def read(self, path: str | Path) -> list[Measured]:
        """Read the spectra of a file, at least one; InputError for anything that is not as the format has it."""


@cache
def formats() -> dict[str, Format]:
    """Return all formats by name, in alphabetical order."""
    package = __name__.rpartition(".")[0]
    folder = [str(Path(__file__).parent)]
    modules = [import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(folder)]
    found = {module.name: cast(Format, module) for module in modules if all(hasattr(module, m) for m in MEMBERS)}
    return dict(sorted(found.items()))


def read_measured(path: str | Path, format: str | None = None) -> list[Measured]:  # noqa: A002
    """Read the spectra of a measured file: one, or the groups of a project.

    path : XDI, Athena project, columns of text, NeXus NXxas or FEFF's xmu.dat (XANES); .gr of PDFgetX3, xPDFsuite,
        PDFgetX2, PDFgetN, PDFgui, Mantid or GSAS-II (PDF)
    format : name of the format; by default the content of the file decides, never its name

    Raises InputError when the file cannot be read, is of no known format, or is not as its format has it.
    """
    path = Path(path)
    known = formats()
    if format is not None:
        if format not in known:
            raise InputError(f"there is no format {format!r}", remedy=did_you_mean(format, known))
        return known[format].read(path)
    with open_plain(path) as file:
        head = file.read(HEAD)
    if not head:
        raise InputError("the file is empty", remedy="Give a measured file", file=path)
    sure = {name: module.sniff(head) for name, module in known.items()}
    surest = max(sure, key=lambda name: sure[name])
    if not sure[surest] > 0:
        what = "no format of measured spectra is recognised in it"
        raise InputError(what, remedy=f"Choose one with format=: {', '.join(known)}", file=path)
    return known[surest].read(path)
