"""Sums over the atom pairs of a crystal, the inner loop of every PDF.

The result is A[row, kind, r] = Σ_{i of row} Σ_{j of kind} o_i·o_j·Gauss(r − r_ij; σ_ij) / r_ij, in Å⁻². Every PDF is a
linear combination of its rows. Where all atoms of a kind move alike and no width depends on r, a Gaussian is not drawn
pair by pair: each pair only adds the powers 1, s, s², … of its place s within its grid cell, and the peak shape, a
polynomial in s at every grid point, is folded in once at the end. That costs the same whatever the width of the peaks.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from firstshell.simulation.pairs import kernels as pair_kernels
from firstshell.simulation.pairs.kernels import POWERS, Ints, weighted_sum
from firstshell.simulation.pairs.lattice import lower_triangular, reduced
from firstshell.simulation.pairs.peak_moments import fold, is_smooth
from firstshell.simulation.pairs.termination import Extent
from firstshell.types import Array

MOMENT_LIMIT = 32_000_000
"""Numbers that the powers may fill; above it the Gaussians are drawn pair by pair."""


@dataclass(frozen=True, eq=False)
class Atoms:
    """What the pair sum has to know of a crystal.

    lattice : (3, 3) Cartesian cell vectors as rows, Å
    positions : (N, 3) Cartesian, Å; any image of an atom will do
    occupancy : (N,)
    kind : (N,) atoms of one kind share element and, if `u` is isotropic, displacement
    u : (N,) isotropic mean-square displacements or (N, 3, 3) Cartesian tensors, Å²
    """

    lattice: Array
    positions: Array
    occupancy: Array
    kind: Ints
    u: Array

    @cached_property
    def volume(self) -> float:
        """Volume of the cell in Å³."""
        return abs(float(np.linalg.det(self.lattice)))


@dataclass(frozen=True)
class Width:
    """Corrections of the peak width: σ² = msd·(1 − δ1/r − δ2/r² + Qbroad²·r²); Å, Å² and Å⁻¹."""

    delta1: float = 0.0
    delta2: float = 0.0
    qbroad: float = 0.0

    def factor(self, r: float) -> float:
        """Return the factor at a distance r in Å (0 at r = 0)."""
        return 1 - self.delta1 / r - self.delta2 / r**2 + (self.qbroad * r) ** 2 if r > 0 else 0.0

    @property
    def trivial(self) -> bool:
        """Whether the factor is 1 everywhere."""
        return self.delta1 == self.delta2 == self.qbroad == 0


@dataclass(frozen=True, eq=False)
class Lost:
    """The closest pair without a peak, because its width factor is not positive.

    atoms : indices of its two atoms
    distance : Å
    """

    atoms: tuple[int, int]
    distance: float


class PairSums:
    """The sums of one crystal, from one pass over its pairs; see the head of this module.

    lost : the closest of the pairs that have no peak, None when there is none
    """

    def __init__(self, atoms: Atoms, rows: Ints, weight: Array, width: Width, extent: Extent) -> None:
        """Make the pass.

        rows : (N,) the row that atom i is added to; atoms of one row must be of one kind
        weight : (N,) how many atoms of the cell stand behind atom i by symmetry; 0 leaves its row out
        """
        self.extent = extent
        self.lost: Lost | None = None
        self._drawn = np.zeros((int(rows.max()) + 1, int(atoms.kind.max()) + 1, extent.pairs[1] - extent.pairs[0]))
        self._sigma = None
        self._cells: Ints = np.empty(0, dtype=np.int64)
        self._moments: Array = np.empty(0)
        triangle, rotation = lower_triangular(reduced(np.ascontiguousarray(atoms.lattice)))
        # Where a row is a kind, A is symmetric, and without symmetry each pair need be visited only once.
        self._symmetric = bool((rows == atoms.kind).all())
        self._half = half = self._symmetric and bool((weight == 1).all())
        visit = np.ones(self._drawn.shape[:2], dtype=bool)
        if self._symmetric and not half:
            pairs = np.bincount(rows[weight > 0], minlength=len(visit))[:, None] * np.bincount(atoms.kind)
            visit = (pairs < pairs.T) | ((pairs == pairs.T) & np.tri(len(visit), dtype=bool))
        crystal = (triangle, atoms.positions @ rotation, atoms.occupancy, atoms.kind, rows, weight, half, visit)
        grid = (extent.rstep, *extent.pairs)
        if width.trivial and atoms.u.ndim == 1:
            sigma = _sigma(atoms, rows, self._drawn.shape[:2])
            if is_smooth(sigma, extent.rstep) and self._drawn.size * POWERS < MOMENT_LIMIT:
                # One cell more than grid points: a pair may stand exactly at the end of the grid.
                most = self._drawn.shape[2] + 1
                cells, moments = np.empty(most, dtype=np.int64), np.empty((*self._drawn.shape[:2], most, POWERS))
                filled = pair_kernels.add_moments(*crystal, sigma, *grid, cells, moments, self._drawn)
                self._cells, self._moments = cells[:filled], moments.reshape(*moments.shape[:2], -1)
                self._sigma = sigma
                return
        u = rotation.T @ atoms.u @ rotation if atoms.u.ndim == 3 else atoms.u[:, None, None]
        lost = np.array([np.inf, -1, -1])
        shape = (width.delta1, width.delta2, width.qbroad)
        pair_kernels.add_gaussians(*crystal, np.ascontiguousarray(u), *shape, *grid, self._drawn, lost)
        if lost[1] >= 0:
            self.lost = Lost((int(lost[1]), int(lost[2])), float(lost[0]))

    def combine(self, coefficients: Array) -> Array:
        """Return Σ coefficients[row, kind]·A[row, kind] on the extent's `ripples` span, in units of coefficient·Å⁻²."""
        if self._symmetric:
            # What belongs in [a, b] and in [b, a] stands in one of them, or part in each.
            coefficients = coefficients + coefficients.T
            if not self._half:
                coefficients.flat[:: len(coefficients) + 1] /= 2
        total = weighted_sum(coefficients, self._drawn, self._drawn.shape[2])
        if self._sigma is not None:
            for sigma in set(self._sigma[coefficients != 0].tolist()):
                these = np.where(self._sigma == sigma, coefficients, 0.0)
                moments = weighted_sum(these, self._moments, len(self._cells) * POWERS).reshape(-1, POWERS)
                total += fold(self._cells, moments, len(total), sigma, self.extent.rstep)
        first = self.extent.ripples[0] - self.extent.pairs[0]
        values: Array = total[first : first + self.extent.ripples[1] - self.extent.ripples[0]]
        if self.extent.ripples[0] == 0:
            values[0] = 0
        return values


def _sigma(atoms: Atoms, rows: Ints, shape: tuple[int, ...]) -> Array:
    """Return the peak width of each row and kind, Å."""
    of_row, of_kind = np.zeros(shape[0]), np.zeros(shape[1])
    of_row[rows], of_kind[atoms.kind] = atoms.u, atoms.u
    return np.asarray(np.sqrt(of_row[:, None] + of_kind))
