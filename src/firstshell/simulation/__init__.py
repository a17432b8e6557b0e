"""The kinds of measurement. Each file of this folder is one modality; there is no other list of them.

A modality module has five members: `name`, `Params` (frozen dataclass), `grid(params, metal=None)`,
`simulate(structure, metal, params, per_site=False)` and `prepare(measured, params)`. One whose simulations take seconds
says `slow = True`, so that commands show progress, and has `simulate_site(structure, metal, site, params)`, so that a
build can hand out its sites one by one, each for at most `params.limit_s` seconds. One whose settings name a program
has `ready(params)`, which tries it and returns the settings with the program's version. One that datasets hold only
when it is asked for says `on_request = True`. One that is looked at on another axis as well has
`transform(spectrum, params)`, which returns the spectrum there.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from firstshell.errors import InputError
from firstshell.types import Grid, Spectrum

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure


class Modality(Protocol):
    """What every module of this folder provides."""

    name: str
    Params: type[Any]

    def grid(self, params: Any, metal: str | None = None) -> Grid:
        """Return the grid of the modality: relative to the metal's edge without `metal`, absolute with it."""

    def simulate(self, structure: Structure, metal: str, params: Any, per_site: bool = False) -> Any:
        """Return the Spectrum of the material, or with `per_site` a list, one per distinct site."""

    def prepare(self, measured: Spectrum, params: Any) -> Spectrum:
        """Put a spectrum that came from elsewhere on the modality's grid."""


@cache
def names() -> tuple[str, ...]:
    """Names of all modalities, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg))


@cache
def standard() -> tuple[str, ...]:
    """Names of the modalities that a dataset holds unless others are asked for: those without `on_request`."""
    return tuple(name for name in names() if not getattr(get(name), "on_request", False))


def get(name: str) -> Modality:
    """Return the modality called `name`; InputError for an unknown one."""
    if name not in names():
        raise InputError(f"there is no modality {name!r}", remedy=f"Choose from: {', '.join(names())}")
    return cast(Modality, import_module(f"{__name__}.{name}"))


def simulate(
    structure: Structure, metal: str, modality: str, params: Any = None, *, per_site: bool = False
) -> Spectrum | list[Spectrum]:
    """Simulate one modality of a structure.

    structure : pymatgen Structure, as `read_structure` returns it
    metal : symbol of the absorber, or of the element whose differential PDF is wanted
    modality : its name, such as "pdf"
    params : the modality's settings; its defaults when None
    per_site : a list of spectra, one per symmetry-distinct site of the metal, instead of the material's one

    Raises InputError for an unknown modality or metal, settings of another modality, and whatever the engine refuses.
    """
    module = get(modality)
    params = module.Params() if params is None else params
    if not isinstance(params, module.Params):
        raise InputError(
            f"{type(params).__name__} are not the settings of {modality}", remedy=f"Give {module.Params.__name__}"
        )
    return cast("Spectrum | list[Spectrum]", module.simulate(structure, metal, params, per_site))


def split_inputs(inputs: str) -> tuple[str, ...]:
    """Split "xanes+pdf" into modality names, checked, in the order given; InputError when one is unknown or twice."""
    parts: Sequence[str] = [part.strip().lower() for part in inputs.split("+")]
    for part in parts:
        get(part)
    if len(set(parts)) != len(parts):
        raise InputError(f"{inputs!r} names a modality twice", remedy="Name each modality once")
    return tuple(parts)


def show(inputs: str) -> str:
    """Write "xanes+dpdf" as the field does: XANES+dPDF."""
    return inputs.upper().replace("DPDF", "dPDF")
