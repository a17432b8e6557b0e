"""A structure fitted to a measured PDF: scale, strain, displacements, correlated motion, resolution; least squares.

The points that are fitted are π/Qmax apart, so that each is independent of the others, and their errors are alike.
"""

from dataclasses import dataclass, replace
from math import ceil, pi

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from firstshell.crystal.symmetry import symmetry
from firstshell.errors import EngineError, InputError
from firstshell.match.parameter import Parameter, interval
from firstshell.match.pdf_scan import COARSEST, FIRST, PdfMatch, PdfScan
from firstshell.measured.pdf.match import MatchedPdf
from firstshell.measured.pdf.qspace import resample
from firstshell.simulation.pairs.params import PdfParams
from firstshell.simulation.pdf import pdf_family
from firstshell.types import Array

LAST = 20.0
"""Å up to which a PDF is fitted."""
LEAST_FREE = 10
"""Independent points beyond the number of parameters that are needed."""
LONG = 15.0
"""Å that a PDF must reach for Qdamp and displacements to be separable."""
SAME = 0.01
"""Å within which atoms are equivalent."""
MOTIONS = ("delta1", "delta2", "none")
STRAINS = ("isotropic", "system", "none")
MOST_STEPS = 60
DRAWN = 5
"""Points of a curve for each independent one."""
SHARPENED = 0.8
"""Part of its variance that the nearest peak may lose to correlated motion."""
BOUNDS = {"scale": (0.0, 1e6), "strain": (-0.08, 0.08), "uiso": (2e-4, 0.2), "qdamp": (0.0, 0.2)}
"""Of scale, strain (1), displacements (Å²) and Qdamp (Å⁻¹)."""


@dataclass(frozen=True, eq=False)
class PdfFit:
    """A structure fitted to a measured PDF.

    parameters : with their uncertainties
    r : (m,) Å, `DRAWN` times as dense as the independent points
    measured, fitted, here : (m,) Å⁻²; `here` is the simulation for the conditions of the measurement, before any fit
    rw : root of the squares that are left over those of the measurement, at the independent points
    structure : strained as fitted; its conventional cell where strains follow the crystal system
    """

    parameters: tuple[Parameter, ...]
    r: Array
    measured: Array
    fitted: Array
    here: Array
    rw: float
    structure: Structure


def fit_pdf(
    measured: MatchedPdf,
    structure: Structure,
    *,
    strain: str = "isotropic",
    motion: str = "delta2",
    rmax: float = LAST,
) -> PdfFit:
    """Fit a structure to a measured PDF.

    strain : "isotropic"; "system": what the crystal system leaves free (1 for cubic crystals, 6 for triclinic ones); or
        "none"
    motion : how correlated motion sharpens near peaks: "delta1" (1/r), "delta2" (1/r²) or "none"
    rmax : Å; the end of the measurement where that is shorter

    Qdamp is fitted where it is not known and the PDF reaches `LONG`. Intervals hold nine times of ten where the
    residual is noise; where the structure is wrong, they are those of a wrong model.

    Raises InputError for settings without meaning and a range with too few points, EngineError when the fit fails.
    """
    if strain not in STRAINS or motion not in MOTIONS:
        names = f"strain: {', '.join(STRAINS)}; motion: {', '.join(MOTIONS)}"
        raise InputError(f"cannot fit with strain {strain!r} and motion {motion!r}", remedy=f"Choose from {names}")
    model = _Model(measured, structure, strain, motion, rmax)
    from scipy.optimize import least_squares  # loaded for this only

    start = model.start(PdfScan(measured).compare(structure))
    low, high = model.bounds()
    try:
        found = least_squares(
            model.residual, np.clip(start, low, high), bounds=(low, high), x_scale=model.sizes(), max_nfev=MOST_STEPS
        )
    except (ValueError, np.linalg.LinAlgError) as error:
        raise EngineError(f"the PDF cannot be fitted: {error}") from error
    free = len(model.r) - len(start)
    variance = 2.0 * found.cost / free
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * variance
    errors = np.sqrt(np.diag(covariance))
    parameters = tuple(
        Parameter("pdf", name, float(value), *interval(float(value), float(error), free, ends), unit)
        for name, unit, value, error, ends in zip(
            model.names, model.units, found.x, errors, zip(low, high, strict=True), strict=True
        )
    )
    left = float(np.sqrt(2.0 * found.cost / np.sum(model.g**2)))
    dense = np.linspace(model.r[0], model.r[-1], DRAWN * (len(model.r) - 1) + 1)
    curve = resample(measured.r, measured.g, dense, measured.conditions.qmax)
    fitted, here = model.values(found.x, dense), model.values(model.unfitted(), dense)
    return PdfFit(parameters, dense, curve, fitted, here, left, model.strained(found.x))


