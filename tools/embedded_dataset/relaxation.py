"""Relaxation of an oxide's cell and atoms until its bond valences agree, within a given symmetry.

Distance least squares (Meier and Villiger, Z. Krist. 129, 411, 1969) in bond valences: bonds aim at given valences,
the sums of all atoms at their charges, edges of coordination polyhedra at given lengths, and weak springs hold the
cell and the fractional coordinates where they were, which settles what bonds leave open. All symmetry-allowed strains
and displacements move at once (Levenberg and Marquardt).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from embedded_dataset.bond_network import Ints, Network, Operations
from firstshell.crystal.bond_valence import B, strength
from firstshell.types import Array

SUM, EDGE, SHIFT, STRAIN = 0.04, 0.15, 1.0, 0.3
"""What counts as a deviation of 1: of a sum (valences), an edge (Å), an atom (Å) and the cell."""
NEAR, LONGEST = 0.1, 0.2
"""Å and strain; steps below the first may use second derivatives, none is longer than the second. Far from the goal
curvature misleads, and by which way a crystal comes to its goal must not depend on the last bits of a machine."""
STEPS, CONVERGED = 200, 1e-8
"""Most steps, and the step (Å and strain) that ends them: a hundredth of the last digit that is kept."""

STRAINS = np.zeros((6, 3, 3))
STRAINS[range(3), range(3), range(3)] = 1.0
STRAINS[[3, 4, 5], [1, 0, 0], [2, 2, 1]] = STRAINS[[3, 4, 5], [2, 2, 1], [1, 0, 0]] = np.sqrt(0.5)
"""(6, 3, 3) orthonormal symmetric strains, in the order of Voigt."""


@dataclass(frozen=True, eq=False)
class Goal:
    """What a network is to come to.

    valences, tolerances : (m,) of every bond, and what counts as a deviation of 1 there
    edges, images, lengths : (e, 2) atoms, (e, 3) and (e,): the copy of the second atom that is `images` cells on
        shall be `lengths` Å from the first
    weights : (e,) how many such edges the cell holds
    """

    valences: Array
    tolerances: Array
    edges: Ints
    images: Array
    lengths: Array
    weights: Array


def relax(start: Network, goal: Goal, symmetry: Operations) -> Network:
    """Return the network with the cell and the coordinates that serve the goal best.

    symmetry : operations that the result keeps; the start and the goal must have them

    Raises
    ------
    ValueError : it does not converge

    """
    strains, shifts = free_strains(symmetry), free_shifts(symmetry)
    problem = _Problem(start, goal, strains, shifts, symmetry.orbits())
    x = np.zeros(len(strains) + len(shifts))
    values, slopes, bend = problem.evaluate(x)
    damping, last = 1e-3, np.inf
    for _ in range(STEPS):
        step = _step(values, slopes, bend if last < NEAR else np.zeros_like(bend), damping)
        last = float(np.abs(step).max())
        new_values, new_slopes, new_bend = problem.evaluate(x + step)
        if new_values @ new_values <= values @ values:
            x, values, slopes, bend, damping = x + step, new_values, new_slopes, new_bend, damping / 8
        else:
            damping *= 8
        if last < CONVERGED:
            return start.moved(*problem.place(x))
    raise ValueError(f"it does not converge in {STEPS} steps")


def _step(values: Array, slopes: Array, bend: Array, damping: float) -> Array:
    """Return the (x,) step: Newton's where the curvature is positive, else Gauss and Newton's; never a long one."""
    normal = slopes.T @ slopes
    normal += damping * np.diag(np.diag(normal))
    try:
        factor = cho_factor(normal + bend)
    except np.linalg.LinAlgError:
        factor = cho_factor(normal)
    step = -cho_solve(factor, slopes.T @ values)
    return np.asarray(step * min(1.0, LONGEST / max(np.abs(step).max(), 1e-300)), dtype=np.float64)


def free_strains(symmetry: Operations) -> Array:
    """Return the (p, 3, 3) orthonormal symmetric strains that the symmetry allows."""
    turned = np.einsum("gij,bjk,glk->gbil", symmetry.rotations, STRAINS, symmetry.rotations)
    projector = np.einsum("aij,gbij->ab", STRAINS, turned) / len(symmetry.rotations)
    return np.asarray(np.einsum("ap,aij->pij", _invariant(projector), STRAINS), dtype=np.float64)


def free_shifts(symmetry: Operations) -> Array:
    """Return the (q, n, 3) orthonormal displacements of the atoms that the symmetry allows."""
    n = symmetry.images.shape[1]
    projector = np.zeros((n, 3, n, 3))
    atoms = np.arange(n)
    for rotation, image in zip(symmetry.rotations, symmetry.images, strict=True):
        projector[image, :, atoms, :] += rotation / len(symmetry.rotations)
    return _invariant(projector.reshape(3 * n, 3 * n)).T.reshape(-1, n, 3)


def _invariant(projector: Array) -> Array:
    """Return an orthonormal basis, in columns, of what a projector leaves unchanged."""
    values, vectors = np.linalg.eigh((projector + projector.T) / 2)
    return np.asarray(vectors[:, values > 0.5], dtype=np.float64)


class _Problem:
    """Weighted deviations of a network from its goal, as a function of strains and displacements.

    Only bonds at one atom of each set of equivalent ones are counted, with the number of atoms as weight.
    """

    def __init__(self, start: Network, goal: Goal, strains: Array, shifts: Array, orbits: Ints) -> None:
        first, size = np.unique(orbits, return_counts=True)
        stands_for = np.bincount(first, size, minlength=len(orbits))  # 0 for atoms that another one stands for
        kept = (stands_for[start.cation] > 0) | (stands_for[start.anion] > 0)
        cation, anion = start.cation[kept], start.anion[kept]
        self.start, self.strains, self.shifts = start, strains, shifts
        self.unit, self.bonds = start.unit[cation], len(cation)
        pairs = np.concatenate([np.stack([cation, anion], axis=1), goal.edges])
        images = np.concatenate([start.image[kept], goal.images])
        self.vectors = (start.fractions[pairs[:, 1]] + images - start.fractions[pairs[:, 0]]) @ start.cell
        turned = np.einsum("pij,bj->bpi", strains, self.vectors)
        moved = np.swapaxes(shifts[:, pairs[:, 1]] - shifts[:, pairs[:, 0]], 0, 1)
        self.slopes = np.concatenate([turned, moved], axis=1)  # (pairs, unknowns, 3)
        self.to_atoms = np.stack([(cation == i).astype(np.float64) + (anion == i) for i in first])
        self.sums, self.sum_weights = np.abs(start.charges[first]), np.sqrt(size) / SUM
        self.valences, self.bond_weights = goal.valences[kept], np.sqrt(stands_for[cation]) / goal.tolerances[kept]
        self.lengths, self.edge_weights = goal.lengths, np.sqrt(goal.weights) / EDGE
        # A cell of more atoms must not become softer against strain.
        stiffness = np.full(len(strains), np.sqrt(len(orbits)) / STRAIN)
        self.springs = np.concatenate([stiffness, np.full(len(shifts), 1 / SHIFT)])

    def evaluate(self, x: Array) -> tuple[Array, Array, Array]:
        """Return the (r,) weighted deviations, their (r, x) derivatives, and the (x, x) part of second order.

        The last is the deviations times the curvature of bond valences and of lengths, without which deviations that
        stay large let the steps overshoot.
        """
        vectors = self.vectors + np.einsum("bui,u->bi", self.slopes, x)
        lengths = np.linalg.norm(vectors, axis=1)
        stretch = np.einsum("bui,bi->bu", self.slopes, vectors / lengths[:, None])
        valences = strength(self.unit, lengths[: self.bonds])
        change = -valences[:, None] / B * stretch[: self.bonds]
        values = [
            self.sum_weights * (self.to_atoms @ valences - self.sums),
            self.bond_weights * (valences - self.valences),
            self.edge_weights * (lengths[self.bonds :] - self.lengths),
            self.springs * x,
        ]
        slopes = [
            self.sum_weights[:, None] * (self.to_atoms @ change),
            self.bond_weights[:, None] * change,
            self.edge_weights[:, None] * stretch[self.bonds :],
            np.diag(self.springs),
        ]
        force = (self.sum_weights * values[0]) @ self.to_atoms + self.bond_weights * values[1]
        pull = np.concatenate([-force * valences / B, self.edge_weights * values[2]]) / lengths
        along = -pull
        along[: self.bonds] += force * valences / B**2
        every = self.slopes.transpose(1, 0, 2)
        bend = stretch.T @ (along[:, None] * stretch) + np.einsum("ubi,b,vbi->uv", every, pull, every, optimize=True)
        return np.concatenate(values), np.concatenate(slopes), bend

    def place(self, x: Array) -> tuple[Array, Array]:
        """Return the (3, 3) cell in Å and the (n, 3) fractional coordinates."""
        p = len(self.strains)
        deformation = np.eye(3) + np.einsum("pij,p->ij", self.strains, x[:p])
        cell = self.start.cell @ deformation
        shift = np.einsum("qni,q->ni", self.shifts, x[p:])
        return cell, self.start.fractions + shift @ np.linalg.inv(cell)
