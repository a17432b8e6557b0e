"""The programs of faults in bench/ count what they find, of a stand-in for a run that takes a fraction of a second.

tests/runtime/test_cluster.py kills Dask workers.
"""

import json
import os
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="looks into /proc"),
]

RUN = """
import sys, time
from pathlib import Path
from random import random

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
half = out / ".firstshell-half"
half.touch()
time.sleep(0.3)
(out / "result").write_text({result})
half.unlink()
"""
"""A run that leaves a half-written file where it is killed."""


@pytest.fixture
def programs(monkeypatch, tmp_path):
    """Return the modules kills and faults, whose files of results lie elsewhere; bench/ is no package."""
    monkeypatch.syspath_prepend(BENCH)
    import faults
    import kills

    for module in (kills, faults):
        monkeypatch.setattr(module, "RESULTS", tmp_path / f"{module.__name__}.json")
    return kills, faults


def stand_in(monkeypatch, programs, tmp_path, result):
    """Have the programs start this instead of firstshell."""
    kills, faults = programs
    script = tmp_path / "run.py"
    script.write_text(RUN.format(result=result))
    job = kills.Job(lambda out: [str(out)], ("result",))
    for module in programs:
        monkeypatch.setattr(module, "FIRSTSHELL", [sys.executable, str(script)])
    monkeypatch.setitem(kills.JOBS, "build", job)
    monkeypatch.setattr(faults, "JOB", job)


@pytest.mark.parametrize(("result", "differ"), [("'same'", 0), ("str(random())", 1)])
def test_kills_are_counted(monkeypatch, programs, tmp_path, result, differ):
    stand_in(monkeypatch, programs, tmp_path, result)
    monkeypatch.setattr(sys, "argv", ["kills.py", "build", "--kills", "4"])
    programs[0].main()
    found = json.loads((tmp_path / "kills.json").read_text())["build"]
    assert found["kills"] == 4
    assert found["finished"] >= 1
    assert found["differ"] == differ * found["finished"]
    assert [len(way["lived_on_s"]) for way in found["ways"].values()] == [1, 1, 1, 1]


@pytest.mark.parametrize(("result", "end"), [("'same'", "the same bytes"), ("str(random())", "another end")])
def test_builds_while_the_clock_jumps(monkeypatch, programs, tmp_path, result, end):
    stand_in(monkeypatch, programs, tmp_path, result)
    assert programs[1].clock(tmp_path, 2) == {"runs": 2, end: 2}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a file system")
def test_a_full_disk(monkeypatch, programs, tmp_path):
    stand_in(monkeypatch, programs, tmp_path, "'x' * 30_000")
    monkeypatch.setattr(programs[1], "SIZES_KB", (16,))
    try:
        (found,) = programs[1].disk(tmp_path)["runs"]
    except programs[1].subprocess.CalledProcessError:
        pytest.skip("may not mount")
    assert found["ended with"] == 1
    assert found["traceback"]
    assert found["then the same bytes"]
