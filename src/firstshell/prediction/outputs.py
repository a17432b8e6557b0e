"""What one forest says at once: shares of the classes, a length, and whether sites are unlike, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firstshell.prediction.training_set import Samples
from firstshell.study.splits import Codes
from firstshell.study.trees import Trees
from firstshell.types import Array, Target

LENGTH_WEIGHT = 0.4
"""Standard deviation of the lengths among the outputs, whose shares have about as much: all three then count when a
tree splits. One forest for all is as good as three, and takes a third of the time (docs/decisions/one-forest.md)."""

UNLIKE_WEIGHT = 0.3
"""What stands for unlike sites among the outputs, so that trees hardly split for it."""
UNLIKE = 0.05
"""Part of a sample's sites that must have another coordination number than the others for them to be unlike."""

LEAST_AGREEMENT = 1e-3
"""Share of a class that a tree is taken to give it at least."""


@dataclass(frozen=True)
class Outputs:
    """Which of a forest's outputs say what.

    oxidation_states, coordination_numbers : the classes, increasing
    centre, unit : Å; an output x of the length stands for centre + unit·x
    """

    oxidation_states: tuple[int, ...]
    coordination_numbers: tuple[int, ...]
    centre: float
    unit: float

    @classmethod
    def of(cls, samples: Samples) -> Outputs:
        """Return the outputs that samples call for."""
        lengths = samples.bond_length
        states, numbers = (
            tuple(samples.classes[target].classes.tolist())
            for target in (Target.OXIDATION_STATE, Target.COORDINATION_NUMBER)
        )
        return cls(states, numbers, float(lengths.mean()), max(float(lengths.std()), 1e-3) / LENGTH_WEIGHT)

    def classes(self, target: Target) -> Codes:
        """Return the (k,) classes of a target; none for lengths."""
        values = {Target.OXIDATION_STATE: self.oxidation_states, Target.COORDINATION_NUMBER: self.coordination_numbers}
        return np.array(values.get(target, ()), dtype=np.int64)

    def columns(self, target: Target) -> slice:
        """Return which outputs belong to a target."""
        first, second = len(self.oxidation_states), len(self.coordination_numbers)
        starts = {Target.OXIDATION_STATE: 0, Target.COORDINATION_NUMBER: first, Target.BOND_LENGTH: first + second}
        return slice(starts[target], starts[target] + max(1, len(self.classes(target))))

    @property
    def count(self) -> int:
        """Number of outputs: those of the targets, and that of unlike sites."""
        return int(self.columns(Target.BOND_LENGTH).stop) + 1

    def encode(self, samples: Samples) -> Array:
        """Return the (n, outputs) that a forest learns."""
        length = (samples.bond_length - self.centre) / self.unit
        unlike = samples.classes[Target.COORDINATION_NUMBER].shares.max(axis=1) < 1.0 - UNLIKE
        shares = (samples.classes[target].shares for target in Target if target.is_class)
        return np.column_stack([*shares, length, UNLIKE_WEIGHT * unlike])

    def unlike(self, outputs: Array) -> Array:
        """Return the (n,) share of the forest that holds sites of a sample for unlike in their coordination number."""
        return np.asarray(outputs[:, self.count - 1] / UNLIKE_WEIGHT)

    def averages(self, target: Target, outputs: Array) -> Array:
        """Return the (n,) mean values of a target."""
        part = outputs[:, self.columns(target)]
        if not target.is_class:
            return np.asarray(self.centre + self.unit * part[:, 0])
        return np.asarray(part @ self.classes(target))


def mean_and_spread(
    trees: Trees, features: Array, outputs: Outputs, *, by_class: bool
) -> tuple[Array, dict[Target, Array]]:
    """Return the (n, k) mean outputs of all trees, and the (n,) standard deviations over trees of the targets' means.

    features : (n, q)
    by_class : whether the length is that of the trees which agree with the likeliest oxidation state and coordination
        number: each then counts by the shares that it gives them. The others draw it towards the mean of all compounds
    """
    each = trees.each(features)
    means = each.mean(axis=0)
    if by_class:
        length = outputs.columns(Target.BOND_LENGTH).start
        means[:, length] = (length_weights(each, outputs) * each[:, :, length]).sum(axis=0)
    return means, {t: np.std([outputs.averages(t, tree) for tree in each], axis=0) for t in Target}


def length_weights(each: Array, outputs: Outputs) -> Array:
    """Return the (trees, n) weights, of sum 1, that the lengths of trees which give the outputs (trees, n, k) have.

    They are the products of the shares that a tree gives to the classes likeliest for all.
    """
    found = np.ones(each.shape[:2])
    for target in (target for target in Target if target.is_class):
        shares = each[:, :, outputs.columns(target)]
        likeliest = shares.mean(axis=0).argmax(axis=1)
        found *= np.maximum(np.take_along_axis(shares, likeliest[None, :, None], axis=2)[:, :, 0], LEAST_AGREEMENT)
    return np.asarray(found / found.sum(axis=0))
