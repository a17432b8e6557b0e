"""The only writer of CSV: a name that a spreadsheet would calculate has an apostrophe before it, and is text there.

Control characters are written out, as at the terminal. `read_csv` reads what is written here, `read_list` what users
write.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstshell.errors import InputError
from firstshell.runtime.console import LINES, plain
from firstshell.runtime.store import write_atomic, write_text

if TYPE_CHECKING:
    import pandas as pd

FORMULA = re.compile(r"'*[=+\-@\t\n＝＋－＠]")
"""How a text begins that a spreadsheet calculates, or that has been guarded already."""
MAX_BYTES = 10_000_000
"""Of a list that a user made."""
NUMBER = re.compile(r"[+-]?\d+\.?\d*(?:[eE][+-]?\d+)?")


def csv_text(frame: pd.DataFrame) -> str:
    """Return a table as CSV, without its index."""
    return str(frame.map(guarded).rename(columns=guarded).to_csv(index=False, lineterminator="\n"))


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV, whole or not at all; InputError when the folder cannot be written."""
    write_text(path, csv_text(frame))


def write_table(frame: pd.DataFrame, stem: Path) -> list[Path]:
    """Write a table as `stem`.csv and `stem`.parquet, each whole or not at all, and return where they are."""
    written = [stem.with_name(f"{stem.name}.{suffix}") for suffix in ("csv", "parquet")]
    write_csv(frame, written[0])
    write_atomic(written[1], lambda file: frame.to_parquet(file, index=False))
    return written


def read_csv(path: Path, **how: Any) -> pd.DataFrame:
    """Read what `write_csv` wrote, every cell as the text that it was but for its control characters.

    how : as `pandas.read_csv` takes it
    """
    import pandas as pd

    frame: pd.DataFrame = pd.read_csv(path, dtype=str, keep_default_na=False, **how)
    texts: pd.DataFrame = frame.map(_unguarded).rename(columns=_unguarded)
    return texts


def read_list(path: Path, needed: Sequence[str], remedy: str) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a CSV that a user made, each with its line: stripped texts by column.

    needed : columns that it must have
    remedy : of the InputError that is raised for a list that cannot be read, is too large or lacks a column
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"a list of over {MAX_BYTES / 1e6:.0f} MB", remedy=remedy, file=path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = set(needed) - {(name or "").strip() for name in reader.fieldnames or ()}
            if lacking:
                raise InputError(f"no column {', '.join(sorted(lacking))}", remedy=remedy, file=path, line=1)
            return [(reader.line_num, _stripped(row)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read the list: {error}", remedy=remedy, file=path) from error


def _stripped(row: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key).strip(): value.strip() for key, value in row.items() if isinstance(value, str)}


def guarded(value: Any) -> Any:
    """Return a value as it may stand in a spreadsheet: only texts change, and no number does."""
    if not isinstance(value, str):
        return value
    text = plain(value, LINES)
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
