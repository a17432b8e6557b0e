import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation
from scipy.special import spherical_jn

import places
from firstshell.simulation.feff.surroundings import surroundings
from firstshell.simulation.scattering.absorption import absorption, average, propagators
from firstshell.simulation.scattering.harmonics import degrees, hankel, real_harmonics, rotate_harmonics
from firstshell.simulation.scattering.pad import read_phases
from firstshell.simulation.scattering.propagator import Cluster, Scattering
from firstshell.units import BOHR

RUTILE = places.DATA / "xanes/rutile"
Z = np.array([0.0, 0.0, 1.0])


def turn(angle: float, axis=Z):
    return Rotation.from_rotvec(np.deg2rad(angle) * np.asarray(axis, float) / np.linalg.norm(axis)).as_matrix()


MIRROR = np.diag([1.0, -1.0, 1.0])
FLAT = np.diag([1.0, 1.0, -1.0])
GROUPS = {
    "C1": ([], 1),
    "Ci": ([-np.eye(3)], 2),
    "Cs": ([FLAT], 2),
    "C2": ([turn(180)], 2),
    "C2v": ([turn(180), MIRROR], 4),
    "D2h": ([turn(180), MIRROR, FLAT], 8),
    "C3": ([turn(120)], 3),
    "C3v": ([turn(120), MIRROR], 6),
    "D3": ([turn(120), turn(180, [1, 0, 0])], 6),
    "S4": ([-turn(90)], 4),
    "C4h": ([turn(90), FLAT], 8),
    "D4h": ([turn(90), MIRROR, FLAT], 16),
    "C6": ([turn(60)], 6),
    "T": ([turn(120, [1, 1, 1]), turn(180)], 12),
    "Th": ([turn(120, [1, 1, 1]), turn(180), -np.eye(3)], 24),
    "Oh": ([turn(90), turn(120, [1, 1, 1]), -np.eye(3)], 48),
}


def group(generators):
    found = [np.eye(3)]
    for operation in found:
        for generator in generators:
            product = generator @ operation
            if not any(np.allclose(product, known, atol=1e-8) for known in found):
                found.append(product)
    return found


def symmetric_cluster(generators, tilt=None, seeds=((2.9, 1.3, 1.9), (0.4, 4.1, 2.2), (0, 0, 3.8))):
    """An absorber, and atoms in general positions and on the z axis with all their images."""
    points, kinds = [np.zeros(3)], [0]
    for kind, seed in enumerate(seeds, 1):
        for operation in group(generators):
            image = operation @ np.array(seed, float)
            if min(np.linalg.norm(image - point) for point in points) > 1e-6:
                points.append(image)
                kinds.append(kind)
    positions = np.array(points)
    return Cluster(positions if tilt is None else positions @ tilt.T, np.array(kinds), (3, 2, 3, 1))


def phase_shifts(scale=1.0, absorb=0.05):
    rng = np.random.default_rng(1)
    return [scale * (rng.normal(size=4) / (1 + np.arange(4)) ** 2 + 1j * absorb) for _ in range(4)]


def free_propagator(vector, momentum, lmax):
    """The engine's free propagator from an atom at the origin to one at `vector`."""
    cluster = Cluster(np.array([np.zeros(3), -np.asarray(vector, float)]), np.array([0, 1]), (lmax, lmax))
    scattering = Scattering(cluster, symmetry=False, dtype=np.complex128)
    return scattering.pairs.assemble(scattering._free(momentum), np.complex128)[0][:, (lmax + 1) ** 2 :]


@pytest.mark.slow
def test_free_propagator_is_the_addition_theorem_of_spherical_waves():
    """h_L(r + R) = Σ_L' j_L'(r) G0_L'L(R)/i for |r| < |R|, the definition that no formula for G0 enters."""
    momentum, vector, lmax = 0.9, np.array([2.0, -3.0, 4.5]), 6
    point = np.array([[0.11, 0.15, -0.07]])
    g0 = free_propagator(vector, momentum, lmax)
    order = degrees(lmax)
    near = np.linalg.norm(point)
    regular = np.array([spherical_jn(degree, momentum * near) for degree in order]) * real_harmonics(point, lmax)[0]
    far = point + vector
    outgoing = hankel(np.array([momentum * np.linalg.norm(far)]) + 0j, lmax)[order, 0] * real_harmonics(far, lmax)[0]
    assert np.allclose((regular @ g0 / 1j)[:9], outgoing[:9], rtol=1e-7)


