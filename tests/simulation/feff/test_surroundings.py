import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from firstshell.simulation.feff.surroundings import clear_radius, shell_end, surroundings

CORUNDUM = Structure.from_spacegroup(
    "R-3c", Lattice.hexagonal(5.038, 13.772), ["Fe", "O"], [[0, 0, 0.1447], [0.3059, 0, 0.25]]
)


def test_atoms_come_by_distance_the_absorber_first():
    positions, charges = surroundings(CORUNDUM, 0, 6.0)
    distances = np.linalg.norm(positions, axis=1)
    assert distances[0] == 0
    assert charges[:7].tolist() == [26, 8, 8, 8, 8, 8, 8]
    assert (np.diff(distances) > -2e-3).all()
    assert len(positions) == len(CORUNDUM.get_sites_in_sphere(CORUNDUM[0].coords, 6.0))


@pytest.mark.parametrize("noise", [-2e-4, 2e-4])
def test_a_shell_on_the_radius_is_never_cut(noise):
    distances = np.array([0, 2.0, 4.0 - 3e-4, 4.0, 4.0 + 3e-4, 5.0])
    assert shell_end(distances, 4.0 + noise) == 5
    assert shell_end(distances, 3.9) == 2


def test_the_order_does_not_depend_on_how_the_crystal_is_written():
    positions, charges = surroundings(CORUNDUM, 0, 7.0)
    other = CORUNDUM * (2, 1, 1)
    again, same = surroundings(other, 0, 7.0)
    assert np.array_equal(charges, same)
    assert np.allclose(np.linalg.norm(positions, axis=1), np.linalg.norm(again, axis=1), atol=1e-6)


def test_a_clear_radius_keeps_off_shells_and_below_its_bound():
    distances = np.array([0, 2.0, 3.0, 3.01, 4.0])
    assert clear_radius(distances, 2.5) == 2.5
    assert clear_radius(distances, 3.007) == pytest.approx(3.02)
    assert clear_radius(distances, 3.98, most=3.5) == pytest.approx(3.49)
    assert clear_radius(distances, 9.0) == 9.0
