"""The exact symmetry of a crystal, as far as it saves work: its primitive cell and which atoms are equivalent.

Exact means: atoms fall on each other to 1e-11 Å, so that sums over pairs stay the same to 1e-9. Positions that were
rounded in a file keep only the symmetry that survived the rounding. What is not recognised costs time, not correctness.
"""

from dataclasses import dataclass

import numpy as np

from firstshell.runtime.compiled import compiled
from firstshell.simulation.pairs.kernels import Ints
from firstshell.simulation.pairs.lattice import reduced
from firstshell.simulation.pairs.sums import Atoms
from firstshell.types import Array

TOLERANCE = 1e-11
"""Å within which atoms must fall on each other."""
METRIC_TOLERANCE = 2e-13
"""Part of the longest squared cell edge within which a rotation must keep all products of cell vectors."""
WORTHWHILE = 3000
"""Pairs below which looking for symmetry takes longer than the pairs do."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """Which atoms of a crystal have to be looked at.

    lattice : (3, 3) vectors of a primitive cell as rows, Å
    kept : (M,) the atoms that fill it
    weight : (M,) how many atoms of the primitive cell each of them stands for, 0 for those that another one stands for
    representative : (N,) for each atom of the crystal, the place in `kept` of the one that stands for it
    """

    lattice: Array
    kept: Ints
    weight: Array
    representative: Ints


def reduce_crystal(atoms: Atoms, rmax: float) -> Reduction:
    """Find the primitive cell and the equivalent atoms, where that saves work in sums over pairs up to rmax Å.

    Equivalent atoms agree in kind, occupancy and displacement. Anisotropic displacements are taken through translations
    and inversion only, which leave their tensors as they are.
    """
    n = len(atoms.positions)
    everything = Reduction(atoms.lattice, np.arange(n), np.ones(n), np.arange(n))
    if n * n / atoms.volume * rmax**3 * 2 < WORTHWHILE:
        return everything
    label = _labels(atoms)
    rarest = np.flatnonzero(label == np.argmin(np.bincount(label)))
    lattice = np.ascontiguousarray(atoms.lattice)
    fractions = _fractions(lattice, atoms.positions)
    to_cell = np.arange(n)
    kept = to_cell
    translations, first = _translations(lattice, fractions, label, rarest)
    if len(translations):
        primitive = _primitive_lattice(lattice, translations)
        atoms_left, place = np.unique(first, return_inverse=True)
        if primitive is not None and len(atoms_left) * (len(translations) + 1) == n:
            lattice, kept, to_cell = primitive, atoms_left, place
    lattice = reduced(lattice)
    fractions = _fractions(lattice, atoms.positions[kept])
    label = label[kept]
    rarest = np.flatnonzero(label == np.argmin(np.bincount(label)))
    orbit = _orbits(lattice, fractions, label, rarest, atoms.u.ndim == 3)
    weight = np.bincount(orbit, minlength=len(kept)).astype(float)
    # Full rows of the representatives against half of all pairs.
    if 2 * np.count_nonzero(weight) > len(kept):
        weight, orbit = np.ones(len(kept)), np.arange(len(kept))
    return Reduction(lattice, kept, weight, orbit[to_cell])


def _fractions(lattice: Array, positions: Array) -> Array:
    return np.linalg.solve(lattice.T, positions.T).T.astype(np.float64)


def _labels(atoms: Atoms) -> Ints:
    """Number the atoms so that equal numbers mean equal kind, occupancy and displacement."""
    table: dict[tuple[int, float, float | bytes], int] = {}
    moves = atoms.u.tolist() if atoms.u.ndim == 1 else [tensor.tobytes() for tensor in atoms.u]
    properties = zip(atoms.kind.tolist(), atoms.occupancy.tolist(), moves, strict=True)
    return np.array([table.setdefault(key, len(table)) for key in properties])


def _primitive_lattice(lattice: Array, translations: Array) -> Array | None:
    """Return three of the shortest translations that span a primitive cell, None where they do not form a group."""
    order = len(translations) + 1
    # The order of every element divides that of the group, so translations are exact fractions.
    exact = np.rint(translations * order) / order
    if np.abs(exact - translations).max() > 1e-9:
        return None
    short = np.vstack([(exact - np.rint(exact)) @ lattice, reduced(lattice)])
    short = short[np.argsort((short**2).sum(axis=1), kind="stable")]
    found = _spanning(short, abs(float(np.linalg.det(lattice))) / order)
    return found if found.any() else None


@compiled()
def _spanning(vectors: Array, volume: float) -> Array:
    """Return the first three of the vectors that span a cell of the given volume; zeros when there are none."""
    n = len(vectors)
    for k in range(2, n):
        for j in range(1, k):
            normal = np.cross(vectors[j], vectors[k])
            for i in range(j):
                if abs(abs(np.dot(vectors[i], normal)) - volume) < 1e-6 * volume:
                    return np.stack((vectors[i], vectors[j], vectors[k]))
    return np.zeros((3, 3))


@compiled()
def _bins(fractions: Array) -> tuple[Ints, Ints, int]:
    """Sort atoms into size³ boxes of the cell; returns where the atoms of each box start, the atoms, and size."""
    size = max(1, int(len(fractions) ** (1 / 3)))
    starts = np.zeros(size**3 + 1, dtype=np.int64)
    for i in range(len(fractions)):
        starts[_box(fractions[i], size) + 1] += 1
    for k in range(size**3):
        starts[k + 1] += starts[k]
    members, filled = np.empty(len(fractions), dtype=np.int64), starts.copy()
    for i in range(len(fractions)):
        box = _box(fractions[i], size)
        members[filled[box]] = i
        filled[box] += 1
    return starts, members, size


@compiled()
def _box(fraction: Array, size: int) -> int:
    index = 0
    for axis in range(3):
        # The odd shift keeps special positions such as 0 and 1/3 off the walls of the boxes.
        place = fraction[axis] + 0.0123456789
        index = index * size + min(int((place - np.floor(place)) * size), size - 1)
    return int(index)


@compiled()
def _image(
    lattice: Array, fractions: Array, label: Ints, bins: tuple[Ints, Ints, int], wanted: Array, kind: int
) -> int:
    """Return the atom of a kind at fractional coordinates `wanted`, −1 when there is none."""
    starts, members, size = bins
    box = _box(wanted, size)
    for m in range(starts[box], starts[box + 1]):
        atom = members[m]
        if label[atom] == kind:
            squared = 0.0
            for axis in range(3):
                step = 0.0
                for c in range(3):
                    d = wanted[c] - fractions[atom, c]
                    step += (d - np.rint(d)) * lattice[c, axis]
                squared += step * step
            if squared <= TOLERANCE**2:
                return int(atom)
    return -1


@compiled()
def _maps(
    lattice: Array, fractions: Array, label: Ints, bins: tuple[Ints, Ints, int], turn: Array, shift: Array, image: Ints
) -> bool:
    """Whether x → x·turn + shift maps the crystal on itself; `image` receives where each atom goes."""
    wanted = np.empty(3)
    for i in range(len(fractions)):
        for c in range(3):
            wanted[c] = shift[c]
            for a in range(3):
                wanted[c] += fractions[i, a] * turn[a, c]
        image[i] = _image(lattice, fractions, label, bins, wanted, label[i])
        if image[i] < 0:
            return False
    return True


@compiled()
def _translations(lattice: Array, fractions: Array, label: Ints, rarest: Ints) -> tuple[Array, Ints]:
    """Return the translations (T, 3) within the cell, in its fractions, and the first atom each atom is taken to."""
    bins = _bins(fractions)
    identity = np.zeros((3, 3))
    identity[0, 0] = identity[1, 1] = identity[2, 2] = 1.0
    found = np.empty((len(rarest), 3))
    image = np.empty(len(fractions), dtype=np.int64)
    first = np.arange(len(fractions))
    count = 0
    for s in rarest[1:]:
        for c in range(3):
            found[count, c] = fractions[s, c] - fractions[rarest[0], c]
        if _maps(lattice, fractions, label, bins, identity, found[count], image):
            for i in range(len(first)):
                first[i] = min(first[i], image[i])
            count += 1
    return found[:count], first


@compiled()
def _orbits(lattice: Array, fractions: Array, label: Ints, rarest: Ints, inversion_only: bool) -> Ints:
    """Return for each atom of a primitive cell the first atom that is equivalent to it."""
    bins = _bins(fractions)
    first = np.arange(len(fractions))
    image = np.empty(len(fractions), dtype=np.int64)
    shift = np.empty(3)
    turns = _turns(lattice)
    for t in range(len(turns)):
        turn = turns[t]
        if inversion_only and not _is_inversion(turn):
            continue
        for s in rarest:
            for c in range(3):
                shift[c] = fractions[s, c]
                for a in range(3):
                    shift[c] -= fractions[rarest[0], a] * turn[a, c]
            if _maps(lattice, fractions, label, bins, turn, shift, image):
                for i in range(len(first)):
                    _join(first, first[i], first[image[i]])
                break
    return first


@compiled()
def _is_inversion(turn: Array) -> bool:
    for a in range(3):
        for c in range(3):
            if turn[a, c] != (-1.0 if a == c else 0.0):
                return False
    return True


@compiled()
def _join(first: Ints, a: int, b: int) -> None:
    """Make two sets of atoms, each called by its first, one."""
    if a != b:
        for i in range(len(first)):
            if first[i] == max(a, b):
                first[i] = min(a, b)


@compiled()
def _turns(lattice: Array) -> Array:
    """Return the integer matrices (n, 3, 3) that take a reduced lattice to itself; a row says where a vector goes.

    In a Minkowski-reduced basis all of them have entries −1, 0 and 1.
    """
    metric = lattice @ lattice.T
    tolerance = METRIC_TOLERANCE * max(metric[0, 0], metric[1, 1], metric[2, 2])
    steps = np.empty((27, 3))
    for a in range(27):
        steps[a, 0], steps[a, 1], steps[a, 2] = a // 9 - 1.0, a // 3 % 3 - 1.0, a % 3 - 1.0
    products = steps @ metric @ steps.T
    turns = np.empty((48, 3, 3))
    n = 0
    for a in range(27):
        if abs(products[a, a] - metric[0, 0]) > tolerance:
            continue
        for b in range(27):
            if abs(products[b, b] - metric[1, 1]) > tolerance or abs(products[a, b] - metric[0, 1]) > tolerance:
                continue
            for c in range(27):
                if (
                    abs(products[c, c] - metric[2, 2]) <= tolerance
                    and abs(products[a, c] - metric[0, 2]) <= tolerance
                    and abs(products[b, c] - metric[1, 2]) <= tolerance
                    and n < 48
                ):
                    for axis in range(3):
                        turns[n, 0, axis], turns[n, 1, axis] = steps[a, axis], steps[b, axis]
                        turns[n, 2, axis] = steps[c, axis]
                    n += 1
    return turns[:n]
