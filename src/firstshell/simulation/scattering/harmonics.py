"""Real spherical harmonics, their triple products and rotations, spherical Hankel functions.

Harmonics stand in the order (l, m) = (0,0), (1,-1), (1,0), (1,1), …: index l² + l + m. For l = 1 that is y, z, x.
"""

from functools import cache

import numpy as np
from scipy.special import sph_harm_y

from firstshell.simulation.scattering.pad import Complex
from firstshell.types import Array

P_AXES = (1, 2, 0)
"""Cartesian axis of each l = 1 harmonic: m = -1, 0, 1 are y, z, x."""


def degrees(lmax: int) -> Array:
    """Return the l of each harmonic up to `lmax`: ((lmax+1)²,) integers."""
    return np.repeat(np.arange(lmax + 1), 2 * np.arange(lmax + 1) + 1)


def real_harmonics(vectors: Array, lmax: int) -> Array:
    """Return Y_lm of the directions of `vectors` (n, 3), all non-zero: (n, (lmax+1)²), orthonormal on the sphere."""
    x, y, z = vectors.T
    theta, phi = np.arccos(np.clip(z / np.linalg.norm(vectors, axis=1), -1, 1)), np.arctan2(y, x)
    values = np.empty((len(vectors), (lmax + 1) ** 2))
    for order in range(lmax + 1):
        values[:, order * order + order] = sph_harm_y(order, 0, theta, phi).real
        for m in range(1, order + 1):
            complex_value = np.sqrt(2) * (-1) ** m * sph_harm_y(order, m, theta, phi)
            values[:, order * order + order + m] = complex_value.real
            values[:, order * order + order - m] = complex_value.imag
    return values


@cache
def gaunt(lmax: int) -> Array:
    """Return ∫ Y_L'' Y_L' Y_L dΩ for l, l' ≤ lmax and l'' ≤ 2 lmax: ((2 lmax+1)², (lmax+1)², (lmax+1)²).

    Gauss–Legendre in cos θ times even steps in φ integrates these polynomials of degree 4 lmax exactly.
    """
    nodes, weights = np.polynomial.legendre.leggauss(2 * lmax + 1)
    turns = np.arange(4 * lmax + 1) * 2 * np.pi / (4 * lmax + 1)
    z, phi = (a.ravel() for a in np.meshgrid(nodes, turns, indexing="ij"))
    s = np.sqrt(1 - z * z)
    large = real_harmonics(np.column_stack([s * np.cos(phi), s * np.sin(phi), z]), 2 * lmax)
    small = large[:, : (lmax + 1) ** 2]
    weight = np.repeat(weights, len(turns)) * 2 * np.pi / len(turns)
    product: Array = np.einsum("nc,na,nb->cab", large * weight[:, None], small, small, optimize=True)
    return np.where(np.abs(product) < 1e-13, 0.0, product)


@cache
def _directions(lmax: int) -> tuple[Array, Array]:
    """Directions on which harmonics up to `lmax` are independent, and the pseudo-inverse of their values."""
    directions = np.random.default_rng(0).normal(size=(6 * (lmax + 1) ** 2, 3))
    return directions, np.asarray(np.linalg.pinv(real_harmonics(directions, lmax)))


def rotate_harmonics(rotation: Array, lmax: int) -> Array:
    """Return D with Y_L(R⁻¹r) = Σ_L' Y_L'(r) D[L', L] for an orthogonal 3×3 matrix R, proper or not."""
    directions, inverse = _directions(lmax)
    matrix = inverse @ real_harmonics(directions @ rotation, lmax)
    order = degrees(lmax)
    return np.where(order[:, None] == order[None, :], matrix, 0.0)


def hankel(x: Complex, lmax: int) -> Complex:
    """Return the outgoing spherical Hankel functions h_l(x), l = 0..lmax, of x (n,): (lmax+1, n).

    h_0 = -i e^{ix}/x; upward recursion, which is stable for h.
    """
    wave = np.exp(1j * x) / x
    values = np.empty((lmax + 1, len(x)), dtype=complex)
    values[0] = -1j * wave
    if lmax:
        values[1] = -wave * (1 + 1j / x)
    for order in range(1, lmax):
        values[order + 1] = (2 * order + 1) / x * values[order] - values[order - 1]
    return values
