"""Shells of oxygen around a metal, and how a Jahn–Teller ion distorts them together in one crystal."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from embedded_dataset.bond_network import Ints, Network, Operations
from firstshell.types import Array

BOND = 0.05
"""Least share of a cation's charge in a bond that counts as a neighbour (the long bonds of Cu²⁺ hold 0.06)."""
AGREE = 0.9
"""Cosine above which two directions are the same axis."""
TRANS = -0.87
"""Cosine of the angle (150°) beyond which two bonds are opposite."""
WIDE = 130.0
"""Degrees; the two widest angles O–M–O of a flattened tetrahedron (Cu²⁺ in oxides: 120° to 150°)."""
FLAT = 120.0
"""Degrees; the widest angle must be above it for a tetrahedron to be flattened (109.5° in a regular one)."""
LOST = 0.05
"""What losing half of the symmetry counts, against squared misfits of oxygens (valences²) for each metal atom."""
MAX_ROUNDS = 20


def shell(bonds: Network, atom: int) -> Ints:
    """Return the bonds of a cation to its neighbours, in the network's order."""
    near = bonds.strengths() >= BOND * bonds.charges[atom]
    return np.flatnonzero((bonds.cation == atom) & near)


def opposite_pairs(bonds: Network, members: Ints) -> list[tuple[int, int]]:
    """Return the three pairs of opposite bonds of an octahedron; ValueError when it is none."""
    vectors = bonds.vectors()[members]
    directions = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    cosines = directions @ directions.T
    pairs = [(i, j) for i, j in combinations(range(len(members)), 2) if cosines[i, j] < TRANS]
    if len(members) != 6 or len(pairs) != 3 or len({i for pair in pairs for i in pair}) != 6:
        raise ValueError("the site is no octahedron that could be elongated")
    return [(int(members[i]), int(members[j])) for i, j in pairs]


def widest_angle(bonds: Network, members: Ints) -> float:
    """Return the widest angle in degrees between bonds of one atom."""
    directions = bonds.vectors()[members] / bonds.lengths()[members, None]
    return float(np.degrees(np.arccos(np.clip(directions @ directions.T, -1, 1).min())))


def elongate(
    bonds: Network, valences: Array, atoms: Ints, shares: tuple[float, float], symmetry: Operations
) -> tuple[Array, Operations]:
    """Return the valences of all bonds with the octahedra of `atoms` elongated, and the symmetry that is left.

    valences : (m,) of every bond before
    shares : part of the charge in each of four short and two long bonds

    Of the three axes of each octahedron those are chosen that leave the oxygens' sums as they were, as in crystals,
    where an oxygen is rarely at two long bonds; that are longest already; and that keep symmetry.

    Raises
    ------
    ValueError : a site is no octahedron

    """
    pairs = [opposite_pairs(bonds, shell(bonds, int(atom))) for atom in atoms]
    options = [[_elongated(bonds, valences, three, axis, shares) for axis in range(3)] for three in pairs]
    change = np.array(
        [[np.bincount(bonds.anion, option - valences, len(bonds.charges)) for option in three] for three in options]
    )
    directions = np.array([[_axis(bonds, pair, -1) for pair in three] for three in pairs])
    lengths = bonds.lengths()
    spread = np.array([[lengths[list(pair)].mean() for pair in three] for three in pairs])
    axes, kept = _choose(change, directions, spread, symmetry, atoms)
    settled = valences + sum(option[axis] - valences for option, axis in zip(options, axes, strict=True))
    return settled, symmetry.subset(kept)


def flatten(bonds: Network, atoms: Ints, symmetry: Operations) -> tuple[set[tuple[int, int]], Operations]:
    """Return the pairs of bonds that are to stand wide in the tetrahedra of `atoms`, and the symmetry that is left.

    Of the three axes of each tetrahedron the flattest is chosen, unless another keeps much more symmetry.
    """
    members = [shell(bonds, int(atom)).tolist() for atom in atoms]
    pairs = [[((a, b), (c, d)), ((a, c), (b, d)), ((a, d), (b, c))] for a, b, c, d in members]
    vectors = bonds.vectors() / bonds.lengths()[:, None]
    spread = np.array([[-sum(vectors[i] @ vectors[j] for i, j in both) for both in three] for three in pairs])
    directions = np.array([[_axis(bonds, both[0], 1) for both in three] for three in pairs])
    axes, kept = _choose(np.zeros((len(atoms), 3, 1)), directions, spread, symmetry, atoms)
    wide = {pair for three, axis in zip(pairs, axes, strict=True) for pair in three[axis]}
    return wide, symmetry.subset(kept)


