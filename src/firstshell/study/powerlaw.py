"""The power law through a learning curve, and how far it may be carried on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import t as student

from firstshell.study.compare import LEVEL, corrected_test
from firstshell.study.splits import seeded
from firstshell.types import Array

EXPONENTS = np.geomspace(0.05, 2.0, 60)
REACH = 4.0
DRAWS = 400


@dataclass(frozen=True, eq=False)
class Curve:
    """Errors by number of training samples, and the power law a + b n^(−c) through them (a, b ≥ 0).

    n : (k,) numbers of training samples
    errors : (J, k) by repeat; lower is better
    test_over_train : overlap term of the corrected test
    seed : what the bootstrap's draws follow from
    """

    n: Array
    errors: Array
    test_over_train: float
    seed: tuple[object, ...]

    @cached_property
    def law(self) -> Array:
        """(3,) a, b and c of the curve of the means, b for n in units of the last one."""
        return np.asarray(fit_law(self.n / self.n[-1], self.errors.mean(axis=0)[None], self._weights)[0])

    @cached_property
    def objection(self) -> str:
        """Why the curve must not be extrapolated; empty when it may."""
        repeats, means = len(self.errors), self.errors.mean(axis=0)
        if len(np.unique(self.n)) < 4:
            return "a power law needs four sizes or more"
        if corrected_test(self.errors[:, 0] - self.errors[:, -1], self.test_over_train).verdict != "helps":
            return "no gain from more training samples could be shown"
        reach = student.ppf(0.5 + LEVEL / 2, repeats - 1) * self.errors.std(axis=0, ddof=1) / np.sqrt(repeats)
        if np.any(np.abs(means - law_at(self.law, self.n / self.n[-1])) > reach + 1e-9):
            return "the scores do not follow a power law"
        return ""

    def ahead(self, factor: float) -> tuple[float, float, float]:
        """Return the error expected of `factor` times as many training samples, and its 95 % interval.

        factor : above 1, at most `REACH`
        The standard error is that of a bootstrap over repeats, widened for their overlap as in the corrected test. That
        a power law holds out there is assumed. ValueError when `objection` is not empty or the factor out of range.
        """
        if self.objection or not 1.0 < factor <= REACH:
            raise ValueError(self.objection or f"factor {factor:g}")
        x, repeats = self.n / self.n[-1], len(self.errors)
        draws = seeded(*self.seed).integers(repeats, size=(DRAWS, repeats))
        laws = fit_law(x, self.errors[draws].mean(axis=1), self._weights)
        spread = float(np.std(law_at(laws, np.array([factor])), ddof=1))
        widened = spread * np.sqrt(repeats / (repeats - 1) * (1.0 + repeats * self.test_over_train))
        half = float(student.ppf(0.5 + LEVEL / 2, repeats - 1) * widened)
        value = float(law_at(self.law, np.array([factor]))[0])
        return value, max(value - half, 0.0), value + half

    @property
    def _weights(self) -> Array:
        variance = self.errors.var(axis=0, ddof=1)
        return np.asarray(1.0 / np.maximum(variance, max(1e-3 * float(variance.max()), 1e-12)))


def fit_law(x: Array, means: Array, weights: Array) -> Array:
    """Return (m, 3) a, b, c of a + b x^(−c) through (m, k) means, by weighted least squares with a, b ≥ 0.

    x, weights : (k,). The exponent is the best of `EXPONENTS`; a and b follow from it in closed form.
    """
    power = x[None] ** -EXPONENTS[:, None]  # (c, k)
    w = weights / weights.sum()
    power_mean, mean = power @ w, means @ w
    slope = ((means * w) @ power.T - np.outer(mean, power_mean)) / ((power**2 @ w) - power_mean**2)  # (m, c)
    slope = np.maximum(slope, 0.0)
    base = mean[:, None] - slope * power_mean
    through_zero = np.maximum((means * w) @ power.T / (power**2 @ w), 0.0)
    slope, base = np.where(base < 0, through_zero, slope), np.maximum(base, 0.0)
    residual = means[:, None, :] - base[..., None] - slope[..., None] * power
    best = np.argmin(residual**2 @ w, axis=1)
    row = np.arange(len(means))
    return np.stack([base[row, best], slope[row, best], EXPONENTS[best]], axis=1)


def law_at(law: Array, x: Array) -> Array:
    """Return the law's values: law (..., 3), x (k,) or one number per law."""
    a, b, c = np.moveaxis(law, -1, 0)
    return np.asarray(a + b * x ** (-c))
