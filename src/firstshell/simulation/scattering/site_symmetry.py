"""Point symmetry of a cluster about its absorber, and the bases it splits multiple scattering into.

Only functions that transform as the absorber's p orbitals reach a dipole spectrum at the K edge. For each irreducible
representation met there, one of its rows is enough: the matrix shrinks from n to about n·d/|group|.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from firstshell.simulation.scattering.harmonics import P_AXES, rotate_harmonics
from firstshell.types import Array

Integers = NDArray[np.intp]

TOLERANCE = 1e-4
"""How far (bohr) an atom may lie from the image of its equivalent."""
_GENERIC = np.array([[0.313, 0.127, -0.271], [0.127, 0.719, 0.173], [-0.271, 0.173, -0.457]])


@dataclass(frozen=True, eq=False)
class PointGroup:
    """The operations that map a cluster onto itself and keep the absorber.

    rotations : (g, 3, 3) orthogonal matrices, proper and improper
    images : (g, n) images[g, i] is the atom that operation g takes atom i to
    """

    rotations: Array
    images: Integers

    @property
    def orbits(self) -> list[Integers]:
        """Sets of equivalent atoms, each in ascending order, by their first atom; the absorber's comes first."""
        first = self.images.min(axis=0)
        return [np.flatnonzero(first == atom) for atom in np.unique(first)]


@dataclass(frozen=True, eq=False)
class Irrep:
    """An irreducible representation among the absorber's x, y, z.

    axes : (3, k) orthonormal Cartesian vectors that belong to it
    copies : how many of the leading columns of `start` are independent: k when one-dimensional, 1 otherwise
    start : (3, copies) vectors that belong to its first row
    rows : (d, g) first row of its matrices, D_1β(g)
    """

    axes: Array
    start: Array
    rows: Array


def no_symmetry(atoms: int) -> PointGroup:
    """Return the group of the identity alone."""
    return PointGroup(np.eye(3)[None], np.arange(atoms)[None])


def point_group(positions: Array, kinds: Integers) -> PointGroup:
    """Find the point group of a cluster: `positions` (n, 3) in bohr with the absorber first at the origin.

    Atoms are equal when `kinds` (n,) are. Clusters without three atoms off a plane get the identity only, which is
    correct and merely slower.
    """
    identity = no_symmetry(len(positions))
    frame = _frame(positions)
    if frame is None:
        return identity
    inverse = np.linalg.inv(positions[frame].T)
    tree, radii = cKDTree(positions), np.linalg.norm(positions, axis=1)
    candidates = [np.flatnonzero((kinds == kinds[atom]) & (np.abs(radii - radii[atom]) < TOLERANCE)) for atom in frame]
    gram = positions[frame] @ positions[frame].T
    rotations, images = [], []
    for i in candidates[0]:
        for j in candidates[1]:
            if abs(positions[i] @ positions[j] - gram[0, 1]) > TOLERANCE * radii[i]:
                continue
            for k in candidates[2]:
                # Else the nearest rotation to a triple that is no image of the frame may be found a second time.
                if (np.abs(positions[[i, j]] @ positions[k] - gram[:2, 2]) > TOLERANCE * radii[k]).any():
                    continue
                u, _, vt = np.linalg.svd(positions[[i, j, k]].T @ inverse)
                rotation = u @ vt
                distance, image = tree.query(positions @ rotation.T)
                if distance.max() < TOLERANCE and (kinds[image] == kinds).all():
                    rotations.append(rotation)
                    images.append(image)
    exact = _exact(np.array(rotations))
    return identity if exact is None else PointGroup(exact, np.array(images))


def _frame(positions: Array) -> list[int] | None:
    """The three nearest atoms that span space, or None."""
    chosen: list[int] = []
    for atom in range(1, len(positions)):
        trial = positions[[*chosen, atom]]
        trial = trial / np.linalg.norm(trial, axis=1, keepdims=True)
        if np.linalg.svd(trial, compute_uv=False)[-1] > 0.1:
            chosen.append(atom)
        if len(chosen) == 3:
            return chosen
    return None


