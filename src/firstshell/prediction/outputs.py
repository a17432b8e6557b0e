"""What one forest says of all three targets at once: shares of the classes, and a length, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from firstshell.study.splits import Codes
from firstshell.study.trees import Trees
from firstshell.types import Array, Target

if TYPE_CHECKING:
    from firstshell.prediction.training_set import Samples

LENGTH_WEIGHT = 0.4
"""Standard deviation of the lengths among the outputs, whose shares have about as much: all three then count when a
tree splits. One forest for all is as good as three, and takes a third of the time (docs/decisions/one-forest.md)."""


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

    def encode(self, samples: Samples) -> Array:
        """Return the (n, outputs) that a forest learns."""
        length = (samples.bond_length - self.centre) / self.unit
        return np.column_stack([*(samples.classes[target].shares for target in Target if target.is_class), length])

    def averages(self, target: Target, outputs: Array) -> Array:
        """Return the (n,) mean values of a target."""
        part = outputs[:, self.columns(target)]
        if not target.is_class:
            return np.asarray(self.centre + self.unit * part[:, 0])
        return np.asarray(part @ self.classes(target))


def told(trees: Trees, features: Array, outputs: Outputs) -> tuple[Array, dict[Target, Array]]:
    """Return the (n, k) mean outputs of all trees, and the (n,) standard deviations over trees of the targets' means.

    features : (n, q)
    """
    each = trees.each(features)
    return each.mean(axis=0), {t: np.std([outputs.averages(t, tree) for tree in each], axis=0) for t in Target}
