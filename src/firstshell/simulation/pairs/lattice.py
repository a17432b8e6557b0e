"""Bases of a crystal lattice: the shortest one, and one that lies along the axes."""

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
        _sort_by_length(basis)
        for i in range(1, 3):
            for j in range(i):
                steps = np.rint(np.dot(basis[i], basis[j]) / np.dot(basis[j], basis[j]))
                improved |= _replace(basis, i, -steps, j, 0.0, j)
        for a in (-1.0, 0.0, 1.0):
            for b in (-1.0, 0.0, 1.0):
                improved |= _replace(basis, 2, a, 0, b, 1)
    return basis


@compiled()
def _sort_by_length(basis: Array) -> None:
    for i, j in ((0, 1), (1, 2), (0, 1)):
        if np.dot(basis[j], basis[j]) < np.dot(basis[i], basis[i]):
            for c in range(3):
                basis[i, c], basis[j, c] = basis[j, c], basis[i, c]


@compiled()
def _replace(basis: Array, i: int, a: float, j: int, b: float, k: int) -> bool:
    """Put vector i + a·(vector j) + b·(vector k) in place of vector i if it is shorter by more than rounding."""
    candidate = np.empty(3)
    for c in range(3):
        candidate[c] = basis[i, c] + a * basis[j, c] + b * basis[k, c]
    if np.dot(candidate, candidate) < np.dot(basis[i], basis[i]) * (1 - 1e-12):
        for c in range(3):
            basis[i, c] = candidate[c]
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
                along = np.dot(rest, axes[j])
                for c in range(3):
                    rest[c] -= along * axes[j, c]
        length = np.sqrt(np.dot(rest, rest))
        for c in range(3):
            axes[i, c] = rest[c] / length
    return lattice @ axes.T, np.ascontiguousarray(axes.T)
