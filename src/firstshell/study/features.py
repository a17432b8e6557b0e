"""What the forests see: spectra side by side, unscaled, or the composition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pymatgen.core.composition import Composition

from firstshell.dataset.table import Dataset
from firstshell.errors import InputError
from firstshell.study.plan import StudyPlan
from firstshell.study.splits import Codes
from firstshell.types import Array, Grid


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
    wanted = dict.fromkeys(part for inputs in plan.inputs for part in inputs.split("+"))
    for name in wanted:
        if name not in data.spectra:
            raise InputError(
                f"the dataset has no {name!r} spectra", remedy=f"Choose inputs from: {', '.join(sorted(data.spectra))}"
            )
    return {name: data.spectra[name] for name in wanted} | {"composition": element_fractions(data)}


def design_matrix(matrices: dict[str, Array], inputs: str, rows: Codes) -> Array:
    """Return (len(rows), features): the spectra of `inputs` side by side in the order named."""
    return np.hstack([matrices[part][rows] for part in inputs.split("+")])


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
