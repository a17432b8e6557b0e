"""Which of many structures a sample has: odds from its XANES, its PDF, or both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from firstshell.dataset.materials import Material
from firstshell.errors import InputError
from firstshell.match.candidates import Candidate, Candidates
from firstshell.match.held_out import HeldOut, held_out
from firstshell.match.measurements import Measurements
from firstshell.match.odds import NONE, none_ratio, posterior
from firstshell.match.pdf_scan import PdfMatch, PdfScan
from firstshell.match.simulations import Cost, cost, simulate_xanes, stored_xanes
from firstshell.match.xanes_bank import Compared, Simulated, compare_xanes
from firstshell.measured.xanes.population import Population, default_population
from firstshell.runtime.executors import Executor
from firstshell.runtime.progress import Reporter, Silent
from firstshell.types import Array

if TYPE_CHECKING:
    import pandas as pd

MOST = 40
"""Structures whose XANES are simulated unless more are asked for."""
SURVIVE = 12.0
"""Log of the odds by which the best PDF may lead a structure whose XANES is still simulated."""
NONE_NAME = "none of these"


@dataclass(frozen=True, eq=False)
class Ranked:
    """One candidate and what speaks for it.

    odds : probability, by all measurements together
    votes : by modality, probability by that measurement alone
    entry : name of the determination that is nearest
    xanes, pdf : how it compares; None where it was not compared
    """

    candidate: Candidate
    odds: float
    votes: dict[str, float]
    entry: str
    xanes: Compared | None = None
    pdf: PdfMatch | None = None


@dataclass(frozen=True, eq=False)
class Ranking:
    """Candidates by their odds.

    measurements : what was measured
    ranked : the likeliest first
    none : probability that the sample is none of them
    none_votes : the same by each modality alone
    refused : (candidate, reason) of those that could not be compared
    """

    measurements: Measurements
    ranked: tuple[Ranked, ...]
    none: float
    none_votes: dict[str, float]
    refused: tuple[tuple[str, str], ...] = field(default=())

    def frame(self) -> pd.DataFrame:
        """Return the candidates as a table.

        Returns
        -------
        DataFrame
            One row a candidate, the likeliest first, and one for "none of these": probabilities by all measurements and
            by each, distances (edge steps) and Rw.

        """
        import pandas as pd

        rows = []
        for each in self.ranked:
            row = {
                "candidate": each.candidate.name,
                "formula": each.candidate.formula,
                "space_group": each.candidate.space_group,
                "entry": each.entry,
                "entries": len(each.candidate.entries),
                "odds": each.odds,
            }
            row |= {f"odds_{name}": vote for name, vote in each.votes.items()}
            if each.xanes is not None:
                row["xanes_distance"] = each.xanes.distance
                row["xanes_rmse"] = np.nan if each.xanes.fit is None else each.xanes.fit.rmse
            if each.pdf is not None:
                row |= {"pdf_rw": each.pdf.rw, "pdf_strain": each.pdf.strain, "pdf_uiso": each.pdf.uiso}
            rows.append(row)
        none = {"candidate": NONE_NAME, "odds": self.none}
        rows.append(none | {f"odds_{name}": vote for name, vote in self.none_votes.items()})
        return pd.DataFrame(rows)


def rank_candidates(
    measurements: Measurements,
    candidates: Candidates,
    *,
    population: Population | None = None,
    known: HeldOut | None = None,
    most: int = MOST,
    none: float = NONE,
    folder: Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    reporter: Reporter | None = None,
    tell: Callable[[Cost], None] | None = None,
) -> Ranking:
    """Return the odds of candidates.

    All are compared by PDF first, where there is one, and by XANES those that it leaves. Candidates are equally
    probable beforehand.

    population : transfers from simulation to measurement; firstshell's standards' by default
    known : residuals of standards; firstshell's by default
    most : structures whose XANES may be simulated
    none : probability, before anything is compared, that the sample is none of them
    folder : where simulations are kept, so that a run that was stopped goes on
    executor, workers : where they run
    tell : is told what simulations will cost before they start

    Raises InputError where nothing can be compared, and where more XANES than `most` would have to be simulated.
    """
    population, known = population or default_population(), known or held_out()
    if not 0 < none < 1:
        raise InputError(f"none = {none:g} is no probability", remedy="Give a number between 0 and 1, such as 0.1")
    reporter = reporter or Silent()
    refused = [(each.id, each.reason) for each in candidates.refused]
    pool = list(candidates.found)
    by_pdf: dict[int, tuple[PdfMatch, Material]] = {}
    if measurements.pdf is not None:
        by_pdf = _by_pdf(measurements, pool, refused, reporter)
    by_xanes: dict[int, tuple[Compared, Material]] = {}
    if measurements.xanes is not None:
        left = _left(by_pdf, len(pool)) if by_pdf else list(range(len(pool)))
        chosen = {i: _chosen(pool[i], by_pdf.get(i), candidates.stored is not None) for i in left}
        grid, spectra = _spectra(
            candidates, chosen, refused, most, bool(by_pdf), folder, executor, workers, reporter, tell
        )
        by_xanes = _by_xanes(measurements, grid, spectra, chosen, population, known, reporter)
    return _ranking(measurements, pool, by_xanes, by_pdf, known, none, tuple(refused))


def _by_pdf(
    measurements: Measurements, pool: list[Candidate], refused: list[tuple[str, str]], reporter: Reporter
) -> dict[int, tuple[PdfMatch, Material]]:
    """Return for each candidate that can be simulated the nearest of its entries by PDF."""
    assert measurements.pdf is not None
    scan = PdfScan(measurements.pdf)
    found: dict[int, tuple[PdfMatch, Material]] = {}
    reporter.start("PDFs", len(pool))
    for i, candidate in enumerate(pool):
        for entry in candidate.entries:
            try:
                each = scan.compare(entry.structure)
            except InputError as error:
                refused.append((entry.id, error.what))
                continue
            if i not in found or each.evidence > found[i][0].evidence:
                found[i] = each, entry
        reporter.advance()
    reporter.finish()
    if not found:
        raise InputError("no candidate has a PDF", remedy=refused[0][1] if refused else "Give other candidates")
    return found


def _left(by_pdf: dict[int, tuple[PdfMatch, Material]], count: int) -> list[int]:
    """Return the candidates that a PDF leaves, the likeliest first."""
    best = max(each.evidence for each, _ in by_pdf.values())
    order = sorted((i for i in range(count) if i in by_pdf), key=lambda i: -by_pdf[i][0].evidence)
    return [i for i in order if by_pdf[i][0].evidence >= best - SURVIVE]


def _chosen(candidate: Candidate, nearest: tuple[PdfMatch, Material] | None, stored: bool) -> tuple[Material, ...]:
    """Return the entries whose XANES are compared: all that are stored, or one that is to be simulated."""
    if stored:
        return candidate.entries
    return (nearest[1] if nearest is not None else candidate.entries[0],)


def _spectra(
    candidates: Candidates,
    chosen: dict[int, tuple[Material, ...]],
    refused: list[tuple[str, str]],
    most: int,
    by_pdf: bool,
    folder: Path | None,
    executor: Executor | None,
    workers: int | None,
    reporter: Reporter,
    tell: Callable[[Cost], None] | None,
) -> tuple[Array, dict[str, Simulated]]:
    """Return the grid and, by id, the XANES of the entries chosen."""
    wanted = [entry for entries in chosen.values() for entry in entries]
    if candidates.stored is not None:
        return stored_xanes(candidates.stored, wanted)
    if by_pdf:
        wanted = wanted[:most]
    elif len(wanted) > most:
        hours = cost(wanted[:MOST]).seconds * len(wanted) / MOST / 3600
        what = f"the XANES of {len(wanted)} structures would be simulated, about {hours:.1f} h of one processor"
        remedy = f"Give a PDF as well, name the elements (--composition), or allow it with --most {len(wanted)}"
        raise InputError(what, remedy=remedy)
    if tell is not None:
        tell(cost(wanted))
    grid, found, reasons = simulate_xanes(wanted, folder, executor=executor, workers=workers, reporter=reporter)
    refused += reasons.items()
    return grid, found


def _by_xanes(
    measurements: Measurements,
    grid: Array,
    spectra: dict[str, Simulated],
    chosen: dict[int, tuple[Material, ...]],
    population: Population,
    known: HeldOut,
    reporter: Reporter,
) -> dict[int, tuple[Compared, Material]]:
    """Return for each candidate that has one the nearest of its entries by XANES."""
    assert measurements.xanes is not None
    pairs = [(i, entry) for i, entries in chosen.items() for entry in entries if entry.id in spectra]
    compared = compare_xanes(
        measurements.xanes, grid, [spectra[entry.id] for _, entry in pairs], population, known, reporter
    )
    found: dict[int, tuple[Compared, Material]] = {}
    for (i, entry), each in zip(pairs, compared, strict=True):
        if i not in found or (each.evidence, -each.distance) > (found[i][0].evidence, -found[i][0].distance):
            found[i] = each, entry
    return found


def _ranking(
    measurements: Measurements,
    pool: list[Candidate],
    by_xanes: dict[int, tuple[Compared, Material]],
    by_pdf: dict[int, tuple[PdfMatch, Material]],
    known: HeldOut,
    none: float,
    refused: tuple[tuple[str, str], ...],
) -> Ranking:
    """Put evidence together. What was not compared by XANES has that of the worst that was, and its PDF's besides."""
    kept = sorted(by_xanes.keys() | by_pdf.keys())
    evidence: dict[str, Array] = {}
    if by_xanes:
        least = min(each.evidence for each, _ in by_xanes.values())
        evidence["xanes"] = np.array([by_xanes[i][0].evidence if i in by_xanes else least for i in kept])
    if by_pdf:
        least = min(each.evidence for each, _ in by_pdf.values())
        evidence["pdf"] = np.array([by_pdf[i][0].evidence if i in by_pdf else least for i in kept])
    leader = kept[int(np.argmax(np.sum(list(evidence.values()), axis=0)))]
    against = {name: _against(name, leader, by_xanes, by_pdf, known) for name in evidence}
    together, nothing = posterior(evidence, against, none)
    alone = {}
    for name, values in evidence.items():
        nearest = kept[int(np.argmax(values))]
        alone[name] = posterior({name: values}, {name: _against(name, nearest, by_xanes, by_pdf, known)}, none)
    ranked = []
    for place in np.argsort(-together, kind="stable"):
        i = kept[place]
        entry = (by_pdf[i] if i in by_pdf else by_xanes[i])[1].id
        ranked.append(
            Ranked(
                pool[i],
                float(together[place]),
                {name: float(found[0][place]) for name, found in alone.items()},
                entry,
                by_xanes[i][0] if i in by_xanes else None,
                by_pdf[i][0] if i in by_pdf else None,
            )
        )
    return Ranking(measurements, tuple(ranked), nothing, {name: found[1] for name, found in alone.items()}, refused)


def _against(
    name: str,
    i: int,
    by_xanes: dict[int, tuple[Compared, Material]],
    by_pdf: dict[int, tuple[PdfMatch, Material]],
    known: HeldOut,
) -> float:
    """Return how much likelier the distance of candidate i is if none is right, by one modality, as a log."""
    if name == "xanes":
        return none_ratio(by_xanes[i][0].distance, len(by_xanes), known.distance, known.wrong) if i in by_xanes else 0.0
    return none_ratio(by_pdf[i][0].rw, len(by_pdf), known.right_rw, known.wrong_rw)
