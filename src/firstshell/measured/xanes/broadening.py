"""Spectra between whose points one may draw straight lines, convolved exactly with a profile of changing width."""

import numpy as np

from firstshell.types import Array

FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))
NARROWEST = 1e-3
"""eV, the least width that is calculated with: below it a spectrum is just interpolated."""
WIDTH_TERMS = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)
SHARE_TERMS = (1.36603, -0.47719, 0.11116)
"""Thompson, Cox and Hastings: a Voigt profile's fifth power of width, and its share of Lorentzian."""


def broaden(x: Array, values: Array, at: Array, sigma: Array | float, gamma: Array | float) -> Array:
    """Return spectra convolved with a Voigt profile, at new places.

    x : (p,) increasing places of the values; before the first and after the last the values stay what they are there
    values : (..., p) spectra
    at : (m,) places that are wanted
    sigma : standard deviation of the Gaussian at each of them, (m,) or one number, in the unit of x
    gamma : half width at half maximum of the Lorentzian, the same

    Returns (..., m). A broken line is a constant plus a ramp for each bend, and a ramp convolved with a profile is that
    profile integrated twice: there is no error from the mesh. The Voigt profile is taken as the weighted sum of a
    Gaussian and a Lorentzian of equal width (Thompson, Cox and Hastings, J. Appl. Cryst. 20, 79 (1987)), which is exact
    when one of the widths is 0; a step of 1 broadened by both is off by up to 0.005 (see the tests).
    """
    kernel = ramps(at[:, None] - x[None, :], np.reshape(sigma, (-1, 1)), np.reshape(gamma, (-1, 1)))
    slopes = np.diff(values, axis=-1) / np.diff(x)
    flat = np.zeros((*values.shape[:-1], 1))
    bends = np.diff(np.concatenate([flat, slopes, flat], axis=-1), axis=-1)
    return np.asarray(values[..., :1] + bends @ kernel.T)


def ramps(distance: Array, sigma: Array, gamma: Array) -> Array:
    """Return the Voigt profile integrated twice, up to a constant for each width; see `broaden` for the widths."""
    from scipy.special import ndtr  # answers need no profiles, and its import is slow

    gauss, lorentz = FWHM_PER_SIGMA * np.maximum(sigma, NARROWEST), 2.0 * np.maximum(gamma, 0.0)
    width = sum(c * gauss ** (5 - k) * lorentz**k for k, c in enumerate(WIDTH_TERMS)) ** 0.2
    share = lorentz / width
    eta = sum(c * share**k for k, c in enumerate(SHARE_TERMS, start=1))
    spread, half = width / FWHM_PER_SIGMA, width / 2.0
    z, ratio = distance / spread, distance / half
    normal = distance * ndtr(z) + spread * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    # A constant is left out here, the same for all bends, whose sum is 0.
    cauchy = distance * (0.5 + np.arctan(ratio) / np.pi) - half / (2 * np.pi) * np.log1p(ratio**2)
    return np.asarray(eta * cauchy + (1.0 - eta) * normal)
