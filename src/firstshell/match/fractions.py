"""Fractions of phases in a measured XANES, with their uncertainties.

A measurement y on p energies is taken as y = Σ w_k (s_k + J_k a_k + m_k) + J_0 a_0 + m + n, its weights w_k ≥ 0 adding
to one: s_k is the spectrum of a phase and J_k its derivatives by unknowns, such as its energy offset; J_0 is the same
of the measurement; m_k is a further error of a simulated phase, m one of all together, both correlated over some 4 eV,
and n is noise. All a are standard normal, so that y is normal with a covariance that follows from
the weights: generalised least squares (Aitken, Proc. R. Soc. Edinb. 55, 42 (1936)). The size of m is not known; its
posterior is taken on a mesh.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from firstshell.measured.xanes.standards import AFTER, BEFORE
from firstshell.types import Array

STEP = 0.5
"""eV between the energies that are compared."""
ALIKE = 4.0
"""eV over which the correlation of a misfit falls to 1/e, as differences of one compound measured twice do."""
MESH = np.geomspace(5e-4, 0.08, 12)
"""Edge steps, the sizes of the misfit that are tried."""
FACTOR = 2.5
"""By which the misfit may differ from the typical one: its prior is log-normal."""
LEAST_NOISE = 5e-4
"""Edge steps."""
SUM = 1e3
"""Weight of the equation that fractions add to one; others are of the order of 1."""
DRAWS = 1000
"""Of each interval."""
LEVEL = 0.90
ROUNDS = 3
"""Times that the covariance follows the weights."""


@dataclass(frozen=True, eq=False)
class Column:
    """A phase on the energies that are compared.

    mu : (p,) its spectrum in edge steps
    changes : (p, q) what one standard deviation of each unknown adds
    misfit : edge steps, a further error
    shared : how many of the last unknowns it has in common with all phases that have as many
    """

    mu: Array
    changes: Array
    misfit: float = 0.0
    shared: int = 0

    @property
    def own(self) -> Array:
        """(p, q - shared) changes by what is not known of this phase alone."""
        return self.changes[:, : self.changes.shape[1] - self.shared]

    @property
    def common(self) -> Array:
        """(p, shared) changes by what is not known of all."""
        return self.changes[:, self.changes.shape[1] - self.shared :]


@dataclass(frozen=True, eq=False)
class Observed:
    """A measurement on the same energies: (p,) in edge steps, its changes as those of a phase, noise at each point."""

    mu: Array
    changes: Array
    noise: float


@dataclass(frozen=True, eq=False)
class Solution:
    """Weights at one size of the misfit.

    posterior : log of the size's, up to a constant
    precision, right : (k, k) and (k,) of the quadratic form that the weights make least
    root : (p, p) Cholesky factor of the covariance
    """

    size: float
    posterior: float
    weights: Array
    precision: Array
    right: Array
    root: Array


@dataclass(frozen=True, eq=False)
class Fractions:
    """The weights of phases in a measurement, all else integrated out.

    typical : edge steps, the misfit that is expected a priori
    """

    columns: Sequence[Column]
    observed: Observed
    typical: float

    @cached_property
    def spectra(self) -> Array:
        """(p, k) spectra of the phases."""
        return np.column_stack([each.mu for each in self.columns])

    @cached_property
    def middle(self) -> Solution:
        """The weights at the typical misfit."""
        found = simplex(self.spectra.T @ self.spectra, self.spectra.T @ self.observed.mu)
        for _ in range(ROUNDS):
            solved = self._solved(self._known(found), self.typical)
            found = solved.weights
        return solved

    @cached_property
    def mesh(self) -> list[Solution]:
        """The weights at every size of the misfit."""
        known = self._known(self.middle.weights)
        return [self._solved(known, float(size)) for size in MESH]

    @cached_property
    def shares(self) -> Array:
        """Posterior of the sizes of the mesh."""
        values = np.array([each.posterior for each in self.mesh])
        found = np.exp(values - values.max())
        return np.asarray(found / found.sum())

    @property
    def weights(self) -> Array:
        """(k,) mean weights, adding to one."""
        return np.asarray(self.shares @ np.array([each.weights for each in self.mesh]))

    @property
    def misfit(self) -> float:
        """Geometric mean of the misfit's posterior in edge steps."""
        return float(np.exp(self.shares @ np.log(MESH)))

    @property
    def deviance(self) -> float:
        """−2 log of the likelihood at the most probable misfit, what is not known integrated out."""
        return -2.0 * max(each.posterior for each in self.mesh)

    def unknown(self, found: Solution) -> tuple[Array, list[Array]]:
        """Return the most probable a of the measurement and of each phase, in standard deviations."""
        left = self.observed.mu - self.spectra @ found.weights
        solved = np.linalg.solve(found.root.T, np.linalg.solve(found.root, left))
        common = self._common(found.weights).T @ solved
        pairs = zip(found.weights, self.columns, strict=True)
        each = [np.append(weight * one.own.T @ solved, common[: one.shared]) for weight, one in pairs]
        return self.observed.changes.T @ solved, each

    def parts(self) -> tuple[Array, Array]:
        """Return (k, p) the phases by their weights, and (p,) the residual, what is not known at its most probable."""
        best = self.mesh[int(self.shares.argmax())]
        own, others = self.unknown(best)
        made = [
            weight * (each.mu + each.changes @ values)
            for weight, each, values in zip(best.weights, self.columns, others, strict=True)
        ]
        left = self.observed.mu - self.observed.changes @ own - np.sum(made, axis=0)
        return np.array(made), np.asarray(left)

    def draws(self, rng: np.random.Generator, widen: float = 1.0, count: int = DRAWS) -> Array:
        """Return (count, k) weights as they might have come out, for errors `widen` times those assumed."""
        chosen = rng.choice(len(MESH), size=count, p=self.shares)
        roots = [np.linalg.cholesky(each.precision + _tiny(each.precision)) for each in self.mesh]
        normal = widen * rng.normal(size=(count, len(self.columns)))
        found = [
            simplex(self.mesh[i].precision, self.mesh[i].right + roots[i] @ row)
            for i, row in zip(chosen, normal, strict=True)
        ]
        return np.array(found)

    def _known(self, weights: Array) -> Array:
        """Return the covariance of all but the common misfit."""
        noise = max(self.observed.noise, LEAST_NOISE)
        found = noise**2 * np.eye(len(self.observed.mu)) + self.observed.changes @ self.observed.changes.T
        own = 0.0
        for weight, each in zip(weights, self.columns, strict=True):
            if weight > 0:
                found += weight**2 * (each.own @ each.own.T)
                own += (weight * each.misfit) ** 2
        common = self._common(weights)
        return np.asarray(found + common @ common.T + own * alike(len(found)))

    def _common(self, weights: Array) -> Array:
        """Return (p, c) what the unknowns that phases share add to a mixture."""
        most = max(each.shared for each in self.columns)
        found = np.zeros((len(self.observed.mu), most))
        for weight, each in zip(weights, self.columns, strict=True):
            found[:, : each.shared] += weight * each.common
        return found

    def _solved(self, known: Array, size: float) -> Solution:
        root = np.linalg.cholesky(known + size**2 * alike(len(known)))
        white = np.linalg.solve(root, np.column_stack([self.spectra, self.observed.mu]))
        phases, measured = white[:, :-1], white[:, -1]
        precision, right = phases.T @ phases, phases.T @ measured
        weights = simplex(precision, right)
        left = measured - phases @ weights
        likelihood = -0.5 * float(left @ left) - float(np.log(np.diag(root)).sum())
        prior = -0.5 * (np.log(size / self.typical) / np.log(FACTOR)) ** 2
        return Solution(size, likelihood + float(prior), weights, precision, right, np.asarray(root))


