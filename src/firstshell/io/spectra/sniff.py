"""Reading of measured files by their content. Each file of this folder that has the members of a Format is one format.

There is no other list of them: a format module has `name`, `about`, `sniff(head)` and `read(path)`. The table of
formats in docs/reference/formats.md is made of what they say about themselves (`table`).
"""

import pkgutil
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from firstshell.config import did_you_mean
from firstshell.errors import InputError
from firstshell.io.spectra.columns import read as read_columns
from firstshell.io.spectra.measured import About, Measured, MeasuredList
from firstshell.io.spectra.other_files import recognise
from firstshell.io.spectra.text import open_plain

HEAD = 65_536
"""Bytes from the beginning of a file by which its format is recognised."""
MEMBERS = ("name", "about", "sniff", "read")


class Format(Protocol):
    """What every module of a format provides."""

    name: str
    about: About

    def sniff(self, head: bytes) -> float:
        """Return how surely a file that begins with `head` is of this format, from 0 (not) to 1 (surely)."""

    def read(self, path: str | Path) -> list[Measured]:
        """Read the spectra of a file, at least one; InputError for anything that breaks the rules of the format."""


@cache
def formats() -> dict[str, Format]:
    """Return all formats by name, in alphabetical order."""
    package = import_module(__name__.rpartition(".")[0])
    modules = [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    found = {module.name: cast(Format, module) for module in modules if all(hasattr(module, m) for m in MEMBERS)}
    return dict(sorted(found.items()))


def table() -> str:
    """Return the table of formats, in Markdown, as docs/reference/formats.md has it."""
    rows = [
        f"| `{name}` | {about.title} | {about.written_by} | {about.read} | {about.ignored} | {about.refused} |"
        for name, about in ((name, module.about) for name, module in formats().items())
    ]
    head = "| `--format` | | written by | read | ignored | refused |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def read_measured(
    path: str | Path,
    format: str | None = None,  # noqa: A002
    columns: str | None = None,
    signal: str | None = None,
) -> MeasuredList:
    """Read the spectra of a measured file: one, or the groups of a project.

    Parameters
    ----------
    path : str or Path
        XDI, Athena project, columns of text, scans of SPEC, format 9809, NeXus NXxas or FEFF's xmu.dat (XANES); .gr of
        PDFgetX3, xPDFsuite, PDFgetX2, PDFgetN, PDFgui, Mantid or GSAS-II (PDF).
    format : str, optional
        Name of the format; by default the content of the file decides, never its name.
    columns : str, optional
        Which columns of a table of text to take, such as "energy=1,mu=ln(3/4)"; by default their names decide.
    signal : str, optional
        Which signal of a scan to take: "transmission", "fluorescence", "electron-yield", "mu", "normalised",
        "reference", or its formula as the others are named in an answer; by default the first that has a sound edge.

    Returns
    -------
    list of Measured
        Energies in eV or r in Å, increasing; how μ was made, and which other signals the scan has. A notebook shows
        them as a table.

    Raises
    ------
    InputError
        When the file cannot be read, is of no known format, or breaks the rules of its format.

    Examples
    --------
    >>> import firstshell as fs
    >>> (scan,) = fs.read_measured("my.xdi")
    >>> scan.kind, scan.element
    ('xanes', 'Cu')
    >>> (scan,) = fs.read_measured("my.xdi", columns="energy=1,mu=2")

    """
    path = Path(path)
    if columns is not None:
        return _titled(read_columns(path, columns), formats()["columns"], signal)
    known = formats()
    if format is not None and format not in known:
        raise InputError(f"there is no format {format!r}", remedy=did_you_mean(format, known))
    module = known[format] if format is not None else _recognised(path)
    return _titled(module.read(path), module, signal)


def _recognised(path: Path) -> Format:
    """Return the format of a file by its content."""
    known = formats()
    with open_plain(path) as file:
        head = file.read(HEAD)
    if not head:
        raise InputError("the file is empty", remedy="Give a measured file", file=path)
    other = recognise(head)
    if other is not None:
        raise InputError(f"this is {other.what}", remedy=other.remedy, file=path)
    sure = {name: module.sniff(head) for name, module in known.items()}
    surest = max(sure, key=lambda name: sure[name])
    if not sure[surest] > 0:
        what = "no format of measured spectra is recognised in it"
        raise InputError(what, remedy=f"Name one with --format (format= in Python): {', '.join(known)}", file=path)
    return known[surest]


def _titled(spectra: list[Measured], module: Format, signal: str | None) -> MeasuredList:
    """Return spectra with the title of their format, of the signal that was asked for."""
    titled = [
        replace(
            each, format=module.about.title, others=tuple(replace(o, format=module.about.title) for o in each.others)
        )
        for each in spectra
    ]
    return MeasuredList(titled if signal is None else [with_signal(each, signal) for each in titled])


def with_signal(measured: Measured, wanted: str) -> Measured:
    """Return the signal of a scan that is of this kind or formula, alone; InputError when there is none."""
    signals = (measured, *measured.others)
    found = next((each for each in signals if wanted in (each.signal, each.how)), None)
    if found is None:
        shown = ", ".join(f"{each.how} ({each.signal})" if each.signal else each.how for each in signals)
        what = f"{measured.name} has no signal {wanted!r}"
        raise InputError(what, remedy=f"It has: {shown}", file=measured.source)
    reference = None if found.signal == "reference" else found.reference
    return replace(found, others=(), reference=reference)