def test_s_waves_propagate_as_an_outgoing_wave():
    g0 = free_propagator([0, 3.0, 4.0], 0.8 + 0.05j, 3)
    x = (0.8 + 0.05j) * 5.0
    assert g0[0, 0] == pytest.approx(np.exp(1j * x) / x)


def test_rotated_harmonics():
    rotation = turn(73, [1, 2, 3]) @ FLAT
    points = np.random.default_rng(0).normal(size=(5, 3))
    turned = real_harmonics(points @ rotation, 3)
    assert np.allclose(turned, real_harmonics(points, 3) @ rotate_harmonics(rotation, 3), atol=1e-12)


def test_one_s_scatterer_in_closed_form():
    """From p to s at distance R and back: -3 h_1(kR)² t_0 along the bond, nothing across it."""
    momentum, distance, delta = 0.7 + 0.02j, 4.0, 0.6
    cluster = Cluster(np.array([[0, 0, 0], [0, 0, distance]]), np.array([0, 1]), (1, 0))
    shifts = [np.zeros(2, complex), np.array([delta + 0j])]
    g = Scattering(cluster, dtype=np.complex128).propagator(momentum, shifts)
    x = momentum * distance
    h1 = -np.exp(1j * x) / x * (1 + 1j / x)
    assert g[2, 2] == pytest.approx(-3 * h1**2 * np.exp(1j * delta) * np.sin(delta))
    assert np.abs(np.delete(g.ravel(), 8)).max() < 1e-12
    damped = Scattering(cluster, sigma2=0.03, dtype=np.complex128).propagator(momentum, shifts)
    assert damped[2, 2] == pytest.approx(g[2, 2] * np.exp(-2 * momentum**2 * 0.03))


