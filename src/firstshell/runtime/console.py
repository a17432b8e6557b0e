"""The only way to the terminal. Names of samples and files are data: none of them moves a cursor or stops a command."""

import shutil
import sys
import unicodedata
from typing import TextIO

LINES = "\n\t"
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Categories of characters that steer a terminal, hide, turn text around, or are none."""
_announced: list[tuple[TextIO, int]] = []
"""The terminal whose last line stands until something else is said, and the length of that line."""


def plain(text: str, kept: str = "") -> str:
    r"""Return text with its control characters written out, as in \x1b; `kept` are left as they are."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in kept or unicodedata.category(c) not in HIDDEN else _written_out(c) for c in text)


def say(*parts: object, sep: str = " ", end: str = "\n", file: TextIO | None = None, flush: bool = False) -> None:
    """Print as `print` does, without control characters other than line breaks and tabs.

    What the terminal's encoding lacks is printed as a question mark.
    """
    erase()
    _write(plain(sep.join(str(part) for part in parts), LINES) + end, sys.stdout if file is None else file, flush)


def announce(text: str) -> None:
    """Show on a terminal what begins, until something else is said."""
    stream = sys.stderr
    if stream.isatty():
        line = plain(text)[: shutil.get_terminal_size().columns - 3] + " …"
        _write(line, stream, flush=True)
        _announced.append((stream, len(line)))


def erase() -> None:
    """Remove what was announced."""
    while _announced:
        stream, length = _announced.pop()
        _write("\r" + " " * length + "\r", stream, flush=True)


def _write(text: str, stream: TextIO, flush: bool) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), end="", file=stream, flush=flush)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode()


def true_minus(text: str) -> str:
    """Return numbers with a minus sign in place of the hyphen."""
    return text.replace("-", "−")
