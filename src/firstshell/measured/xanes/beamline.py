"""The transfers of one beamline: the default population, moved by standards that were measured there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from firstshell.errors import InputError
from firstshell.measured.xanes.population import BROAD, LEAST, Population
from firstshell.measured.xanes.standards import ALIKE, Fit, Standard, fit
from firstshell.measured.xanes.transfer import LIMITS, PARAMETERS, Transfer
from firstshell.types import Array

WORTH = 1.0
"""Compounds that the default's mean counts for: its spread is that of beamlines and of compounds together, and where
both contribute alike the mean of another beamline is known as well as one compound measured there would tell it."""
FREEDOM = 4.0
"""Degrees of freedom of the default's spread: standards of one beamline spread less than those of many, so that the
13 compounds behind the default do not count in full."""
NOTABLE = 0.5
"""Share of the default's spread from which on a difference is worth a sentence."""


@dataclass(frozen=True, eq=False)
class Calibrated:
    """What standards say of a beamline.

    population : what models are to be trained with
    fits : of each standard, in the order given
    """

    population: Population
    fits: list[Fit]

    @property
    def doubtful(self) -> list[Fit]:
        """Standards that no transfer brings close to their structure, which do not count."""
        return [each for each in self.fits if each.correlation < ALIKE]


def calibrate(standards: Sequence[Standard], prior: Population) -> Calibrated:
    """Return the transfers of a beamline from its standards, given those of beamlines in general.

    Each parameter is taken as normal, with the conjugate prior of mean and variance (normal and inverse gamma; Gelman
    and others, Bayesian Data Analysis, 3rd ed. (2013), section 3.3) that the default population makes: `WORTH`
    compounds for the mean, `FREEDOM` degrees for the variance. The spread is that of a compound yet to be measured,
    which is also uncertain by what is not known of the mean. Every compound counts once. That the shift grows with
    the oxidation state, and what differs between metals, are faults of simulations, so these stay as they are.

    Raises InputError for fewer than two compounds, and when none is like its structure.
    """
    if len({each.compound for each in standards}) < 2:
        raise InputError("standards of one compound have no spread", remedy="Give two compounds of known structure")
    # Fits begin from the default's mean but with wide priors: it must not count here and again below.
    wide = replace(prior, spread=BROAD.spread)
    fits = [fit(each, wide) for each in standards]
    counted = [each for each in fits if each.correlation >= ALIKE]
    if not counted:
        raise InputError(
            f"none of the standards is like the simulation of its structure (correlations below {ALIKE})",
            remedy="Are files and structures paired rightly, and the ranges of normalisation?",
        )
    compounds = sorted({each.standard.compound for each in counted})
    values = np.array([_compound(counted, name, prior) for name in compounds])
    n, mean = len(compounds), values.mean(axis=0)
    before = prior.mean.values
    width = np.array([prior.spread[name] for name in PARAMETERS])
    after = (WORTH * before + n * mean) / (WORTH + n)
    squares = ((values - mean) ** 2).sum(axis=0) + WORTH * n / (WORTH + n) * (mean - before) ** 2
    variance = (FREEDOM * width**2 + squares) / (FREEDOM + n) * (1.0 + 1.0 / (WORTH + n))
    centre = {name: float(np.clip(v, *LIMITS[name])) for name, v in zip(PARAMETERS, after, strict=True)}
    spread = {name: max(float(s), LEAST[name]) for name, s in zip(PARAMETERS, np.sqrt(variance), strict=True)}
    left = float(np.mean([each.rmse**2 for each in counted]))
    misfit = float(np.sqrt((FREEDOM * prior.misfit**2 + n * left) / (FREEDOM + n)))
    found = replace(prior, mean=Transfer(**centre), spread=spread, misfit=misfit, compounds=tuple(compounds))
    return Calibrated(found, fits)


def differences(found: Population, default: Population) -> list[str]:
    """Return in words how a beamline differs from the default population; one sentence each."""
    sentences = []
    for name, (more, less, unit, digits) in WORDS.items():
        change = getattr(found.mean, name) - getattr(default.mean, name)
        if abs(change) >= NOTABLE * default.spread[name]:
            size = f"{abs(change):.{digits}f}{unit}"
            typical = f"{default.spread[name]:.{digits}f}{unit}"
            sentences.append(
                f"{(more if change > 0 else less).format(size)} (beamlines and compounds vary by {typical})"
            )
    return sentences or ["it is as the default has it, within half of what beamlines and compounds vary by"]


WORDS = {
    "shift": ("energies lie {} higher", "energies lie {} lower", " eV", 2),
    "stretch": ("features are spread out by {} more", "features are spread out by {} less", "", 3),
    "sigma": ("lines are {} wider", "lines are {} sharper", " eV", 2),
    "growth": ("lines widen with energy by {} more", "lines widen with energy by {} less", " eV/eV", 3),
    "over_absorption": ("white lines are damped by {} more", "white lines are damped by {} less", "", 2),
    "slope": ("normalised spectra rise by {} more", "normalised spectra rise by {} less", " per 40 eV", 3),
    "scale": ("edge steps are {} larger", "edge steps are {} smaller", "", 3),
}
"""What more and less of each parameter means; unit; digits."""


def _compound(fits: Sequence[Fit], compound: str, prior: Population) -> Array:
    """Return the mean parameters of the standards of one compound, in the order of `PARAMETERS`."""
    found = [_values(each, prior) for each in fits if each.standard.compound == compound]
    return np.asarray(np.mean(found, axis=0))


def _values(found: Fit, prior: Population) -> Array:
    """Return the parameters of a fit as of a compound in oxidation state 3, without its metal's offsets."""
    own = prior.of_metal(found.standard.metal).typical(found.standard.state)
    return found.transfer.values - own.values + prior.mean.values
