"""Bases of a crystal lattice: the shortest one, and one that lies along the axes."""

from __future__ import annotations

import numpy as np

from firstshell.runtime.compiled import compiled
from firstshell.types import Array


@compiled()
def reduced(lattice: Array) -> Array:
    """Return a Minkowski-reduced basis of the same lattice, shortest vector first.

    lattice : (3, 3) cell vectors as rows, Å. After Nguyen & Stehlé, ACM Trans. Algorithms 5 (2009) 46.
    """
    basis = lattice.copy()
    improved = True
    while improved:
        improved = False
        lengths = np.array([(basis[i] ** 2).sum() for i in range(3)])
        basis = basis[np.argsort(lengths)]
        for i in range(1, 3):
            for j in range(i):
                steps = np.rint(np.dot(basis[i], basis[j]) / np.dot(basis[j], basis[j]))
                improved |= _replace(basis, i, basis[i] - steps * basis[j])
        for a in (-1, 0, 1):
            for b in (-1, 0, 1):
                improved |= _replace(basis, 2, basis[2] + a * basis[0] + b * basis[1])
    return basis


@compiled()
def _replace(basis: Array, i: int, candidate: Array) -> bool:
    """Put the candidate in place of vector i if it is shorter by more than rounding."""
    if np.dot(candidate, candidate) < np.dot(basis[i], basis[i]) * (1 - 1e-12):
        basis[i] = candidate
        return True
    return False


@compiled()
def lower_triangular(lattice: Array) -> tuple[Array, Array]:
    """Turn a lattice so that its first vector lies along x and its second in the x–y plane.

    Returns the turned vectors as rows, a lower triangle with positive diagonal, and the orthogonal (3, 3) matrix R of
    the turn: new = old @ R for row vectors. R holds a reflection where the lattice is left-handed.
    """
    axes = np.empty((3, 3))
    for i in range(3):
        rest = lattice[i].copy()
        # Twice, because once loses digits in flat cells.
        for _ in range(2):
            for j in range(i):
                rest -= np.dot(rest, axes[j]) * axes[j]
        axes[i] = rest / np.sqrt(np.dot(rest, rest))
    return lattice @ axes.T, np.ascontiguousarray(axes.T)
