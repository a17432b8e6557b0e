"""What `firstshell doctor` examines: whether each part works here, by using it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Literal

import numpy as np

from firstshell.errors import InputError
from firstshell.runtime.store import Record

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure


@dataclass(frozen=True)
class Finding:
    """One thing examined.

    state : "ok", "missing" (firstshell works without it) or "broken" (it does not)
    detail : what was found, and how to fix it
    """

    what: str
    state: Literal["ok", "missing", "broken"]
    detail: str


def doctor(feff: str = "") -> list[Finding]:
    """Find out what works on this machine, and how to fix the rest.

    Parameters
    ----------
    feff : str
        A FEFF9 or FEFF10 of yours to try, as `build` takes it.

    Returns
    -------
    list of Finding
        What was examined (`what`), its `state` ("ok", "missing", "broken") and in `detail` what was found.

    Examples
    --------
    >>> import firstshell as fs
    >>> [each.what for each in fs.doctor() if each.state == "broken"]  # doctest: +SKIP
    []

    """
    return [
        _machine(),
        *_packages(),
        _attempt("PDF engine", _pdf),
        _xanes(),
        *([_feff(feff)] if feff else []),
        _attempt("labels", _labels),
        _attempt("forests", _forest),
        _attempt("workers", _workers),
        _fast(),
        _disk(),
        _model_cache(),
        _compiled(),
    ]


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    detail = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {cores} cores"
    return Finding("machine", "ok" if sys.version_info >= (3, 11) else "broken", detail)


def _packages() -> list[Finding]:
    """Look for every package firstshell requires, extras left aside."""
    names = [line.split(";")[0] for line in requires("firstshell") or [] if "extra ==" not in line]
    findings = []
    for name in sorted(name.split(">")[0].split("=")[0].split("<")[0].strip() for name in names):
        try:
            findings.append(Finding(name, "ok", version(name)))
        except PackageNotFoundError:
            findings.append(Finding(name, "broken", f"not installed; run: pip install {name}"))
    return findings


def _attempt(what: str, use: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "ok", use())
    except Exception as error:  # whatever is wrong here is the finding
        return Finding(what, "broken", f"{type(error).__name__}: {error}; reinstall firstshell")


def _pdf() -> str:
    from firstshell import simulation as modalities

    spectrum = modalities.simulate(_rock_salt(), "Mn", "pdf")
    peak = float(spectrum.grid.values[np.argmax(spectrum.values)])  # type: ignore[union-attr]
    return f"works (MnO's tallest peak at {peak:.2f} Å)"


def _xanes() -> Finding:
    from firstshell.simulation.feff.feff8l import available

    works, detail = available()
    return Finding("XANES engine", "ok" if works else "missing", detail)


def _feff(path: str) -> Finding:
    from firstshell.simulation.feff.external import ready
    from firstshell.simulation.feff.settings import FeffSettings

    began = time.monotonic()
    try:
        found = ready(FeffSettings(path))
    except InputError as error:
        return Finding("FEFF", "broken", str(error))
    seconds = time.monotonic() - began
    return Finding("FEFF", "ok", f"{found.program} works ({found.path}: a small cluster of copper in {seconds:.0f} s)")


def _labels() -> str:
    from firstshell.crystal.labels import label_sites
    from firstshell.crystal.sites import distinct_sites

    structure = _rock_salt()
    labels = label_sites(structure, "Mn", distinct_sites(structure, "Mn"))[0]
    return f"work (Mn in MnO: {labels.oxidation_state}+, {labels.coordination_number} neighbours)"


def _forest() -> str:
    from sklearn.ensemble import RandomForestClassifier

    x = np.arange(40.0)[:, None]
    forest = RandomForestClassifier(n_estimators=10, random_state=0).fit(x, x[:, 0] > 20)
    return f"work (score {forest.score(x, x[:, 0] > 20):.2f} on a toy)"


def _workers() -> str:
    from firstshell.runtime.tasks import run_tasks

    results = run_tasks(_double, {str(i): i for i in range(4)}, workers=2, limit_s=60)
    return f"work ({len(results)} tasks in 2 processes)"


def _double(_shared: None, task: int) -> Record:
    return Record({"value": 2 * task})


def _fast() -> Finding:
    try:
        return Finding("scikit-learn-intelex", "ok", f"{version('scikit-learn-intelex')}: forests are fast")
    except PackageNotFoundError:
        return Finding("scikit-learn-intelex", "missing", "forests are slower; pip install 'firstshell[fast]' (1 GB)")


def _disk() -> Finding:
    free = shutil.disk_usage(tempfile.gettempdir()).free / 2**30
    return Finding("temporary space", "ok" if free > 1 else "broken", f"{free:.1f} GB free")


def _model_cache() -> Finding:
    from firstshell.prediction.model_cache import cache_folder
    from firstshell.runtime.store import write_atomic

    folder = cache_folder()
    try:
        write_atomic(folder / "models" / "trial", lambda path: path.write_bytes(b"0" * 1000))
        (folder / "models" / "trial").unlink()
    except (InputError, OSError) as error:
        what = error.what if isinstance(error, InputError) else str(error)
        remedy = "models are trained again each time; set FIRSTSHELL_CACHE to a writable folder"
        return Finding("model cache", "missing", f"{folder}: {what}; {remedy}")
    return Finding("model cache", "ok", f"{folder} can be written")


def _compiled() -> Finding:
    from firstshell.runtime.compiled import where_kept
    from firstshell.simulation.pairs.kernels import most_images

    folder = where_kept(most_images)
    if folder is None:
        remedy = "loops are compiled at each start; set NUMBA_CACHE_DIR to a writable folder"
        return Finding("compiled code", "missing", f"it cannot be kept: {remedy}")
    return Finding("compiled code", "ok", f"it is kept in {folder}")


def _rock_salt() -> Structure:
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.446), ["Mn", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
