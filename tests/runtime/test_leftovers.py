"""Temporary files and folders outlive a killed run until the next one, and those of a run that goes on stay."""

import os
import subprocess
import sys
import tempfile
from contextlib import suppress

import pytest

from firstshell.errors import InputError
from firstshell.runtime import leftovers
from firstshell.runtime.leftovers import scratch_folder, sweep, temporary_file
from firstshell.runtime.store import write_atomic

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")

KILLED = """
import os, signal, sys
from pathlib import Path
from firstshell.runtime.leftovers import scratch_folder, temporary_file
with scratch_folder() as folder, temporary_file(Path(sys.argv[1]), ".csv") as file:
    (folder / "within").write_text("x")
    file.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder for temporary files that nothing was swept in yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sweep.cache_clear()
    yield tmp_path
    sweep.cache_clear()


def killed(place):
    environment = os.environ | {"TMPDIR": str(place)}
    assert subprocess.run([sys.executable, "-c", KILLED, place], env=environment, check=False).returncode == -9


def names(place):
    return sorted(path.name for path in place.iterdir())


def test_a_killed_run_is_swept_by_the_next(place):
    killed(place)
    assert len(names(place)) == 2
    with scratch_folder() as folder:
        assert [name for name in names(place) if not name.startswith(".")] == [folder.name]
    write_atomic(place / "result.csv", lambda path: path.write_text("whole"))
    assert names(place) == ["result.csv"]


def test_what_is_in_use_or_not_ours_stays(place):
    (place / "firstshell-notes").symlink_to(place)
    (place / ".hidden.csv").write_text("a user's")
    with scratch_folder() as folder, temporary_file(place, ".csv") as file:
        sweep.cache_clear()
        sweep(place, leftovers.FOLDER)
        sweep(place, leftovers.FILE)
        assert folder.is_dir()
        assert file.is_file()
    assert names(place) == [".hidden.csv", "firstshell-notes"]


def test_a_folder_that_is_swept_before_it_is_locked_is_made_again(place, monkeypatch):
    flock, calls = leftovers.fcntl.flock, []

    def late(handle, how):
        calls.append(how)
        if len(calls) == 1:  # another run was faster
            for path in place.iterdir():
                path.rmdir()
        flock(handle, how)

    monkeypatch.setattr(leftovers.fcntl, "flock", late)
    with scratch_folder() as folder:
        assert folder.is_dir()
    assert len(calls) == 2


def test_without_locks_nothing_is_swept(place, monkeypatch):
    killed(place)

    def unsupported(handle, how):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(leftovers.fcntl, "flock", unsupported)
    with scratch_folder() as folder:
        assert folder.is_dir()
    assert len(names(place)) == 2


def test_a_failed_write_leaves_nothing(place):
    def fail(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="No space left"):
        write_atomic(place / "result.csv", fail)
    with suppress(KeyboardInterrupt), temporary_file(place, ".csv"):
        raise KeyboardInterrupt
    assert names(place) == []
