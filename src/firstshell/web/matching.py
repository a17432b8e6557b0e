"""Structures against the spectra on the page: one fitted, many ranked, mixtures of phases."""

import atexit
import os
import re
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from firstshell.config import from_dict
from firstshell.dataset.materials import Material
from firstshell.elements import k_edge
from firstshell.errors import InputError
from firstshell.io.structures.files import read_structure
from firstshell.match.candidates import find_candidates
from firstshell.match.fit import StructureFit, fit_structure
from firstshell.match.measurements import Measurements, measurements_of
from firstshell.match.mix import Mixtures, mix_all
from firstshell.match.phases import MeasuredPhase
from firstshell.match.rank import Ranking, rank_candidates
from firstshell.match.read_phases import PhaseReading, read_phases
from firstshell.match.simulations import Cost, Simulations
from firstshell.match.simulations import cost as cost_of
from firstshell.measured.read import MeasuredSample, PdfConditionsGiven, Reading
from firstshell.measured.xanes.normalise import with_shift
from firstshell.measured.xanes.population import Population, default_population
from firstshell.report import match_report, mixture_table
from firstshell.report.tables import Table
from firstshell.report.words import match as words
from firstshell.report.words import mixture as mixture_words
from firstshell.runtime.leftovers import scratch_folder
from firstshell.runtime.progress import Reporter
from firstshell.runtime.spreadsheet import csv_text
from firstshell.simulation import show
from firstshell.types import Array
from firstshell.web.jobs import Jobs
from firstshell.web.payload import numbers, thinned
from firstshell.web.question import SpectrumRequest, read_table
from firstshell.web.structures import Structures
from firstshell.web.uploads import Uploads
from firstshell.web.wording import for_page

Json = dict[str, Any]
LABELS = {"fit": "Fitting the structure", "rank": "Ranking candidates", "mix": "Mixing phases"}
MOST = 50
"""Spectra that may be phases."""
FREE = 15.0
"""Seconds of one processor that simulations take without being asked about."""
LOW = 0.12
"""Share of the height of a chart by which residuals are drawn below its curves."""


@dataclass(frozen=True)
class MatchRequest:
    """What is asked of structures.

    task : "fit", "rank" or "mix"
    spectra : the XANES, the PDF, or both of one sample; of a mixture, its scan
    phases : measured phases of a mixture
    structures : of the uploads: the one that is fitted, candidates, or phases
    candidates : "given" for `structures`, "embedded" or "amcsd"
    composition : elements of the sample, as in "Fe,O"
    metal, pdf : as in `question.Question`
    agreed : seconds of one processor that simulations may take
    """

    task: str
    spectra: tuple[SpectrumRequest, ...]
    phases: tuple[SpectrumRequest, ...] = ()
    structures: tuple[str, ...] = ()
    candidates: str = "given"
    composition: str = ""
    metal: str | None = None
    pdf: PdfConditionsGiven = field(default_factory=PdfConditionsGiven)
    agreed: float = FREE


class _CostError(Exception):
    """Simulations take longer than was agreed to."""

    def __init__(self, cost: Cost) -> None:
        super().__init__()
        self.cost = cost


