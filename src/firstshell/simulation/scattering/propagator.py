"""Full multiple scattering: the propagator from an absorber's p orbitals back to themselves.

Ankudinov, Ravel, Rehr and Conradson, Phys. Rev. B 58, 7565 (1998), Eqs. 8-13, with the free propagator as a sum over
real Gaunt coefficients, in which it is complex symmetric. Hartree atomic units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

from firstshell.errors import EngineError
from firstshell.runtime.compiled import compiled
from firstshell.simulation.scattering.harmonics import degrees, gaunt, hankel, real_harmonics
from firstshell.simulation.scattering.pad import Complex
from firstshell.simulation.scattering.site_symmetry import (
    Irrep,
    PointGroup,
    adapted_basis,
    no_symmetry,
    point_group,
    vector_irreps,
)
from firstshell.types import Array


@dataclass(frozen=True, eq=False)
class Cluster:
    """The atoms that scatter.

    positions : (n, 3) in bohr, the absorber first and at the origin
    kinds : (n,) unique potential of each atom; the absorber's is 0
    lmax : for each unique potential, the largest angular momentum that scatters, at most 3
    """

    positions: Array
    kinds: NDArray[np.intp]
    lmax: tuple[int, ...]


class Scattering:
    """Full multiple scattering in one cluster, ready for any energy.

    cluster : the atoms
    sigma2 : mean square relative displacement of every pair of atoms in bohr², damping each step by exp(-k²σ²)
    symmetry : use the cluster's point symmetry; off only to check that it changes nothing
    dtype : precision of the matrices. complex64 is within 1e-5 of complex128 in units of the edge step

    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        sigma2: float = 0.0,
        symmetry: bool = True,
        dtype: type[np.complexfloating] = np.complex64,
    ) -> None:
        self.cluster, self.sigma2, self.dtype = cluster, sigma2, dtype
        positions, kinds = cluster.positions, cluster.kinds
        self.group = point_group(positions, kinds) if symmetry else no_symmetry(len(kinds))
        self.lmax = max(cluster.lmax)
        self.pairs = _Pairs(cluster, self.group.orbits, np.empty(0, dtype).real.dtype)
        order = degrees(self.lmax)
        large = degrees(2 * self.lmax)
        # i^{l' + l'' - l}: the exponent is even or the Gaunt coefficient zero.
        power = (order[:, None] + large[:, None, None] - order) % 4
        weights = 4 * np.pi * gaunt(self.lmax) * np.array([1, 0, -1, 0])[power]
        self.weights = weights.reshape(len(large), -1).astype(np.empty(0, dtype).real.dtype)
        self.blocks = [
            _Block(cluster, self.group, self.pairs, irrep, dtype) for irrep in vector_irreps(self.group.rotations)
        ]

    @property
    def size(self) -> int:
        """Order of the largest matrix that is factored at each energy."""
        return max(len(block.order) for block in self.blocks)

    def propagator(self, momentum: complex, shifts: Sequence[Complex]) -> Complex:
        """Return G of the absorber's p orbitals at one energy: (3, 3) over x, y, z, dimensionless.

        momentum : k in 1/bohr, Im k ≥ 0
        shifts : for each unique potential the phase shifts δ_l, l = 0..lmax at least

        Raises EngineError when the result is not finite.

        """
        free = self.pairs.assemble(self._free(momentum), self.dtype)
        # e^{iδ} sin δ, and its square root: 1 - √t G0 √t keeps the symmetry of G0, which halves the work.
        roots = [np.sqrt(np.exp(1j * delta) * np.sin(delta)) for delta in shifts]
        total = np.zeros((3, 3), dtype=complex)
        for block in self.blocks:
            total += block.solve(free, roots)
        if not np.isfinite(total).all():
            raise EngineError("multiple scattering did not give a finite propagator")
        return total

    def _free(self, momentum: complex) -> Array:
        """Free propagator over each distinct displacement, real and imaginary part: (2, vectors, L', L)."""
        waves = 1j * hankel(momentum * self.pairs.distances, 2 * self.lmax) * np.exp(-(momentum**2) * self.sigma2)
        outgoing = waves[degrees(2 * self.lmax)].T
        # The weights are real, so two real products do what would be four.
        parts = np.stack([outgoing.real, outgoing.imag]).astype(self.weights.dtype)
        size = (self.lmax + 1) ** 2
        blocks: Array = (parts[:, self.pairs.shell] * self.pairs.harmonics) @ self.weights
        return blocks.reshape(2, -1, size, size)


