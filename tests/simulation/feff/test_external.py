"""A FEFF of the user's: cards, guard, limits. Most tests use a stand-in program; see tests/fake_feff.py."""

import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.feff.sets import MPXANESSet

from fake_feff import MODULES, calls, fake_feff
from firstshell.errors import EngineError, InputError, UnavailableError
from firstshell.simulation.feff.external import find, ready, site_spectrum
from firstshell.simulation.feff.guard import objection, read_log
from firstshell.simulation.feff.inp import read_feff_inp
from firstshell.simulation.feff.settings import FeffSettings, cards, site_job

KMAX = 3.9
LOG = """New Fermi level:    mu= -10.994 eV  Charge distance=  0.5156 (partial c.d.=  9.5449)
New Fermi level:    mu= -11.583 eV  Charge distance=  0.0497 (partial c.d.= 10.0121)
New Fermi level:    mu= -11.585 eV  Charge distance=  0.0021 (partial c.d.=  0.3415)
Electronic configuration
  type     l     N_el
     0     0    0.417
     0     1    0.626
     1     0    1.846
Charge transfer:  type  charge
       0   -0.097
       1    0.146
Convergence reached in   16 iterations.
Done with module: potentials.
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="scripts stand in for FEFF")


def mno():
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.446), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def run(path, **changes):
    return site_spectrum(mno(), 0, FeffSettings(str(path), **({"timeout": 60.0} | changes)), KMAX)


def test_feff10_log_is_read():
    """The words of FEFF 10.0.0, shortened."""
    report = read_log(LOG)
    assert report.finished
    assert report.fermi == (-10.994, -11.583, -11.585)
    assert report.charges == (-0.097, 0.146)
    assert report.counts == {(0, 0): 0.417, (0, 1): 0.626, (1, 0): 1.846}
    assert "moves by 0.59" in objection(report, (25, 8))


def test_feff_that_says_it_did_not_converge_is_not_believed():
    good = LOG.replace("-10.994", "-11.58 ").replace("-11.583", "-11.584")
    assert objection(read_log(good), (25, 8)) is None
    words = ":WARNING Convergence not reached; ran out of iterations."
    bad = re.sub("Convergence reached in .*", words, good)
    assert "did not converge" in objection(read_log(bad), (25, 8))


@pytest.mark.slow
def test_cards_have_the_atoms_and_potentials_of_pymatgens(tmp_path):
    settings = FeffSettings(core_hole="FSR", scf_radius=4.5, scf_iterations=30, scf_steps=1, fms_radius=7.5)
    job = site_job(mno(), 0, settings, 3.7)
    text = cards(job, settings)
    theirs = MPXANESSet(absorbing_atom="Mn", structure=mno(), radius=10.0)
    for name in ("SCF", "FMS", "XANES", "EXCHANGE", "COREHOLE", "EDGE", "S02", "CONTROL", "PRINT"):
        ours = re.search(rf"^{name} (.*)$", text, re.M)[1].split()
        reference = re.search(rf"^{name} (.*)$", str(theirs.tags), re.M)[1].split()
        assert [_number(word) for word in ours] == [_number(word) for word in reference], name
    (tmp_path / "feff.inp").write_text(text)
    read = read_feff_inp(tmp_path / "feff.inp").job
    atoms = np.array([line.split()[:3] for line in str(theirs.atoms).splitlines()[3:]][:-1], dtype=float)
    inside = np.linalg.norm(atoms, axis=1) < 9.99
    assert np.sum(np.linalg.norm(read.positions, axis=1) < 9.99) == inside.sum()
    assert [potential.charge for potential in read.potentials] == [25, 8, 25]


def _number(word):
    return float(word) if re.fullmatch(r"[-.\d]+", word) else word


@pytest.mark.slow
@posix
@pytest.mark.parametrize("modules", [False, True])
def test_a_spectrum_and_how_it_was_made(tmp_path, modules):
    path = fake_feff(tmp_path, modules=modules)
    xmu, record = run(path)
    assert xmu.program == record["program"] == "FEFF 9.9.1"
    assert xmu.fermi == pytest.approx(6543.7, abs=0.1)
    assert [attempt["objection"] for attempt in record["scf"]] == [None]
    assert record["atoms"] == len(site_job(mno(), 0, FeffSettings(), KMAX).positions)
    assert [line.split()[0] for line in calls(path)] == (list(MODULES) if modules else ["feff"])


@posix
def test_a_silent_program_is_read_from_its_log_file(tmp_path):
    assert run(fake_feff(tmp_path, "silent"))[1]["scf"][0]["fermi"] == (-10.0, -9.6, -9.58, -9.57)


@pytest.mark.slow
@posix
@pytest.mark.parametrize("modules", [False, True])
def test_gentler_mixing_is_tried(tmp_path, modules):
    path = fake_feff(tmp_path, "gentle", modules=modules)
    record = run(path)[1]
    assert [attempt["mixing"] for attempt in record["scf"]] == [0.2, 0.1]
    assert "moves by" in record["scf"][0]["objection"]
    assert calls(path).count("ff2x 0.2") == 0  # no spectrum is made of a field that is not believed


@pytest.mark.slow
@posix
@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("crash", r"no attempt can be believed.*ended with code 3: Segmentation fault.*mixing 0\.05"),
        ("killed", r"was killed by signal 9 \(Killed\)"),
        ("memory", "MemoryError"),
        ("quits", r"gave up: Cannot determine Norman radius -- quitting\."),
        ("marker", "gave up: .*potentials"),
        ("swings", r"the Fermi level still moves by 2\.00 eV"),
        ("charge", "potential 1 has the charge 2.50"),
        ("unconverged", "FEFF did not converge"),
        ("no xmu", "wrote no xmu.dat"),
        ("cut", "xmu.dat: "),
        ("short", r"cut short, it ends \d+ eV above the Fermi level and not at \d+"),
        ("nan", "not finite"),
        ("unnamed", "does not name the version"),
        ("another program", "feff reports no self-consistent field; its last lines: no message"),
    ],
)
def test_every_failure_is_told_with_its_cause(tmp_path, mode, words):
    with pytest.raises(EngineError, match=f"(?s){words}") as caught:
        run(fake_feff(tmp_path, mode), memory=1.0)
    assert not isinstance(caught.value, UnavailableError)


@posix
def test_a_site_that_hangs_is_stopped_with_its_children_and_not_tried_again(tmp_path):
    path = fake_feff(tmp_path, "hang")
    runs = []
    for timeout in (1.0, 4.0, 16.0, 64.0):  # until it begins, however busy the machine is
        with pytest.raises(EngineError, match="was stopped after"):
            run(path, timeout=timeout)
        runs.append(timeout)
        if (tmp_path / "child").exists():
            break
    assert len(calls(path)) <= len(runs)
    child = int((tmp_path / "child").read_text())
    for _ in range(600):
        if not alive(child):
            break
        time.sleep(0.1)
    assert not alive(child)


def alive(pid):
    """Whether a process runs; one that has ended but that nobody waited for does not."""
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.slow
@posix
def test_another_version_on_another_node_is_refused(tmp_path):
    settings = ready(FeffSettings(str(fake_feff(tmp_path))))
    assert settings.program == "FEFF 9.9.1"
    fake_feff(tmp_path, "newer")
    with pytest.raises(UnavailableError, match=r"is FEFF 10\.0\.0 here, not FEFF 9\.9\.1"):
        site_spectrum(mno(), 0, settings, KMAX)
    with pytest.raises(InputError, match="not FEFF 9"):
        ready(settings)


@pytest.mark.slow
@posix
def test_what_is_no_feff_is_told(tmp_path):
    good = fake_feff(tmp_path / "good", modules=True)
    (good / "fms").unlink()
    plain = tmp_path / "notes.txt"
    plain.write_text("FEFF is in my other account")
    for path, words in (
        ("", "no path is given"),
        (tmp_path / "nowhere", "does not exist"),
        (plain, "not a program that can be run"),
        (good, "the folder holds no program fms"),
        (tmp_path, "no program rdinp, pot"),
        (fake_feff(tmp_path / "other", "another program"), "reports no self-consistent field"),
        (Path("/bin/true"), "reports no self-consistent field"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            ready(FeffSettings(str(path)))
        assert str(caught.value).count("Give the folder of FEFF's modules") == 1


@posix
def test_a_folder_may_hold_the_script_that_runs_all(tmp_path):
    fake_feff(tmp_path)
    assert list(find(str(tmp_path))) == ["feff"]


@pytest.mark.parametrize(
    "changes",
    [
        {"scf_radius": 0.0},
        {"scf_radius": float("nan")},
        {"core_hole": "rpa"},
        {"exchange": (0.0, float("inf"))},
        {"scf_mixing": 2.0},
        {"timeout": 0.0},
    ],
)
def test_settings_that_are_none_are_refused(changes):
    with pytest.raises(InputError):
        replace(FeffSettings(), **changes)
