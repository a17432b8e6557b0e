"""The only writer of CSV: a name that a spreadsheet would calculate has an apostrophe before it, and is text there.

Control characters are written out, as at the terminal.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstshell.runtime.console import LINES, plain
from firstshell.runtime.store import write_atomic

if TYPE_CHECKING:
    import pandas as pd

FORMULA = re.compile(r"'*[=+\-@\t\n＝＋－＠]")
"""How a text begins that a spreadsheet calculates, or that has been guarded already."""
NUMBER = re.compile(r"[+-]?\d+\.?\d*(?:[eE][+-]?\d+)?")


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as CSV, without its index."""
    return str(frame.map(guarded).rename(columns=guarded).to_csv(index=False, lineterminator="\n"))


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV, whole or not at all; InputError when the folder cannot be written."""
    text = csv_text(frame)
    write_atomic(path, lambda file: file.write_text(text, encoding="utf-8", newline="\n"))


def read_csv(path: Path, **how: Any) -> pd.DataFrame:
    """Read what `write_csv` wrote, every cell as the text that it was but for its control characters.

    how : as `pandas.read_csv` takes it
    """
    import pandas as pd

    frame: pd.DataFrame = pd.read_csv(path, dtype=str, keep_default_na=False, **how)
    texts: pd.DataFrame = frame.map(_unguarded).rename(columns=_unguarded)
    return texts


def guarded(value: Any) -> Any:
    """Return a value as it may stand in a spreadsheet: only texts change, and no number does."""
    if not isinstance(value, str):
        return value
    text = plain(value, LINES)
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
