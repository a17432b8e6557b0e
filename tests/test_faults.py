"""The programs of faults in bench/ count what they find, of a stand-in for a run that takes a fraction of a second.

tests/runtime/test_cluster.py kills Dask workers.
"""

import json
import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firstshell.api.settings import read_plan

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


def test_spoilt_files_of_one_format_leave_the_others(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(BENCH)
    import fuzz

    monkeypatch.setattr(fuzz, "RESULTS", tmp_path / "fuzz.json")
    monkeypatch.setattr(fuzz, "LIMIT_BYTES", np.inf)  # this process has the memory of the tests before
    fuzz.RESULTS.write_text('{"gr": {"count": 5, "same": 5}, "memory_MB": 1}')
    monkeypatch.setattr(sys, "argv", ["fuzz.py", "--count", "3", "--formats", "columns"])
    with pytest.raises(SystemExit) as ended:
        fuzz.main()
    assert ended.value.code == 0
    found = json.loads(fuzz.RESULTS.read_text())
    assert found["gr"] == {"count": 5, "same": 5}
    assert found["columns"]["count"] == 3
    assert found["memory_MB"] > 1


def test_the_study_that_is_killed_has_settings_that_are_taken(programs, tmp_path):
    words = programs[0].JOBS["study"].words(tmp_path)
    plan = read_plan(None, [word for before, word in pairwise(words) if before == "--set"])
    assert plan.inputs == ("xanes",)
    assert plan.repeats == 2
