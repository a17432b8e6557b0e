"""Over-absorption is inferred for each measurement, and removed before the forest is evaluated."""

from __future__ import annotations  # else numpy.random is loaded for its name

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from firstshell.measured.xanes.training_grid import ENERGY
from firstshell.measured.xanes.transfer import over_absorbed
from firstshell.prediction.channels import XanesChannel
from firstshell.prediction.training_set import Samples
from firstshell.types import Array, Target

AMOUNTS = np.array([0.0, 0.3, 0.6, 1.0, 1.5])
"""Over-absorption a in μ (1 + a)/(1 + a μ), beyond what the training spectra have been through, that is tried."""
RARE = 0.4
"""Mean over-absorption that is believed before a spectrum is looked at; exponential."""
SHARPNESS = 2.0
"""What squared distances are divided by, besides 2: points and parameters of a spectrum are less independent than the
covariance has them."""
COPIES = 6
"""Disturbed copies of each sample that covariances are learned from."""
MISFIT, TOGETHER = 0.03, 3.0
"""Edge steps and eV: size and correlation length of what no transfer explains in a measurement."""
RISE = 10.0
"""eV over which that grows from its smallest part before the edge."""
FLAT = 0.15
"""That part."""
NEGLIGIBLE = 0.02
"""Share below which an amount is left out."""
ROOM = 0.2
"""Least 1 + a (1 − μ) that is divided by: no spectrum lies so far above its step."""


@dataclass(frozen=True, eq=False)
class Damping:
    """Training spectra as they would be measured, and how measurements scatter about them.

    centres : (n, 111) mean of the disturbed copies of each sample
    whitening : (111, 111) turns a deviation into independent ones of size one
    shares : (n,) what each sample counts for, adding to one
    states : (n, k) what part of each sample is of each oxidation state
    """

    centres: Array
    whitening: Array
    shares: Array
    states: Array

    @cached_property
    def _banks(self) -> list[Array]:
        return [over_absorbed(self.centres, amount) @ self.whitening.T for amount in AMOUNTS]

    def likely(self, values: Array) -> Array:
        """Return the (n, amounts) probability of each of `AMOUNTS` for spectra (n, 111); negligible ones are 0."""
        return self.infer(values)[0]

    def infer(self, values: Array) -> tuple[Array, Array]:
        """Return what `likely` does, and the (n, k) probability of each oxidation state.

        It is that of the training samples which have it, by their likelihood with all amounts, each sample's share
        being what is believed of it before.
        """
        whitened = values @ self.whitening.T
        own, log = (whitened**2).sum(axis=1)[:, None], np.empty((len(AMOUNTS), len(values), len(self.shares)))
        for k, bank in enumerate(self._banks):
            squares = own + (bank**2).sum(axis=1)[None] - 2.0 * whitened @ bank.T
            log[k] = -squares / (2.0 * SHARPNESS) + np.log(self.shares) - AMOUNTS[k] / RARE
        likely = np.exp(log - log.max(axis=(0, 2))[None, :, None])
        likely /= likely.sum(axis=(0, 2))[None, :, None]
        found = likely.sum(axis=2).T
        found[found < NEGLIGIBLE] = 0.0
        return np.asarray(found / found.sum(axis=1, keepdims=True)), np.asarray(likely.sum(axis=0) @ self.states)


def learn_damping(samples: Samples, channel: XanesChannel, rng: np.random.Generator) -> Damping:
    """Return what infers the over-absorption of a measurement of one of these samples."""
    count = len(samples)
    copies = channel.disturbed(samples.take(np.repeat(np.arange(count), COPIES)), rng).reshape(count, COPIES, -1)
    centres = copies.mean(axis=1)
    left = (copies - centres[:, None]).reshape(count * COPIES, -1)
    covariance = left.T @ left / (count * (COPIES - 1)) + _misfit()
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    states = samples.classes[Target.OXIDATION_STATE].shares
    return Damping(centres, whitening, samples.weights / samples.weights.sum(), states)


def remove_damping(values: Array, amounts: Array) -> Array:
    """Return spectra (n, 111) without an over-absorption, (n,) one each."""
    own = amounts[:, None]
    return np.asarray(values / np.maximum(1.0 + own - own * values, ROOM))


def _misfit() -> Array:
    """Return the (111, 111) covariance of what no transfer explains, with the noise of a scan."""
    size = MISFIT * np.clip((ENERGY + 2.0) / RISE, FLAT, 1.0)
    near = np.exp(-0.5 * ((ENERGY[:, None] - ENERGY[None]) / TOGETHER) ** 2)
    return np.asarray(np.outer(size, size) * near + 1e-5 * np.eye(len(ENERGY)))
