import numpy as np
import pytest
from scipy.integrate import quad

from firstshell.simulation.scattering.convolution import lifetime

FERMI, HALF = -0.4, 0.02


def mesh(step=0.004, above=2.0):
    line = FERMI + np.arange(-50, round(above / step) + 1) * step
    up = FERMI + 1j * np.concatenate([[0.0002], np.geomspace(0.0005, 20 * HALF, 40)])
    return np.concatenate([line + 1j * HALF, up]), len(line)


def test_a_constant_becomes_the_arctangent_edge():
    energy, count = mesh()
    mu = lifetime(energy, np.full(len(energy), 2.0j), count, FERMI, HALF)
    omega = energy[:count].real
    assert mu == pytest.approx(2 * (0.5 + np.arctan((omega - FERMI) / HALF) / np.pi), abs=1e-12)


@pytest.mark.parametrize("height", [0.05, 0.3, 1.0])
def test_a_resonance_is_cut_and_broadened(height):
    """Against the integral over the real axis that the contour replaces, for lines above the Fermi level."""
    energy, count = mesh()

    def line(z):
        return -0.05 / (z - (FERMI + height) + 0.05j)

    mu = lifetime(energy, line(energy), count, FERMI, HALF)
    for point in range(0, 500, 45):
        omega = energy[point].real
        expected = quad(
            lambda e: line(e).imag * HALF / np.pi / ((e - omega) ** 2 + HALF**2),  # noqa: B023
            FERMI,
            FERMI + 40,
            points=sorted({max(omega, FERMI), FERMI + height}),
            limit=500,
        )[0]
        assert mu[point] == pytest.approx(expected, abs=0.003)


def test_below_the_edge_only_the_lifetime_tail_is_left():
    energy, count = mesh()
    mu = lifetime(energy, np.full(len(energy), 1.0j), count, FERMI, HALF)
    assert mu[0] == pytest.approx(HALF / np.pi / (FERMI - energy[0].real), rel=0.02)
