"""Notes on what was read or asked for, on the terminal: DomainWarnings as sentences, each once."""

from __future__ import annotations

import sys
import warnings
from typing import TextIO

from firstshell.errors import DomainWarning

_others = warnings.showwarning


def show_note(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a DomainWarning without the place in the code that gave it; any other warning as Python does."""
    if issubclass(category, DomainWarning):
        print(f"firstshell: note: {message}", file=file or sys.stderr)
    else:
        _others(message, category, filename, lineno, file, line)
