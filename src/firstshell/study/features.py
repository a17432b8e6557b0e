"""What the forests see: spectra side by side, unscaled, or the composition."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from pymatgen.core.composition import Composition

from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.simulation.regions import first_distance
from firstshell.study.plan import StudyPlan
from firstshell.study.samples import Samples
from firstshell.study.splits import Codes
from firstshell.types import Array, Grid, Target


@dataclass(frozen=True, eq=False)
class Block:
    """Columns of a design matrix that belong together.

    low, high : first and last position on the modality's grid; NaN for the whole modality
    columns : their column numbers
    """

    modality: str
    low: float
    high: float
    columns: Codes


def source_matrices(data: Dataset, plan: StudyPlan) -> dict[str, Array]:
    """Return (rows, points) by modality, and element fractions under "composition"; InputError if absent."""
    wanted = plan.modalities
    for name in wanted:
        if name not in data.spectra:
            raise InputError(
                f"the dataset has no {name!r} spectra", remedy=f"Choose inputs from: {', '.join(sorted(data.spectra))}"
            )
    return {name: data.spectra[name] for name in wanted} | {"composition": element_fractions(data)}


def design_matrix(
    matrices: dict[str, Array], inputs: str, rows: Codes, first: Mapping[str, int] | None = None
) -> Array:
    """Return (len(rows), features): the spectra of `inputs` side by side in the order named.

    first : number of the first point that is kept, by modality; 0 by default
    """
    first = first or {}
    return np.hstack([matrices[part][rows, first.get(part, 0) :] for part in inputs.split("+")])


def first_points(
    data: Dataset, plan: StudyPlan, samples: Iterable[Samples], grids: Mapping[str, Grid]
) -> dict[tuple[str, str], int]:
    """Return the number of the first point that is trained on, by metal and modality, where that is not the first.

    Below the first pair a simulated PDF is the density line −4πρ₀r and nothing else. A forest reads the number density
    off it, which a measured G(r) does not carry: there the line is drowned in errors of the background. With
    `r_from = "first_pair"` distances below `first_distance` are left out.
    """
    found: dict[tuple[str, str], int] = {}
    if plan.r_from == "zero":
        return found
    lengths: dict[str, list[Array]] = {}
    for each in samples:
        own = data.frame[Target.BOND_LENGTH.value].iloc[each.rows[each.own]]
        lengths.setdefault(each.metal, []).append(own.dropna().to_numpy(np.float64))
    for (metal, parts), (name, grid) in product(lengths.items(), grids.items()):
        known = np.concatenate(parts)
        if grid.unit == "Å" and len(known):
            start = first_distance(known, differential=name == "dpdf")
            found[metal, name] = int(np.searchsorted(grid.values, start))
    return found


def element_fractions(data: Dataset) -> Array:
    """Return (rows, elements): atomic fraction of each element that occurs in the data, by atomic number."""
    texts = data.frame["composition"].tolist()
    parsed = {text: Composition(text) for text in set(texts)}
    elements = sorted({element for composition in parsed.values() for element in composition}, key=lambda e: e.Z)
    fractions = {text: [c.get_atomic_fraction(e) for e in elements] for text, c in parsed.items()}
    return np.array([fractions[text] for text in texts], dtype=np.float64).reshape(len(texts), len(elements))


def blocks(grids: dict[str, Grid], inputs: str, windows: int) -> list[Block]:
    """Return each modality of `inputs` whole, and cut into `windows` windows of nearly equal numbers of points."""
    found, start = [], 0
    for name in inputs.split("+"):
        grid = grids[name].values
        columns = np.arange(start, start + len(grid))
        found.append(Block(name, float("nan"), float("nan"), columns))
        parts = np.array_split(np.arange(len(grid)), min(windows, len(grid)))
        found.extend(Block(name, float(grid[part[0]]), float(grid[part[-1]]), columns[part]) for part in parts)
        start += len(grid)
    return found
