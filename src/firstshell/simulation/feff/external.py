"""Driver of a FEFF9 or FEFF10 of the user's: from a site of a crystal to FEFF's own xmu.dat, under guard.

FEFF is not part of firstshell: its authors distribute it (https://feff.phys.washington.edu, FEFF10 also on GitHub; Kas,
Vila, Pemmaraju, Tan and Rehr, J. Synchrotron Rad. 28, 1801 (2021)). Either its modules are run one after the other, or
one program or script that does so itself. Each attempt has a folder of its own, which is removed afterwards.
"""

import os
import platform
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from firstshell.errors import EngineError, InputError, UnavailableError
from firstshell.io.spectra.xmu import Xmu, parse_xmu
from firstshell.runtime.progress import note
from firstshell.simulation.feff.cards import Mesh, Scf
from firstshell.simulation.feff.guard import ScfReport, first_believed, ladder, note_progress, read_log
from firstshell.simulation.feff.process import last_words, read_tail, run_program
from firstshell.simulation.feff.settings import FeffSettings, cards, site_job
from firstshell.units import EV_PER_K2_OF_MESHES

FIELD = ("rdinp", "atomic", "pot")
SPECTRUM = ("screen", "xsph", "fms", "mkgtr", "path", "genfmt", "ff2x")
OPTIONAL = ("atomic", "screen")
"""Modules that not every FEFF9 has; `screen` makes the hole of COREHOLE RPA."""
WHOLE = "feff"
"""Name of the program that runs all modules, where the path is a folder."""
FATAL = re.compile(r"^.*(?:fatal error|FEFF terminated|-- quitting|forrtl: severe|segmentation).*$", re.I | re.M)
"""What FEFF says when it gives up: many of its modules end with code 0 all the same."""
MAX_XMU = 10_000_000
WANTED = "Give the folder of FEFF's modules (rdinp, pot, …), or one program or script that runs them all"


def find(path: str) -> dict[str, Path]:
    """Return name and file of what is run, in this order: FEFF's modules, or one program alone.

    Raises UnavailableError where there is nothing that could be FEFF.
    """
    if not path:
        raise UnavailableError("no path is given")
    place = Path(path).expanduser().absolute()
    if not place.exists():
        raise UnavailableError(f"{place} does not exist on {platform.node()}")
    if place.is_dir():
        found = {stage: file for stage in (*FIELD, *SPECTRUM) if (file := _program(place / stage)) is not None}
        whole = _program(place / WHOLE)
        if "rdinp" not in found and whole is not None:
            return {WHOLE: whole}
        if missing := [stage for stage in (*FIELD, *SPECTRUM) if stage not in {*found, *OPTIONAL}]:
            raise UnavailableError(f"the folder holds no program {', '.join(missing)} on {platform.node()}")
        return found
    if (program := _program(place)) is None:
        raise UnavailableError(f"{place} is not a program that can be run on {platform.node()}")
    return {program.stem: program}


def site_spectrum(
    structure: Structure, site: int, settings: FeffSettings, kmax: float, *, retry: bool = True
) -> tuple[Xmu, dict[str, Any]]:
    """Calculate the K edge of atom `site` (0-based) to `kmax` in 1/Å, and say how.

    retry : go down the ladder of settings when the field is not to be believed; else fail at once

    Returns FEFF's columns, and a record of program, accepted settings and all attempts, JSON-able.

    Raises EngineError naming the cause when FEFF fails, all attempts listed, and when another version than the
    settings name made the spectrum; UnavailableError when there is no FEFF; InputError for a structure it cannot take.
    """
    job, programs = site_job(structure, site, settings, kmax), find(settings.path)
    deadline = time.monotonic() + settings.timeout
    modular = len(programs) > 1

    def run(names: list[str], folder: Path, watch: Callable[[str], None] = lambda _: None) -> str:
        return "".join(_run(name, programs[name], folder, settings, deadline, watch) for name in names)

    def attempt(scf: Scf, folder: Path) -> tuple[ScfReport, Callable[[], Xmu]]:
        (folder / "feff.inp").write_text(cards(replace(job, scf=scf), settings), encoding="ascii")
        first = [name for name in programs if name in FIELD] if modular else list(programs)
        printed = run(first, folder, lambda printed: note_progress(_scf_log(printed, folder), scf.iterations))
        report = read_log(_scf_log(printed, folder))
        if not report.fermi:
            raise EngineError(f"{first[-1]} reports no self-consistent field; its last lines: {last_words(printed)}")
        rest = [name for name in programs if name not in first]
        return report, lambda: (run(rest, folder), _read_xmu(folder, settings, job.mesh))[1]

    steps = takewhile(lambda _: time.monotonic() < deadline, ladder(job.scf) if retry else [job.scf])
    xmu, attempts = first_believed(steps, attempt, [potential.charge for potential in job.potentials])
    record = {
        "site": site,
        "program": xmu.program,
        "fermi_eV": round(xmu.fermi, 3),
        "scf": list(attempts),
        "atoms": len(job.positions),
    }
    return xmu, record


