"""The nouns of firstshell, each with its unit. Verbs live in the modules named by their step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from io import BytesIO
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from firstshell.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

ABSORPTION = "μ(E)", "edge steps"
"""Quantity and unit of a normalised absorption spectrum."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The axis a spectrum stands on.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Strictly increasing, in `unit`.
    quantity : str
        What the axis is, as printed on plots: "Energy" or "r".
    unit : str
        "eV" or "Å".

    Examples
    --------
    >>> import numpy as np
    >>> from firstshell.types import Grid
    >>> grid = Grid(np.arange(0.0, 10.0, 0.1), "r", "Å")
    >>> grid.label, len(grid)
    ('r (Å)', 100)

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

    Parameters
    ----------
    grid : Grid
        The axis.
    values : ndarray of shape (n,)
        In `unit`: XANES in edge steps (dimensionless), PDF and dPDF in Å⁻².
    modality : str
        Name of the modality, such as "xanes" or "pdf".
    quantity, unit : str
        What the ordinate is, as printed on plots.
    metal : str
        Element symbol of the absorber, or of the differential PDF's metal.
    site : int, optional
        0-based index of the site in its structure; None for the whole material.
    provenance : dict
        How it came about (settings, software, source), JSON-able.

    Examples
    --------
    >>> import firstshell as fs
    >>> spectrum = fs.simulate(fs.read_structure("rutile.cif"), "Ti", "pdf")
    >>> spectrum.label
    'G(r) (Å⁻²)'
    >>> list(spectrum.frame().columns)
    ['r (Å)', 'G(r) (Å⁻²)']

    """

    grid: Grid
    values: Array
    modality: str
    quantity: str
    unit: str
    metal: str
    site: int | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def absorption(
        cls, grid: Grid, mu: Array, metal: str, site: int | None = None, provenance: dict[str, Any] | None = None
    ) -> Spectrum:
        """Return a XANES in edge steps.

        Parameters
        ----------
        grid : Grid
            Energies.
        mu : ndarray of shape (n,)
            Normalised absorption.
        metal : str
            Element symbol of the absorber.
        site : int, optional
            0-based index of the site in its structure; None for the whole material.
        provenance : dict, optional
            How it came about.

        Returns
        -------
        Spectrum
            Of the modality "xanes".

        """
        return cls(grid, mu, "xanes", *ABSORPTION, metal, site, provenance or {})

    @property
    def label(self) -> str:
        """Label of the ordinate with unit."""
        return f"{self.quantity} ({self.unit})"

    def frame(self) -> pd.DataFrame:
        """Return the spectrum as a table.

        Returns
        -------
        DataFrame
            Two columns, the axis and the values, their heads carrying the units.

        """
        import pandas as pd

        return pd.DataFrame({self.grid.label: self.grid.values, self.label: self.values})

    def plot(self, ax: Axes | None = None, **line: Any) -> Axes:
        """Draw the spectrum with labelled axes.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; new axes by default.
        **line : Any
            Goes to `Axes.plot`.

        Returns
        -------
        Axes
            Where it was drawn.

        """
        import matplotlib.pyplot as plt

        ax = ax if ax is not None else plt.subplots(layout="constrained")[1]
        ax.plot(self.grid.values, self.values, **line)
        ax.set(xlabel=self.grid.label, ylabel=self.label)
        return ax


@dataclass(frozen=True, eq=False)
class Spectra(Sequence[Spectrum]):
    """Several spectra: of some modalities, of a metal's sites, or both.

    Parameters
    ----------
    each : tuple of Spectrum
        In order.

    Examples
    --------
    >>> import firstshell as fs
    >>> spectra = fs.simulate("rutile.cif", "Ti", ["pdf", "dpdf"])
    >>> spectra["dpdf"].modality, len(spectra)
    ('dpdf', 2)
    >>> list(spectra.frame().columns)
    ['modality', 'metal', 'site', 'axis', 'x', 'quantity', 'y']

    """

    each: tuple[Spectrum, ...]

    @overload
    def __getitem__(self, index: int | str) -> Spectrum: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Spectrum]: ...
    def __getitem__(self, index: int | str | slice) -> Spectrum | Sequence[Spectrum]:
        """Return one spectrum, by its number or as the first of a modality, or some by a slice."""
        if not isinstance(index, str):
            return self.each[index]
        names = [spectrum.modality for spectrum in self.each]
        if index not in names:
            known = ", ".join(dict.fromkeys(names))
            raise InputError(f"there is no spectrum of {index[:40]!r}", remedy=f"Choose from: {known}")
        return self.each[names.index(index)]

    def __len__(self) -> int:
        return len(self.each)

    def frame(self) -> pd.DataFrame:
        """Return the spectra as one long table.

        Returns
        -------
        DataFrame
            A row for each point: modality, metal, site (missing for a whole material), x on the axis that `axis` names
            with its unit, and y, of which `quantity` says the same.

        """
        import pandas as pd

        parts = [
            pd.DataFrame({"x": one.grid.values, "y": one.values}).assign(
                modality=one.modality, metal=one.metal, site=one.site, axis=one.grid.label, quantity=one.label
            )
            for one in self.each
        ]
        table = pd.concat([part.astype({"site": "Int64"}) for part in parts], ignore_index=True)
        return table[["modality", "metal", "site", "axis", "x", "quantity", "y"]]

    def plot(self) -> Figure:
        """Draw the spectra, those of one modality over each other.

        Returns
        -------
        Figure
            A matplotlib figure with axes for each modality.

        """
        from matplotlib.figure import Figure

        names = list(dict.fromkeys(spectrum.modality for spectrum in self.each))
        figure = Figure(figsize=(6.0, 2.8 * len(names)), layout="constrained")
        for axes, name in zip(figure.subplots(len(names), 1, squeeze=False)[:, 0], names, strict=True):
            own = [spectrum for spectrum in self.each if spectrum.modality == name]
            for spectrum in own:
                spectrum.plot(axes, label=None if spectrum.site is None else f"site {spectrum.site}", lw=1.2)
            axes.set_title(f"{name} of {own[0].metal}", loc="left", fontsize="medium")
            axes.margins(x=0)
            if len(own) > 1:
                axes.legend(frameon=False)
        return for_notebooks(figure)


def for_notebooks(figure: Figure) -> Figure:
    """Return a figure that notebooks show, also before pyplot was used, which is when IPython learns how to."""

    def png() -> bytes:
        picture = BytesIO()
        figure.savefig(picture, format="png")
        return picture.getvalue()

    vars(figure)["_repr_png_"] = png
    return figure


@dataclass(frozen=True)
class Region:
    """A named part of an axis, low to high on the grid; a border belongs to the lower of two neighbours."""

    name: str
    low: float
    high: float


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

    Parameters
    ----------
    oxidation_state : int, optional
        Formal valence in elementary charges; None when it could not be had.
    coordination_number : int, optional
        Neighbours in the first shell; None when it could not be had.
    bond_length : float, optional
        Mean distance to the first shell in Å; None when it could not be had.
    reasons : dict
        For each missing label (by Target value) why it is missing.
    ligand : str
        Elements of the first shell in alphabetical order, joined by "+" ("O", "Cl+O"); "" when it could not be had.

    """

    oxidation_state: int | None = None
    coordination_number: int | None = None
    bond_length: float | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    ligand: str = ""


