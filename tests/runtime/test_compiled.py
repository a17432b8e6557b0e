"""Compiled functions work whatever became of numba's cache."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

CODE = """
import resource, sys
if sys.argv[1] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
import numpy as np
from firstshell.runtime.compiled import where_kept
from firstshell.simulation.pairs.kernels import most_images

print(most_images(np.eye(3) * 4.0, 10.0), where_kept(most_images) is not None, len(most_images.stats.cache_hits))
"""


def run(folder, how="as it is", **changed):
    """Compile one function in a new process with its cache in a folder: what it returns, and whether it can be kept."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder), "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= changed
    command = [sys.executable, "-W", "error", "-c", CODE, how]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    number, kept, hits = done.stdout.split()
    return number, kept == "True", int(hits)


def test_it_is_kept_and_found_again(tmp_path):
    answer, kept, hits = run(tmp_path)
    assert (kept, hits) == (True, 0)
    assert run(tmp_path) == (answer, True, 1)


@pytest.mark.parametrize("damaged", [b"", b"nonsense", b"\x80\x04."])
@pytest.mark.parametrize("which", ["nbi", "nbc"])
def test_a_damaged_cache_is_made_again(tmp_path, which, damaged):
    answer, *_ = run(tmp_path)
    (file,) = tmp_path.rglob(f"kernels.most_images-*.{which}")
    file.write_bytes(damaged)
    assert run(tmp_path) == (answer, True, 0)
    assert run(tmp_path) == (answer, True, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_full_disk_costs_time_only(tmp_path):
    answer, *_ = run(tmp_path / "whole")
    full, kept, hits = run(tmp_path / "full", "full")
    assert (full, kept, hits) == (answer, False, 0)
    assert run(tmp_path / "full") == (answer, True, 0)  # nothing half-written was left


def test_no_folder_costs_time_only(tmp_path, monkeypatch):
    """As root may write anywhere, numba is told that no folder suits."""
    from numba.core import caching

    from firstshell.runtime.compiled import compiled, where_kept

    monkeypatch.setattr(caching.FunctionCache._impl_class, "_locator_classes", [])
    function = compiled()(lambda x: x + 1)
    assert function(2) == 3
    assert where_kept(function) is None
