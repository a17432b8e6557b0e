"""Errors of answers for measured standards, which intervals of other measurements are calibrated with.

`validation/measured.py` writes `FILE`: each standard is answered by models whose transfers do not know its compound.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from firstshell.config import from_dict
from firstshell.prediction.training import COVERAGE, conformal_quantile
from firstshell.types import Target

FILE = Path(str(files("firstshell.prediction") / "measured_errors.json"))
OTHER_METAL = 0.1
"""What a compound of another metal counts for, against one of the metal in question."""
OTHER_CLASS = 0.5
"""What a compound counts for whose likeliest class is another."""
SIMULATIONS = 2.0
"""Compounds that all simulations of the likeliest class count for together."""


@dataclass(frozen=True)
class MeasuredError:
    """How far the answer for one measured standard was off.

    target : a value of `Target`
    likeliest : class that was held likeliest, of the target, or of the coordination number for bond lengths
    score : |answer − truth| over the disagreement that the answer's interval is made of (`training.disagreement`)
    """

    metal: str
    compound: str
    target: str
    likeliest: int
    score: float


@dataclass(frozen=True)
class MeasuredErrors:
    """Errors of answers for measured standards.

    Examples
    --------
    >>> errors = MeasuredErrors((MeasuredError("Fe", "hematite", "oxidation_state", 3, 0.4),))
    >>> errors.width("Fe", Target.OXIDATION_STATE, 3, [0.1, 0.2])
    0.4
    >>> len(errors.without("Fe", "hematite").rows)
    0

    """

    rows: tuple[MeasuredError, ...]

    def without(self, metal: str, compound: str) -> MeasuredErrors:
        """Return the errors of all other compounds."""
        return MeasuredErrors(tuple(row for row in self.rows if (row.metal, row.compound) != (metal, compound)))

    def width(self, metal: str, target: Target, likeliest: int, simulated: Sequence[float]) -> float:
        """Return how many times the disagreement an interval reaches to both sides.

        A weighted conformal quantile (Tibshirani, Barber, Candès and Ramdas, NeurIPS 2019): each compound counts once,
        less where it is of another metal or where another class was likeliest, and simulations count a little.

        simulated : scores of simulations held out, of the same likeliest class
        """
        own = [row for row in self.rows if row.target == target.value]
        often = Counter((row.metal, row.compound) for row in own)
        shares = [
            (1.0 if row.metal == metal else OTHER_METAL)
            * (1.0 if row.likeliest == likeliest else OTHER_CLASS)
            / often[row.metal, row.compound]
            for row in own
        ]
        scores = np.array([*(row.score for row in own), *simulated])
        weights = np.array([*shares, *([SIMULATIONS / len(simulated)] * len(simulated))])
        return conformal_quantile(scores, weights, COVERAGE)

    def to_json(self) -> str:
        """Return the errors as text, a line each."""
        return "[\n" + ",\n".join(json.dumps(asdict(row)) for row in self.rows) + "\n]\n"


@cache
def measured_errors() -> MeasuredErrors:
    """Return the errors for firstshell's standards."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return MeasuredErrors(tuple(from_dict(MeasuredError, row) for row in rows))
