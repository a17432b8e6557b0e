"""Whether a self-consistent field is to be believed, and what to try when not.

feff8l_pot ends without complaint when the field has not converged, or has converged to a wrong state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from firstshell.engines.feff8l_cards import Scf

MAX_SPREAD = 0.3
"""eV between the last three Fermi levels."""
MAX_CHARGE_TRANSFER = 1.4
"""Ta(V) and Te(VI) have 1.20 to 1.22 in oxides, with every mixing and radius; a wrong state of MnO 1.57."""
MAX_S_COUNT = 1.4
"""4s electrons on a 3d absorber: right states have 0.4 to 0.75, a wrong one of MnO 1.9."""
_NUMBER = r"(-?\d+\.\d+|\*+|NaN)"


@dataclass(frozen=True)
class ScfReport:
    """What feff8l_pot says of its self-consistent field.

    finished : the program came to its end
    fermi : Fermi level after each iteration in eV
    charges : charge transfer of each unique potential after the last one
    counts : (potential, l) -> electrons there
    """

    finished: bool
    fermi: tuple[float, ...]
    charges: tuple[float, ...]
    counts: dict[tuple[int, int], float]

    @property
    def spread(self) -> float:
        """Range of the last three Fermi levels in eV."""
        last = self.fermi[-3:]
        return max(last) - min(last) if last else float("inf")


def read_log(text: str) -> ScfReport:
    """Read the output of feff8l_pot; numbers that overflowed become NaN, which no check accepts."""
    fermi = tuple(_value(word) for word in re.findall(rf"mu_new=\s*{_NUMBER}", text))
    tail = text[text.rfind("Electronic configuration") :] if fermi else ""
    populations, _, transfer = tail.partition("Charge transfer")
    counts = {
        (int(kind), int(degree)): _value(count)
        for kind, degree, count in re.findall(rf"^\s+(\d+)\s+(\d+)\s+{_NUMBER}", populations, re.M)
    }
    charges = tuple(_value(word) for word in re.findall(rf"^\s+\d+\s+{_NUMBER}", transfer, re.M))
    return ScfReport("Done with module 1" in text, fermi, charges, counts)


def _value(word: str) -> float:
    return float("nan") if word[0] in "*N" else float(word)


def objection(report: ScfReport, absorber_charge: int) -> str | None:
    """Return why the field is not to be believed, or None when it is."""
    if not report.finished or not report.fermi:
        return "the program stopped before the end"
    if not report.spread < MAX_SPREAD:
        return f"the Fermi level still moves by {report.spread:.2f} eV"
    for kind, charge in enumerate(report.charges):
        if not abs(charge) < MAX_CHARGE_TRANSFER:
            return f"potential {kind} has the charge {charge:.2f}"
    s_count = report.counts.get((0, 0), float("nan"))
    if 21 <= absorber_charge <= 29 and not s_count < MAX_S_COUNT:
        return f"the absorber has {s_count:.2f} electrons in its s shell"
    return None


def ladder(scf: Scf) -> Iterator[Scf]:
    """Yield the settings to try one after the other, the wanted ones first: gentler mixing, then other radii."""
    yield scf
    longer = max(scf.iterations, 20)
    for mixing in (0.1, 0.05):
        if mixing < scf.mixing:
            yield replace(scf, mixing=mixing, iterations=longer)
    for change in (0.6, -0.6):
        yield replace(scf, radius=max(scf.radius + change, 2.4), mixing=0.1, iterations=longer)
