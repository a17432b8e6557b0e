"""Settings of a PDF calculation."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, pi
from typing import Any, NoReturn

from firstshell.errors import DomainWarning, InputError
from firstshell.simulation.pairs.scattering_lengths import RADIATIONS

NORMALIZATIONS = ("masked", "masked-bweighted", "differential")
RMAX_LIMIT = 200.0
GRID_LIMIT = 200_000
U_LIMIT = 5.0
FORM_FACTOR_QMAX = 75.0


class PerElement(dict[str, float]):
    """A value per element that cannot change, so that it may stand in a hash or a key."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[PerElement], tuple[dict[str, float]]]:
        # The default protocol would fill a copy item by item.
        return PerElement, (dict(self),)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("settings are frozen; use dataclasses.replace")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse


@dataclass(frozen=True)
class PdfParams:
    """Settings of total and differential PDFs; the defaults are the paper's.

    Parameters
    ----------
    radiation : {"xray", "neutron"}
        What scatters.
    rmin, rmax : float
        Å, the range; rmax itself is not part of it.
    rstep : float
        Å, step of the calculation.
    qmin, qmax : float
        Å⁻¹, the measured range; qmax = 0 means unlimited: no termination ripples.
    qdamp : float
        Å⁻¹, loss of peak height with r from the instrument's resolution.
    qbroad : float
        Å⁻¹, gain of peak width with r from the same.
    delta1, delta2 : float
        Å and Å², sharpening of near peaks by correlated motion, as 1/r and 1/r².
    uiso : float or dict
        Å², mean-square displacement of all elements, or {element: value}; site properties of a structure win over it.
    normalization : {"masked", "masked-bweighted", "differential"}
        Of differential PDFs: the paper's, the same with scattering lengths as weights, or the literature's.
    fq : bool
        Whether X-ray form factors act as f(Q) and not as f(0).
    points : int, optional
        Number of evenly spaced points that are kept, rmin + i·(rmax − rmin)/points; None keeps every rstep.

    Raises
    ------
    InputError
        For values without meaning.

    Warns
    -----
    DomainWarning
        Where rstep exceeds π/qmax.

    Examples
    --------
    >>> import firstshell as fs
    >>> measured = fs.PdfParams(qmax=24, qdamp=0.035, rmax=20, points=None)
    >>> measured.uiso
    0.007

    """

    radiation: str = "xray"
    rmin: float = 0.0
    rmax: float = 10.0
    rstep: float = 0.01
    qmin: float = 0.0
    qmax: float = 30.0
    qdamp: float = 0.0
    qbroad: float = 0.0
    delta1: float = 0.0
    delta2: float = 0.0
    uiso: float | Mapping[str, float] = 0.007
    normalization: str = "masked"
    fq: bool = False
    points: int | None = 100

    def __post_init__(self) -> None:
        if isinstance(self.uiso, Mapping):
            object.__setattr__(self, "uiso", PerElement(self.uiso))
        _one_of("radiation", self.radiation, RADIATIONS)
        _one_of("normalization", self.normalization, NORMALIZATIONS)
        for name in ("rmin", "rmax", "rstep", "qmin", "qmax", "qdamp", "qbroad", "delta1", "delta2"):
            _number(name, getattr(self, name), least=0.0)
        for name, value in self.displacements().items():
            _number(name, value, least=0.0)
            if not 0 < value <= U_LIMIT:
                raise InputError(
                    f"{name} = {value:g} is no displacement", remedy=f"Give Å², above 0 and up to {U_LIMIT:g}"
                )
        if type(self.fq) is not bool:
            raise InputError(f"fq = {self.fq!r} is neither true nor false", remedy="Write fq = true or fq = false")
        self._check_ranges()

    def displacements(self) -> dict[str, float]:
        """Return the displacements by name of the setting.

        Returns
        -------
        dict
            In Å², by "uiso", or "uiso[Fe]" and so on.

        """
        if isinstance(self.uiso, PerElement):
            return {f"uiso[{element}]": value for element, value in self.uiso.items()}
        return {"uiso": self.uiso}  # type: ignore[dict-item]

    def displacement(self, element: str) -> float:
        """Return the mean-square displacement of an element.

        Parameters
        ----------
        element : str
            Element symbol.

        Returns
        -------
        float
            In Å².

        Raises
        ------
        InputError
            Where none is given.

        """
        if not isinstance(self.uiso, PerElement):
            return float(self.uiso)  # type: ignore[arg-type]
        if element not in self.uiso:
            raise InputError(
                f"uiso has no value for {element}", remedy=f"Add {element} to the uiso of the PDF settings"
            )
        return float(self.uiso[element])

    def _check_ranges(self) -> None:
        if self.rstep < 1e-4:
            raise InputError(f"rstep = {self.rstep:g} Å is too small", remedy="Choose 0.0001 Å or more; 0.01 is usual")
        if self.rmax > RMAX_LIMIT:
            raise InputError(f"rmax = {self.rmax:g} Å is too long", remedy=f"Choose up to {RMAX_LIMIT:g} Å")
        if self.rmax - self.rmin < self.rstep:
            raise InputError(
                f"there is no grid point between rmin = {self.rmin:g} and rmax = {self.rmax:g} Å",
                remedy="Choose rmax at least one rstep above rmin",
            )
        steps = (self.rmax - self.rmin) / self.rstep
        if steps > GRID_LIMIT:
            raise InputError(f"{steps:.0f} grid points are too many", remedy=f"Choose rstep for up to {GRID_LIMIT}")
        if 0 < self.qmax <= self.qmin:
            raise InputError(f"qmin = {self.qmin:g} is not below qmax = {self.qmax:g} Å⁻¹", remedy="Choose qmin < qmax")
        if self.fq and not 0 < self.qmax <= FORM_FACTOR_QMAX:
            raise InputError(
                f"form factors are not known up to qmax = {self.qmax:g} Å⁻¹ (0: unlimited)",
                remedy=f"Choose qmax from above 0 to {FORM_FACTOR_QMAX:g} Å⁻¹, or fq = false",
            )
        if self.points is not None and (type(self.points) is not int or not 1 <= self.points <= steps + 1e-6):
            raise InputError(
                f"points = {self.points!r} does not suit a range of {steps:.0f} steps",
                remedy="Choose a whole number from 1 to that, or none for every step",
            )
        if self.qmax > 0 and self.rstep > pi / self.qmax * (1 + 1e-9):
            warnings.warn(
                f"rstep = {self.rstep:g} Å cannot carry Qmax = {self.qmax:g} Å⁻¹: it must not exceed "
                f"π/Qmax = {pi / self.qmax:.3g} Å",
                DomainWarning,
                stacklevel=4,
            )


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} = {value!r} is not known", remedy=f"Choose from: {', '.join(allowed)}")


def _number(name: str, value: Any, least: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value) or value < least:
        raise InputError(f"{name} = {value!r} is not a number of {least:g} or more", remedy=f"Correct {name}")
