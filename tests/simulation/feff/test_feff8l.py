import stat
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from firstshell.errors import EngineError, InputError
from firstshell.simulation.feff import feff8l
from firstshell.simulation.feff.cards import Job, Potential, Scf, write_cards
from firstshell.simulation.feff.guard import ScfReport, ladder, objection, read_log

GOOD = ScfReport(True, (-11.0, -11.55, -11.59, -11.58), (0.1, 0.2, -0.2), {(0, 0): 0.44, (0, 1): 0.6})
LOG = """ mu_new=   -11.077
  Electronic configuration
   iph    il      N_el
     0     0    9.999
 mu_new=   -11.583
  Electronic configuration
   iph    il      N_el
     0     0    0.436
     0     1    0.597
     1     0    0.441
 mu_new=   -11.585
 Charge transfer:  iph  charge(iph)
       0    0.071
       1   -0.182
 Done with module 1: potentials."""


MNO = (25, 25, 8)


def job(**changes):
    positions = np.array([[0, 0, 0], [2.1, 0, 0], [0, 2.1, 0], [3.0, 3.0, 0]])
    fields = {
        "positions": positions,
        "kinds": np.array([0, 2, 2, 1]),
        "potentials": (Potential(25, "Mn", 1e-4), Potential(25, "Mn", 1), Potential(8, "O", 1)),
        "scf": Scf(3.0, 8),
    }
    return Job(**(fields | changes))


def test_log_is_read():
    report = read_log(LOG)
    assert report == ScfReport(
        True, (-11.077, -11.583, -11.585), (0.071, -0.182), {(0, 0): 0.436, (0, 1): 0.597, (1, 0): 0.441}
    )
    assert report.spread == pytest.approx(0.508)


def test_overflowing_numbers_are_never_believed():
    report = read_log(LOG.replace("   -11.585", "*******").replace("0.071", "  NaN"))
    assert np.isnan(report.fermi[-1])
    assert objection(report, MNO)


def test_a_good_field_is_believed():
    assert objection(GOOD, MNO) is None


def test_the_charge_of_a_highly_oxidised_neighbour_is_believed():
    """Tl4CuTeO6: 1.20 to 1.22 on tellurium in five attempts at three radii."""
    report = ScfReport(True, GOOD.fermi, (0.1, -0.4, 0.2, 1.22), GOOD.counts)
    assert objection(report, (29, 8, 81, 52)) is None


@pytest.mark.parametrize(("charge", "atom", "believed"), [(1.8, 42, True), (1.6, 41, True), (2.1, 41, False)])
def test_a_heavy_metal_of_high_valence_may_have_a_larger_charge(charge, atom, believed):
    """CsFe(MoO4)2: 1.72 to 1.82 on molybdenum in four attempts at three radii."""
    report = ScfReport(True, GOOD.fermi, (0.1, -0.4, 0.2, charge), GOOD.counts)
    assert (objection(report, (26, 8, 55, atom)) is None) == believed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"finished": False}, "stopped"),
        ({"fermi": ()}, "stopped"),
        ({"fermi": (-11.0, -11.5, -11.1)}, "moves by 0.50 eV"),
        ({"charges": (1.57, 0.2, -0.2)}, "potential 0 has the charge 1.57"),
        ({"counts": {(0, 0): 1.92}}, "1.92 electrons"),
    ],
)
def test_bad_fields_are_told_apart(changes, words):
    assert words in objection(ScfReport(**(vars(GOOD) | changes)), MNO)


def test_the_ladder_mixes_gentler_then_moves_the_radius():
    steps = list(ladder(Scf(3.6, 30, 0.2)))
    assert [step.mixing for step in steps] == [0.2, 0.1, 0.05, 0.1, 0.1]
    assert [step.radius for step in steps] == pytest.approx([3.6, 3.6, 3.6, 4.2, 3.0])


