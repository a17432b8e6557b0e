"""A program ends with the run that started it, however that ends, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from firstshell.errors import EngineError, UnavailableError
from firstshell.simulation.feff.process import run_program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts stand in for programs")

SLEEPER = """#!/bin/sh
sleep 300 &
echo $! > "{kept}/child"
echo $$ > "{kept}/parent"
sleep 300
"""
RUN = """
import sys
from pathlib import Path
from firstshell import cli
from firstshell.runtime.leftovers import scratch_folder
from firstshell.simulation.feff.process import run_program

def job(words):
    with scratch_folder() as folder:
        (Path(sys.argv[1]) / "scratch").write_text(str(folder))
        run_program([Path(sys.argv[1]) / "program"], folder, "program", timeout=300, memory=2 << 30)

cli.app = job
cli.main()
"""


def program(folder, text):
    path = folder / "program"
    path.write_text(text)
    path.chmod(0o755)
    return path


def call(folder, text, **how):
    scratch = folder / "scratch"
    scratch.mkdir()
    return run_program([program(folder, text)], scratch, "it", **({"timeout": 300, "memory": 2 << 30} | how))


def runs(pid):
    """Whether a process runs; one that has ended but that nobody waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def gone(*checks):
    """Wait, for at most a minute on a busy machine, until all is gone; the program itself would take five."""
    end = time.monotonic() + 60
    while any(check() for check in checks) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(check() for check in checks)


@pytest.fixture
def started(tmp_path):
    """A command that runs a program with a child of its own, once both run; its process numbers and scratch folder."""
    program(tmp_path, SLEEPER.format(kept=tmp_path))
    process = subprocess.Popen([sys.executable, "-c", RUN, tmp_path], stderr=subprocess.PIPE, start_new_session=True)
    while not (tmp_path / "parent").exists() or not (tmp_path / "parent").read_text().strip():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    pids = [int((tmp_path / name).read_text()) for name in ("parent", "child")]
    yield process, pids, Path((tmp_path / "scratch").read_text())
    process.kill()
    process.wait()
    process.stderr.close()


@pytest.mark.parametrize("whole_group", [False, True])
def test_a_killed_run_takes_its_programs_and_folders_with_it(started, whole_group):
    process, pids, scratch = started
    assert all(runs(pid) for pid in pids)
    assert scratch.is_dir()
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
    process.wait()
    assert gone(*(lambda pid=pid: runs(pid) for pid in pids), scratch.exists)


@pytest.mark.parametrize(("name", "status"), [("SIGHUP", 129), ("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_unwinds_the_run(started, name, status):
    """As a closed terminal and a batch system send them."""
    process, pids, scratch = started
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert err.decode() == (
        "firstshell: interrupted; nothing was finished that is kept: the same command begins anew\n"
    )
    assert gone(*(lambda pid=pid: runs(pid) for pid in pids), scratch.exists)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a signal that only Linux sends")
def test_a_program_ends_even_where_its_launcher_is_killed(started):
    _, (parent, _), _ = started
    launcher = int(Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
    assert b"launcher.py" in Path(f"/proc/{launcher}/cmdline").read_bytes()
    os.kill(launcher, signal.SIGKILL)
    assert gone(lambda: runs(parent))


def test_output_and_folder_are_the_callers(tmp_path):
    assert call(tmp_path, "#!/bin/sh\necho here; pwd; echo there >&2\n").split() == [
        "here",
        str(tmp_path / "scratch"),
        "there",
    ]
    assert (tmp_path / "scratch" / "it.log").is_file()


def test_what_a_program_leaves_running_is_ended(tmp_path):
    child = int(call(tmp_path, "#!/bin/sh\nsleep 300 > /dev/null 2>&1 &\necho $!\n"))
    assert gone(lambda: runs(child))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#!/bin/sh\necho no; exit 3\n", "it ended with code 3: no"),
        ("#!/bin/sh\nkill -SEGV $$\n", r"it was killed by signal 11 \("),
        ("#!/bin/sh\nsleep 300\n", "it was stopped after 1 s"),
    ],
)
def test_failures_are_named(tmp_path, text, message):
    with pytest.raises(EngineError, match=message):
        call(tmp_path, text, timeout=1 if "sleep" in text else 300)


@pytest.mark.parametrize(
    ("text", "message"), [("#!/no/such/shell\n", "No such file"), ("\x7fELF", "Exec format error")]
)
def test_what_cannot_be_started_says_so(tmp_path, text, message):
    with pytest.raises(UnavailableError, match=message):
        call(tmp_path, text)