class Target(StrEnum):
    """What is asked of the metal; the value is the column of the dataset and the field of Labels.

    Examples
    --------
    >>> import firstshell as fs
    >>> [target.value for target in fs.Target]
    ['oxidation_state', 'coordination_number', 'bond_length']
    >>> fs.Target("bond_length") == "bond_length"
    True
    >>> fs.Target.BOND_LENGTH.label, fs.Target.BOND_LENGTH.unit
    ('Mean bond length', 'Å')

    """

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

    Parameters
    ----------
    metal : str
        Element symbol of the absorber.
    target : Target
        What is predicted.
    inputs : str
        Modalities that the model was given, joined by "+".
    value : float
        Mean over the metal's sites: oxidation states by their probabilities, coordination numbers nearer to the
        likeliest ones, or in Å.
    interval : tuple of float
        Where the true mean lies in nine cases of ten, in the target's unit.
    probabilities : dict
        Of each class, calibrated on held-out materials; in a mixture, its part; empty for lengths.

    Examples
    --------
    >>> import firstshell as fs
    >>> prediction = fs.Prediction("Fe", fs.Target.OXIDATION_STATE, "xanes", 2.9, (2.6, 3.0), {2: 0.1, 3: 0.9})
    >>> prediction.most_likely
    3

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
