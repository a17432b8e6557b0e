"""What a measurement is like: among the training spectra, and among what no model was trained on."""

from dataclasses import dataclass

import numpy as np

from firstshell.prediction import non_oxides
from firstshell.prediction.model import Predictor
from firstshell.types import Array

NEAREST = 5


@dataclass(frozen=True, eq=False)
class Resemblance:
    """What a measurement is like.

    unit : of the distances, as it is printed behind them
    distance, limit : to the nearest training sample, and beyond which it is outside the domain
    nearest : (name, distance) of the nearest ones, the nearest first
    non_oxide : (name, distance) of a metal or a sulfide that the measurement is as much like; None without one
    look_alike : (name, distance) of a fluoride that is as near as the nearest sample, in the domain all the same
    axis, measured, alike : (a,) eV from the tabulated K edge or Å; the measurement there, and the nearest at its best
    """

    modality: str
    unit: str
    distance: float
    limit: float
    nearest: tuple[tuple[str, float], ...]
    non_oxide: tuple[str, float] | None
    look_alike: tuple[str, float] | None
    axis: Array
    measured: Array
    alike: Array

    @property
    def inside(self) -> bool:
        """Whether the measurement is like what the model was trained on, and like nothing else that is known."""
        return self.distance <= self.limit and self.non_oxide is None

    @property
    def verdict(self) -> str:
        """In the domain or not, and why not."""
        if self.non_oxide is not None:
            return f"OUTSIDE the domain, it may be {self.non_oxide[0]}"
        return "In domain" if self.inside else "OUTSIDE the domain, the answer is a guess"

    @property
    def similarity(self) -> str:
        """What the measurement is like."""
        if self.non_oxide is not None:
            like, than = ("more", "than") if self.non_oxide[1] < self.distance else ("as much", "as")
            return f"{like} like {self.non_oxide[0]} {than} like any oxide"
        return "like the training spectra" if self.inside else "unlike all training spectra"

    @property
    def warning(self) -> str | None:
        """What a person should know, in half a sentence that may follow the name of the modality."""
        if self.non_oxide is not None:
            distances = f"{self.non_oxide[1]:.3f} and {self.distance:.3f}"
            return f"is {self.similarity} ({distances}): the answer holds only if an oxide was measured"
        if not self.inside:
            nearest = f"nearest {self.distance:.3f}, limit {self.limit:.3f}"
            return f"is {self.similarity} ({nearest}): the answer is a guess"
        if self.look_alike is not None:
            distances = f"{self.look_alike[1]:.3f} and {self.distance:.3f}"
            return (
                f"is as near to {self.look_alike[0]} as to the nearest oxide ({distances}) and hardly tells them apart"
            )
        return None


def resemblance(
    model: Predictor,
    modality: str,
    values: Array,
    distances: Array | None = None,
    as_measured: Array | None = None,
) -> Resemblance:
    """Compare a measurement (p,) on the grid of its channel with the training samples.

    distances : (n,) to each of them, where they are known already
    as_measured : (p,) without the shift that makes it like them; by default as `values`
    """
    channel, known = model.channel(modality), model.domains[modality]
    distances = channel.distances(known.reference, values) if distances is None else distances
    order = np.argsort(distances, kind="stable")
    named: dict[str, float] = {}
    for i in order:
        named.setdefault(known.names[i], float(distances[i]))
        if len(named) == NEAREST:
            break
    distance = float(distances[order[0]])
    axis, measured, alike = channel.overlay(known.reference, int(order[0]), values)
    non_oxide, near, others = None, None, model.non_oxides.get(modality)
    if others is not None:
        tested = values if as_measured is None else as_measured
        farthest = min(distance, known.limit)
        non_oxide, near = non_oxides.nearest_non_oxides(others, channel, tested, farthest)
    nearest = tuple(named.items())
    return Resemblance(
        modality, channel.distance_unit, distance, known.limit, nearest, non_oxide, near, axis, measured, alike
    )