class Matches:
    """Answers about structures, each worked on in the background; see `Jobs`.

    population : transfers from simulation to measurement
    """

    def __init__(self, uploads: Uploads, structures: Structures, population: Population | None = None) -> None:
        self.uploads, self.structures = uploads, structures
        self.population = population or default_population()
        self.jobs = Jobs()

    def __call__(self, body: bytes) -> Json:
        """Return title, sentences, table and curves, or the cost that has to be agreed to before.

        Raises InputError for what cannot be answered, NotReadyError while it is worked on.
        """
        asked = from_dict(MatchRequest, read_table(body))
        if asked.task not in LABELS:
            raise InputError(f"{asked.task[:20]!r} is no question about structures", remedy="Reload the page")
        if not asked.spectra or len(asked.phases) > MOST:
            raise InputError(f"{len(asked.phases)} phases, {len(asked.spectra)} spectra", remedy="Give fewer, or some")
        return self.jobs(body, LABELS[asked.task], lambda reporter: self._answer(asked, reporter))

    @cached_property
    def _simulated(self) -> Path:
        """A folder that keeps simulations as long as this process runs."""
        stack = ExitStack()
        atexit.register(stack.close)
        return stack.enter_context(scratch_folder())

    def _answer(self, asked: MatchRequest, reporter: Reporter) -> Json:
        def on_cost(found: Cost) -> None:
            if found.seconds > asked.agreed:
                raise _CostError(found)

        simulations = Simulations(self._simulated, reporter=reporter, on_cost=on_cost)
        answer = {"fit": self._fit, "rank": self._rank, "mix": self._mix}[asked.task]
        with scratch_folder() as folder:
            paths = self.structures.write(asked.structures, folder)
            try:
                return answer(asked, paths, simulations)
            except _CostError as error:
                said = words.cost(error.cost, os.cpu_count() or 1)
                return {"cost": f"{said[0].upper()}{said[1:]}.", "seconds": error.cost.seconds}

    def _prepared(self, asked: MatchRequest, spectrum: SpectrumRequest) -> MeasuredSample:
        ranges = with_shift(spectrum.ranges, spectrum.align) or spectrum.ranges
        return self.uploads.get(spectrum.id).prepared(asked.metal, ranges, asked.pdf, spectrum.signal)

    def _measurements(self, asked: MatchRequest) -> Measurements:
        reading = Reading([self._prepared(asked, each) for each in asked.spectra])
        return measurements_of(reading, asked.metal)

    def _fit(self, asked: MatchRequest, paths: list[Path], simulations: Simulations) -> Json:
        if len(paths) != 1:
            raise InputError(f"{len(paths)} structures to fit", remedy="Choose one")
        measured, path = self._measurements(asked), paths[0]
        found = fit_structure(
            measured, read_structure(path), path.stem, population=self.population, simulations=simulations
        )
        return _payload(
            words.fit_title(found), words.fit_answer(found), match_report.parameters(found), _fit_charts(found)
        ) | {"csv": csv_text(found.frame()), "file": "fit.csv", "refused": []}

    def _rank(self, asked: MatchRequest, paths: list[Path], simulations: Simulations) -> Json:
        measured = self._measurements(asked)
        elements = re.findall(r"[^\s,;]+", asked.composition)
        source = paths if asked.candidates == "given" else asked.candidates
        if source == []:
            raise InputError("there are no candidates", remedy="Drop CIFs on the page, or choose other candidates")
        if isinstance(source, str) and source not in ("embedded", "amcsd"):
            raise InputError("these candidates are not known", remedy="Reload the page")
        candidates = find_candidates(source, measured.metal, elements, reporter=simulations.reporter)
        found = rank_candidates(measured, candidates, population=self.population, simulations=simulations)
        return _payload(
            words.ranking_title(found), words.ranking_answer(found), match_report.candidates(found), [_bars(found)]
        ) | {"csv": csv_text(found.frame()), "file": "ranking.csv", "refused": _refused(found.refused)}

    def _mix(self, asked: MatchRequest, paths: list[Path], simulations: Simulations) -> Json:
        sample = self._prepared(asked, asked.spectra[0])
        if sample.xanes is None:
            raise InputError("fractions are of XANES", remedy="Show the sample whose XANES is a mixture")
        metal = sample.xanes.metal
        k_edge(metal)
        others = [self._prepared(replace(asked, metal=metal), each).xanes for each in asked.phases]
        known = [MeasuredPhase(each.name, each) for each in others if each is not None]
        materials = [Material(path.stem, metal, read_structure(path)) for path in paths]
        simulations.on_cost(cost_of(materials))
        settings = PhaseReading(metal, self.population, store=self._simulated / "phases.store")
        phases = read_phases([*paths], settings, simulations.reporter, known)
        found = mix_all(Reading([sample]), phases, reporter=simulations.reporter)
        return _payload(
            f"Phases of {metal} in {found[0].sample.name}",
            mixture_words.answer(found, None),
            match_report.fractions(found),
            [_mixture_chart(found)],
        ) | {"csv": csv_text(mixture_table.frame(found)), "file": "fractions.csv", "refused": _refused(found.refused)}


def _payload(title: str, sentences: list[str], table: Table, charts: list[Json]) -> Json:
    assert table.shown is not None
    shown = table.shown.loc[:, (table.shown != "").any()]
    return {
        "title": title,
        "sentences": [for_page(each) for each in sentences],
        "table": {
            "title": table.title,
            "caption": table.caption,
            "heads": [str(each) for each in shown.columns],
            "rows": [[str(cell) for cell in row] for row in shown.itertuples(index=False, name=None)],
        },
        "charts": charts,
    }


def _refused(found: tuple[tuple[str, str], ...]) -> list[Json]:
    return [{"file": name, "what": for_page(reason.rstrip("."))} for name, reason in found[: match_report.MOST]]


def _chart(title: str, axes: tuple[str, str], x: Array, curves: dict[str, Array], residual: Array) -> Json:
    """Return a chart of curves, with what is left below them."""
    low, high = min(each.min() for each in curves.values()), max(each.max() for each in curves.values())
    level = float(low - LOW * (high - low) - residual.max())
    curves = curves | {"residual, moved down": residual + level}
    x, *ys = thinned(x, *curves.values())
    kinds = ("measured", "nearest", "pre")
    lines = [
        {"name": name, "x": numbers(x, 6), "y": numbers(y), "kind": kind}
        for name, y, kind in zip(curves, ys, kinds, strict=True)
    ]
    return {"title": title, "x": axes[0], "y": axes[1], "lines": lines}


def _fit_charts(found: StructureFit) -> list[Json]:
    charts = []
    for modality, rows in found.curves().groupby("modality", sort=False):
        name = str(modality)
        x, measured, fitted, left = (rows[each].to_numpy() for each in ("x", "measured", "fitted", "residual"))
        title = f"{found.name}, {show(name)}: {words.residual(found, name)}"
        axes = ("Energy from the edge (eV)", "Edge steps") if name == "xanes" else ("r (Å)", "G(r) (Å⁻²)")
        charts.append(_chart(title, axes, x, {"measured": measured, "fitted": fitted}, left))
    return charts


def _mixture_chart(found: Mixtures) -> Json:
    mixture = found[0]
    curves = {"measured": mixture.measured, "mixture": mixture.measured - mixture.residual}
    title = f"{mixture.sample.name} and the mixture of {', '.join(part.name for part in mixture.parts)}"
    return _chart(title, ("Energy from the edge (eV)", "Edge steps"), mixture.energy, curves, mixture.residual)


def _bars(found: Ranking) -> Json:
    """Return the probabilities of the first candidates and of none, one bar each."""
    first = found.ranked[:12]
    shares = [*(each.probability for each in first), found.none]
    names = [*(str(i + 1) for i in range(len(first))), "none"]
    return {
        "title": f"Probability of the first {len(first)} candidates, by their place in the table, and of none",
        "x": "Place in the table",
        "y": "Probability",
        "bars": [{"name": name, "value": round(float(share), 4)} for name, share in zip(names, shares, strict=True)],
    }
