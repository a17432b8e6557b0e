"""How fractions of held-out mixtures of measured standards err: widths of intervals, misfits of correct mixtures."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from firstshell.config import from_dict

HERE, ELSEWHERE, SIMULATED = "here", "elsewhere", "simulated"
"""Where phases come from: measured as the samples were, at other beamlines, or simulated, some at least."""
LIMIT = 0.9
"""Share of correct mixtures whose misfit lies below the limit."""


@dataclass(frozen=True)
class Errors:
    """Of mixtures of one kind of phases.

    typical : edge steps, the misfit that is expected a priori
    widen : factor on all assumed errors, with which 90 % intervals hold nine true fractions of ten
    misfits : edge steps, the misfits of correct mixtures at 0, 5, … 100 %
    mixtures : how many there were
    error : mean absolute error of their fractions
    constant : the same of equal parts
    held : share of their fractions that 90 % intervals hold, each factor taken from mixtures of other compounds
    """

    typical: float
    widen: float
    misfits: tuple[float, ...]
    mixtures: int
    error: float
    constant: float
    held: float

    @property
    def limit(self) -> float:
        """Misfit in edge steps above which a phase is taken to be missing."""
        return float(np.interp(LIMIT, np.linspace(0.0, 1.0, len(self.misfits)), self.misfits))

    def percentile(self, misfit: float) -> float:
        """Return the share of correct mixtures that leave less."""
        return float(np.interp(misfit, self.misfits, np.linspace(0.0, 1.0, len(self.misfits))))


@cache
def errors_of(kind: str) -> Errors:
    """Return what `python validation/mix.py calibrate` found for phases of a kind."""
    text = (files("firstshell.match") / "mixture_errors.json").read_text(encoding="utf-8")
    return from_dict(Errors, json.loads(text)[kind])