class _Pairs:
    """Displacements from one atom of each orbit to all atoms, each distinct one once.

    index : (orbits, atoms) number of the displacement counted from 1, negative for its opposite, 0 for none
    """

    def __init__(self, cluster: Cluster, orbits: list[NDArray[np.intp]], dtype: np.dtype[np.floating]) -> None:
        self.orbits = orbits
        self.order = np.concatenate(orbits)
        self.first = np.array([orbit[0] for orbit in orbits])
        positions = cluster.positions
        steps = positions[self.first][:, None, :] - positions[self.order][None, :, :]
        here = self.first[:, None] == self.order[None, :]
        steps = steps[~here]
        keys = np.round(steps * 1e5).astype(np.int64)
        # There and back are each other's transpose: one of them is enough.
        leading = np.take_along_axis(keys, np.argmax(keys != 0, axis=1)[:, None], axis=1)
        sign = np.where(leading < 0, -1, 1)
        _, chosen, index = np.unique(keys * sign, axis=0, return_index=True, return_inverse=True)
        vectors = (steps * sign)[chosen]
        self.index = np.zeros(here.shape, dtype=np.int64)
        self.index[~here] = (1 + index.ravel()) * sign.ravel()
        radii = np.linalg.norm(vectors, axis=1)
        _, nearest, self.shell = np.unique(np.round(radii * 1e6), return_index=True, return_inverse=True)
        self.distances = radii[nearest]
        lmax = np.array(cluster.lmax)
        self.harmonics = real_harmonics(vectors, 2 * int(lmax.max())).astype(dtype)
        self.width = (int(lmax.max()) + 1) ** 2
        self.columns = np.concatenate([[0], np.cumsum((lmax[cluster.kinds[self.order]] + 1) ** 2)])

    def assemble(self, blocks: Array, dtype: type[np.complexfloating]) -> Complex:
        """Return G0 from the first atom of each orbit to every atom: (orbits, width, all columns)."""
        free = np.empty((len(self.first), self.width, self.columns[-1]), dtype=dtype)
        _gather(blocks[0], blocks[1], self.index, self.columns, free)
        return free


@compiled()
def _gather(real: Array, imaginary: Array, index: NDArray[np.int64], columns: NDArray[np.int64], free: Complex) -> None:
    for a in range(index.shape[0]):
        for b in range(index.shape[1]):
            low, width, block = columns[b], columns[b + 1] - columns[b], abs(index[a, b]) - 1
            for i in range(free.shape[1]):
                for j in range(width):
                    if block < 0:
                        free[a, i, low + j] = 0
                    elif index[a, b] > 0:
                        free[a, i, low + j] = complex(real[block, i, j], imaginary[block, i, j])
                    else:
                        free[a, i, low + j] = complex(real[block, j, i], imaginary[block, j, i])


class _Block:
    """Scattering within one irreducible representation."""

    def __init__(
        self, cluster: Cluster, group: PointGroup, pairs: _Pairs, irrep: Irrep, dtype: type[np.complexfloating]
    ) -> None:
        self.irrep = irrep
        self.trivial = len(group.rotations) == 1
        self.real = not np.iscomplexobj(irrep.rows)
        kind = np.dtype(dtype) if not self.real else np.empty(0, dtype).real.dtype
        bases, orders, kinds = [], [], []
        for orbit in pairs.orbits:
            potential = cluster.kinds[orbit[0]]
            basis, order = adapted_basis(group, irrep, orbit, cluster.lmax[potential])
            bases.append(basis)
            orders.append(order)
            kinds.append(np.full(len(order), potential))
        self.order, self.kind = np.concatenate(orders), np.concatenate(kinds)
        self.start = np.flatnonzero(self.order[: len(orders[0])] == 1)
        self.right = [basis.reshape(len(basis), -1, basis.shape[-1]).astype(kind) for basis in bases]
        # By symmetry the sum over an orbit is the sum over its first atom alone, partners included.
        widest = max(basis.shape[-1] for basis in bases)
        self.left = np.zeros((len(irrep.rows), len(bases), widest, pairs.width), dtype=kind)
        self.valid = np.zeros((len(bases), widest), dtype=bool)
        for slot, basis in enumerate(bases):
            first = basis[:, 0] * (basis.shape[1] / len(basis))
            self.left[:, slot, : first.shape[2], : first.shape[1]] = np.swapaxes(first.conj(), 1, 2)
            self.valid[slot, : first.shape[2]] = True

    def solve(self, free: Complex, roots: Sequence[Complex]) -> Complex:
        """Return this representation's part of the propagator: (3, 3) over x, y, z."""
        reduced = self._reduce(free)
        root = np.array([roots[kind][order] for kind, order in zip(self.kind, self.order, strict=True)])
        root = root.astype(reduced.dtype)
        rows, columns = reduced[self.start] * root, reduced[:, self.start] * root[:, None]
        direct = reduced[np.ix_(self.start, self.start)]
        matrix = reduced * root
        matrix *= -root[:, None]
        matrix[np.diag_indices_from(matrix)] += 1
        # Column order is what LAPACK wants; a symmetric matrix has it for nothing.
        matrix = matrix.T if self.real else np.asfortranarray(matrix)
        gesv, sysv = get_lapack_funcs(("gesv", "sysv"), (matrix, columns))
        if self.real:
            _, _, answer, failed = sysv(matrix, columns, lwork=64 * len(matrix), overwrite_a=True)
        else:
            _, _, answer, failed = gesv(matrix, columns, overwrite_a=True)
        if failed:
            raise EngineError("the multiple-scattering matrix is singular")
        part = direct + rows @ answer
        axes = self.irrep.axes
        inner = part if len(part) == axes.shape[1] else part[0, 0] * np.eye(axes.shape[1])
        return np.asarray(axes @ inner @ axes.T)

    def _reduce(self, free: Complex) -> Complex:
        """Free propagator between this representation's functions: (c, c)."""
        if self.trivial:
            return free[self.valid]
        parts, low = [], 0
        for right in self.right:
            high = low + right.shape[1]
            parts.append([free[..., low:high] @ partner for partner in right])
            low = high
        total = sum(
            np.matmul(left, np.concatenate([part[row] for part in parts], axis=-1))
            for row, left in enumerate(self.left)
        )
        return np.asarray(total)[self.valid]
