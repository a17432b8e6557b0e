"""Driver of the open feff8l executables: potentials, phase shifts and dipole matrix elements.

They come with the xraylarch wheel (MIT licence) and are run from there, each job in a folder of its own.
"""

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.errors import EngineError, InputError, UnavailableError
from firstshell.runtime.leftovers import scratch_folder
from firstshell.simulation.feff.cards import Job, Scf, write_cards
from firstshell.simulation.feff.guard import ScfReport, first_believed, ladder, note_progress, read_log
from firstshell.simulation.feff.process import last_words, run_program
from firstshell.simulation.scattering.pad import Phases, read_phases
from firstshell.units import BOHR

MEMORY = 2 << 30
"""Bytes of address space a process may have; feff8l_pot needs 0.2 GB."""


@dataclass(frozen=True, eq=False)
class Potentials:
    """The outcome of a job: phase shifts, and how the self-consistent field behind them came about.

    lmax : for each potential the largest angular momentum that scatters, the engine's choice where the job leaves it
    attempts : one record for each try of the retry ladder, the accepted one last
    """

    phases: Phases
    lmax: tuple[int, ...]
    attempts: tuple[dict[str, Any], ...]


def executable(stage: str) -> Path:
    """Return the path of feff8l_`stage` ("rdinp", "pot", "xsph") in the installed wheel; see `wheel_program`."""
    return wheel_program(f"feff8l_{stage}")


@cache
def wheel_program(name: str) -> Path:
    """Return the path of a program of the installed xraylarch wheel, without importing it.

    Raises UnavailableError when the wheel is not installed or has none for this system.
    """
    spec = importlib.util.find_spec("larch")
    if spec is None or not spec.submodule_search_locations:
        raise UnavailableError("xraylarch is not installed. Install it: pip install xraylarch")
    folder = {"linux": "linux64", "darwin": "darwin64", "win32": "win64"}.get(sys.platform)
    suffix = ".exe" if sys.platform == "win32" else ""
    path = Path(spec.submodule_search_locations[0]) / "bin" / str(folder) / f"{name}{suffix}"
    if not path.is_file():
        raise UnavailableError(
            f"the installed xraylarch has no {name} for {sys.platform}. Reinstall it, 2026.3 or later"
        )
    return path


def available() -> tuple[bool, str]:
    """Return whether the executables run on this machine, and a sentence about it."""
    try:
        with scratch_folder() as scratch:
            for stage in ("pot", "xsph"):
                executable(stage)
            answer = run_stage("rdinp", scratch, timeout=30)
    except EngineError as error:
        return False, str(error)
    if "Feff8L" not in answer:
        return False, f"feff8l_rdinp did not answer as expected: {answer[:80]!r}"
    return True, f"feff8l runs ({executable('rdinp').parent})"


def run_stage(stage: str, folder: Path, timeout: float, watch: Callable[[str], None] = lambda _: None) -> str:
    """Run feff8l_`stage` in `folder` for at most `timeout` seconds and return what it printed.

    watch : is given what it has printed so far

    Raises EngineError when it cannot be started, was killed, or ran too long.
    """
    return run_program(
        [executable(stage)],
        folder,
        f"feff8l_{stage}",
        timeout=timeout,
        memory=MEMORY,
        hint=": it is built for x86-64 processors",
        watch=watch,
    )


def calculate(job: Job, *, timeout: float = 900.0, retry: bool = True) -> Potentials:
    """Run a job: self-consistent field under guard, with retries, then phase shifts on the job's mesh.

    job : what to calculate
    timeout : seconds of wall-clock time for each process
    retry : go down the ladder of settings when the field is not to be believed; else fail at once

    Raises EngineError naming the stage and the cause, all attempts listed, when no field is to be believed; InputError
    for more energies than the engine takes.

    """

    def attempt(scf: Scf, folder: Path) -> tuple[ScfReport, Callable[[], tuple[Phases, tuple[int, ...]]]]:
        return _potentials(replace(job, scf=scf), folder, timeout), lambda: _phases(job, folder, timeout)

    atoms = [potential.charge for potential in job.potentials]
    (phases, lmax), attempts = first_believed(ladder(job.scf) if retry else [job.scf], attempt, atoms)
    return Potentials(phases, lmax, attempts)


def _potentials(job: Job, folder: Path, timeout: float) -> ScfReport:
    (folder / "feff.inp").write_text(write_cards(job), encoding="ascii")
    text = run_stage("rdinp", folder, timeout)
    if not (folder / "pot.json").is_file():
        raise EngineError(f"feff8l_rdinp refuses the input: {last_words(text)}")
    text = run_stage("pot", folder, timeout, lambda printed: note_progress(printed, job.scf.iterations))
    if not (folder / "pot.pad").is_file():
        raise EngineError(f"feff8l_pot made no potentials: {last_words(text)}")
    return read_log(text)


def _phases(job: Job, folder: Path, timeout: float) -> tuple[Phases, tuple[int, ...]]:
    control = folder / "xsph.json"
    settings = json.loads(control.read_text(encoding="utf-8"))
    settings |= {"ispec": 1, "xkmax": job.mesh.kmax, "xkstep": job.mesh.kstep, "vixan": job.mesh.estep}
    control.write_text(json.dumps(settings, indent=0), encoding="ascii")
    run_stage("xsph", folder, timeout)
    phases = read_phases(folder)
    reached = float(np.sqrt(2 * (phases.energy[phases.horizontal - 1].real - phases.energy[-1].real))) / BOHR
    if reached < job.mesh.kmax - 1.5 * job.mesh.kstep:
        raise InputError(
            f"the energies end at {reached:.2f} 1/Å and not at {job.mesh.kmax:.2f}: the engine takes 100 of them",
            remedy="Give larger steps or a smaller range",
        )
    return phases, tuple(settings["lmaxph"][: len(job.potentials)])