@pytest.mark.slow
@pytest.mark.parametrize("name", GROUPS)
def test_symmetry_changes_nothing(name):
    generators, order = GROUPS[name]
    cluster = symmetric_cluster(generators, tilt=turn(31, [1, -2, 0.7]))
    shifts = phase_shifts()
    reduced = Scattering(cluster, dtype=np.complex128)
    assert len(reduced.group.rotations) == order
    plain = Scattering(cluster, symmetry=False, dtype=np.complex128)
    for momentum in (0.5 + 0.03j, 1.1 + 0.1j):
        expected = plain.propagator(momentum, shifts)
        assert np.abs(reduced.propagator(momentum, shifts) - expected).max() < 1e-9 * max(1, np.abs(expected).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", GROUPS)
def test_single_precision_changes_no_spectrum(name):
    """The fine structure is a third of the trace, in edge steps (dipole matrix elements are normalised to three)."""
    cluster = symmetric_cluster(GROUPS[name][0], tilt=turn(31, [1, -2, 0.7]))
    shifts = phase_shifts()
    for momentum in (0.5 + 0.03j, 1.1 + 0.1j):
        exact = Scattering(cluster, symmetry=False, dtype=np.complex128).propagator(momentum, shifts)
        single = Scattering(cluster).propagator(momentum, shifts)
        assert abs(np.trace(single - exact)) / 3 < 1e-5 * max(1, np.abs(exact).max())


@pytest.mark.slow
def test_delafossite_has_each_operation_once():
    """The frame of Cu in CuAlO2 (-3m) has atoms on its axis, so that several triples lead to one rotation."""
    lattice = Lattice.hexagonal(2.857, 16.943)
    structure = Structure.from_spacegroup("R-3m", lattice, ["Cu", "Al", "O"], [[0, 0, 0], [0, 0, 0.5], [0, 0, 0.1099]])
    positions, kinds = surroundings(structure, 0, 4.5)
    kinds = np.array(kinds)
    kinds[0] = 0  # the absorber is of no other atom's kind
    _, kinds = np.unique(kinds, return_inverse=True)
    cluster = Cluster(positions / BOHR, kinds, (3, 2, 3, 2)[: kinds.max() + 1])
    reduced = Scattering(cluster)
    assert len(reduced.group.rotations) == len(np.unique(np.round(reduced.group.rotations, 6), axis=0)) == 12
    plain = Scattering(cluster, symmetry=False, dtype=np.complex128)
    shifts = phase_shifts()[: kinds.max() + 1]
    expected = plain.propagator(1.1 + 0.1j, shifts)
    assert np.abs(reduced.propagator(1.1 + 0.1j, shifts) - expected).max() < 1e-5 * max(1, np.abs(expected).max())


@pytest.mark.slow
def test_symmetry_makes_matrices_small():
    cluster = symmetric_cluster(GROUPS["Oh"][0])
    assert Scattering(cluster).size * 10 < Scattering(cluster, symmetry=False).size


def test_atoms_of_another_kind_lower_the_symmetry():
    cluster = symmetric_cluster(GROUPS["D2h"][0])
    kinds = cluster.kinds.copy()
    kinds[1] = 3
    assert len(Scattering(Cluster(cluster.positions, kinds, cluster.lmax)).group.rotations) == 1


def test_rotation_order_and_reciprocity():
    cluster = symmetric_cluster([], seeds=((2.9, 1.3, 1.9), (0.4, 4.1, -2.2), (-3, 0.5, 2)))
    shifts, momentum = phase_shifts(), 0.8 + 0.05j
    g = Scattering(cluster).propagator(momentum, shifts)
    assert np.allclose(g, g.T, atol=1e-5)
    rotation = turn(50, [3, 1, 2])
    turned = Cluster(cluster.positions @ rotation.T, cluster.kinds, cluster.lmax)
    assert np.allclose(Scattering(turned).propagator(momentum, shifts), rotation @ g @ rotation.T, atol=1e-5)
    order = [0, 3, 1, 2]
    mixed = Cluster(cluster.positions[order], cluster.kinds[order], cluster.lmax)
    assert np.allclose(Scattering(mixed).propagator(momentum, shifts), g, atol=1e-5)


@pytest.mark.parametrize("momentum", [0.4, 0.8, 1.3])
def test_no_direction_absorbs_less_than_nothing(momentum):
    """With real potentials 1 + Im e^{2iδ} e·G·e is a density of states, never negative."""
    shifts = phase_shifts(scale=2.0, absorb=0.0)
    g = Scattering(symmetric_cluster(GROUPS["C3"][0]), dtype=np.complex128).propagator(momentum + 0j, shifts)
    density = np.eye(3) + (np.exp(2j * shifts[0][1]) * g).imag
    assert np.linalg.eigvalsh(density).min() > 0
    assert np.abs(density - np.eye(3)).max() > 0.05


@pytest.mark.slow
def test_rutile_agrees_with_feff10():
    """Same cards, FEFF10's own multiple scattering and convolution; potentials of feff8l. No energy shift."""
    structure = Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(4.594, 2.959), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
    )
    positions, charges = surroundings(structure, 0, 5.0)
    kinds = np.where(charges == 8, 1, 2)
    kinds[0] = 0
    cluster = Cluster(positions / BOHR, kinds, (3, 3, 3))
    phases = read_phases(RUTILE)
    scattering = Scattering(cluster)
    assert len(positions) == 51
    assert len(scattering.group.rotations) == 8
    result = absorption(phases, average(propagators(phases, scattering)))
    energy, mu = np.loadtxt(RUTILE / "mu_feff10.txt").T
    inside = result.energy < energy[-1]
    expected = np.interp(result.energy[inside], energy, mu)
    assert np.sqrt(np.mean((result.mu[inside] - expected) ** 2)) < 0.0015
    cosine = result.mu[inside] @ expected / np.linalg.norm(result.mu[inside]) / np.linalg.norm(expected)
    assert cosine > 0.9999
