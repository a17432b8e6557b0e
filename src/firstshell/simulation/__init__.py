"""The kinds of measurement. Each file of this folder is one of them, its `modality`; there is no other list of them.

What they share lies in the folders `pairs`, `scattering` and `feff`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from firstshell.errors import InputError
from firstshell.io.spectra.writing import columns_text
from firstshell.types import Array, Grid, Region, Spectrum

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from firstshell.types import Site


class MakesGrid(Protocol):
    """Returns the grid for settings: relative to the metal's edge without `metal`, absolute with it."""

    def __call__(self, params: Any, metal: str | None = None) -> Grid: ...  # noqa: D102


class Simulates(Protocol):
    """Returns the spectrum of a material, or with `per_site` a list of spectra, one for each distinct site."""

    def __call__(self, structure: Structure, metal: str, params: Any, per_site: bool = False) -> Any: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class Modality:
    """One kind of measurement: how it is calculated, and what the rest of firstshell must know of it.

    name : in commands and files, "dpdf"
    quantity, unit : of the ordinate
    Params : frozen dataclass of its settings
    grid, simulate : see `MakesGrid` and `Simulates`
    prepare : puts a spectrum that came from elsewhere on the modality's grid
    simulate_site : of a modality whose simulations take seconds: calculates one of the distinct sites, for at most
        `params.limit_s` seconds; commands show progress, and a build hands sites out one by one
    ready : completes settings that name a program with the program's version, having tried it
    transform : returns a spectrum on the other axis that it is also looked at on
    from_paths : makes its spectrum, on the grid, of the scattering paths of a site that datasets may keep
    origin : the position on a grid that places are counted from, given the mean spectrum; without it they count from 0
    regions : the named parts of a grid, given the mean spectrum on it and the metal's bond lengths (n,) in Å
    on_request : whether datasets hold it only when it is asked for
    settings_of : another modality, whose settings hold for this one too unless it is given its own
    suffix, text : of files: how their names end, and what is in them
    tolerance : how far a spectrum simulated again may differ from one kept in a dataset's single precision, in `unit`
    scaled_by : what measured spectra are divided by before they are compared, "" for nothing
    rank : place in tables and figures
    cost, takes : of a measurement, for the order of advice, in units of a XANES scan; and in words
    holds : another modality that whoever measures this one has at no further cost
    hatch, hatch_joined : of bars, alone and joined to another modality
    colour, colour_joined, marker, marker_joined : of lines, in the same way; Okabe and Ito's colours, which every kind
        of colour vision separates
    """

    name: str
    quantity: str
    unit: str
    Params: type[Any]
    grid: MakesGrid
    simulate: Simulates
    prepare: Callable[[Spectrum, Any], Spectrum]
    simulate_site: Callable[[Structure, str, Site, Any], Spectrum] | None = None
    ready: Callable[[Any], Any] = lambda params: params
    transform: Callable[[Spectrum, Any], Spectrum] | None = None
    from_paths: Callable[[Any, Any], Array] | None = None
    origin: Callable[[Grid, Array], float | None] | None = None
    regions: Callable[[Grid, Array, Array], tuple[Region, ...]] | None = None
    on_request: bool = False
    settings_of: str = ""
    suffix: str = ".dat"
    text: Callable[[Spectrum], str] = columns_text
    tolerance: float = 1e-5
    scaled_by: str = ""
    rank: int = 9
    cost: float = 5.0
    takes: str = ""
    holds: str = ""
    hatch: str = "xx"
    hatch_joined: str = "++"
    colour: str = "#56b4e9"
    colour_joined: str = "#999999"
    marker: str = "*"
    marker_joined: str = "P"

    @property
    def label(self) -> str:
        """The name as the field writes it, "dPDF"."""
        return show(self.name)

    @property
    def slow(self) -> bool:
        """Whether its simulations take seconds."""
        return self.simulate_site is not None

    @property
    def ordinate(self) -> str:
        """Label of the ordinate with unit."""
        return f"{self.quantity} ({self.unit})"

    @property
    def compared(self) -> str:
        """Label of the ordinate of spectra that are compared with each other."""
        return f"{self.quantity} / {self.scaled_by}" if self.scaled_by else self.ordinate

    @property
    def abscissa(self) -> str:
        """Label of the axis with unit; energies count from the metal's edge."""
        return self.grid(self.Params()).label


@cache
def names() -> tuple[str, ...]:
    """Names of all modalities, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg))


@cache
def standard() -> tuple[str, ...]:
    """Names of the modalities that a dataset holds unless others are asked for: those without `on_request`."""
    return tuple(name for name in names() if not get(name).on_request)


@cache
def ranked() -> tuple[str, ...]:
    """Names of all modalities in the order of tables and figures."""
    return tuple(sorted(names(), key=lambda name: get(name).rank))


def get(name: str) -> Modality:
    """Return the modality called `name`; InputError for an unknown one."""
    if name not in names():
        raise InputError(f"there is no modality {name!r}", remedy=f"Choose from: {', '.join(names())}")
    return cast(Modality, import_module(f"{__name__}.{name}").modality)


def simulate(
    structure: Structure, metal: str, modality: str, params: Any = None, *, per_site: bool = False
) -> Spectrum | list[Spectrum]:
    """Simulate one modality of a structure, with its default settings when `params` is None.

    per_site : a list of spectra, one per symmetry-distinct site of the metal, instead of the material's one

    Raises InputError for an unknown modality or metal, settings of another modality, and whatever the engine refuses;
    EngineError where the engine fails.
    """
    chosen = get(modality)
    params = chosen.Params() if params is None else params
    if not isinstance(params, chosen.Params):
        raise InputError(
            f"{type(params).__name__} are not the settings of {modality}", remedy=f"Give {chosen.Params.__name__}"
        )
    return cast("Spectrum | list[Spectrum]", chosen.simulate(structure, metal, params, per_site))


def split_inputs(inputs: str) -> tuple[str, ...]:
    """Split "xanes+pdf" into modality names, checked, in the order given; InputError when one is unknown or twice."""
    parts: Sequence[str] = [part.strip().lower() for part in inputs.split("+")]
    for part in parts:
        get(part)
    if len(set(parts)) != len(parts):
        raise InputError(f"{inputs!r} names a modality twice", remedy="Name each modality once")
    return tuple(parts)


def show(inputs: str) -> str:
    """Write "xanes+dpdf" as the field does: capitals, but for the d of what is the differential of another modality.

    By rule and not by asking each modality, whose import takes longer than an answer.
    """
    return "+".join(_spelling(name) for name in inputs.split("+"))


def _spelling(name: str) -> str:
    whole = name.removeprefix("d")
    return f"d{whole.upper()}" if whole != name and whole in names() else name.upper()
