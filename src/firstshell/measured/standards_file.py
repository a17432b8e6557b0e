"""Standards of the user: a list of measured files and their structures, read, normalised and simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstshell.config import stable_hash
from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.measured.read import ReadParams, read_samples
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.standards import Standard, standard
from firstshell.runtime.progress import Reporter
from firstshell.runtime.spreadsheet import read_list
from firstshell.runtime.store import Record, Store
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.types import Array

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

COLUMNS = ("file", "structure", "metal")
MAX_ROWS = 500


@dataclass(frozen=True, eq=False)
class Listed:
    """A standard as the user lists it: its normalised measurement, and its structure, from a file of that name.

    state : oxidation state of the metal, mean over its sites
    """

    measured: Normalised
    structure: Structure
    compound: str
    metal: str
    state: float


def read_standards(path: str | Path, how: ReadParams | None = None) -> list[Listed]:
    """Read a list of standards: rows of file (file#group for one of a project), structure and metal.

    how : how the measured files are read

    Paths are relative to the list. Raises InputError, naming the line, for whatever cannot be used: a standard that is
    left out silently would make another beamline.
    """
    from firstshell.io.structures.files import read_structure

    path, found = Path(path), []
    for line, row in read_rows(path):
        try:
            k_edge(row["metal"])
            structure = read_structure(path.parent / row["structure"])
            read = read_samples([path.parent / row["file"]], row["metal"], pair=False, how=how)
            samples = [each.xanes for each in read.samples if each.xanes is not None]
            if len(samples) != 1:
                what = f"{row['file']} holds {len(samples)} XANES"
                raise InputError(what, remedy="Name one group of a project, as in my.prj#CuO")
            state = mean_state(structure, row["metal"], row.get("oxidation_state", ""))
        except InputError as error:
            raise InputError(str(error), file=path, line=line) from None
        formula = structure.composition.reduced_formula
        name = f"{formula} ({Path(row['structure']).stem})"
        found.append(Listed(samples[0], without_hydrogen(structure), name, row["metal"], state))
    if len({each.compound for each in found}) < 2:
        raise InputError(
            f"{len({each.compound for each in found})} compounds are listed",
            remedy="Two or more are needed to tell beamline from compound",
            file=path,
        )
    return found


def mean_state(structure: Structure, metal: str, given: str = "") -> float:
    """Return the oxidation state of a metal: as given, or else that of bond valences, averaged over its sites.

    Raises InputError for no number from -8 to 8, and where bond valences do not give it.
    """
    from firstshell.crystal.labels import label_sites
    from firstshell.crystal.sites import distinct_sites

    remedy = f'Give the mean oxidation state of {metal} in a column "oxidation_state"'
    if given:
        try:
            state = float(given)
        except ValueError:
            state = float("nan")
        if not -8 <= state <= 8:
            raise InputError(f"oxidation_state = {given!r} is none", remedy=remedy)
        return state
    sites = distinct_sites(structure, metal)
    labels = label_sites(structure, metal, sites)
    states = [(each.oxidation_state, site.multiplicity) for each, site in zip(labels, sites, strict=True)]
    if any(state is None for state, _ in states):
        raise InputError("bond valences do not give the oxidation state", remedy=remedy)
    return sum(state * count for state, count in states if state is not None) / sum(count for _, count in states)


def without_hydrogen(structure: Structure) -> Structure:
    """Return a crystal without its hydrogen.

    With it the Fermi level comes out 0.4 to 0.9 eV higher (docs/explanation/answers.md), and the training spectra are
    of oxides that have none: a hydroxide would suggest another transfer than the oxides beside it.
    """
    found = structure.copy()
    found.remove_sites([i for i, site in enumerate(structure) if all(part.Z == 1 for part in site.species)])
    return found


def simulate_all(
    listed: list[Listed], store: Store, workers: int | None = None, reporter: Reporter | None = None
) -> list[Standard]:
    """Simulate the structures of standards, and pair them with the measurements.

    store : keeps the simulations, so that what was done is not done again

    Raises InputError, with all reasons, when some cannot be simulated.
    """
    tasks = [(each.structure, each.metal) for each in listed]
    energies, results = simulate_structures(tasks, store, workers, reporter, "Simulating standards")
    found, failed = [], []
    for each, mu in zip(listed, results, strict=True):
        if isinstance(mu, Failure):
            failed.append(f"{each.compound}: {mu.reason}")
        else:
            found.append(standard(each.measured, each.compound, energies, mu, each.state))
    if failed:
        raise InputError("; ".join(dict.fromkeys(failed)), remedy="Leave these standards out, or correct them")
    return found


def simulate_structures(
    tasks: Sequence[tuple[Structure, str]],
    store: Store | None,
    workers: int | None,
    reporter: Reporter | None,
    label: str,
) -> tuple[Array, list[Array | Failure]]:
    """Simulate XANES of structures and metals with the preset that the dataset has.

    Returns the energies in eV from the tabulated K edge, and of each task μ in edge steps, averaged over the sites of
    the metal, or why there is none.
    """
    from firstshell.simulation.xanes import XanesParams, grid

    params = XanesParams()
    keys = [stable_hash([stable_hash([structure.as_dict(), metal]), params]) for structure, metal in tasks]
    done = run_tasks(
        simulate_structure,
        dict(zip(keys, tasks, strict=True)),
        shared=params,
        store=store,
        workers=workers,
        reporter=reporter,
        label=label,
        limit_s=params.limit_s,
    )
    results = (done[key] for key in keys)
    return grid(params).values, [each if isinstance(each, Failure) else each.arrays["mu"] for each in results]


def simulate_structure(params: Any, task: tuple[Structure, str]) -> Record:
    """Return the XANES of a structure, averaged over the sites of the metal: one task."""
    from firstshell import simulation as modalities

    structure, metal = task
    spectrum = modalities.simulate(structure, metal, "xanes", params)
    assert not isinstance(spectrum, list)
    return Record({"metal": metal}, {"mu": spectrum.values})


def read_rows(path: Path, needed: tuple[str, ...] = COLUMNS) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a list, each with its line: texts by column, the `needed` ones in every row.

    Raises InputError, naming the line, for a list that cannot be read and for what is missing.
    """
    remedy = f"Give a CSV with the columns {','.join(needed)}, one row a standard"
    rows = read_list(path, needed, remedy)
    if len(rows) > MAX_ROWS:
        raise InputError(f"{len(rows)} standards; at most {MAX_ROWS} are taken", remedy=remedy, file=path)
    for line, row in rows:
        empty = [name for name in needed if not row.get(name)]
        if empty:
            raise InputError(f"no {', '.join(empty)}", remedy=remedy, file=path, line=line)
    return rows
