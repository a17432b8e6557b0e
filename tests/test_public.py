"""The public face: every name is there, and imported only when asked for."""

import subprocess
import sys

import pytest

import firstshell as fs


def test_every_public_name_is_there():
    for name in fs.__all__:
        assert getattr(fs, name) is not None
    assert set(dir(fs)) == set(fs.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = fs.nonsense


def test_the_import_is_lazy():
    code = "import sys, firstshell; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" not in loaded