class _Model:
    """What least squares asks: G(r) for a vector of parameters."""

    def __init__(self, measured: MatchedPdf, structure: Structure, strain: str, motion: str, rmax: float) -> None:
        conditions = measured.conditions
        spacing = pi / conditions.qmax
        last = min(rmax, float(measured.r[-1]) - spacing)
        self.r = np.arange(FIRST, last, spacing)
        self.structure = _conventional(structure) if strain == "system" else structure
        self.conditions, self.motion = conditions, motion
        self.elements = sorted({element.symbol for element in structure.elements})
        self.shapes = _shapes(self.structure, strain)
        self.fits_qdamp = "qdamp" in conditions.doubtful and last >= LONG
        uiso = [f"uiso {element}" for element in self.elements]
        self.names = ["scale", *self.shapes, *uiso, *([motion] if motion != "none" else [])]
        self.units = ["", *[""] * len(self.shapes), *["Å²"] * len(uiso)]
        self.units += {"delta1": ["Å"], "delta2": ["Å²"], "none": []}[motion]
        if self.fits_qdamp:
            self.names, self.units = [*self.names, "qdamp"], [*self.units, "Å⁻¹"]
        if len(self.r) < len(self.names) + LEAST_FREE:
            what = f"{FIRST:g} to {last:g} Å hold {len(self.r)} independent points for {len(self.names)} parameters"
            raise InputError(what, remedy="Fit a longer range", file=measured.source)
        self.g = resample(measured.r, measured.g, self.r, conditions.qmax)
        parts = ceil(spacing / COARSEST)
        step = spacing / parts
        base = PdfParams(rmax=(ceil(last / step) + 2) * step, rstep=step, points=None)
        self._params = replace(conditions.params(base), qmin=0.0)

    def residual(self, values: Array) -> Array:
        return self.values(values, self.r) - self.g

    def values(self, values: Array, r: Array) -> Array:
        """Return G(r) at distances in Å, in the unit of the measurement."""
        of = dict(zip(self.names, map(float, values), strict=True))
        params = replace(
            self._params,
            uiso={element: of[f"uiso {element}"] for element in self.elements},
            qdamp=of.get("qdamp", self._params.qdamp),
            delta1=of.get("delta1", 0.0),
            delta2=of.get("delta2", 0.0),
        )
        family = pdf_family(self.strained(values), None, params)
        return np.asarray(of["scale"] * np.interp(r, family.r, family.total()))

    def strained(self, values: Array) -> Structure:
        """Return the structure with its cell strained."""
        of = dict(zip(self.names, map(float, values), strict=True))
        change = np.eye(3) + sum((of[name] * shape for name, shape in self.shapes.items()), np.zeros((3, 3)))
        strained = self.structure.copy()
        strained.lattice = Lattice(self.structure.lattice.matrix @ change)
        return strained

    def start(self, scan: PdfMatch) -> Array:
        """Return where the quick comparison begins."""
        of = {"scale": scan.scale or 1.0, "qdamp": self.conditions.qdamp, self.motion: 0.5}
        isotropic = {"strain": scan.strain} if "strain" in self.shapes else dict.fromkeys(("a", "b", "c"), scan.strain)
        of |= {name: isotropic.get(name, 0.0) for name in self.shapes}
        of |= {f"uiso {element}": scan.uiso for element in self.elements}
        return np.array([of[name] for name in self.names])

    def unfitted(self) -> Array:
        """Return the parameters of a simulation that nothing was fitted to."""
        of = dict.fromkeys(self.names, 0.0) | {"scale": 1.0, "qdamp": self.conditions.qdamp}
        of |= {f"uiso {element}": float(PdfParams().displacement(element)) for element in self.elements}
        return np.array([of[name] for name in self.names])

    def bounds(self) -> tuple[Array, Array]:
        nearest = float(np.min(self.structure.distance_matrix + 1e9 * np.eye(len(self.structure))))
        nearest = min(nearest, min(self.structure.lattice.abc))
        kinds = {"delta1": (0.0, SHARPENED * nearest), "delta2": (0.0, SHARPENED * nearest**2)}
        ends = [kinds.get(name) or BOUNDS["strain" if name in self.shapes else name.split()[0]] for name in self.names]
        return np.array([end[0] for end in ends]), np.array([end[1] for end in ends])

    def sizes(self) -> Array:
        """Return how far each parameter typically moves."""
        usual = {"scale": 0.1, "delta1": 0.3, "delta2": 0.5, "qdamp": 0.01}
        of = {name: 0.002 if name.startswith("uiso") else usual.get(name, 0.005) for name in self.names}
        return np.array([of[name] for name in self.names])


def _shapes(structure: Structure, strain: str) -> dict[str, Array]:
    """Return the Cartesian strains that are free, by name.

    By system, they are the symmetric ones that no rotation of the crystal changes.
    """
    if strain == "none":
        return {}
    if strain == "isotropic":
        return {"strain": np.eye(3)}
    cell = structure.lattice.matrix.T
    turned = [cell @ rotation @ np.linalg.inv(cell) for rotation in symmetry(structure).rotations]
    pairs = {"a": (0, 0), "b": (1, 1), "c": (2, 2), "bc": (1, 2), "ac": (0, 2), "ab": (0, 1)}
    found: dict[str, Array] = {}
    for name, (i, k) in pairs.items():
        shape = np.zeros((3, 3))
        shape[i, k] = shape[k, i] = 1.0
        mean = np.mean([turn @ shape @ turn.T for turn in turned], axis=0)
        rows = np.array([each.ravel() for each in (*found.values(), mean)])
        if np.linalg.matrix_rank(rows, tol=1e-6) > len(found):
            found[name] = mean / np.abs(mean).max()
    return found


def _conventional(structure: Structure) -> Structure:
    """Return the structure in its conventional cell, a, b and c along x, y and z as far as the system allows."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    found: Structure = SpacegroupAnalyzer(structure, SAME).get_conventional_standard_structure()
    return found
