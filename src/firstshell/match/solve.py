"""The phases that suffice for a measurement: spectra linearised step by step, sets compared by a criterion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from firstshell.match.fractions import STEP, Column, Fractions, Observed, simplex
from firstshell.match.phases import MOST, Phase, Sample
from firstshell.measured.xanes.standards import RESOLUTION
from firstshell.types import Array

ROUNDS = 4
"""Rounds of linearisation about the unknowns found."""
STARTS = (0.0, -1.5, 1.5)
"""eV of the sample's offset that the search begins from, where no foil sets the energies of all."""
FREE = 0.5
"""eV of the sample's calibration from which on all starts are tried."""
PRESENT = 1e-3
"""Fraction below which a phase is not there."""
MOST_SWAPS = 12
"""Phases outside a set that are tried in place of one in it, and beside it."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where the spectra are linearised: the sample's offset and each phase's unknowns, in standard deviations."""

    sample: float
    phases: list[Array]

    @classmethod
    def start(cls, phases: Sequence[Phase], offset: float = 0.0) -> Place:
        """Return that of unknowns at their means, but for the sample's offset."""
        return cls(offset, [np.zeros(each.unknowns) for each in phases])


@dataclass(frozen=True, eq=False)
class Linear:
    """A sample and all candidates, linear about a place."""

    columns: list[Column]
    observed: Observed
    typical: float
    _known: dict[frozenset[int], Fractions] = field(default_factory=dict)

    def of(self, chosen: Iterable[int]) -> Fractions:
        """Return the fractions of some of the candidates."""
        key = frozenset(chosen)
        if key not in self._known:
            columns = [self.columns[i] for i in sorted(key)]
            self._known[key] = Fractions(columns, self.observed, self.typical)
        return self._known[key]

    @property
    def independent(self) -> float:
        """How many points are independent: one for each width of the core hole."""
        return len(self.observed.mu) * STEP / RESOLUTION

    def criterion(self, chosen: Iterable[int]) -> float:
        """Return the Bayesian information criterion of a set of phases; the smaller the better.

        −2 log L + k log n with n independent points (Schwarz, Ann. Statist. 6, 461 (1978)).
        """
        chosen = list(chosen)
        return self.of(chosen).deviance + len(chosen) * float(np.log(self.independent))


def linear(sample: Sample, phases: Sequence[Phase], energy: Array, typical: float, place: Place) -> Linear:
    """Return sample and phases on energies (p,), linear about a place."""
    columns = [each.column(energy, at) for each, at in zip(phases, place.phases, strict=True)]
    return Linear(columns, sample.observed(energy, place.sample), typical)


def most_probable(sample: Sample, phases: Sequence[Phase], energy: Array, typical: float) -> tuple[Place, Linear]:
    """Return the most probable unknowns of sample and phases, and all linear about them."""
    starts = STARTS if sample.calibration > FREE else STARTS[:1]
    found = [_linear_about_the_best(sample, phases, energy, typical, start / sample.calibration) for start in starts]
    return min(found, key=lambda pair: -pair[1].of(range(len(phases))).middle.posterior)


def _linear_about_the_best(
    sample: Sample, phases: Sequence[Phase], energy: Array, typical: float, offset: float
) -> tuple[Place, Linear]:
    place = Place.start(phases, offset)
    made = linear(sample, phases, energy, typical, place)
    for _ in range(ROUNDS):
        fractions = made.of(range(len(phases)))
        own, others = fractions.unknown(fractions.middle)
        place = Place(float(np.clip(own[0], -MOST, MOST)), [np.clip(each, -MOST, MOST) for each in others])
        made = linear(sample, phases, energy, typical, place)
    return place, made


def screen_phases(sample: Sample, phases: Sequence[Phase], energy: Array, most: int) -> list[int]:
    """Return the numbers of the phases that may be there: all, or of many those that plain least squares choose first.

    What least squares choose is taken out and they choose again, until `most` are found.
    """
    if len(phases) <= most:
        return list(range(len(phases)))
    plain = np.column_stack([each.plain(energy) for each in phases])
    mu = sample.observed(energy, 0.0).mu
    found: list[int] = []
    left = list(range(len(phases)))
    while left and len(found) < most:
        part = plain[:, left]
        weights = simplex(part.T @ part, part.T @ mu)
        chosen = [i for i, weight in zip(left, weights, strict=True) if weight > PRESENT]
        found += chosen
        left = [i for i in left if i not in chosen]
    return sorted(found[:most])


def sufficient(scans: Sequence[Linear], count: int) -> tuple[int, ...]:
    """Return the smallest sufficient set of `count` candidates: that of the least criterion, summed over the scans.

    It is sought from the phases that non-negative least squares leave, by leaving out, exchanging and adding single
    phases as long as that helps.
    """

    def score(chosen: tuple[int, ...]) -> float:
        return sum(each.criterion(chosen) for each in scans)

    weights = np.max([each.of(range(count)).middle.weights for each in scans], axis=0)
    order = np.argsort(-weights, kind="stable")
    current = tuple(sorted(int(i) for i in order if weights[i] > PRESENT))
    best = score(current)
    while True:
        outside = [int(i) for i in order if i not in current][:MOST_SWAPS]
        tried = {each: score(each) for each in _neighbours(current, outside)}
        nearest = min(tried, key=lambda each: tried[each], default=current)
        if not tried or tried[nearest] >= best:
            return current
        current, best = nearest, tried[nearest]


def _neighbours(current: tuple[int, ...], outside: Sequence[int]) -> list[tuple[int, ...]]:
    """Return sets that differ by one phase: left out where more are left, exchanged, or added."""
    fewer = [tuple(i for i in current if i != out) for out in current] if len(current) > 1 else []
    swapped = [tuple(sorted({*current, new} - {out})) for out in current for new in outside]
    more = [tuple(sorted({*current, new})) for new in outside]
    return [*fewer, *swapped, *more]
