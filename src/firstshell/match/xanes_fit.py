"""A simulated XANES put on a measured one: the most probable transfer, its uncertainty, and the evidence for it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from firstshell.match.held_out import HeldOut
from firstshell.measured.xanes.population import CALIBRATION, Population
from firstshell.measured.xanes.standards import MISFIT, STEP, Standard
from firstshell.measured.xanes.standards import RESOLUTION as TOGETHER
from firstshell.measured.xanes.transfer import HIGHEST, LOWEST, PARAMETERS, Transfer
from firstshell.types import Array

POINTS, TAIL = 16.0, 20.0
"""Independent facts in a XANES, and the squares from which on more of them count less: with these, probabilities hold
as often as they say (`python validation/rank.py rank`)."""
INSIDE = 1e-6
"""How far from its limits a parameter starts, in its own unit."""
MOST_STEPS = 40
"""Evaluations of a fit, not counting those for its derivatives."""


@dataclass(frozen=True, eq=False)
class XanesFit:
    """The best transfer of one simulated spectrum to one measured spectrum.

    transfer : the most probable one
    expected : what standards of the same metal and oxidation state let expect
    errors : standard deviation by parameter, of the posterior distribution
    energy : (m,) eV from the tabulated K edge
    measured, fitted, here : (m,) edge steps; `here` is the simulation with the expected transfer
    rmse : edge steps
    cost : half the squares of residuals and parameters over their covariances
    """

    transfer: Transfer
    expected: Transfer
    errors: dict[str, float]
    energy: Array
    measured: Array
    fitted: Array
    here: Array
    rmse: float
    cost: float

    @property
    def residual(self) -> Array:
        """(m,) measured minus fitted, edge steps."""
        return self.measured - self.fitted

    @property
    def evidence(self) -> float:
        """Log of the likelihood of the structure, up to a constant that all structures share.

        A Student distribution in place of the normal one: where no structure fits well, small differences between bad
        fits tell little. How many transfers fit as well is left out, which ranked standards worse
        (docs/decisions/probabilities-of-structures.md).
        """
        return -0.5 * POINTS * float(np.log(TAIL + 2.0 * self.cost))


def fit_xanes(each: Standard, population: Population, known: HeldOut, start: float | None = None) -> XanesFit:
    """Return the most probable transfer of a simulated spectrum, if its structure is correct.

    Residuals are normal, with the covariance of those of correct structures, parameters with that of the population.
    The shift is less certain where no foil sets the energies.

    each : the measurement and the simulation
    population : transfers of all metals
    known : residuals of standards
    start : eV, another start beside the expected shift, as the quick comparison finds it
    """
    own = population.of_metal(each.metal)
    expected = own.typical(each.state)
    centre = expected.values
    prior = own.covariance()
    if not each.anchored:
        prior[0, 0] += CALIBRATION**2
    root = _inverse_root(prior)
    plain = 1.0 / (MISFIT * np.sqrt(TOGETHER / STEP))
    rough = [_solve(each, plain, root, centre, _moved(centre, shift)) for shift in {0.0, start or 0.0}]
    first = min(rough, key=lambda found: float(found.cost))
    whitened = _inverse_root(known.covariance(each.energy))
    found = _solve(each, whitened, root, centre, first.x)
    transfer = Transfer.of(found.x)
    fitted = transfer.apply(each.grid, each.simulated, each.energy)
    here = expected.apply(each.grid, each.simulated, each.energy)
    information = found.jac.T @ found.jac
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    rmse = float(np.sqrt(np.mean((each.measured - fitted) ** 2)))
    return XanesFit(
        transfer,
        expected,
        dict(zip(PARAMETERS, map(float, errors), strict=True)),
        each.energy,
        each.measured,
        fitted,
        here,
        rmse,
        float(found.cost),
    )


def _solve(each: Standard, weight: Array | float, root: Array, centre: Array, start: Array) -> Any:
    """Return what least squares find; weight : what residuals are multiplied by, a number or a matrix."""
    from scipy.optimize import least_squares  # loaded for this only

    def residual(values: Array) -> Array:
        apart = Transfer.of(values).apply(each.grid, each.simulated, each.energy) - each.measured
        return np.concatenate(
            [weight @ apart if isinstance(weight, np.ndarray) else weight * apart, root @ (values - centre)]
        )

    begin = np.clip(start, LOWEST + INSIDE, HIGHEST - INSIDE)
    return least_squares(
        residual, begin, bounds=(LOWEST, HIGHEST), xtol=1e-4, ftol=1e-4, gtol=1e-4, max_nfev=MOST_STEPS
    )


def _moved(centre: Array, shift: float) -> Array:
    moved = centre.copy()
    moved[PARAMETERS.index("shift")] += shift
    return moved


def _inverse_root(covariance: Array) -> Array:
    """Return L⁻¹ of a covariance LLᵀ, which makes what has it white."""
    return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)))
