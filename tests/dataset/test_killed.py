"""A build may be killed whenever: what comes out in the end is the same to the byte."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is neither fork nor SIGKILL")
def test_kills_at_twenty_random_moments_leave_no_trace(tmp_path):
    command = [sys.executable, Path(__file__).with_name("kills.py"), tmp_path, "20"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert found["differ"] == 0
    assert found["early"] >= 10