def _choose(
    change: Array, directions: Array, spread: Array, symmetry: Operations, atoms: Ints
) -> tuple[tuple[int, ...], NDArray[np.bool_]]:
    """Return an axis for every atom, and which operations keep the choice.

    change : (a, 3, n) what each axis of each atom adds to the sums of all n atoms
    directions : (a, 3, 3) unit vectors
    spread : (a, 3) by how much each axis stands out already
    """
    spread = spread - spread.mean(axis=1, keepdims=True)
    rows = np.arange(len(atoms))

    def cost(axes: tuple[int, ...]) -> float:
        return float((change[rows, list(axes)].sum(axis=0) ** 2).sum() - spread[rows, list(axes)].sum())

    def rank(axes: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
        lost = np.log2(len(symmetry.images) / _kept(axes, directions, symmetry, atoms).sum())
        return round(cost(axes) / len(atoms) + LOST * lost, 6), axes

    starts = _starts(directions, symmetry, atoms)
    best = min((*starts, *(_descend(start, cost) for start in starts)), key=rank)
    return best, _kept(best, directions, symmetry, atoms)


def _elongated(
    bonds: Network, valences: Array, three: list[tuple[int, int]], axis: int, shares: tuple[float, float]
) -> Array:
    """Return all valences with one octahedron elongated."""
    settled = valences.copy()
    charge = float(bonds.charges[bonds.cation[three[0][0]]])
    settled[bonds.cation == bonds.cation[three[0][0]]] = 0.0
    for k, pair in enumerate(three):
        settled[list(pair)] = charge * shares[1 if k == axis else 0]
    return settled


def _axis(bonds: Network, pair: tuple[int, int], sign: int) -> Array:
    """Return the direction of the sum (sign 1) or the difference (sign -1) of two bonds."""
    a, b = bonds.vectors()[list(pair)] / bonds.lengths()[list(pair), None]
    axis = a + sign * b
    return np.asarray(axis / np.linalg.norm(axis), dtype=np.float64)


def _starts(directions: Array, symmetry: Operations, atoms: Ints) -> list[tuple[int, ...]]:
    """Return assignments to improve from: for each axis of the first atom its images, and the most parallel ones."""
    place = {int(atom): i for i, atom in enumerate(atoms)}
    starts = []
    for axis in range(3):
        parallel = np.abs(directions @ directions[0, axis]).argmax(axis=1)
        starts.append(tuple(parallel.tolist()))
        images: dict[int, int] = {}
        for rotation, image in zip(symmetry.rotations, symmetry.images, strict=True):
            at = place[int(image[atoms[0]])]
            images.setdefault(at, int(np.abs(directions[at] @ (rotation @ directions[0, axis])).argmax()))
        starts.append(tuple(images.get(i, axis) for i in range(len(atoms))))
    return starts


def _descend(axes: tuple[int, ...], cost: Callable[[tuple[int, ...]], float]) -> tuple[int, ...]:
    """Change one axis at a time, the best change first, until none lowers the cost."""
    for _ in range(MAX_ROUNDS * len(axes)):
        places = [(i, axis) for i in range(len(axes)) for axis in range(3) if axis != axes[i]]
        changed = [(*axes[:i], axis, *axes[i + 1 :]) for i, axis in places]
        best = min(changed, key=lambda other: (round(cost(other), 9), other))
        if cost(best) > cost(axes) - 1e-6:
            return axes
        axes = best
    return axes


def _kept(axes: tuple[int, ...], directions: Array, symmetry: Operations, atoms: Ints) -> NDArray[np.bool_]:
    """Return (k,) which operations bring every long axis to a long axis."""
    place = {int(atom): i for i, atom in enumerate(atoms)}
    long = directions[np.arange(len(axes)), list(axes)]
    kept = []
    for rotation, image in zip(symmetry.rotations, symmetry.images, strict=True):
        targets = [place[int(image[atom])] for atom in atoms]
        cosines = np.abs(np.einsum("ai,ai->a", long[targets], long @ rotation.T))
        kept.append(bool((cosines > AGREE).all()))
    return np.array(kept)
