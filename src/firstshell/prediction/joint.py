"""One answer of two: what XANES (with a PDF or without) and EXAFS say of the same scan."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from firstshell.types import Prediction, Target

LEAST = 1e-3
"""Probability that a class has at least before probabilities are multiplied."""


def joint(one: Mapping[Target, Prediction], exafs: Mapping[Target, Prediction]) -> dict[Target, Prediction]:
    """Return the joint answer for all targets.

    Classes have the product of their probabilities, and the width of the interval of the first. Lengths are averaged by
    the inverse squares of the intervals' widths, and have the narrower interval's width.
    """
    return {target: (_classes if target.is_class else _lengths)(found, exafs[target]) for target, found in one.items()}


def _classes(one: Prediction, two: Prediction) -> Prediction:
    classes = sorted({*one.probabilities, *two.probabilities})
    parts = [[max(each.probabilities.get(value, 0.0), LEAST) for value in classes] for each in (one, two)]
    product = np.prod(np.array(parts), axis=0)
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
