"""Text of measured files: bytes within limits, lines one by one, numbers as programs of all ages write them."""

import io
import os
import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from firstshell.errors import InputError
from firstshell.types import Array

MAX_BYTES = 50_000_000
MAX_ROWS = 100_000
MAX_LINES = 120_000
MAX_LINE = 20_000
MAX_WORD = 40
HUGE = 1e300
NUMERIC = tuple("0123456789+-.")
"""What a row of numbers begins with."""

FORTRAN = re.compile(
    r"(?P<digits>[+-]?(?:\d+\.?\d*|\.\d+))(?:[EeDd]?(?P<exponent>(?<=[EeDd])[+-]?\d+|[+-]\d+))?", re.ASCII
)
CORRECT = "Correct the file, or leave such lines out"

Line = tuple[int, str]
Split = Callable[[str], list[str]]


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of a scan.

    values : (n, columns), NaN where a word is no number
    lines : (n,) number of the line of each row
    notes : what was left out, one sentence each
    """

    values: Array
    lines: Array
    notes: tuple[str, ...] = ()


@contextmanager
def open_plain(path: str | Path) -> Iterator[BinaryIO]:
    """Open a plain file for reading; InputError for folders, pipes, and files that cannot be opened or read."""
    path = Path(path)
    try:
        if not path.is_file():  # a pipe would never end
            what = "this is a folder" if path.is_dir() else "not a plain file" if path.exists() else "no such file"
            raise InputError(what, remedy="Give a measured file", file=path)
        with path.open("rb") as file:
            yield file
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read the file: {reason}", remedy="Check the path", file=str(path)) from None


def read_bytes(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """Return the content of a plain file of at most `limit` bytes; InputError for anything else, or an empty one."""
    with open_plain(path) as file:
        # Refused by its size, a large file is not read; one that grows meanwhile is not read on.
        content = file.read(limit + 1) if os.fstat(file.fileno()).st_size <= limit else None
    if content is None or len(content) > limit:
        what = f"the file is larger than {limit / 1e6:g} MB"
        raise InputError(what, remedy="Give one spectrum per file", file=path)
    if not content:
        raise InputError("the file is empty", remedy="Give a measured file", file=path)
    return content


def decode(content: bytes, source: str) -> str:
    """Return text from UTF-8 or UTF-16 (with byte order mark) or Latin-1; InputError for what is not text."""
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # what older programs write for µ, Å and °
    end = text.find("\x1a")
    if end >= 0 and not text[end:].strip("\x1a\0 \t\r\n"):  # Ctrl-Z, the end of a text file of DOS
        text = text[:end]
    if "\0" in text:
        raise InputError("the file is not text", remedy="Give a measured file", file=source)
    return text


def decode_head(head: bytes) -> str:
    """Return the text that a file begins with, "" when it is none."""
    try:
        return decode(head, "")
    except InputError:
        return ""


@lru_cache(maxsize=1)
def head_lines(head: bytes) -> tuple[str, ...]:
    """Return the lines that a file begins with, the last perhaps cut; none when it is no text or one is too long."""
    try:
        return tuple(line for _, line in lines_of(decode_head(head), ""))
    except InputError:
        return ()


@lru_cache(maxsize=1)
def head_words(head: bytes) -> tuple[str, ...]:
    """Return the lines that a file begins with and that are no rows of numbers, as most of them are."""
    return tuple(line for line in head_lines(head) if not line.lstrip().startswith(NUMERIC))


def read_text(path: str | Path, limit: int = MAX_BYTES) -> str:
    """Return the text of a plain file of at most `limit` bytes; InputError when it cannot be had."""
    return decode(read_bytes(path, limit), str(path))


def lines_of(text: str, source: str) -> Iterator[Line]:
    """Yield 1-based number and text of each line (ended by LF, CR LF or CR); InputError beyond the limits."""
    for place, line in enumerate(io.StringIO(text, newline=None), start=1):
        if len(line) > MAX_LINE:
            what = f"the line is longer than {MAX_LINE:,} characters"
            raise InputError(what, remedy="Is this a measured spectrum?", file=source, line=place)
        if place > MAX_LINES:
            raise InputError(f"over {MAX_LINES:,} lines", remedy="Is this one spectrum?", file=source)
        yield place, line.rstrip("\n")


def number(word: str) -> float:
    """Read a number as Fortran writes it: 1.0, 1.0E+02, 1.0D+02, and 1.0-100 for an exponent of three digits.

    NaN and infinities are returned as such; ValueError for anything else.
    """
    if len(word) <= MAX_WORD and (match := FORTRAN.fullmatch(word)):
        return float(f"{match['digits']}e{match['exponent'] or 0}")
    return float(word) if word.lower().lstrip("+-") in ("nan", "inf", "infinity") else float("x")


def numbers(words: list[str]) -> list[float]:
    """Read a row of numbers; ValueError when a word is none."""
    try:
        # float() is ten times as fast, but takes more than a file may hold: 1_000 and digits of other scripts.
        together = "".join(words)
        if "_" not in together and together.isascii():
            return list(map(float, words))
    except ValueError:
        pass
    return [number(word) for word in words]


def read_rows(
    lines: Iterable[Line], source: str, *, split: Callable[[str], list[str]] = str.split, comments: tuple[str, ...] = ()
) -> Array:
    """Read rows of numbers into an (n, columns) array; blank lines and those that start as `comments` do are passed.

    Raises InputError, naming the line, for words, values that are not finite, rows of other lengths, and too many rows.
    """
    values, columns, rows = array("d"), 0, 0
    for place, line in lines:
        stripped = line.strip()
        if not stripped or (comments and stripped.startswith(comments)):
            continue
        try:
            row = numbers(split(stripped))
        except ValueError:
            what = f"not a row of numbers: {stripped[:40]!r}"
            raise InputError(what, remedy=CORRECT, file=source, line=place) from None
        columns = columns or len(row)
        if len(row) != columns:
            what = f"{len(row)} numbers where the rows before have {columns}"
            raise InputError(what, remedy="Is the file complete?", file=source, line=place)
        if not abs(sum(row)) < HUGE:  # NaN too
            raise InputError("a value that is not finite", remedy=CORRECT, file=source, line=place)
        values.extend(row)
        rows += 1
        if rows > MAX_ROWS:
            raise InputError(f"over {MAX_ROWS:,} rows", remedy="Is this one spectrum?", file=source)
    if not rows:
        raise InputError("no rows of numbers in it", remedy="Is this a measured spectrum?", file=source)
    return np.array(values).reshape(rows, columns)


def read_table(
    lines: list[Line], source: str, *, split: Split = str.split, comments: tuple[str, ...] = ("#",)
) -> Table:
    """Read the rows of a scan, as far as its columns can be separated.

    lines : from the first row on; blank lines and those that start as `comments` do are passed

    A word that is no number becomes NaN: whether that matters is known to who uses its column. A last row that is cut
    short, and text below the table, are left out with a note.

    Raises InputError, naming the line, for text amid the rows, rows of other lengths, and too many rows.
    """
    lines = [(place, line.strip()) for place, line in lines]
    lines = [(place, line) for place, line in lines if line and not line.startswith(comments)]
    notes: list[str] = []
    while lines and not any(map(is_number, split(lines[-1][1]))):
        notes = [f"line {lines[-1][0]} and what follows are no rows of numbers: left out"]
        lines.pop()
    if not lines:
        raise InputError("no rows of numbers in it", remedy="Is this a measured spectrum?", file=source)
    if len(lines) > MAX_ROWS:
        raise InputError(f"over {MAX_ROWS:,} rows", remedy="Is this one spectrum?", file=source)
    rows = [_words_to_numbers(split(line)) for _, line in lines]
    columns = len(rows[0])
    if len(rows) > 1 and len(rows[-1]) < columns:
        notes.append(f"the last line, {lines[-1][0]}, is cut short: left out")
        lines.pop()
        rows.pop()
    for (place, line), row in zip(lines, rows, strict=True):
        if all(value != value for value in row):  # NaN, each
            what = f"not a row of numbers: {line[:40]!r}"
            raise InputError(what, remedy=CORRECT, file=source, line=place)
        if len(row) != columns:
            what = f"{len(row)} numbers where the rows before have {columns}"
            raise InputError(what, remedy="Is the file complete?", file=source, line=place)
    values = np.array(rows)
    values[~(np.abs(values) < HUGE)] = np.nan
    return Table(values, np.array([place for place, _ in lines], dtype=float), tuple(notes))


def whole_lines(text: str, source: str, start: int = 1) -> tuple[list[Line], tuple[str, ...]]:
    """Return the lines of a text from one on, and a note where the last one ends within a number.

    That is so where no line feed ends it and its last word is shorter than that of the line before.
    """
    lines = [line for line in lines_of(text, source) if line[0] >= start]
    if len(lines) < 2 or text.endswith(("\n", "\r")):
        return lines, ()
    last, before = (lines[i][1].split() for i in (-1, -2))
    if len(last) == len(before) and len(last[-1]) < len(before[-1]) and is_number(last[-1]):
        return lines[:-1], (f"the last line, {lines[-1][0]}, is cut short: left out",)
    return lines, ()


def _words_to_numbers(words: list[str]) -> list[float]:
    try:
        return numbers(words)
    except ValueError:
        return [number(word) if is_number(word) else np.nan for word in words]


def is_number(word: str) -> bool:
    """Whether a word is a number, NaN and infinities included."""
    try:
        number(word)
    except ValueError:
        return False
    return True
