"""Where results live: the only module that writes them, so that no kill leaves half a result.

A store is a folder with one SQLite database in write-ahead mode; each record is one transaction. Whole files (Parquet,
CSV, reports) are written beside their final name, synced, and renamed.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstshell.errors import InputError
from firstshell.runtime.leftovers import KEPT, temporary_file

PROTOCOL = 1


@dataclass(frozen=True)
class Record:
    """One stored result: JSON-able `meta` and named arrays of numbers."""

    meta: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


class Store:
    """Records by key in `folder`. Use `Store.open` as a context manager."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection, self.folder = connection, folder

    @classmethod
    @contextmanager
    def open(cls, folder: str | Path) -> Iterator[Store]:
        """Open or make the store in `folder`; InputError when it cannot be written or is of another protocol."""
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(folder / "results.sqlite", timeout=60, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"cannot open a store: {error}", remedy="Choose a writable folder", file=folder) from error
        try:
            _prepare(connection, folder)
            yield cls(connection, folder)
        finally:
            with suppress(sqlite3.Error):
                if connection.execute("SELECT 1 FROM records LIMIT 1").fetchone():
                    KEPT[folder] = None
            connection.close()

    def get(self, key: str) -> Record | None:
        """Return the record under `key`, or None; InputError when it, or the store, is damaged."""
        with self._usable():
            row = self._connection.execute("SELECT meta, arrays FROM records WHERE key = ?", (key,)).fetchone()
        return None if row is None else _decode(row, self.folder, key)

    def put(self, key: str, record: Record) -> None:
        """Keep `record` under `key`, in one transaction; an older one is replaced."""
        row = (key, json.dumps(record.meta, sort_keys=True), _pack(record.arrays))
        with self._usable():
            try:
                self._connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", row)
            except sqlite3.OperationalError as error:
                raise InputError(
                    f"cannot write a result: {error}", remedy="Free some disk space and run again", file=self.folder
                ) from error

    def keys(self) -> set[str]:
        """Return all keys."""
        with self._usable():
            return {row[0] for row in self._connection.execute("SELECT key FROM records")}

    def delete(self, keys: Iterable[str]) -> None:
        """Forget the records under `keys`."""
        with self._usable():
            self._connection.executemany("DELETE FROM records WHERE key = ?", [(key,) for key in keys])

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise InputError(
                f"cannot use the store: {error}", remedy="If it is damaged, delete it and run again", file=self.folder
            ) from error


def write_atomic(path: str | Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, sync it and rename it: readers see the old file or the new one.

    Raises InputError when the folder cannot be written.
    """
    path = Path(path)
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = stack.enter_context(temporary_file(path.parent, path.suffix))
        except OSError as error:
            raise InputError(f"cannot write: {error}", remedy="Choose a writable folder", file=path) from error
        try:
            write(temporary)
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_UMASK)  # it was made private; results are not
            temporary.replace(path)
        except OSError as error:
            raise InputError(
                f"cannot write: {error}", remedy="Free some disk space and run again", file=path
            ) from error


def write_text(path: str | Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all; InputError when the folder cannot be written."""
    write_atomic(path, lambda file: file.write_text(text, encoding="utf-8", newline="\n"))


def write_json(path: str | Path, content: Any) -> None:
    """Write plain values as indented JSON, as `write_text` does."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _prepare(connection: sqlite3.Connection, folder: Path) -> None:
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, PROTOCOL):
            raise InputError(
                f"a store of protocol {version}; this firstshell writes {PROTOCOL}",
                remedy="Choose another output folder, or delete this store",
                file=folder,
            )
        connection.execute("CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, meta TEXT, arrays BLOB)")
        connection.execute("SELECT key, meta, arrays FROM records LIMIT 0")  # a table of that name may be another's
        connection.execute(f"PRAGMA user_version={PROTOCOL}")
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
        remedy = "Free some disk space and run again" if full else "Delete it and run again"
        raise InputError(f"not a usable store: {error}", remedy=remedy, file=folder) from error


def _pack(arrays: dict[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _decode(row: tuple[str, bytes], folder: Path, key: str) -> Record:
    try:
        with np.load(io.BytesIO(row[1]), allow_pickle=False) as arrays:
            return Record(json.loads(row[0]), dict(arrays))
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"record {key[:12]} is damaged: {error}", remedy="Delete the store and run again", file=folder
        ) from error


def _umask() -> int:
    # The mask can only be read by setting it; once, at import, before any thread starts.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


_UMASK = _umask()