def ready(settings: FeffSettings) -> FeffSettings:
    """Return settings with the whole path and the version of the FEFF there, which has calculated a small cluster.

    Raises InputError when it cannot, or the settings name another version.
    """
    path = str(Path(settings.path).expanduser().absolute()) if settings.path else ""
    try:
        copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.615), ["Cu"], [[0, 0, 0]])
        small = replace(settings, path=path, scf_radius=3.0, fms_radius=3.0, timeout=min(settings.timeout, PROBE_S))
        xmu, _ = site_spectrum(copper, 0, small, kmax=4.0, retry=False)
        xmu.normalised("Cu")
    except (EngineError, InputError) as error:
        what = error.what if isinstance(error, InputError) else str(error)
        raise InputError(f"no FEFF that works ({what})", remedy=WANTED, file=path or None) from error
    return replace(settings, path=path, program=xmu.program)


PROBE_S = 600.0
"""Seconds for the cluster of copper that tests whether a FEFF works."""


def _program(file: Path) -> Path | None:
    """Return the file, if need be with .exe behind it, when it can be run."""
    for candidate in (file, file.with_name(f"{file.name}.exe")) if sys.platform == "win32" else (file,):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    return None


def _run(
    name: str,
    program: Path,
    folder: Path,
    settings: FeffSettings,
    deadline: float,
    watch: Callable[[str], None],
) -> str:
    """Run one module to its end and return what it printed; EngineError when it gave up, whatever code it left."""
    left = max(deadline - time.monotonic(), 0.0)
    note(name)
    memory = int(settings.memory * 1e9)
    text = run_program([program], folder, name, timeout=left, memory=memory, watch=watch)
    complaint = FATAL.search(text)
    marker = folder / ".feff.error"  # FEFF9 and FEFF10 empty or remove it when a module ends well
    if complaint is not None or (marker.is_file() and read_tail(marker).strip()):
        raise EngineError(f"{name} gave up: {last_words(text if complaint is None else complaint[0])}")
    return text


def _scf_log(printed: str, folder: Path) -> str:
    """Return what was printed about the self-consistent field; of a silent program, what FEFF wrote into log1.dat."""
    log = folder / "log1.dat"
    return read_tail(log) if "Fermi level" not in printed and log.is_file() else printed


def _read_xmu(folder: Path, settings: FeffSettings, mesh: Mesh) -> Xmu:
    file = folder / "xmu.dat"
    if not file.is_file():
        raise EngineError("FEFF wrote no xmu.dat")
    if file.stat().st_size > MAX_XMU:
        raise EngineError("xmu.dat has over 10 MB")
    try:
        xmu = parse_xmu(file.read_text(encoding="utf-8", errors="replace"), "xmu.dat")
        xmu.edge_step()
    except InputError as error:
        raise EngineError(f"xmu.dat: {error.what}") from error
    end, wanted = xmu.energy[-1] - xmu.fermi, EV_PER_K2_OF_MESHES * (mesh.kmax - 2 * mesh.kstep) ** 2
    if end < wanted:
        raise EngineError(f"xmu.dat: cut short, it ends {end:.0f} eV above the Fermi level and not at {wanted:.0f}")
    if not xmu.program:
        raise EngineError("xmu.dat does not name the version of FEFF that wrote it")
    if settings.program not in ("", xmu.program):
        raise UnavailableError(f"{settings.path} is {xmu.program} here, not {settings.program}")
    return xmu
