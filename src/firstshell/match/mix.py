"""Fractions of phases in measured XANES, scan by scan or along a series, and whether these phases suffice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from firstshell.errors import InputError
from firstshell.match.components import Components, as_phases, components_of
from firstshell.match.fractions import energy_mesh, free_sum, intervals
from firstshell.match.mixture_errors import ELSEWHERE, HERE, SIMULATED, Errors, errors_of
from firstshell.match.phases import FOIL_CALIBRATION, MeasuredPhase, Phase, Sample
from firstshell.match.read_phases import XANES_ONLY
from firstshell.match.solve import most_probable, screen_phases, sufficient
from firstshell.measured.read import MeasuredSample, Reading, none_usable, reason
from firstshell.measured.xanes.foil import reliable_foil_shift
from firstshell.measured.xanes.normalise import Normalised
from firstshell.measured.xanes.population import CALIBRATION
from firstshell.measured.xanes.training_grid import NEEDED
from firstshell.prediction.answer import Answer, Models, answer_all
from firstshell.runtime.progress import Reporter, Silent, stage
from firstshell.types import Array

MOST = 30
"""Candidates that sets are made of; of more, those that least squares choose."""
SEED = 0
"""Of the draws that intervals are taken from, so that the same files give the same answer."""


@dataclass(frozen=True, eq=False)
class Part:
    """A phase in a mixture.

    Parameters
    ----------
    name : str
        Of the phase.
    fraction : float
        Share of the metal's atoms that are in it; all fractions of a mixture add to one.
    interval : tuple of float
        90 % interval, valid if all phases of the sample are among the candidates and standards were measured like the
        sample; `Mixture.errors.held` is the coverage that was found for candidates of this kind.
    spectrum : ndarray of shape (p,)
        What it adds to the mixture, in edge steps.
    simulated : bool
        Whether its spectrum was simulated.
    answer : Answer, optional
        The answer of `predict` for its first shell; None where it was simulated or there is no model of the metal.

    """

    name: str
    fraction: float
    interval: tuple[float, float]
    spectrum: Array
    simulated: bool
    answer: Answer | None = None


@dataclass(frozen=True, eq=False)
class Mixture:
    """What one scan is made of.

    Parameters
    ----------
    sample : Normalised
        The scan.
    parts : tuple of Part
        The smallest sufficient set of phases, the largest fraction first.
    candidates : tuple of str
        All phases that were tried.
    energy, measured, residual : ndarray of shape (p,)
        eV from the tabulated K edge, and in edge steps.
    shift : float
        eV that the energies were moved up by, a foil's shift included.
    free_sum : float
        What the fractions add to where they need not add to one.
    misfit : float
        Edge steps that phases leave beyond noise.
    errors : Errors
        Of correct mixtures, which the misfit is judged by.

    """

    sample: Normalised
    parts: tuple[Part, ...]
    candidates: tuple[str, ...]
    energy: Array
    measured: Array
    residual: Array
    shift: float
    free_sum: float
    misfit: float
    errors: Errors

    @property
    def metal(self) -> str:
        """The absorber."""
        return self.sample.metal

    @property
    def sufficient(self) -> bool:
        """Whether correct mixtures have such a misfit; if not, a phase is missing or a standard is wrong."""
        return self.misfit <= self.errors.limit

    @property
    def rms(self) -> float:
        """Root mean square of the residual in edge steps."""
        return float(np.sqrt(np.mean(self.residual**2)))

    def fraction(self, name: str) -> float:
        """Return the fraction of a phase, 0 for one that is not needed.

        Parameters
        ----------
        name : str
            Of the phase.

        Returns
        -------
        float
            Its fraction.

        """
        return next((each.fraction for each in self.parts if each.name == name), 0.0)

    def interval(self, name: str) -> tuple[float, float]:
        """Return the 90 % interval of the fraction of a phase, no more than 0 for one that is not needed.

        Parameters
        ----------
        name : str
            Of the phase.

        Returns
        -------
        tuple of float
            Its ends.

        """
        return next((each.interval for each in self.parts if each.name == name), (0.0, 0.0))


@dataclass(frozen=True, eq=False)
class Mixtures(Sequence[Mixture]):
    """What scans are made of, as `firstshell.Mixtures` describes it; a sequence of Mixture."""

    mixed: tuple[Mixture, ...]
    refused: tuple[tuple[str, str], ...] = ()
    components: Components | None = None

    @overload
    def __getitem__(self, index: int) -> Mixture: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mixture]: ...
    def __getitem__(self, index: int | slice) -> Mixture | Sequence[Mixture]:
        """Return one mixture, or some."""
        return self.mixed[index]

    def __len__(self) -> int:
        return len(self.mixed)

    @property
    def names(self) -> tuple[str, ...]:
        """Phases of all mixtures, those with the largest fractions first."""
        sums: dict[str, float] = {}
        for mixture in self.mixed:
            for part in mixture.parts:
                sums[part.name] = sums.get(part.name, 0.0) + part.fraction
        return tuple(sorted(sums, key=lambda name: -sums[name]))

    @property
    def answers(self) -> dict[str, Answer]:
        """What `predict` says of the first shell of phases, by name; simulated ones have no answer."""
        parts = {part.name: part.answer for mixture in self.mixed for part in mixture.parts}
        return {name: answer for name in self.names if (answer := parts[name]) is not None}


@dataclass(frozen=True, eq=False)
class Scan:
    """A scan, and the energies (p,) that it shares with the phases."""

    sample: Sample
    energy: Array


def mix_samples(
    reading: Reading,
    metal: str,
    phases: Sequence[Phase],
    models: Models,
    *,
    count: int | None = None,
    series: bool = False,
    elsewhere: bool = False,
    reporter: Reporter | None = None,
) -> Mixtures:
    """Return what scans of one metal are made of, with the first shell of each phase.

    phases : the candidates; without any, the scans are a series whose components are sought
    models : what first shells are predicted with
    count : of components; by default as many as the series supports
    series, elsewhere : as `mix_all` takes them

    Raises InputError as `components_of` and `mix_all` do.
    """
    parts = None
    if not phases:
        scans = [each.xanes for each in reading.samples if each.xanes is not None]
        parts = components_of(scans, count)
        phases = as_phases(parts, scans[0])
    unknown = parts is not None
    found = mix_all(reading, phases, series=series or unknown, elsewhere=elsewhere, every=unknown, reporter=reporter)
    return replace(with_answers(found, first_shells(found, phases, metal, models)), components=parts)


def mix_all(
    reading: Reading,
    phases: Sequence[Phase],
    *,
    series: bool = False,
    elsewhere: bool = False,
    every: bool = False,
    reporter: Reporter | None = None,
) -> Mixtures:
    """Return what each scan is made of.

    phases : the candidates, of one metal
    series : one set of phases for all scans, that of the least criterion summed over them
    elsewhere : standards were measured at other beamlines than the scans
    every : all phases are taken, without asking which of them suffice

    Raises InputError, with the reasons, when no scan can be answered.
    """
    simulated = any(not isinstance(each, MeasuredPhase) for each in phases)
    errors = errors_of(SIMULATED if simulated else ELSEWHERE if elsewhere else HERE)
    reporter = reporter or Silent()
    scans: list[Scan] = []
    refused, first = list(reading.refused), None
    for each in reading.samples:
        try:
            scans.append(scan_of(each, phases))
        except InputError as error:
            first = first or error
            refused.append((each.name, reason(error)))
    if not scans:
        raise none_usable(refused, first)
    with stage(reporter, "Fitting mixtures", len(scans)):
        groups = [scans] if series else [[scan] for scan in scans]
        found = [each for group in groups for each in _mixed(group, phases, errors, every, reporter)]
    return Mixtures(tuple(found), tuple(refused))


def with_answers(found: Mixtures, answers: dict[str, Answer]) -> Mixtures:
    """Return mixtures whose parts have the answers of `predict`, by name of the phase."""
    return replace(
        found,
        mixed=tuple(
            replace(each, parts=tuple(replace(part, answer=answers.get(part.name)) for part in each.parts))
            for each in found.mixed
        ),
    )


def of_one_metal(reading: Reading, metal: str | None) -> tuple[Reading, str]:
    """Return the scans of one metal, by default that of the first, others refused by name; and the metal.

    Raises InputError when there is no scan.
    """
    scans = [each.xanes for each in reading.samples if each.xanes is not None]
    if not scans:
        raise InputError("no XANES among the files", remedy=XANES_ONLY)
    first = metal or scans[0].metal
    kept, refused = [], list(reading.refused)
    for each in reading.samples:
        if each.xanes is not None and each.xanes.metal != first:
            what = InputError(f"it is of {each.xanes.metal}, the others of {first}", remedy="Give one metal at a time")
            refused.append((each.name, str(what)))
        else:
            kept.append(each)
    return Reading(kept, refused), first


def first_shells(found: Mixtures, phases: Sequence[Phase], metal: str, models: Models) -> dict[str, Answer]:
    """Return by name the answers of `predict` for the measured phases of mixtures; none for a metal without a model."""
    present = [each for each in phases if isinstance(each, MeasuredPhase) and each.name in found.names]
    if not present:
        return {}
    try:
        answers = answer_all(Reading([MeasuredSample(each.name, each.spectrum) for each in present]), metal, models)
    except InputError:
        return {}
    return {each.sample.name: each for each in answers}


def shared_energies(sample: Sample, phases: Sequence[Phase]) -> Array:
    """Return the energies (p,) in eV from the tabulated edge that a scan and all phases hold.

    Raises InputError where these are too few, naming the phase that ends first.
    """
    ranges = {each.name: each.range for each in phases} | {sample.spectrum.name: sample.range}
    low, high = max(ends[0] for ends in ranges.values()), min(ends[1] for ends in ranges.values())
    if low > NEEDED[0] or high < NEEDED[1]:
        late, early = max(ranges, key=lambda name: ranges[name][0]), min(ranges, key=lambda name: ranges[name][1])
        raise InputError(
            f"{late} begins {low:.0f} eV and {early} ends {high:.0f} eV from the K edge of {sample.spectrum.metal}",
            remedy=f"At least {NEEDED[0]:.0f} to {NEEDED[1]:.0f} eV are needed of a scan and of all phases",
        )
    return energy_mesh(low, high)


def scan_of(measured: MeasuredSample, phases: Sequence[Phase]) -> Scan:
    """Return a scan beside phases; InputError for a PDF, and as `shared_energies` does."""
    if measured.xanes is None:
        raise InputError(f"{measured.name} is a PDF", remedy=XANES_ONLY)
    anchored = reliable_foil_shift(measured.xanes) is not None and all(
        each.anchored for each in phases if isinstance(each, MeasuredPhase)
    )
    sample = Sample(measured.xanes, FOIL_CALIBRATION if anchored else CALIBRATION)
    return Scan(sample, shared_energies(sample, phases))


def _mixed(
    scans: Sequence[Scan], phases: Sequence[Phase], errors: Errors, every: bool, reporter: Reporter
) -> list[Mixture]:
    """Return what scans are made of that have one set of phases."""
    chosen, found = phases if every else chosen_phases(scans, phases, errors.typical), []
    for scan in scans:
        found.append(_mixture(scan, chosen, phases, errors))
        reporter.advance()
    return found


def chosen_phases(scans: Sequence[Scan], phases: Sequence[Phase], typical: float) -> list[Phase]:
    """Return the smallest sufficient set of phases for scans that have one.

    typical : edge steps, the misfit that is expected a priori
    """
    likely = sorted({i for scan in scans for i in screen_phases(scan.sample, phases, scan.energy, MOST)})
    candidates = [phases[i] for i in likely]
    made = [most_probable(scan.sample, candidates, scan.energy, typical)[1] for scan in scans]
    return [candidates[i] for i in sufficient(made, len(candidates))]


def _mixture(scan: Scan, chosen: Sequence[Phase], phases: Sequence[Phase], errors: Errors) -> Mixture:
    """Return the fractions of the chosen phases, all unknowns found again for them alone."""
    sample, energy = scan.sample, scan.energy
    place, made = most_probable(sample, chosen, energy, errors.typical)
    fractions = made.of(range(len(chosen)))
    weights, (spectra, residual) = fractions.weights, fractions.parts()
    ends = intervals(fractions.draws(np.random.default_rng(SEED), errors.widen), weights)
    parts = [
        Part(phase.name, float(weight), (float(low), float(high)), mu, not isinstance(phase, MeasuredPhase))
        for phase, weight, (low, high), mu in zip(chosen, weights, ends, spectra, strict=True)
    ]
    return Mixture(
        sample.spectrum,
        tuple(sorted(parts, key=lambda part: -part.fraction)),
        tuple(each.name for each in phases),
        energy,
        spectra.sum(axis=0) + residual,
        residual,
        (reliable_foil_shift(sample.spectrum) or 0.0) - place.sample * sample.calibration,
        _free(sample, chosen, energy, place.sample),
        fractions.misfit,
        errors,
    )


def _free(sample: Sample, chosen: Sequence[Phase], energy: Array, offset: float) -> float:
    """Return what the weights of the phases as they are add to, once the scan's energies are moved."""
    plain = np.column_stack([each.plain(energy) for each in chosen])
    return free_sum(plain, sample.moved(energy, offset))
