"""Notes on what was read or asked for, on the terminal: warnings of our own as sentences, each once."""

import sys
import warnings
from typing import TextIO

from firstshell.errors import DomainWarning, SlowWarning
from firstshell.runtime.console import erase, plain, say

_others = warnings.showwarning


def show_note(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of our own without the place in the code that gave it; any other warning as Python does."""
    if issubclass(category, DomainWarning | SlowWarning):
        say(plain(f"firstshell: note: {message}"), file=file or sys.stderr)
    else:
        erase()
        _others(message, category, filename, lineno, file, line)
