"""Phases that a user names: measured standards, structures to simulate, or the materials of the embedded dataset."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pymatgen.core.structure import Structure

from firstshell.config import stable_hash
from firstshell.dataset.embedded import load_everything
from firstshell.dataset.materials import is_structure
from firstshell.errors import InputError
from firstshell.io.structures.files import read_structure
from firstshell.match.phases import MeasuredPhase, Phase, SimulatedPhase
from firstshell.measured.read import ReadParams, read_samples
from firstshell.measured.standards_file import MAX_ROWS, mean_state, read_rows, simulate_structures, without_hydrogen
from firstshell.measured.xanes.normalise import Normalised, NormaliseParams
from firstshell.measured.xanes.population import CALIBRATION, Population
from firstshell.runtime.progress import Reporter
from firstshell.runtime.store import Store
from firstshell.runtime.tasks import Failure

MAX_HEAD = 10_000
"""Characters of the first line of a list."""
XANES_ONLY = "Fractions are of XANES: give an absorption scan"
EMBEDDED = "embedded"
"""Stands for all materials of the metal in the dataset that comes with firstshell."""


@dataclass(frozen=True)
class PhaseReading:
    """How phases are read.

    metal : the absorber
    population : transfers from simulation to measurement
    how, ranges : of measured files
    elsewhere : whether standards were measured at other beamlines than the samples
    store : folder that keeps simulations; None keeps none
    workers : processes that simulate
    """

    metal: str
    population: Population
    how: ReadParams | None = None
    ranges: NormaliseParams | None = None
    elsewhere: bool = False
    store: Path | None = None
    workers: int | None = None


@dataclass(frozen=True, eq=False)
class _ToSimulate:
    """A structure that a user names, and the oxidation state of its metal."""

    name: str
    structure: Structure
    state: float


def read_phases(
    sources: Sequence[str | Path],
    settings: PhaseReading,
    reporter: Reporter | None = None,
    known: Sequence[MeasuredPhase] = (),
) -> list[Phase]:
    """Return the phases that sources name.

    sources : a CSV of standards (columns file, or structure where nothing was measured; name), structure files,
        measured files (my.prj#group takes one of a project), folders of these, or "embedded"
    known : phases that were read already

    Raises InputError for whatever cannot be used, since fractions of the others would be wrong without it; for fewer
    than two phases; and for one that is given twice.
    """
    measured = [*known]
    listed: list[_ToSimulate] = []
    embedded: list[SimulatedPhase] = []
    for source in sources:
        if str(source) == EMBEDDED:
            embedded += _embedded(settings)
            continue
        for found in _read(Path(source), settings):
            if isinstance(found, _ToSimulate):
                listed.append(found)
            else:
                measured.append(found)
    _check_distinct(measured, listed)
    phases: list[Phase] = [*measured, *_simulated(listed, settings, reporter), *embedded]
    if len(phases) < 2:
        count = f"{len(phases)} phase{'' if len(phases) == 1 else 's'}"
        raise InputError(f"{count} to make a mixture of", remedy="Name two or more with --with (with_= in Python)")
    return phases


def measured_phase(name: str, spectrum: Normalised, elsewhere: bool) -> MeasuredPhase:
    """Return a standard; elsewhere : whether it was measured at another beamline than the samples."""
    phase = MeasuredPhase(name, spectrum)
    return replace(phase, offset=CALIBRATION) if elsewhere and not phase.anchored else phase


def _read(source: Path, settings: PhaseReading) -> Iterator[MeasuredPhase | _ToSimulate]:
    """Yield what one source names."""
    if source.is_dir():
        files = [path for path in sorted(source.iterdir()) if path.is_file() and not path.name.startswith(".")]
        if not files:
            raise InputError("the folder is empty", remedy="Give one of spectra or structures", file=source)
        if len(files) > MAX_ROWS:
            raise InputError(f"{len(files)} files; at most {MAX_ROWS} are taken", remedy="Give fewer", file=source)
        for path in files:
            yield from _read(path, settings)
    elif _is_list(source):
        yield from _listed(source, settings)
    elif is_structure(source):
        yield _structure(source, source.stem, "", settings)
    else:
        yield from _measured(source, "", settings)


def _is_list(path: Path) -> bool:
    """Whether a file is a CSV whose first line names one of the columns of a phase."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        heads = file.readline(MAX_HEAD).split(",")
    return not {"file", "structure"}.isdisjoint(head.strip() for head in heads)


def _listed(path: Path, settings: PhaseReading) -> Iterator[MeasuredPhase | _ToSimulate]:
    """Yield the standards of a list; of other metals it may hold some as well, as one for `calibrate` does."""
    for line, row in read_rows(path, ()):
        if (row.get("metal") or settings.metal) != settings.metal:
            continue
        name = row.get("name", "")
        try:
            if row.get("file"):
                yield from _measured(path.parent / row["file"], name, settings)
            elif row.get("structure"):
                structure = path.parent / row["structure"]
                yield _structure(structure, name or structure.stem, row.get("oxidation_state", ""), settings)
            else:
                raise InputError("neither file nor structure", remedy="Give a CSV with a column file or structure")
        except InputError as error:
            raise InputError(str(error), file=path, line=line) from None


def _measured(path: Path, name: str, settings: PhaseReading) -> Iterator[MeasuredPhase]:
    """Yield the XANES of a measured file; InputError where any of its spectra cannot be used."""
    read = read_samples([path], settings.metal, ranges=settings.ranges, pair=False, how=settings.how)
    for label, why in read.refused:
        raise InputError(f"{label} cannot be a phase: {why}", remedy="Name the groups that are meant, my.prj#group")
    for each in read.samples:
        if each.xanes is None:
            raise InputError(f"{each.name} is a PDF", remedy=XANES_ONLY, file=path)
        whole = len(read.samples) == 1 and "#" not in path.name
        yield measured_phase(name or (path.stem if whole else each.xanes.name), each.xanes, settings.elsewhere)


def _structure(path: Path, name: str, state: str, settings: PhaseReading) -> _ToSimulate:
    structure = read_structure(path)
    if settings.metal not in {element.symbol for element in structure.elements}:
        remedy = "Leave it out, or name the metal that was measured"
        raise InputError(f"there is no {settings.metal} in it", remedy=remedy, file=path)
    try:
        found = mean_state(structure, settings.metal, state)
    except InputError as error:
        raise InputError(error.what, remedy=f"List it in a CSV. {error.remedy}", file=path) from None
    return _ToSimulate(name, without_hydrogen(structure), found)


def _simulated(
    listed: Sequence[_ToSimulate], settings: PhaseReading, reporter: Reporter | None
) -> list[SimulatedPhase]:
    """Simulate structures with the preset that the embedded dataset has."""
    if not listed:
        return []
    tasks = [(each.structure, settings.metal) for each in listed]
    with nullcontext() if settings.store is None else Store.open(settings.store) as store:
        energies, results = simulate_structures(tasks, store, settings.workers, reporter, "Simulating phases")
    population, found = settings.population.of_metal(settings.metal), []
    for each, mu in zip(listed, results, strict=True):
        if isinstance(mu, Failure):
            raise InputError(f"{each.name} cannot be simulated: {mu.reason}", remedy="Leave it out, or correct it")
        found.append(SimulatedPhase(each.name, energies, mu, each.state, population))
    return found


def _embedded(settings: PhaseReading) -> list[SimulatedPhase]:
    """Return the materials of the metal whose oxidation state is known in the dataset that comes with firstshell."""
    data = load_everything().select(settings.metal)
    known = np.flatnonzero(data.frame["oxidation_state"].notna().to_numpy())
    data = data.take(known)
    population, energies = settings.population.of_metal(settings.metal), data.grids["xanes"].values
    names = [f"{formula} ({name})" for formula, name in zip(data.frame["formula"], data.frame["id"], strict=True)]
    states = data.frame["oxidation_state"].to_numpy(float)
    return [
        SimulatedPhase(name, energies, mu, float(state), population)
        for name, mu, state in zip(names, data.spectra["xanes"], states, strict=True)
    ]


def _check_distinct(measured: Sequence[MeasuredPhase], listed: Sequence[_ToSimulate]) -> None:
    """Raise InputError for a name, a spectrum or a structure that is there twice."""
    remedy = "Give each phase once, and each a name of its own"
    contents = [each.spectrum.mu.tobytes() for each in measured]
    contents += [stable_hash(each.structure.as_dict()).encode() for each in listed]
    names = [each.name for each in measured] + [each.name for each in listed]
    for i, (name, content) in enumerate(zip(names, contents, strict=True)):
        if name in names[:i]:
            raise InputError(f"{name} is given twice", remedy=remedy)
        if content in contents[:i]:
            raise InputError(f"{names[contents.index(content)]} and {name} are one phase", remedy=remedy)
