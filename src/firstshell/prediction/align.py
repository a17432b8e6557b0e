"""Energies of a measurement on the scale of the training spectra: by a foil, by the user's value, or by similarity."""

from dataclasses import dataclass
from math import isfinite

from firstshell.errors import InputError
from firstshell.measured.xanes.foil import LARGE, foil_shift, reliable_foil_shift
from firstshell.measured.xanes.matching import Bank, Match, match
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.standards import MISFIT
from firstshell.measured.xanes.training_grid import on_grid
from firstshell.prediction.domain import Domain

WAYS = ("auto", "foil", "fit", "none")


@dataclass(frozen=True)
class Alignment:
    """How the energies of a measurement were moved.

    shift : eV that was added to them
    by : "foil", "fit", "given" or "none"
    doubt : why the shift may be wrong; empty where nothing speaks against it
    suggested : eV that similarity to the training spectra would add to the energies as measured
    """

    shift: float
    by: str
    doubt: str
    suggested: float

    @property
    def contested(self) -> bool:
        """Whether the training spectra suggest energies over 3 eV from those that were taken."""
        return self.by != "fit" and abs(self.suggested - self.shift) > LARGE


def align(
    measured: Normalised, domain: Domain | None, how: str | float = "auto", misfit: float = MISFIT
) -> tuple[Alignment, Match | None]:
    """Choose the shift of a measurement; return it, and how training spectra match what is shifted, None without any.

    domain : of the training spectra; None where there is no model to compare with
    how : "foil" puts the edge of the foil measured along with the sample to its tabulated energy; "fit" maximises the
        similarity to training spectra; "none" believes the file; a number is a shift in eV. "auto" takes the foil where
        there is one that shifts by no more than 4 eV, and else believes the file. Similarity never moves energies
        unless the user chooses it: where it would, that is a doubt

    misfit : edge steps that a right training spectrum still differs by

    Raises InputError for an unknown way, and for "foil" without a foil.
    """
    if not isinstance(how, str):
        if not isfinite(how) or abs(how) > 100:
            raise InputError(f"a shift of {how} eV", remedy="Give at most 100 eV")
        return _judged(measured, domain, float(how), "given", misfit)
    if how not in WAYS:
        raise InputError(f"cannot align by {how!r}", remedy=f"Give a shift in eV, or one of {', '.join(WAYS)}")
    if how == "fit" and domain is not None:
        likely = _match(measured, domain, 0.0, misfit)
        return _judged(measured, domain, likely.best_shift, "fit", misfit)
    if how in ("foil", "auto"):
        foil = foil_shift(measured) if how == "foil" else reliable_foil_shift(measured)
        if foil is not None:
            return _judged(measured, domain, foil, "foil", misfit)
        if how == "foil":
            what = f"{measured.name} has no foil whose edge can be found"
            raise InputError(what, remedy="Align by fit, or give a shift in eV", file=measured.source)
    return _judged(measured, domain, 0.0, "none", misfit)


def _judged(
    measured: Normalised, domain: Domain | None, shift: float, by: str, misfit: float
) -> tuple[Alignment, Match | None]:
    if domain is None:
        return Alignment(shift, by, "", 0.0), None
    found = _match(measured, domain, shift, misfit)
    return _doubted(found, shift, by), found


def _doubted(found: Match, shift: float, by: str) -> Alignment:
    """Return the alignment by a shift, after which training spectra match as found."""
    rest, doubts = found.best_shift, []
    if abs(shift) > LARGE:
        doubts.append(f"the energies were moved by {shift:+.1f} eV")
    if by != "fit" and abs(rest) > LARGE:
        doubts.append(f"the nearest training spectra would lie {rest:+.1f} eV from where it was put")
    if by == "fit" and found.ambiguous:
        doubts.append("shifts over 2 eV apart fit nearly as well")
    return Alignment(shift, by, "; ".join(doubts), shift + rest)


def _match(measured: Normalised, domain: Domain, shift: float, misfit: float) -> Match:
    return match(Bank(*domain.reference), on_grid(measured, shift), misfit)
