"""The scattering paths of candidates: those of a dataset as they are, others calculated, stored, and not again."""

from collections.abc import Sequence
from contextlib import nullcontext

from firstshell.dataset.exafs import calculate_paths
from firstshell.dataset.paths import SitePaths
from firstshell.dataset.table import Crystal, Dataset
from firstshell.match.candidates import Entry
from firstshell.match.simulations import Simulations
from firstshell.measured.standards_file import without_hydrogen
from firstshell.runtime.store import Store

STORE = "paths.store"


def stored_paths(data: Dataset, materials: Sequence[Entry]) -> dict[str, list[SitePaths]]:
    """Return by id the paths of all sites that a dataset holds of materials; nothing of a dataset without paths."""
    wanted = {(each.id, each.metal) for each in materials}
    found: dict[str, list[SitePaths]] = {}
    for (name, metal, _), site in ({} if data.paths is None else data.paths.tables).items():
        if (name, metal) in wanted:
            found.setdefault(name, []).append(site)
    return found


def make_paths(materials: Sequence[Entry], how: Simulations) -> tuple[dict[str, list[SitePaths]], dict[str, str]]:
    """Return the same of materials whose paths have to be calculated, and by id why others have none."""
    crystals = {each.id: (Crystal.of(without_hydrogen(each.structure)), each.metal) for each in materials}
    with nullcontext() if how.folder is None else Store.open(how.folder / STORE) as store:
        found, reasons = calculate_paths(
            crystals, store, executor=how.executor, workers=how.workers, reporter=how.reporter
        )
    return {name: list(sites.values()) for name, sites in found.items()}, reasons
