"""A measured EXAFS compared with those of many structures, averaged over what is not known of the sample.

Threshold, displacements and strain are taken from a table, the amplitude is solved for, and the evidence of a structure
is the mean of its likelihood over the table. The engine finds the scattering paths of a structure once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import numpy as np

from firstshell.dataset.paths import SitePaths
from firstshell.measured.exafs.extract import MeasuredExafs
from firstshell.simulation.exafs import Conditions, chi_under
from firstshell.types import Array

K = np.arange(3.0, 12.01, 0.15)
"""Å⁻¹ that are compared, as far as the measurement reaches: below, the edge is near; above, few scans are clean."""
POWER = 2
TAPER = 1.0
"""Å⁻¹ over which the ends count less."""
SHELLS = 4.0
"""Å of path lengths that waves are compared over: a range Δk holds 2·Δk·ΔR/π independent facts."""
AMPLITUDES = 0.3, 1.1
"""What S0² may be."""
MISFIT = 0.3
"""Square root of an R factor that is no evidence against a structure: correct ones leave at least this."""
USUAL_STRAIN = 0.01
"""Assumed deviation of lengths from those of a database."""
ASYMMETRY = 0.0045
"""Å² by which the displacements of long paths are larger than those of the shortest."""
_E0, _NEAR, _STRAIN = (
    each.ravel()
    for each in np.meshgrid(
        np.arange(-9.0, 9.1, 3.0), [0.003, 0.006, 0.011], [-0.02, -0.01, 0.0, 0.01, 0.02], indexing="ij"
    )
)
CONDITIONS = Conditions(_E0, _NEAR, _NEAR + ASYMMETRY, 1.0 + _STRAIN)


@dataclass(frozen=True, eq=False)
class ExafsMatch:
    """How a structure compares with a measured EXAFS.

    distance : root of the squares of k²χ(k) that are left over those of the measurement, under the best conditions
    e0 : eV, shift of the threshold
    strain : of lengths
    evidence : log of the mean likelihood, up to a constant that all structures share
    """

    distance: float
    e0: float
    strain: float
    evidence: float


def spectra_of(sites: Sequence[SitePaths]) -> Array:
    """Return the (d, q) χ(k) of a structure on `K` under `CONDITIONS`, the mean over its sites by multiplicity."""
    each = [chi_under(site.table, K, CONDITIONS) for site in sites]
    return np.asarray(np.average(each, axis=0, weights=[float(site.multiplicity) for site in sites]))


class ExafsScan:
    """One measured EXAFS, ready to be compared with many structures."""

    def __init__(self, measured: MeasuredExafs) -> None:
        """Take the part of a measured χ(k) that is compared."""
        self._kept = measured.end + 1e-9 >= K
        k = K[self._kept]
        within = np.minimum(1.0, np.minimum(k - K[0] + TAPER / 2, k[-1] - k + TAPER / 2) / TAPER)
        self._weight = k**POWER * within
        self._values = np.interp(k, measured.k, measured.chi) * self._weight
        self._facts = 2.0 * float(k[-1] - k[0]) * SHELLS / pi
        prior = -0.5 * (_STRAIN / USUAL_STRAIN) ** 2
        self._prior = prior - np.logaddexp.reduce(prior)

    def compare(self, spectra: Array) -> ExafsMatch:
        """Return how a structure compares; spectra : (d, q) as `spectra_of` returns them."""
        made = spectra[:, self._kept] * self._weight
        whole = float(self._values @ self._values)
        amplitude = np.clip(made @ self._values / np.maximum((made**2).sum(axis=1), 1e-300), *AMPLITUDES)
        left = ((self._values - amplitude[:, None] * made) ** 2).sum(axis=1) / max(whole, 1e-300)
        weighed = self._prior - 0.5 * self._facts * np.log(left + MISFIT**2)
        best = int(weighed.argmax())
        return ExafsMatch(
            distance=float(np.sqrt(left[best])),
            e0=float(_E0[best]),
            strain=float(_STRAIN[best]),
            evidence=float(np.logaddexp.reduce(weighed)),
        )
