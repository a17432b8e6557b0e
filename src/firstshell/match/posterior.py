"""From evidence to posterior probabilities: of candidates, and of none of them."""

from collections.abc import Mapping

import numpy as np

from firstshell.types import Array

NONE = 0.1
"""Prior probability that the sample is none of the candidates."""
LEVELS = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0])
"""At which quantiles the distances of wrong structures are kept."""
_PLACES = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
"""Quantiles that stand for the distribution of the nearest wrong structure."""


def posterior(evidence: Mapping[str, Array], none: Mapping[str, float], prior: float = NONE) -> tuple[Array, float]:
    """Return the probability of each of n candidates, and that of none of them; together they are one.

    evidence : by modality, (n,) logs of likelihoods, up to a constant each
    none : by modality, log of how much likelier the nearest candidate's distance is if none is right
    prior : of none
    """
    total = np.sum(list(evidence.values()), axis=0)
    share = np.exp(total - total.max())
    share /= share.sum()
    against = np.log(prior / (1.0 - prior)) + sum(none.values())
    nothing = float(1.0 / (1.0 + np.exp(-np.clip(against, -50.0, 50.0))))
    return np.asarray((1.0 - nothing) * share), nothing


def none_ratio(distance: float, count: int, right: Array, wrong: Array) -> float:
    """Return log p(distance | none is right) − log p(distance | it is right), for the nearest of `count` candidates.

    right : (k,) distances of correct structures from standards
    wrong : (m, q) of each standard, distances of wrong structures at `LEVELS`

    Logs of distances are taken as normal with one width. The nearest of many wrong structures may be as near as a right
    one: then a distance is no evidence, and 0 is returned.
    """
    first = 1.0 - (1.0 - _PLACES) ** (1.0 / count)
    nearest = np.log([np.interp(first, LEVELS, row) for row in wrong])
    near = np.log(right)
    apart = float(nearest.mean() - near.mean())
    if apart <= 0:
        return 0.0
    width = float(np.sqrt(0.5 * (nearest.var() + near.var())))
    middle = 0.5 * float(nearest.mean() + near.mean())
    return apart / width**2 * (float(np.log(distance)) - middle)
