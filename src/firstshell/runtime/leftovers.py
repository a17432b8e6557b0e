"""What a run leaves: results in stores; and temporary files and folders.

Each of the latter is locked by its owner, and swept by a later run once its owner is gone.

The lock is the kernel's (flock on the file or folder itself), so it ends with its owner however that ended. Where the
system or file system has no such locks, nothing is swept.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

if sys.platform != "win32":
    import fcntl

KEPT: dict[Path, None] = {}
"""Folders of the stores that this run has closed with results in them, for the run after one that was stopped."""
FOLDER, FILE = "firstshell-", ".firstshell-"
"""How the names of our temporary folders and files begin."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a temporary folder that is removed afterwards, or by the next run when this one is killed."""
    place = Path(tempfile.gettempdir())
    sweep(place, FOLDER)
    path, lock = _claimed(lambda: Path(tempfile.mkdtemp(prefix=FOLDER, dir=place)))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _release(lock)


@contextmanager
def temporary_file(folder: Path, suffix: str) -> Iterator[Path]:
    """Give an empty file in a folder, for this user alone, that is removed afterwards unless it was moved elsewhere.

    Raises OSError when the folder cannot be written.
    """
    sweep(folder, FILE)

    def make() -> Path:
        handle, name = tempfile.mkstemp(dir=folder, prefix=FILE, suffix=suffix)
        os.close(handle)
        return Path(name)

    path, lock = _claimed(make)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        _release(lock)


@cache
def sweep(place: Path, beginning: str) -> None:
    """Remove what killed runs of this user left in a folder, once in the life of this process."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        for entry in list(os.scandir(place)):
            with suppress(OSError):
                if entry.name.startswith(beginning) and entry.stat(follow_symlinks=False).st_uid == os.getuid():
                    _remove_unowned(Path(entry.path))


def _remove_unowned(path: Path) -> None:
    """Remove a file or folder that no process holds; OSError when one does, or nobody can know."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    finally:
        os.close(handle)


def _claimed(make: Callable[[], Path]) -> tuple[Path, int | None]:
    """Make a file or folder and lock it; again where another run swept it in between."""
    while True:
        path = make()
        if sys.platform == "win32":
            return path, None
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        with suppress(OSError):  # no locks here: then nobody sweeps here either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink and path.exists():
            return path, handle
        os.close(handle)


def _release(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)
