"""Which of many structures a sample has: probabilities from its XANES, its EXAFS, its PDF, or several of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from firstshell.dataset.embedded import load_dataset
from firstshell.errors import InputError
from firstshell.match.candidates import Candidate, Candidates, Entry
from firstshell.match.exafs_paths import make_paths, stored_paths
from firstshell.match.exafs_scan import ExafsMatch, ExafsScan, spectra_of
from firstshell.match.first_shell import PredictedShell, predict_shell
from firstshell.match.held_out import HeldOut, held_out
from firstshell.match.measurements import Measurements
from firstshell.match.pdf_matches import compare_pdfs
from firstshell.match.pdf_scan import PdfMatch, PdfScan
from firstshell.match.posterior import NONE, none_ratio, posterior
from firstshell.match.simulations import SECONDS, SECONDS_OF_PATHS, Simulations, cost, simulate_xanes, stored_xanes
from firstshell.match.xanes_bank import Compared, Simulated, compare_xanes
from firstshell.measured.xanes.population import Population, default_population
from firstshell.prediction.model_cache import predictor
from firstshell.types import Array

MOST = 40
"""Structures whose XANES are simulated unless more are allowed."""
QUICKER = 25
"""Times as many whose scattering paths are calculated."""
SURVIVE = 12.0
"""Log of the factor by which the best may lead a structure whose XANES is still simulated."""
NONE_NAME = "none of these"

Nearest = dict[int, tuple[Any, Entry]]
"""By number of the candidate how it compares by one modality, and the nearest of its entries."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """One candidate and its evidence.

    probability : by all measurements together
    alone : by modality, probability by that measurement alone
    entry : name of the determination that is nearest
    xanes, exafs, pdf : how it compares; None where it was not compared
    """

    candidate: Candidate
    probability: float
    alone: dict[str, float]
    entry: str
    xanes: Compared | None = None
    exafs: ExafsMatch | None = None
    pdf: PdfMatch | None = None


@dataclass(frozen=True, eq=False)
class Ranking:
    """Candidates by their probability; `firstshell.Ranking` describes the fields."""

    measurements: Measurements
    ranked: tuple[Ranked, ...]
    none: float
    none_alone: dict[str, float]
    refused: tuple[tuple[str, str], ...] = field(default=())

    def frame(self) -> pd.DataFrame:
        """Return the candidates as a table.

        Returns
        -------
        DataFrame
            One row a candidate, the most probable first, and one for "none of these": probabilities by all measurements
            and by each; what is left of each: XANES in edge steps, EXAFS and PDFs as a share.

        """
        rows = []
        for each in self.ranked:
            row = {
                "candidate": each.candidate.name,
                "formula": each.candidate.formula,
                "space_group": each.candidate.space_group,
                "entry": each.entry,
                "entries": len(each.candidate.entries),
                "probability": each.probability,
            }
            row |= {f"probability_{name}": share for name, share in each.alone.items()}
            if each.xanes is not None:
                row["xanes_distance"] = each.xanes.distance
                row["xanes_rmse"] = np.nan if each.xanes.fit is None else each.xanes.fit.rmse
            if each.exafs is not None:
                row |= {"exafs_distance": each.exafs.distance, "exafs_e0": each.exafs.e0}
            if each.pdf is not None:
                row |= {"pdf_rw": each.pdf.rw, "pdf_strain": each.pdf.strain, "pdf_uiso": each.pdf.uiso}
            rows.append(row)
        none = {"candidate": NONE_NAME, "probability": self.none}
        rows.append(none | {f"probability_{name}": share for name, share in self.none_alone.items()})
        return pd.DataFrame(rows).astype({"space_group": "Int64", "entries": "Int64"})


def rank_candidates(
    measurements: Measurements,
    candidates: Candidates,
    *,
    population: Population | None = None,
    known: HeldOut | None = None,
    most: int = MOST,
    none: float = NONE,
    simulations: Simulations | None = None,
) -> Ranking:
    """Return the probabilities of candidates.

    All are compared by PDF first, where there is one, those that it leaves by EXAFS, and those that this leaves by
    XANES; those of a dataset, whose spectra are known, by all. Candidates are equally probable beforehand.

    population : transfers from simulation to measurement; firstshell's standards' by default
    known : residuals of standards; firstshell's by default
    most : structures whose XANES may be simulated
    none : prior probability that the sample is none of them
    simulations : where XANES and scattering paths are calculated

    Raises InputError where nothing can be compared, and where more XANES than `most`, or paths of more than 25 times as
    many structures, would have to be calculated.
    """
    population, known = population or default_population(), known or held_out()
    if not 0 < none < 1:
        raise InputError(f"none = {none:g} is not a probability", remedy="Give a number between 0 and 1, such as 0.1")
    refused = [(each.id, each.reason) for each in candidates.refused]
    run = _Run(measurements, candidates, most, simulations or Simulations(), refused)
    found: dict[str, Nearest] = {}
    left = list(range(len(candidates)))
    if measurements.pdf is not None:
        found["pdf"] = run.by_pdf(left)
        if candidates.stored is None:
            left = _left(found["pdf"])
    nearest = found.get("pdf", {})
    if measurements.exafs is not None and run.has_paths:
        found["exafs"] = run.by_exafs(left, nearest)
        if candidates.stored is None:
            left = _left(found["exafs"]) or left
    if measurements.xanes is not None:
        found["xanes"] = run.by_xanes(left, nearest, population, known)
    found = {name: each for name, each in found.items() if each}
    if not found:
        reasons = f"; the first reason: {refused[0][0]}: {refused[0][1]}" if refused else ""
        raise InputError(f"no candidate can be compared{reasons}", remedy="Give other candidates, or a XANES or PDF")
    return _ranking(measurements, candidates, found, known, none, tuple(refused))


def _left(found: Nearest) -> list[int]:
    """Return the candidates that a modality leaves, the most probable first."""
    order = sorted(found, key=lambda i: -found[i][0].evidence)
    return [i for i in order if found[i][0].evidence >= found[order[0]][0].evidence - SURVIVE]


@dataclass(frozen=True, eq=False)
class _Run:
    """What comparisons need: see `rank_candidates`."""

    measurements: Measurements
    candidates: Candidates
    most: int
    simulations: Simulations
    refused: list[tuple[str, str]]

    @property
    def has_paths(self) -> bool:
        """Whether scattering paths are known or can be calculated."""
        return self.candidates.stored is None or self.candidates.stored.paths is not None

    def by_pdf(self, left: list[int]) -> Nearest:
        """Compare candidates by PDF."""
        assert self.measurements.pdf is not None
        entries = [(i, entry) for i in left for entry in self.candidates.found[i].entries]
        scan = PdfScan(self.measurements.pdf)
        matches, reasons = compare_pdfs(scan, [entry for _, entry in entries], self.simulations)
        self.refused.extend(reasons.items())
        found: Nearest = {}
        for i, entry in entries:
            if entry.id in matches:
                _keep(found, i, matches[entry.id], entry)
        return found

    def by_exafs(self, left: list[int], nearest: Nearest) -> Nearest:
        """Compare candidates by EXAFS."""
        assert self.measurements.exafs is not None
        chosen = self._chosen(left, nearest)
        wanted = [entry for entries in chosen.values() for entry in entries]
        if self.candidates.stored is not None:
            paths = stored_paths(self.candidates.stored, wanted)
        else:
            self._check(wanted, QUICKER * self.most, SECONDS_OF_PATHS, "scattering paths")
            paths, reasons = make_paths(wanted, self.simulations)
            self.refused.extend(reasons.items())
        scan, reporter = ExafsScan(self.measurements.exafs), self.simulations.reporter
        found: Nearest = {}
        reporter.start("EXAFS", len(chosen))
        for i, entries in chosen.items():
            for entry in entries:
                if entry.id in paths:
                    _keep(found, i, scan.compare(spectra_of(paths[entry.id])), entry)
            reporter.advance()
        reporter.finish()
        return found

    def by_xanes(self, left: list[int], nearest: Nearest, population: Population, known: HeldOut) -> Nearest:
        """Compare candidates by XANES."""
        assert self.measurements.xanes is not None
        reporter = self.simulations.reporter
        filtered = len(self.measurements.modalities) > 1
        if self.candidates.stored is None and filtered:
            left = left[: self.most]
        chosen = self._chosen(left, nearest)
        pairs = [(i, entry) for i, entries in chosen.items() for entry in entries]
        grid, spectra = self._xanes([entry for _, entry in pairs])
        pairs = [(i, entry) for i, entry in pairs if entry.id in spectra]
        if not pairs:
            return {}
        simulated = [spectra[entry.id] for _, entry in pairs]
        shell = self._shell(population) if len(pairs) > 1 else None  # of one candidate nothing follows from it
        compared = compare_xanes(self.measurements.xanes, grid, simulated, population, known, reporter, shell)
        found: Nearest = {}
        for (i, entry), each in zip(pairs, compared, strict=True):
            _keep(found, i, each, entry)
        return found

    def _shell(self, population: Population) -> PredictedShell | None:
        """Return the first shell that the XANES tell; None for a metal that no model is of."""
        assert self.measurements.xanes is not None
        metal = self.measurements.metal
        if metal not in load_dataset().metals:
            return None
        model = predictor(metal, ("xanes",), population=population, reporter=self.simulations.reporter)
        return predict_shell(model, self.measurements.xanes)

    def _xanes(self, wanted: list[Entry]) -> tuple[Array, dict[str, Simulated]]:
        """Return the grid and, by id, the XANES of entries."""
        if self.candidates.stored is not None:
            return stored_xanes(self.candidates.stored, wanted)
        self._check(wanted, self.most, SECONDS, "XANES")
        grid, found, reasons = simulate_xanes(wanted, self.simulations)
        self.refused.extend(reasons.items())
        return grid, found

    def _chosen(self, left: list[int], nearest: Nearest) -> dict[int, tuple[Entry, ...]]:
        """Return the entries that are compared: all that are stored, or the nearest by PDF, or the first."""
        pool = self.candidates.found
        if self.candidates.stored is not None:
            return {i: pool[i].entries for i in left}
        return {i: (nearest[i][1] if i in nearest else pool[i].entries[0],) for i in left}

    def _check(self, wanted: list[Entry], most: int, each: float, what: str) -> None:
        """Tell the cost of simulations, or raise InputError, naming it, where more are wanted than are allowed."""
        if len(wanted) > most:
            hours = len(wanted) * cost(wanted[:most], each).seconds / most / 3600
            remedy = f"Give a PDF as well, name the elements (--composition), or allow it with --most {len(wanted)}"
            message = f"the {what} of {len(wanted)} structures would be simulated, about {hours:.1f} h of one processor"
            raise InputError(message, remedy=remedy)
        self.simulations.on_cost(cost(wanted, each, what))


def _keep(found: Nearest, i: int, each: Any, entry: Entry) -> None:
    """Keep how a candidate compares, unless another of its entries is nearer."""
    if i not in found or each.evidence > found[i][0].evidence:
        found[i] = each, entry


def _ranking(
    measurements: Measurements,
    candidates: Candidates,
    found: dict[str, Nearest],
    known: HeldOut,
    none: float,
    refused: tuple[tuple[str, str], ...],
) -> Ranking:
    """Put evidence together. What was not compared by a modality has the evidence of the worst that was."""
    kept = sorted(set().union(*found.values()))
    evidence = {}
    for name, nearest in found.items():
        least = min(each.evidence for each, _ in nearest.values())
        evidence[name] = np.array([nearest[i][0].evidence if i in nearest else least for i in kept])
    leader = kept[int(np.argmax(np.sum(list(evidence.values()), axis=0)))]
    together, nothing = posterior(evidence, {name: _against(name, leader, found[name], known) for name in found}, none)
    alone = {}
    for name, values in evidence.items():
        first = kept[int(np.argmax(values))]
        alone[name] = posterior({name: values}, {name: _against(name, first, found[name], known)}, none)
    ranked = []
    for place in np.argsort(-together, kind="stable"):
        i = kept[place]
        compared = {name: nearest[i] for name, nearest in found.items() if i in nearest}
        ranked.append(
            Ranked(
                candidates.found[i],
                float(together[place]),
                {name: float(each[place]) for name, (each, _) in alone.items()},
                next(iter(compared.values()))[1].id,
                **{name: each for name, (each, _) in compared.items()},
            )
        )
    return Ranking(measurements, tuple(ranked), nothing, {name: none for name, (_, none) in alone.items()}, refused)


def _against(name: str, i: int, nearest: Nearest, known: HeldOut) -> float:
    """Return how much likelier the distance of candidate i is if none is right, by one modality, as a log."""
    if i not in nearest:
        return 0.0
    right, wrong = known.distances(name)
    return none_ratio(nearest[i][0].distance, len(nearest), right, wrong)
