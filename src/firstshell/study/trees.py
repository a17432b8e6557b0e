"""A forest as plain arrays: what answers without scikit-learn, whose import takes longer than all else of a prediction.

Arrays hold nothing that could be executed, so they are also what is kept in files.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from firstshell.errors import InputError
from firstshell.types import Array

if TYPE_CHECKING:
    from firstshell.study.forest import Forest

Ints = NDArray[np.int32]
AT_ONCE = 2**20
"""Pairs of a tree and a sample that are followed down together."""


@dataclass(frozen=True, eq=False)
class Trees:
    """The t trees of a regression forest, all m nodes in one row of arrays.

    roots : (t,) first node of each tree; its nodes lie together, and every node before its children
    left, right : (m,) children, where the feature is at most the threshold and where it is above; −1 at leaves
    feature, threshold : (m,) what is compared at a node
    values : (m, k) mean outputs of the training samples that reach a node
    weight : (m,) number of these
    """

    roots: Ints
    left: Ints
    right: Ints
    feature: Ints
    threshold: Array
    values: NDArray[np.float32]
    weight: NDArray[np.float32]

    @classmethod
    def of(cls, forest: Forest) -> Trees:
        """Take over a fitted forest of scikit-learn."""
        trees = [each.tree_ for each in forest.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]

        def nodes(name: str) -> Any:
            return np.concatenate([getattr(tree, name) for tree in trees])

        def children(name: str) -> Ints:
            moved = [
                np.where(getattr(t, name) < 0, -1, getattr(t, name) + r) for t, r in zip(trees, roots, strict=True)
            ]
            return np.concatenate(moved).astype(np.int32)

        return cls(
            roots.astype(np.int32),
            children("children_left"),
            children("children_right"),
            nodes("feature").astype(np.int32),
            nodes("threshold"),
            nodes("value")[:, :, 0].astype(np.float32),
            nodes("weighted_n_node_samples").astype(np.float32),
        )

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.values.shape[1])

    def each(self, features: Array) -> Array:
        """Return (t, n, k) what each tree says of n samples, features (n, q)."""
        # Compared in single precision, as the trees were grown.
        seen, chunk = features.astype(np.float32), max(1, AT_ONCE // len(self.roots))
        parts = [self.values[self._leaves(seen[i : i + chunk])] for i in range(0, len(seen), chunk)]
        return np.concatenate(parts, axis=1).astype(np.float64)

    def _leaves(self, features: NDArray[np.float32]) -> Ints:
        """Return the (t, n) leaves that samples reach."""
        at = np.repeat(self.roots, len(features))
        sample = np.tile(np.arange(len(features)), len(self.roots))
        moving = np.flatnonzero(self.left[at] >= 0)
        while len(moving):
            node = at[moving]
            below = features[sample[moving], self.feature[node]] <= self.threshold[node]
            at[moving] = np.where(below, self.left[node], self.right[node])
            moving = moving[self.left[at[moving]] >= 0]
        return at.reshape(len(self.roots), len(features))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], features: int) -> Trees:
        """Take what `arrays` gave, for samples of so many features.

        Raises InputError where an array is missing or a node points outside its tree, or back to one before it.
        """
        kinds = {"values": (np.float32, 2), "weight": (np.float32, 1), "threshold": (np.float64, 1)}
        found = {}
        for field in fields(cls):
            dtype, ndim = kinds.get(field.name, (np.int32, 1))
            array = arrays.get(field.name)
            if array is None or array.dtype != dtype or array.ndim != ndim:
                raise InputError(f"the trees have no array {field.name}")
            found[field.name] = array
        trees = cls(**found)
        trees._check(features)
        return trees

    def _check(self, features: int) -> None:
        count = len(self.left)
        if {len(each) for name, each in self.arrays().items() if name != "roots"} != {count}:
            raise InputError("the arrays of the trees differ in length")
        roots, node = self.roots, np.arange(count)
        if len(roots) == 0 or roots[0] != 0 or (np.diff(roots) <= 0).any() or roots[-1] >= count:
            raise InputError("the trees have no roots")
        leaf, end = self.left == -1, np.append(roots[1:], count)[np.searchsorted(roots, node, side="right") - 1]
        inner = (self.left > node) & (self.left < end) & (self.right > node) & (self.right < end)
        known = (self.feature >= 0) & (self.feature < features)
        if not np.where(leaf, self.right == -1, inner & known).all():
            raise InputError("a node of a tree points outside it")
        if not all(np.isfinite(each).all() for each in (self.values, self.threshold, self.weight)):
            raise InputError("a node of a tree has no finite value")