def intervals(draws: Array, weights: Array) -> Array:
    """Return (k, 2) ends of the 90 % intervals that draws (n, k) of weights make; they hold the weights themselves."""
    low, high = np.quantile(draws, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0], axis=0)
    return np.column_stack([np.minimum(low, weights), np.maximum(high, weights)])


def simplex(precision: Array, right: Array) -> Array:
    """Return the weights (k,) ≥ 0, adding to one, that make w·P·w/2 − r·w least."""
    from scipy.optimize import nnls

    scale = float(np.trace(precision)) / len(precision)
    root = np.linalg.cholesky(precision / scale + _tiny(np.eye(len(precision))))
    target = np.linalg.solve(root, right / scale)
    found = nnls(np.vstack([root.T, np.full(len(root), SUM)]), np.append(target, SUM))[0]
    return np.asarray(found / found.sum())


def free_sum(spectra: Array, mu: Array) -> float:
    """Return the sum of the weights of (p, k) spectra that are constrained to ≥ 0 only."""
    from scipy.optimize import nnls

    return float(nnls(spectra, mu)[0].sum())


def energy_mesh(low: float, high: float) -> Array:
    """Return the energies (p,) that are compared, in eV from the tabulated K edge, of those from low to high."""
    first, last = max(low, BEFORE), min(high, AFTER)
    return np.arange(np.ceil(first / STEP), np.floor(last / STEP) + 1) * STEP


@cache
def alike(points: int) -> Array:
    """Return the (p, p) correlation of a misfit."""
    place = np.arange(points) * STEP
    return np.asarray(np.exp(-np.abs(place[:, None] - place[None, :]) / ALIKE))


def _tiny(matrix: Array) -> Array:
    """Return what makes a matrix of nearly equal phases positive definite."""
    return 1e-9 * float(np.trace(matrix)) / len(matrix) * np.eye(len(matrix))