def test_cards():
    text = write_cards(job(core_hole=False))
    assert "SCF 3.0000 0 8 0.2000 1" in text
    assert "NOHOLE" in text
    assert "NOHOLE" not in write_cards(job())
    assert not {"COREHOLE", "XANES", "FMS"} & set(text.split())
    assert text.rstrip().endswith("3.000000 3.000000 0.000000 1\nEND")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"positions": np.array([[0, 0, 0], [2.1, 0, 0], [2.1, 0.3, 0], [3, 3, 0]])}, "overlap"),
        ({"positions": np.random.default_rng(0).normal(size=(1001, 3)) * 50, "kinds": np.arange(1001) % 2}, "1001"),
        ({"potentials": (Potential(25, "Mn", 1), Potential(103, "Lr", 1), Potential(8, "O", 1))}, "Lr"),
        ({"potentials": tuple(Potential(8, "O", 1) for _ in range(13))}, "13 kinds"),
        ({"positions": np.zeros((1, 3)), "kinds": np.array([0])}, "no neighbours"),
        ({"kinds": np.array([0, 0, 2, 1])}, "exactly one atom"),
        ({"kinds": np.array([0, 2, 2, 2])}, "has no atom"),
    ],
)
def test_impossible_jobs_are_refused(changes, words):
    with pytest.raises(InputError, match=words):
        job(**changes)


def test_a_missing_wheel_is_named(monkeypatch):
    monkeypatch.setattr(feff8l.importlib.util, "find_spec", lambda name: None)
    feff8l.wheel_program.cache_clear()
    works, text = feff8l.available()
    feff8l.wheel_program.cache_clear()
    assert not works
    assert "pip install xraylarch" in text


def test_a_missing_executable_is_named(monkeypatch, tmp_path):
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(feff8l.importlib.util, "find_spec", lambda name: spec)
    feff8l.wheel_program.cache_clear()
    works, text = feff8l.available()
    feff8l.wheel_program.cache_clear()
    assert not works
    assert "no feff8l_pot" in text


def program(monkeypatch, tmp_path, content: str):
    path = tmp_path / "feff8l_fake"
    path.write_text(content)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(feff8l, "executable", lambda stage: path)


posix = pytest.mark.skipif(sys.platform != "linux", reason="shell scripts and /proc stand in for an executable")


@posix
def test_a_machine_that_cannot_run_it_is_named(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "\x7fELF of another processor")
    works, text = feff8l.available()
    assert not works
    assert "x86-64" in text


@posix
def test_a_job_that_hangs_is_stopped_with_its_children(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "#!/bin/sh\nsleep 600 &\necho $! > child\nwait\n")
    started = time.monotonic()
    with pytest.raises(EngineError, match="stopped after"):
        feff8l.run_stage("pot", tmp_path, timeout=2.0)
    assert time.monotonic() - started < 300
    child = int((tmp_path / "child").read_text())
    for _ in range(600):
        if not alive(child):
            break
        time.sleep(0.1)
    assert not alive(child)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but that nobody waited for does not."""
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@posix
def test_a_crash_is_told_with_its_last_words(monkeypatch, tmp_path):
    program(monkeypatch, tmp_path, "#!/bin/sh\necho Segmentation violation\nexit 3\n")
    with pytest.raises(EngineError, match="code 3: Segmentation violation"):
        feff8l.run_stage("pot", tmp_path, timeout=600)


def test_every_attempt_is_recorded(monkeypatch):
    reports = iter([ScfReport(True, (-11.0, -12.0, -11.0), (0.1,), {(0, 0): 0.4}), EngineError("crashed"), GOOD])

    def potentials(job, folder, timeout):
        report = next(reports)
        if isinstance(report, EngineError):
            raise report
        return report

    monkeypatch.setattr(feff8l, "_potentials", potentials)
    monkeypatch.setattr(feff8l, "_phases", lambda *args: ("phases", (3, 3, 3)))
    solved = feff8l.calculate(job())
    assert [attempt["mixing"] for attempt in solved.attempts] == [0.2, 0.1, 0.05]
    assert "moves" in solved.attempts[0]["objection"]
    assert solved.attempts[1]["objection"] == "crashed"
    assert solved.attempts[2]["objection"] is None


def test_a_field_that_never_converges_is_a_failure(monkeypatch):
    monkeypatch.setattr(feff8l, "_potentials", lambda *args: ScfReport(True, (-1.0, -2.0), (0.1,), {(0, 0): 0.4}))
    with pytest.raises(EngineError, match=r"no attempt can be believed.*mixing 0\.05.*moves by 1\.00 eV"):
        feff8l.calculate(job())