def _exact(rotations: Array) -> Array | None:
    """Correct the rounding of coordinates: return the exact group next to nearly exact rotations.

    None when they are no group, which happens where the tolerance lets one operation in by chance. The mean of
    R_a⁻¹ R_ab over a is nearer to a representation than R_b, quadratically.
    """
    size = len(rotations)
    products = np.einsum("aij,bjk->abik", rotations, rotations)
    distance, table = cKDTree(rotations.reshape(size, 9)).query(products.reshape(size * size, 9))
    if distance.max() > 1e-2:
        return None
    table = table.reshape(size, size)
    for _ in range(3):
        mean = np.einsum("aji,abjk->bik", rotations, rotations[table]) / size
        u, _, vt = np.linalg.svd(mean)
        rotations = u @ vt
    return rotations


def vector_irreps(rotations: Array) -> list[Irrep]:
    """Split x, y, z into irreducible representations of the group of `rotations` (g, 3, 3)."""
    commuting = np.einsum("gij,jk,glk->il", rotations, _GENERIC, rotations) / len(rotations)
    values, vectors = np.linalg.eigh(commuting)
    spaces = np.split(vectors, np.flatnonzero(np.diff(values) > 1e-6) + 1, axis=1)
    irreps: list[Irrep] = []
    signs: dict[tuple[int, ...], list[Array]] = {}
    for axes in spaces:
        matrices = np.einsum("ia,gij,jb->gab", axes, rotations, axes)
        character = np.trace(matrices, axis1=1, axis2=2)
        if axes.shape[1] == 1:
            signs.setdefault(tuple(np.round(character).astype(int)), []).append(axes)
        elif np.mean(character**2) < 1.5:
            irreps.append(Irrep(axes, axes[:, :1], matrices[:, 0, :].T))
        else:
            # x and y of a cyclic group: irreducible for real numbers, but x ± iy for complex ones. Both give the
            # same spectrum because the propagator is symmetric, so one is enough.
            start = axes @ np.array([[1.0], [1.0j]]) / np.sqrt(2)
            irreps.append(Irrep(axes, start, np.einsum("ia,gij,ja->ag", start.conj(), rotations, start)))
    for sign, columns in signs.items():
        # With all three alike, the harmonics themselves serve, so that without symmetry the basis is the atoms' own.
        axes = np.hstack(columns) if len(columns) < 3 else np.eye(3)[:, P_AXES]
        irreps.append(Irrep(axes, axes, np.array([sign], dtype=float)))
    return irreps


def adapted_basis(group: PointGroup, irrep: Irrep, orbit: Integers, lmax: int) -> tuple[Array, Integers]:
    """Return the functions of an orbit that belong to the irrep's rows, and their l.

    Returned are basis : (d, len(orbit), (lmax+1)², c), basis[β] the partners in row β; row 0 is orthonormal
    and order : (c,) l of each of the c functions

    """
    turned = np.array([rotate_harmonics(rotation, lmax) for rotation in group.rotations])
    place = {atom: slot for slot, atom in enumerate(orbit)}
    slots = np.array([[place[atom] for atom in image] for image in group.images[:, orbit]])
    dimension, pieces, orders = len(irrep.rows), [], []
    for degree in range(lmax + 1):
        part = slice(degree * degree, (degree + 1) ** 2)
        size = 2 * degree + 1
        # projector[β] = d/|G| Σ_g conj(D_1β(g)) O(g), as a matrix over (atom of the orbit, m).
        projector = np.zeros((dimension, len(orbit), size, len(orbit), size), dtype=irrep.rows.dtype)
        for operation, slot in enumerate(slots):
            for source, target in enumerate(slot):
                projector[:, target, :, source, :] += (
                    irrep.rows[:, operation, None, None].conj() * turned[operation, part, part]
                )
        projector = projector.reshape(dimension, len(orbit) * size, -1) * (dimension / len(group.rotations))
        if degree == 1 and orbit[0] == 0:
            first = irrep.start[list(P_AXES)]
        else:
            values, vectors = np.linalg.eigh(projector[0])
            first = vectors[:, values > 0.5]
        # P_β1 is the adjoint of P_1β.
        partners = np.swapaxes(projector.conj(), 1, 2) @ first
        partners[0] = first
        columns = np.zeros((dimension, len(orbit), (lmax + 1) ** 2, first.shape[1]), dtype=partners.dtype)
        columns[:, :, part] = partners.reshape(dimension, len(orbit), size, -1)
        pieces.append(columns)
        orders += [degree] * first.shape[1]
    return np.concatenate(pieces, axis=-1), np.array(orders, dtype=int)
