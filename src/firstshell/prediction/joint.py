"""One answer of two: what XANES (with a PDF or without) and EXAFS say of the same scan."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from firstshell.config import from_dict
from firstshell.prediction.training import means
from firstshell.types import Prediction, Target

FILE = Path(str(files("firstshell.prediction") / "joint_errors.json"))
"""Bond lengths of measured standards; `validation/exafs.py` writes it."""

LEAST = 1e-3
"""Probability that a class has at least before probabilities are multiplied."""
RAREST = 0.02
"""Share in training below which a class is not rarer: else what is rare would be made likely by next to nothing."""
SHARE = 0.5
"""Power of what EXAFS says: XANES knows half of it already (docs/decisions/exafs-answers.md)."""
ALL_METALS = 3.0
"""Compounds that all metals together count for, beside those of the metal in question."""


@dataclass(frozen=True)
class JointError:
    """How far bond lengths from XANES and from EXAFS of a measured standard were off, in halves of their intervals."""

    metal: str
    compound: str
    xanes: float
    exafs: float


@cache
def joint_errors() -> tuple[JointError, ...]:
    """Return the errors for firstshell's standards, by models that did not know their compounds."""
    return tuple(from_dict(JointError, row) for row in json.loads(FILE.read_text(encoding="utf-8")))


def usual_errors(metal: str, errors: Sequence[JointError]) -> tuple[float, float]:
    """Return the root mean square errors of both for a metal, shrunk to those of all; each compound counts once."""
    names = sorted({(each.metal, each.compound) for each in errors})
    squares = {
        name: np.mean([(e.xanes**2, e.exafs**2) for e in errors if (e.metal, e.compound) == name], axis=0)
        for name in names
    }
    own = [value for (of, _), value in squares.items() if of == metal]
    everyone = np.mean(list(squares.values()), axis=0)
    xanes, exafs = np.sqrt((np.sum(own, axis=0) + ALL_METALS * everyone) / (len(own) + ALL_METALS))
    return float(xanes), float(exafs)


def joint(
    one: Mapping[Target, Prediction],
    exafs: Mapping[Target, Prediction],
    before: Mapping[Target, Mapping[int, float]],
    errors: Sequence[JointError] | None = None,
) -> dict[Target, Prediction]:
    """Return the joint answer for all targets.

    Probabilities of classes are updated by Bayes' rule, by what EXAFS changes of the shares that classes have in its
    training, to the power `SHARE`; the interval reaches as far as that of XANES. Lengths are averaged by the inverse
    squares of their errors, which are the intervals' widths times what errors were of these for standards of the metal
    and of others; they have the narrower interval's width.

    before : by class target, the share of each class in the training of EXAFS
    errors : for measured standards; firstshell's by default
    """
    return {
        target: _classes(found, exafs[target], before[target])
        if target.is_class
        else _lengths(found, exafs[target], joint_errors() if errors is None else errors)
        for target, found in one.items()
    }


def _classes(one: Prediction, two: Prediction, before: Mapping[int, float]) -> Prediction:
    classes = sorted({*one.probabilities, *two.probabilities})
    first, second, prior = (
        np.array([max(each.get(value, 0.0), LEAST) for value in classes])
        for each in (one.probabilities, two.probabilities, before)
    )
    product = first * (second / np.maximum(prior, RAREST)) ** SHARE
    shares = product / product.sum()
    mean = float(means(one.target, shares[None], np.array(classes))[0])
    # The interval of XANES reaches as far to both sides, but ends at the last class.
    reach = max(one.value - one.interval[0], one.interval[1] - one.value)
    low, high = max(mean - reach, float(classes[0])), min(mean + reach, float(classes[-1]))
    return Prediction(
        one.metal,
        one.target,
        f"{one.inputs}+{two.inputs}",
        mean,
        (min(low, mean), max(high, mean)),
        {value: float(share) for value, share in zip(classes, shares, strict=True)},
    )


def _lengths(one: Prediction, two: Prediction, errors: Sequence[JointError]) -> Prediction:
    widths = np.array([each.interval[1] - each.interval[0] for each in (one, two)])
    # Intervals of models with a PDF are of simulations only, as those of EXAFS are: nothing says which err more.
    usual = usual_errors(one.metal, errors) if one.inputs == "xanes" and errors else (1.0, 1.0)
    weights = 1.0 / np.maximum(widths * usual, 1e-6) ** 2
    mean = float(weights @ np.array([one.value, two.value]) / weights.sum())
    half = float(widths.min()) / 2
    interval = max(mean - half, 0.0), mean + half
    return Prediction(one.metal, one.target, f"{one.inputs}+{two.inputs}", mean, interval)
