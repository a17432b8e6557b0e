"""The kinds of measurement. Each file of this folder is one modality; there is no other list of them.

A modality module has five members: `name`, `Params` (frozen dataclass), `grid(params, metal=None)`,
`simulate(structure, metal, params, per_site=False)` and `prepare(measured, params)`.
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
    from pymatgen.core import Structure


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
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def get(name: str) -> Modality:
    """Return the modality called `name`; InputError for an unknown one."""
    if name not in names():
        raise InputError(f"there is no modality {name!r}", remedy=f"Choose from: {', '.join(names())}")
    return cast(Modality, import_module(f"{__name__}.{name}"))


def split_inputs(inputs: str) -> tuple[str, ...]:
    """Split "xanes+pdf" into modality names, checked, in the order given; InputError when one is unknown or twice."""
    parts: Sequence[str] = [part.strip().lower() for part in inputs.split("+")]
    for part in parts:
        get(part)
    if len(set(parts)) != len(parts):
        raise InputError(f"{inputs!r} names a modality twice", remedy="Name each modality once")
    return tuple(parts)
