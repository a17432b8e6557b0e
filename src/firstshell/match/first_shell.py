"""The first shell that a sample is predicted to have, as evidence for structures that have such a one.

The forest of `predict` tells lengths and numbers better than the fit of a whole spectrum does, which what is wrong at
the white line may outweigh (docs/decisions/probabilities-of-structures.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from firstshell.measured.xanes.foil import reliable_foil_shift
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.training_grid import on_grid
from firstshell.types import Array, Target

if TYPE_CHECKING:
    from firstshell.prediction.model import Predictor

SHELL = (Target.OXIDATION_STATE, Target.COORDINATION_NUMBER, Target.BOND_LENGTH)
Shell = tuple[float, float, float]
"""Values of `SHELL`, means over the sites of a metal; NaN where one is not known."""
UNKNOWN: Shell = (float("nan"), float("nan"), float("nan"))
USUAL = np.array([0.1, 0.3, 0.03])
"""Errors of `SHELL` where all trees agree, as those of standards are whose compounds the trees do not know."""
FREEDOM = 4.0
"""Degrees of freedom of the Student distribution of errors: a few are several times the usual one."""


@dataclass(frozen=True, eq=False)
class PredictedShell:
    """What a forest says of the first shell of a sample.

    values : (3,) of `SHELL`
    spread : (3,) standard deviations over the trees
    """

    values: Array
    spread: Array

    def evidence(self, shells: Array) -> Array:
        """Return logs of the likelihoods of structures with first shells (n, 3), up to a constant.

        What is not known of a shell counts as off by the expected error.
        """
        squares = (shells - self.values) ** 2 / (USUAL**2 + self.spread**2)
        away = np.where(np.isnan(squares), 1.0, squares).sum(axis=1)
        return np.asarray(-0.5 * (FREEDOM + len(SHELL)) * np.log1p(away / FREEDOM))


def predict_shell(model: Predictor, measured: Normalised) -> PredictedShell:
    """Return what a model of XANES says of a measurement, whose energies a foil sets, where there is one.

    Raises InputError where the measurement covers too little.
    """
    found = model.evaluate({"xanes": on_grid(measured, reliable_foil_shift(measured) or 0.0)})
    values = [float(model.outputs.averages(target, found.outputs)[0]) for target in SHELL]
    return PredictedShell(np.array(values), np.array([float(found.spread[target][0]) for target in SHELL]))
