"""The nouns of firstshell, each with its unit. Verbs live in the modules named by their step."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """The axis a spectrum stands on.

    values : (n,) strictly increasing, in `unit`
    quantity : what the axis is, as printed on plots ("Energy", "r")
    unit : "eV" or "Å"
    """

    values: Array
    quantity: str
    unit: str

    @property
    def label(self) -> str:
        """Axis label with unit, for plots and column heads."""
        return f"{self.quantity} ({self.unit})"

    def __len__(self) -> int:
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Grid)
            and (self.quantity, self.unit) == (other.quantity, other.unit)
            and np.array_equal(self.values, other.values)
        )

    def __hash__(self) -> int:
        return hash((self.values.tobytes(), self.quantity, self.unit))


@dataclass(frozen=True, eq=False)
class Spectrum:
    """One spectrum of one metal in one material, or of one of its sites.

    grid : the axis
    values : (n,) in `unit`: XANES in edge steps (dimensionless), PDF and dPDF in Å⁻²
    modality : name of the modality ("xanes", "pdf", "dpdf")
    metal : element symbol of the absorber or of the differential PDF's metal
    site : 0-based index of the site in its structure; None for the whole material
    provenance : how it came about (settings, software, source), JSON-able
    """

    grid: Grid
    values: Array
    modality: str
    quantity: str
    unit: str
    metal: str
    site: int | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Label of the ordinate with unit."""
        return f"{self.quantity} ({self.unit})"

    def frame(self) -> pd.DataFrame:
        """Two columns: the axis and the values, their heads carrying the units."""
        import pandas as pd

        return pd.DataFrame({self.grid.label: self.grid.values, self.label: self.values})

    def plot(self, ax: Axes | None = None, **line: Any) -> Axes:
        """Draw into `ax` (a new one by default) with labelled axes; `line` goes to `Axes.plot`."""
        import matplotlib.pyplot as plt

        ax = ax if ax is not None else plt.subplots(layout="constrained")[1]
        ax.plot(self.grid.values, self.values, **line)
        ax.set(xlabel=self.grid.label, ylabel=self.label)
        return ax


@dataclass(frozen=True)
class Site:
    """A set of symmetry-equivalent atoms of the metal.

    index : 0-based index, in the structure, of the atom that stands for the set
    indices : all atoms of the set
    """

    index: int
    indices: tuple[int, ...]

    @property
    def multiplicity(self) -> int:
        """Number of atoms of this kind in the cell of the structure."""
        return len(self.indices)


@dataclass(frozen=True)
class Labels:
    """What is known of a metal's first shell: of one site, or of a material whose sites agree.

    oxidation_state : formal valence in elementary charges; None when it could not be had
    coordination_number : neighbours in the first shell; None when it could not be had
    bond_length : mean distance to the first shell in Å; None when it could not be had
    reasons : for each missing label (by Target value) why it is missing
    ligand : elements of the first shell in alphabetical order, joined by "+" ("O", "Cl+O"); "" when it could not be had
    """

    oxidation_state: int | None = None
    coordination_number: int | None = None
    bond_length: float | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    ligand: str = ""


class Target(Enum):
    """What is asked of the metal; the value is the column of the dataset and the field of Labels."""

    OXIDATION_STATE = "oxidation_state"
    COORDINATION_NUMBER = "coordination_number"
    BOND_LENGTH = "bond_length"

    @property
    def label(self) -> str:
        """Name for headings and axes."""
        return {"oxidation_state": "Oxidation state", "coordination_number": "Coordination number"}.get(
            self.value, "Mean bond length"
        )

    @property
    def unit(self) -> str:
        """Unit of the label, empty for pure numbers."""
        return "Å" if self is Target.BOND_LENGTH else ""

    @property
    def is_class(self) -> bool:
        """Whether the answers are classes (forest classifier) and not a number (forest regressor)."""
        return self is not Target.BOND_LENGTH


@dataclass(frozen=True)
class Prediction:
    """What a model says of one target.

    inputs : modalities it was told, joined by "+"
    value : mean over the metal's sites: of the classes by their probabilities, or in Å
    interval : where the true mean lies in nine cases of ten, in the target's unit
    probabilities : of each class, calibrated on held-out materials; in a mixture, its part; empty for lengths
    """

    metal: str
    target: Target
    inputs: str
    value: float
    interval: tuple[float, float]
    probabilities: dict[int, float] = field(default_factory=dict)

    @property
    def most_likely(self) -> int | None:
        """The most probable class; None for lengths."""
        return max(self.probabilities, key=lambda c: self.probabilities[c]) if self.probabilities else None


class Metric(Enum):
    """A score; the value stands in the `metric` column of scores.csv."""

    F1_WEIGHTED = "f1_weighted"
    BALANCED_ACCURACY = "balanced_accuracy"
    ACCURACY = "accuracy"
    RMSE = "rmse"
    RMSE_PERCENT = "rmse_percent"
    MAE = "mae"
    R2 = "r2"

    @property
    def label(self) -> str:
        """Name with unit, for axes and tables."""
        return {
            "f1_weighted": "Weighted F1",
            "balanced_accuracy": "Balanced accuracy",
            "accuracy": "Accuracy",
            "rmse": "RMSE (Å)",
            "rmse_percent": "RMSE (% of mean bond length)",
            "mae": "MAE (Å)",
            "r2": "R²",
        }[self.value]

    @property
    def higher_is_better(self) -> bool:
        """Direction of the score."""
        return self not in (Metric.RMSE, Metric.RMSE_PERCENT, Metric.MAE)


def main_metric(target: Target) -> Metric:
    """Return the score that verdicts are made on: weighted F1 for classes, RMSE in % of the mean for bond lengths."""
    return Metric.F1_WEIGHTED if target.is_class else Metric.RMSE_PERCENT
