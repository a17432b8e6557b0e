"""One answer of two: what XANES (with a PDF or without) and EXAFS say of the same scan."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from firstshell.types import Prediction, Target

LEAST = 1e-3
"""Probability that a class has at least before probabilities are multiplied."""
RAREST = 0.02
"""Share in training below which a class is not rarer: else what is rare would be made likely by next to nothing."""
SHARE = 0.5
"""Power of what EXAFS says: XANES knows half of it already (docs/decisions/exafs-answers.md)."""


def joint(
    one: Mapping[Target, Prediction],
    exafs: Mapping[Target, Prediction],
    before: Mapping[Target, Mapping[int, float]],
) -> dict[Target, Prediction]:
    """Return the joint answer for all targets.

    Probabilities of classes are updated by Bayes' rule, by what EXAFS changes of the shares that classes have in its
    training, to the power `SHARE`; the interval keeps its width. Lengths are averaged by the inverse squares of the
    intervals' widths, and have the narrower interval's width.

    before : by class target, the share of each class in the training of EXAFS
    """
    return {
        target: _classes(found, exafs[target], before[target]) if target.is_class else _lengths(found, exafs[target])
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
    mean = float(shares @ np.array(classes, dtype=float))
    low = max(mean - (one.value - one.interval[0]), float(classes[0]))
    high = min(mean + (one.interval[1] - one.value), float(classes[-1]))
    return Prediction(
        one.metal,
        one.target,
        f"{one.inputs}+{two.inputs}",
        mean,
        (min(low, mean), max(high, mean)),
        {value: float(share) for value, share in zip(classes, shares, strict=True)},
    )


def _lengths(one: Prediction, two: Prediction) -> Prediction:
    widths = np.array([each.interval[1] - each.interval[0] for each in (one, two)])
    weights = 1.0 / np.maximum(widths, 1e-6) ** 2
    mean = float(weights @ np.array([one.value, two.value]) / weights.sum())
    half = float(widths.min()) / 2
    interval = max(mean - half, 0.0), mean + half
    return Prediction(one.metal, one.target, f"{one.inputs}+{two.inputs}", mean, interval)
