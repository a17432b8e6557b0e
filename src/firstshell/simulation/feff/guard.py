"""Whether a self-consistent field is to be believed, and what to try when not.

FEFF's pot ends without complaint when the field has not converged, or has converged to a wrong state. What feff8l,
FEFF9 and FEFF10 print of it differs in words only.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pymatgen.core.periodic_table import Element

from firstshell.errors import EngineError, UnavailableError
from firstshell.runtime.leftovers import scratch_folder
from firstshell.runtime.progress import note, noted_as
from firstshell.simulation.feff.cards import Scf

T = TypeVar("T")

MAX_SPREAD = 0.3
"""eV between the last three Fermi levels."""
MAX_CHARGE_TRANSFER = 1.4
"""Ta(V) and Te(VI) have 1.20 to 1.22 in oxides, with every mixing and radius; a wrong state of MnO 1.57."""
VALENCE_SHARE = 0.4
"""Part of its highest oxidation state that an atom's charge may reach, where that is more than the limit above. Of the
4d, 5d and 5f metals Mo(VI) has 1.6 to 1.8, Nb(V) 1.4 to 1.7 and Th(IV) 1.4, with every mixing and radius."""
MAX_S_COUNT = 1.4
"""4s electrons on a 3d absorber: right states have 0.4 to 0.75, a wrong one of MnO 1.9."""
_NUMBER = r"(-?\d+\.\d+|\*+|NaN)"


@dataclass(frozen=True)
class ScfReport:
    """What pot says of its self-consistent field.

    finished : the program came to its end
    fermi : Fermi level after each iteration in eV
    charges : charge transfer of each unique potential after the last one
    counts : (potential, l) -> electrons there
    ran_out : FEFF9 or FEFF10 says that the iterations ran out before it converged; feff8l never says so
    """

    finished: bool
    fermi: tuple[float, ...]
    charges: tuple[float, ...]
    counts: dict[tuple[int, int], float]
    ran_out: bool = False

    @property
    def spread(self) -> float:
        """Range of the last three Fermi levels in eV."""
        last = self.fermi[-3:]
        return max(last) - min(last) if last else float("inf")


def read_log(text: str) -> ScfReport:
    """Read the output of pot; numbers that overflowed become NaN, which no check accepts."""
    fermi = tuple(_value(word) for word in re.findall(rf"(?:mu_new=|New Fermi level:\s+mu=)\s*{_NUMBER}", text))
    tail = text[text.rfind("Electronic configuration") :] if fermi else ""
    populations, _, transfer = tail.partition("Charge transfer")
    counts = {
        (int(kind), int(degree)): _value(count)
        for kind, degree, count in re.findall(rf"^\s+(\d+)\s+(\d+)\s+{_NUMBER}", populations, re.M)
    }
    charges = tuple(_value(word) for word in re.findall(rf"^\s+\d+\s+{_NUMBER}", transfer, re.M))
    finished = re.search(r"Done with module(?: 1|: potentials)", text) is not None
    return ScfReport(finished, fermi, charges, counts, "Convergence not reached" in text)


def note_progress(printed: str, most: int) -> None:
    """Note which of at most `most` iterations pot is in, as it or a program that goes on from there has printed."""
    report = read_log(printed)
    if report.finished:
        note("phase shifts and scattering")
    else:
        note(f"SCF iteration {min(len(report.fermi) + 1, most)} of {most}")


def _value(word: str) -> float:
    return float("nan") if word[0] in "*N" else float(word)


def objection(report: ScfReport, atoms: Sequence[int]) -> str | None:
    """Return why the field is not to be believed, or None when it is.

    atoms : atomic number of each potential, the absorber's first
    """
    if not report.finished or not report.fermi:
        return "the program stopped before the end"
    if report.ran_out:
        return f"FEFF did not converge; the last Fermi levels lie within {report.spread:.2f} eV"
    if not report.spread < MAX_SPREAD:
        return f"the Fermi level still moves by {report.spread:.2f} eV"
    for kind, charge in enumerate(report.charges):
        if not abs(charge) < largest_charge(atoms[kind]):
            return f"potential {kind} has the charge {charge:.2f}"
    s_count = report.counts.get((0, 0), float("nan"))
    if 21 <= atoms[0] <= 29 and not s_count < MAX_S_COUNT:
        return f"the absorber has {s_count:.2f} electrons in its s shell"
    return None


def largest_charge(atom: int) -> float:
    """Return the charge that is believed of an element by its atomic number; of light ones and 3d metals the same."""
    if atom <= 36:
        return MAX_CHARGE_TRANSFER
    return max(MAX_CHARGE_TRANSFER, VALENCE_SHARE * Element.from_Z(atom).max_oxidation_state)


def ladder(scf: Scf) -> Iterator[Scf]:
    """Yield the settings to try one after the other, the wanted ones first: gentler mixing, then other radii."""
    yield scf
    longer = max(scf.iterations, 20)
    for mixing in (0.1, 0.05):
        if mixing < scf.mixing:
            yield replace(scf, mixing=mixing, iterations=longer)
    for change in (0.6, -0.6):
        yield replace(scf, radius=max(scf.radius + change, 2.4), mixing=0.1, iterations=longer)


def first_believed(
    steps: Iterable[Scf],
    attempt: Callable[[Scf, Path], tuple[ScfReport, Callable[[], T]]],
    atoms: Sequence[int],
) -> tuple[T, tuple[dict[str, Any], ...]]:
    """Try settings, each in a folder of its own, until a field is to be believed; return what comes of it.

    attempt : calculates the field in a folder, and returns the report of it and what goes on from there
    atoms : atomic number of each potential, the absorber's first

    Returns the result, and a JSON-able record of each attempt, the accepted one last.

    Raises EngineError that lists all attempts where none is to be believed; UnavailableError at once.
    """
    records: list[dict[str, Any]] = []
    for number, scf in enumerate(steps, start=1):
        with scratch_folder() as scratch, noted_as(f"attempt {number}") if number > 1 else nullcontext():
            try:
                report, proceed = attempt(scf, scratch)
                reason = objection(report, atoms)
            except UnavailableError:
                raise
            except EngineError as error:
                report, reason = None, str(error)
            records.append(_record(scf, report, reason))
            if reason is None:
                return proceed(), tuple(records)
    tried = "; ".join(f"SCF {r['radius']:.2f} Å, mixing {r['mixing']}: {r['objection']}" for r in records)
    raise EngineError(f"self-consistent field: no attempt can be believed ({tried})")


def _record(scf: Scf, report: ScfReport | None, reason: str | None) -> dict[str, Any]:
    record: dict[str, Any] = {"radius": scf.radius, "mixing": scf.mixing, "iterations": scf.iterations}
    if report is not None and report.fermi:
        record |= {"fermi": report.fermi, "charges": report.charges}
    return record | {"objection": reason}
