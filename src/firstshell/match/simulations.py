"""The XANES of candidates: those of a dataset as they are, others simulated, stored, and not simulated again."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from firstshell.crystal.sites import distinct_sites
from firstshell.dataset.materials import Material
from firstshell.dataset.pipeline import build_dataset
from firstshell.dataset.table import Dataset
from firstshell.errors import DomainWarning
from firstshell.match.candidates import Entry
from firstshell.match.first_shell import SHELL, UNKNOWN, Shell
from firstshell.match.xanes_bank import Simulated
from firstshell.measured.standards_file import without_hydrogen
from firstshell.runtime.executors import Executor
from firstshell.runtime.progress import Reporter, Silent
from firstshell.types import Array

SECONDS, SECONDS_OF_PATHS = 12.0, 0.4
"""Of one processor for the XANES of one site, and for its scattering paths, roughly."""
STORE = "candidates.parquet"
"""The store lies beside a file of this name."""


@dataclass(frozen=True)
class Cost:
    """What simulations take.

    structures, sites : to be simulated, some of which an earlier run may have; no sites where a structure is one task
    each : seconds of one processor for a site, or a structure
    what : is simulated, in words
    """

    structures: int
    sites: int
    each: float = SECONDS
    what: str = "XANES"

    @property
    def seconds(self) -> float:
        """What it takes of one processor."""
        return (self.sites or self.structures) * self.each


@dataclass(frozen=True, eq=False)
class Simulations:
    """Where structures are simulated, and who is notified.

    folder : where finished ones are kept, so that an interrupted run resumes; None keeps nothing
    executor, workers : where they run; local processes, one a core, by default
    on_cost : is called with what simulations take before they start
    """

    folder: Path | None = None
    executor: Executor | None = None
    workers: int | None = None
    reporter: Reporter = field(default_factory=Silent)
    on_cost: Callable[[Cost], None] = lambda _: None


def cost(materials: Iterable[Material | Entry], each: float = SECONDS, what: str = "XANES") -> Cost:
    """Return what simulations of materials take; each, what : as `Cost` has them."""
    counts = [len(distinct_sites(material.structure, material.metal)) for material in materials]
    return Cost(len(counts), sum(counts), each, what)


def stored_xanes(data: Dataset, materials: Sequence[Material | Entry]) -> tuple[Array, dict[str, Simulated]]:
    """Return the energies in eV from the tabulated edge, and by id the XANES that a dataset holds of materials."""
    wanted = {each.id for each in materials}
    metals = {each.metal for each in materials}
    frame = data.frame
    here = frame["id"].isin(wanted) & frame["metal"].isin(metals)
    sites = frame[here & (frame["level"] == "site")]
    shells = {str(name): _mean_shell(rows) for name, rows in sites.groupby("id")}
    oxides = sites.groupby("id")["ligand"].agg(lambda ligands: bool((ligands == "O").all()))
    found = {}
    for i in np.flatnonzero(here & (frame["level"] == "material")):
        name = str(frame["id"].iloc[i])
        shell = shells.get(name, UNKNOWN)
        found[name] = Simulated(name, data.spectra["xanes"][i], shell[0], shell if oxides.get(name, False) else UNKNOWN)
    return data.grids["xanes"].values, found


def _mean_shell(sites: pd.DataFrame) -> Shell:
    """Return the mean first shell of sites by multiplicity; what any of them lacks is NaN."""
    weight = sites["multiplicity"].to_numpy(float)
    columns = (target.value for target in SHELL)
    state, number, length = (
        float(np.average(sites[name].astype("Float64").to_numpy(float, na_value=np.nan), weights=weight))
        for name in columns
    )
    return state, number, length


def simulate_xanes(
    materials: Sequence[Material | Entry], how: Simulations
) -> tuple[Array, dict[str, Simulated], dict[str, str]]:
    """Return the same of materials that have to be simulated, and by id why the others could not be.

    Hydrogen is left out, as it is of the standards that transfers come from.
    """
    bare = [Material(each.id, each.metal, without_hydrogen(each.structure)) for each in materials]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DomainWarning)
        data = build_dataset(
            bare,
            None if how.folder is None else how.folder / STORE,
            executor=how.executor,
            workers=how.workers,
            reporter=how.reporter,
        )
    grid, found = stored_xanes(data, bare)
    failed = zip(data.excluded["id"], data.excluded["reason"], strict=True)
    reasons = {str(name): str(reason) for name, reason in failed if name not in found}
    return grid, found, reasons
