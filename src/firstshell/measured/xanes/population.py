"""How transfers from simulation to measurement spread over compounds and beamlines."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from firstshell.config import from_dict, to_dict
from firstshell.errors import InputError
from firstshell.measured.xanes.transfer import LIMITS, PARAMETERS, Transfer
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
"""Lower limit of the spread of each parameter: standards are few, and measured with more care than samples."""
REFERENCE_STATE = 3.0
"""Oxidation state that mean shifts belong to."""
CALIBRATION = 1.2
"""eV, assumed error of published energies where no foil sets them (docs/explanation/answers.md)."""
SHARED = [PARAMETERS.index(name) for name in ("stretch", "sigma", "growth")]
"""Parameters of the broadening, whose kernel costs most: a block of training copies has them in common."""
OWN = [i for i in range(len(PARAMETERS)) if i not in SHARED]


@dataclass(frozen=True)
class Population:
    """How transfers spread over compounds: means by metal, and a normal distribution about them.

    mean : of a compound whose metal has oxidation state 3
    spread : standard deviation by parameter
    correlation : of the parameters, in the order of `PARAMETERS`; none where it is empty
    gain : eV of shift for each unit that the oxidation state is higher
    misfit : root mean square in edge steps that the best transfers leave
    compounds : names of the standards
    offsets : by metal and parameter, beside the mean: what simulations of one metal's compounds, and tabulated edges,
        err by together
    gains : eV by metal, beside the gain
    """

    mean: Transfer
    spread: dict[str, float]
    gain: float = 0.0
    misfit: float = 0.0
    compounds: tuple[str, ...] = ()
    offsets: dict[str, dict[str, float]] = field(default_factory=dict)
    gains: dict[str, float] = field(default_factory=dict)
    correlation: tuple[tuple[float, ...], ...] = ()

    def of_metal(self, metal: str) -> Population:
        """Return the population of one metal's compounds: what is its own becomes part of the mean and the gain."""
        own = self.offsets.get(metal, {})
        values = {name: getattr(self.mean, name) + own.get(name, 0.0) for name in PARAMETERS}
        gain = self.gain + self.gains.get(metal, 0.0)
        return replace(self, mean=limited(values), gain=gain, offsets={}, gains={})

    def typical(self, state: float) -> Transfer:
        """Return the mean transfer of a compound whose metal has an oxidation state."""
        return self._made({name: getattr(self.mean, name) for name in PARAMETERS}, state)

    def draw(self, states: Array, rng: np.random.Generator) -> list[Transfer]:
        """Return a random transfer for each oxidation state, with stretch and widths in common.

        What lies outside the limits is put on them.
        """
        root = np.linalg.cholesky(self.covariance()[np.ix_([*SHARED, *OWN], [*SHARED, *OWN])])
        normal = rng.normal(size=(len(states), len(PARAMETERS)))
        normal[:, : len(SHARED)] = normal[0, : len(SHARED)]
        away = np.empty_like(normal)
        away[:, [*SHARED, *OWN]] = normal @ root.T
        return [
            self._made(dict(zip(PARAMETERS, map(float, self.mean.values + row), strict=True)), float(state))
            for row, state in zip(away, states, strict=True)
        ]

    def covariance(self) -> Array:
        """Return the covariance of the parameters, in the order of `PARAMETERS`."""
        spread = np.array([self.spread[name] for name in PARAMETERS])
        return np.asarray(
            (np.array(self.correlation) if self.correlation else np.eye(len(spread))) * np.outer(spread, spread)
        )

    def _made(self, values: dict[str, float], state: float) -> Transfer:
        return limited(values | {"shift": values["shift"] + self.gain * (state - REFERENCE_STATE)})

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
        if found.correlation and not _is_correlation(np.array(found.correlation, dtype=object)):
            raise InputError("the correlation is none of all parameters", remedy="Calibrate again", file=file)
        return found


def _is_correlation(found: Array) -> bool:
    """Return whether a matrix is symmetric and positive definite, with ones along its diagonal."""
    if found.shape != (len(PARAMETERS), len(PARAMETERS)):
        return False
    matrix = found.astype(float)
    if not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1.0):
        return False
    return bool(np.linalg.eigvalsh(matrix)[0] > 0)


def limited(values: dict[str, float]) -> Transfer:
    """Return a transfer of these parameters, those outside the limits put on them."""
    return Transfer(**{name: float(np.clip(value, *LIMITS[name])) for name, value in values.items()})


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
"""The prior, before any standard."""

PLAIN = Population(Transfer(), LEAST)
"""Simulations as they are, with the lower limits of the spread."""


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


def as_population(given: Population | str | Path | None) -> Population | None:
    """Return a population, or that of a file; None for None."""
    return read_population(given) if isinstance(given, str | Path) else given


@cache
def default_population() -> Population:
    """Return the spread over firstshell's standards, which `python validation/transfers.py fit` found."""
    return Population.from_json((files("firstshell.measured.xanes") / "transfer.json").read_text(encoding="utf-8"))
