"""Files that hold no measured spectrum, recognised for what they are."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from firstshell.io.spectra.text import head_words

MAX_LINES = 400


@dataclass(frozen=True)
class OtherFile:
    """A kind of file that others send by mistake.

    what : what it is
    remedy : what to give instead
    fits : whether a file that begins with these bytes, and lines, is of this kind
    """

    what: str
    remedy: str
    fits: Callable[[bytes, tuple[str, ...]], bool]


def _begins(*signatures: bytes) -> Callable[[bytes, tuple[str, ...]], bool]:
    return lambda head, _: head.startswith(signatures)


def _has(*patterns: str) -> Callable[[bytes, tuple[str, ...]], bool]:
    """Whether every pattern is found at the beginning of a line."""
    known = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    return lambda _, lines: all(any(each.match(line) for line in lines) for each in known)


def _labelled(pattern: str) -> Callable[[bytes, tuple[str, ...]], bool]:
    """Whether a line of names, which has no number in it, fits."""
    known = re.compile(rf"[#%!;\s]*{pattern}", re.IGNORECASE)
    return lambda _, lines: any(known.match(line) for line in lines)


SPECTRUM = "Give a measured spectrum"
STRUCTURE = f"{SPECTRUM}; structures go to the command simulate"
KINDS = (
    OtherFile(
        "a Fourier transform of EXAFS (the columns are R and chi), not the G(r) of a PDF",
        "Give μ(E), or χ(k)",
        _labelled(r"r\s*(\(.*?\))?[\s,;]+chir?_?(mag|re|im|r)\b"),
    ),
    OtherFile(
        "a crystal structure with magnetic symmetry (magnetic CIF)",
        STRUCTURE,
        _has(r"data_", r"_(space_group_symop_magn|atom_site_moment|space_group_magn)"),
    ),
    OtherFile("a crystal structure (CIF)", STRUCTURE, _has(r"data_", r"_cell_length_a")),
    OtherFile(
        "an input of FEFF", f"{SPECTRUM}; inputs go to the command xanes", _has(r"\s*potentials\b", r"\s*atoms\b")
    ),
    OtherFile("an input of ATOMS", SPECTRUM, _has(r"\s*(space|group)\b[\s=:]", r"\s*atoms?\b", r"\s*(core|rmax)\b")),
    OtherFile("a web page", "Download the file itself", _has(r"\s*<(!doctype|html)")),
    OtherFile(
        "a Zip archive or a spreadsheet", "Save the spectrum as text", _begins(b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
    ),
    OtherFile(
        "a document or a picture", "Give the numbers as text", _begins(b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
    ),
)


def recognise(head: bytes) -> OtherFile | None:
    """Return what a file that begins like this is, when that is known and no measured spectrum; else None."""
    lines = head_words(head)[:MAX_LINES]
    return next((kind for kind in KINDS if kind.fits(head, lines)), None)
