"""The population of transfers that fits to standards make: means by metal, spreads and correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firstshell.measured.xanes.population import CALIBRATION, LEAST, REFERENCE_STATE, Population, limited
from firstshell.measured.xanes.transfer import PARAMETERS, Transfer
from firstshell.types import Array

GAIN_PRIOR, GAIN_SPREAD, METAL_GAIN = 1.8, 1.0, 0.7
"""eV for each unit of the oxidation state: prior of the gain, its uncertainty, and how much
metals differ. Measured edges move more than simulated ones do
(docs/decisions/measured-answers.md)."""
OFFSET_PRIOR, SHIFT_NOISE = 2.0, 0.7
"""eV: assumed deviation of one metal's shifts from others', and of one compound's from its metal's."""
METAL_PRIOR, COMPOUND_NOISE = {"stretch": 0.7}, 0.8
"""The same for all other parameters, in standard deviations over compounds: the stretch is a fault of one metal's
simulations, broadening and normalisation are the sample's and the beamline's."""
METAL_ELSE = 0.2
SHRINKAGE = 0.3
"""Share of the correlations between parameters that is given up: standards are few."""
SHIFT = PARAMETERS.index("shift")


def population_of(
    found: Sequence[Transfer],
    states: Sequence[float],
    compounds: Sequence[str],
    misfit: float,
    metals: Sequence[str],
    anchored: Sequence[bool] = (),
) -> Population:
    """Describe fitted transfers by a population.

    Every compound of a metal counts once. Means by metal, the gain of the shift with the oxidation state and what
    metals add to it have normal priors (ridge regression), so that a metal with few standards follows the others.

    states : oxidation state of the metal in each
    compounds, metals : what each is of
    misfit : root mean square in edge steps that they leave
    anchored : whose energies a foil has set, by default all; shifts of others count less
    """
    trusted = np.array(anchored or [True] * len(found), dtype=bool)
    values = np.array([[getattr(each, name) for name in PARAMETERS] for each in found])
    keys = list(zip(metals, compounds, strict=True))
    share = np.array([1.0 / keys.count(key) for key in keys])
    shares = np.tile(share[:, None], len(PARAMETERS))
    shares[:, SHIFT] *= np.where(trusted, 1.0, SHIFT_NOISE**2 / (SHIFT_NOISE**2 + CALIBRATION**2))
    mean, spread, left = {}, {}, np.empty_like(values)
    offsets: dict[str, dict[str, float]] = {metal: {} for metal in sorted(set(metals))}
    gain, gains = 0.0, dict.fromkeys(offsets, 0.0)
    height = np.array(states) - REFERENCE_STATE
    own = np.array([[metal == name for name in offsets] for metal in metals], dtype=float)
    for k, name in enumerate(PARAMETERS):
        wide = max(float(values[:, k].std()), LEAST[name])
        design, precision = (
            [np.ones((len(found), 1)), own],
            [0.0, *[(METAL_PRIOR.get(name, METAL_ELSE) * wide) ** -2] * len(offsets)],
        )
        aim, noise = values[:, k], COMPOUND_NOISE * wide
        if k == SHIFT:
            design += [height[:, None], own * height[:, None]]
            precision = [0.0, *[OFFSET_PRIOR**-2] * len(offsets), GAIN_SPREAD**-2, *[METAL_GAIN**-2] * len(offsets)]
            aim, noise = aim - GAIN_PRIOR * height, SHIFT_NOISE
        matrix = np.hstack(design)
        weighted = matrix.T * (shares[:, k] / noise**2)
        solved = np.linalg.solve(weighted @ matrix + np.diag(precision), weighted @ aim)
        left[:, k] = aim - matrix @ solved
        mean[name] = float(solved[0])
        for metal, value in zip(offsets, solved[1 : 1 + len(offsets)], strict=True):
            offsets[metal][name] = float(value)
        if k == SHIFT:
            gain = GAIN_PRIOR + float(solved[1 + len(offsets)])
            gains = dict(zip(offsets, map(float, solved[2 + len(offsets) :]), strict=True))
    free = max(share.sum() - len(offsets) - 1, share.sum() / 2)
    for k, name in enumerate(PARAMETERS):
        squares = float(shares[:, k] @ left[:, k] ** 2) / float(shares[:, k].sum()) * share.sum() / free
        spread[name] = max(float(np.sqrt(squares)), LEAST[name])
    return Population(
        limited(mean), spread, gain, misfit, tuple(sorted(set(compounds))), offsets, gains, _correlation(left, share)
    )


def _correlation(left: Array, share: Array) -> tuple[tuple[float, ...], ...]:
    """Return the correlations of residuals (n, parameters), drawn to zero; none where they cannot be told."""
    products = (left.T * share) @ left
    norm = np.sqrt(np.diag(products))
    if len(left) <= len(PARAMETERS) or not (norm > 0).all():
        return ()
    found = (1.0 - SHRINKAGE) * products / np.outer(norm, norm) + SHRINKAGE * np.eye(len(norm))
    return tuple(tuple(float(value) for value in row) for row in found)
