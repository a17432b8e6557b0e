"""How transfers from simulation to measurement spread over compounds and beamlines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.config import from_dict, to_dict
from firstshell.errors import InputError
from firstshell.measured.xanes.transfer import ANCHOR, LIMITS, PARAMETERS, Transfer
from firstshell.types import Array

MAX_BYTES = 1_000_000
LEAST = {
    "shift": 0.5,
    "stretch": 0.02,
    "sigma": 0.3,
    "growth": 0.015,
    "over_absorption": 0.08,
    "slope": 0.04,
    "scale": 0.03,
}
"""Smallest spread that is believed of each parameter: standards are few, and measured with more care than samples."""
EDGE_PRIOR = 0.3
"""How far the gain of shift with the edge's height is believed to be from zero before standards are looked at."""
OFFSET_PRIOR, SHIFT_NOISE = 1.5, 0.7
"""eV: how far one metal's shifts are believed to be from others', and one compound's from its metal's."""
CALIBRATION = 1.2
"""eV that energies as published are believed to be off by, where no foil sets them (docs/prediction.md)."""


@dataclass(frozen=True)
class Population:
    """Mean and standard deviation of each parameter of a transfer, all independent.

    mean : of a compound whose simulated edge lies at `ANCHOR`
    spread : by parameter
    edge_gain : eV of shift for each eV that a simulated edge lies higher: simulated edges of high oxidation states
        lie too low, those of low ones too high
    misfit : root mean square in edge steps that the best transfers leave
    compounds : names of the standards
    offsets : eV of shift by metal, beside the mean: tabulated edges and simulated Fermi levels err together for one
        metal's compounds
    """

    mean: Transfer
    spread: dict[str, float]
    edge_gain: float = 0.0
    misfit: float = 0.0
    compounds: tuple[str, ...] = ()
    offsets: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        found: Sequence[Transfer],
        edges: Sequence[float],
        compounds: Sequence[str],
        misfit: float,
        metals: Sequence[str] = (),
        anchored: Sequence[bool] = (),
    ) -> Population:
        """Describe fitted transfers.

        edges : of each simulation, eV from the tabulated edge; compounds : each counts once; metals : the absorbers
        anchored : whose energies a foil has set, by default all; shifts of others count less
        """
        values = np.array([[getattr(each, name) for name in PARAMETERS] for each in found])
        share = np.array([1.0 / compounds.count(name) for name in compounds])
        height = np.array(edges) - ANCHOR
        shift = values[:, PARAMETERS.index("shift")]
        told = share / (SHIFT_NOISE**2 + CALIBRATION**2 * ~np.array(anchored or [True] * len(found), dtype=bool))
        centre, gain, offsets = _shifts(height, shift, told, metals)
        own = np.array([offsets[metal] for metal in metals]) if metals else 0.0
        values[:, PARAMETERS.index("shift")] = shift - gain * height - own
        middle = np.average(values, axis=0, weights=share)
        middle[PARAMETERS.index("shift")] = centre
        squares = (values - middle) ** 2
        spread = np.sqrt(np.average(squares, axis=0, weights=share))
        spread[PARAMETERS.index("shift")] = np.sqrt(np.average(squares[:, PARAMETERS.index("shift")], weights=told))
        mean = Transfer(**{name: float(np.clip(v, *LIMITS[name])) for name, v in zip(PARAMETERS, middle, strict=True)})
        wide = {name: max(float(s), LEAST[name]) for name, s in zip(PARAMETERS, spread, strict=True)}
        return cls(mean, wide, gain, misfit, tuple(sorted(set(compounds))), offsets)

    def of_metal(self, metal: str) -> Population:
        """Return the population of one metal's compounds: its offset is part of the mean."""
        shift = float(np.clip(self.mean.shift + self.offsets.get(metal, 0.0), *LIMITS["shift"]))
        return replace(self, mean=replace(self.mean, shift=shift), offsets={})

    def typical(self, edge: float) -> Transfer:
        """Return the mean transfer of a compound whose simulated edge lies at `edge` eV from the tabulated one."""
        return self._made({name: getattr(self.mean, name) for name in PARAMETERS}, edge)

    def draw(self, edge: float, rng: np.random.Generator) -> Transfer:
        """Return a random transfer of such a compound; what lies outside the limits is put on them."""
        return self._made({n: rng.normal(getattr(self.mean, n), self.spread[n]) for n in PARAMETERS}, edge)

    def _made(self, values: dict[str, float], edge: float) -> Transfer:
        values["shift"] += self.edge_gain * (edge - ANCHOR)
        return Transfer(**{name: float(np.clip(value, *LIMITS[name])) for name, value in values.items()})

    def to_json(self) -> str:
        """Return the population as text."""
        return json.dumps(to_dict(self), indent=1)

    @classmethod
    def from_json(cls, text: str, file: str | None = None) -> Population:
        """Read what `to_json` wrote; InputError where it is something else."""
        try:
            table: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"no transfer file: {error}", remedy="Use one written by calibrate", file=file) from None
        if not isinstance(table, dict) or not isinstance(table.get("spread"), dict):
            raise InputError("no transfer file", remedy="Use one written by firstshell calibrate", file=file)
        found = from_dict(cls, table, file=file)
        wrong = set(found.spread) ^ set(PARAMETERS)
        if wrong or not all(value > 0 for value in found.spread.values()) or found.misfit < 0:
            raise InputError("the spread must have every parameter, above zero", remedy="Calibrate again", file=file)
        return found


def _shifts(
    height: Array, shift: Array, precision: Array, metals: Sequence[str]
) -> tuple[float, float, dict[str, float]]:
    """Return mean, gain with height, and offsets by metal of shifts; gain and offsets are drawn to zero (ridge).

    precision : of each shift, 1/eV²
    """
    names = sorted(set(metals))
    columns = [np.ones(len(shift)), height, *(np.array([m == name for m in metals], float) for name in names)]
    design = np.column_stack(columns)
    prior = np.array([0.0, EDGE_PRIOR**-2, *[OFFSET_PRIOR**-2] * len(names)])
    weighted = design.T * precision
    mean, gain, *offsets = np.linalg.solve(weighted @ design + np.diag(prior), weighted @ shift)
    return float(mean), float(gain), {name: float(offset) for name, offset in zip(names, offsets, strict=True)}


BROAD = Population(
    Transfer(sigma=1.3, growth=0.05, over_absorption=0.05),
    {
        "shift": 4.0,
        "stretch": 0.06,
        "sigma": 0.6,
        "growth": 0.04,
        "over_absorption": 0.2,
        "slope": 0.12,
        "scale": 0.06,
    },
)
"""What is believed before any standard is looked at."""

PLAIN = Population(Transfer(), LEAST)
"""Simulations as they are, but for the smallest spread that is believed."""


def read_population(path: str | Path) -> Population:
    """Read a file that `firstshell calibrate` wrote; InputError when it is missing, too large or something else."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError("no transfer file: it is too large", remedy="Use one written by calibrate", file=path)
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"no transfer file: {error}", remedy="Use one written by calibrate", file=path) from None
    return Population.from_json(text, str(path))


@cache
def default_population() -> Population:
    """Return the spread over firstshell's standards, which `python bench/measured.py fit` found."""
    return Population.from_json((files("firstshell.measured.xanes") / "transfer.json").read_text(encoding="utf-8"))
