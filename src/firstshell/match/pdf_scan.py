"""A measured PDF compared with those of many structures, in milliseconds each, averaged over what is not known.

Strain and displacements are taken from a table, the scale is solved for, and the evidence of a structure is the mean of
its likelihood over all of them. A structure is simulated once; strain is a stretch of r, and displacements a damping of
F(Q).
"""

from dataclasses import dataclass, replace
from math import ceil, pi

import numpy as np
from pymatgen.core.structure import Structure

from firstshell.measured.pdf.match import MatchedPdf
from firstshell.measured.pdf.qspace import as_measured, resample
from firstshell.simulation.pairs.params import PdfParams
from firstshell.simulation.pdf import pdf_family
from firstshell.types import Array, Grid

FIRST, LAST = 1.3, 10.0
"""Å that are compared: below, data are rarely right; further out, a wrong strain costs more than a wrong structure."""
MARGIN = 2.0
"""Å past the range that are simulated, for stretches and the end of the transform."""
COARSEST = 0.02
"""Å, step of the simulation."""
SHARPEST = 0.002
"""Å², displacement that structures are simulated with; others are made from it."""
DISPLACEMENTS = np.array([0.002, 0.004, 0.007, 0.012, 0.02, 0.035])
USUAL, USUAL_FACTOR = 0.007, 2.0
"""Å² of displacement that is expected, and its uncertainty as a factor."""
STRAINS = np.linspace(-0.03, 0.03, 25)
USUAL_STRAIN = 0.01
"""Assumed deviation of cells from those of a database: temperature, pressure, solid solution."""
MISFIT = 0.15
"""Rw that is no evidence against a structure: displacements that differ by element, an unknown envelope."""
TOGETHER = 2.0
"""Independent points of G(r), π/Qmax apart, that err together."""


@dataclass(frozen=True, eq=False)
class PdfMatch:
    """How a structure compares with a measured PDF.

    rw : root of the squares that are left over those of the measurement, at the best strain, displacement and scale
    strain : of the cell, isotropic
    uiso : Å²
    scale : of the simulated G(r)
    evidence : log of the mean likelihood, up to a constant that all structures share
    """

    rw: float
    strain: float
    uiso: float
    scale: float
    evidence: float

    @property
    def distance(self) -> float:
        """What is left, as a share: Rw."""
        return self.rw


class PdfScan:
    """One measured PDF, ready to be compared with many structures."""

    def __init__(self, measured: MatchedPdf) -> None:
        """Take the independent points of a measured PDF.

        measured : with its curve as in the file
        """
        conditions = measured.conditions
        last = min(LAST, float(measured.r[-1]) - pi / conditions.qmax)
        self.r = np.arange(FIRST, last, pi / conditions.qmax)
        self.g = resample(measured.r, measured.g, self.r, conditions.qmax)
        parts = ceil(pi / conditions.qmax / COARSEST)
        step = pi / conditions.qmax / parts
        reach = ceil((last * (1.0 - STRAINS[0]) + MARGIN) / step) * step
        base = PdfParams(rmin=0.0, rmax=reach, rstep=step, points=None, uiso=SHARPEST)
        self.params = replace(conditions.params(base), qmin=0.0)
        self._envelope_free = replace(self.params, qdamp=0.0)
        self._prior = _log_prior()

    def compare(self, structure: Structure) -> PdfMatch:
        """Return how a structure compares; InputError for one that cannot be simulated."""
        family = pdf_family(structure, None, self._envelope_free)
        grid, values = Grid(family.r, "r", "Å"), family.total()
        made = np.empty((len(DISPLACEMENTS), len(STRAINS), len(self.r)))
        for i, u in enumerate(DISPLACEMENTS):
            seen = as_measured(values, grid, qmax=self.params.qmax, du=u - SHARPEST)
            made[i] = [np.interp(self.r / (1.0 + strain), family.r, seen) for strain in STRAINS]
        made *= np.exp(-0.5 * (self.r * self.params.qdamp) ** 2)
        along = made @ self.g
        norm, whole = (made**2).sum(axis=2), float(self.g @ self.g)
        # A negative scale is none: such a structure explains nothing.
        left = 1.0 - np.where(along > 0, along, 0.0) ** 2 / np.maximum(norm * whole, 1e-300)
        likelihood = -0.5 * len(self.r) / TOGETHER * np.log(left + MISFIT**2)
        weighed = likelihood + self._prior
        i, k = divmod(int(weighed.argmax()), len(STRAINS))
        return PdfMatch(
            rw=float(np.sqrt(max(left[i, k], 0.0))),
            strain=float(STRAINS[k]),
            uiso=float(DISPLACEMENTS[i]),
            scale=float(max(along[i, k], 0.0) / norm[i, k]),
            evidence=float(np.logaddexp.reduce(weighed, axis=None)),
        )


def _log_prior() -> Array:
    """Return the (displacements, strains) logs of probabilities that add to one."""
    of_u = -0.5 * (np.log(DISPLACEMENTS / USUAL) / np.log(USUAL_FACTOR)) ** 2
    of_strain = -0.5 * (STRAINS / USUAL_STRAIN) ** 2
    both = of_u[:, None] + of_strain
    return np.asarray(both - np.logaddexp.reduce(both, axis=None))
