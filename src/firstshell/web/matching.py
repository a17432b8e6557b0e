"""Structures against the spectra on the page: one fitted, many ranked, mixtures of phases."""

import atexit
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from firstshell.config import from_dict
from firstshell.dataset.materials import Material
from firstshell.elements import k_edge
from firstshell.errors import EngineError, InputError
from firstshell.io.structures.files import read_structure
from firstshell.match.candidates import find_candidates
from firstshell.match.fit import StructureFit, fit_structure
from firstshell.match.measurements import Measurements, measurements_of
from firstshell.match.mix import Mixture, Mixtures, mix_samples, of_one_metal
from firstshell.match.phases import Phase
from firstshell.match.rank import Ranking, rank_candidates
from firstshell.match.read_phases import PhaseReading, measured_phase, read_phases
from firstshell.match.simulations import Cost, Simulations
from firstshell.match.simulations import cost as cost_of
from firstshell.measured.read import MeasuredSample, PdfConditionsGiven, Reading, none_usable, reason
from firstshell.measured.xanes.normalise import with_shift
from firstshell.measured.xanes.population import Population, default_population
from firstshell.prediction.answer import Models
from firstshell.prediction.model import Predictor
from firstshell.report import match_report, mixture_table
from firstshell.report.tables import Table
from firstshell.report.words import match as words
from firstshell.report.words import mixture as mixture_words
from firstshell.runtime.leftovers import scratch_folder
from firstshell.runtime.progress import Reporter
from firstshell.runtime.spreadsheet import csv_text
from firstshell.simulation import show
from firstshell.types import Array
from firstshell.web.jobs import Jobs, NotReadyError
from firstshell.web.payload import numbers, thinned
from firstshell.web.question import MOST as MOST_SPECTRA
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
LEFT = "residual, moved down"
KINDS = ("measured", "nearest", "pre", "post", "e0", "axis")
"""Of curves, in the page's style sheet."""


@dataclass(frozen=True)
class MatchRequest:
    """What is asked of structures.

    task : "fit", "rank" or "mix"
    spectra : the XANES, the PDF, or both of one sample; of mixtures, the scans
    phases : measured phases of mixtures
    structures : of the uploads: the one that is fitted, candidates, or phases
    candidates : "given" for `structures`, "embedded" or "amcsd"
    composition : elements of the sample, as in "Fe,O"
    series, elsewhere : of mixtures, as `mix.mix_all` takes them
    metal, pdf : as in `question.Question`
    agreed : seconds of one processor that simulations may take
    """

    task: str
    spectra: tuple[SpectrumRequest, ...]
    phases: tuple[SpectrumRequest, ...] = ()
    structures: tuple[str, ...] = ()
    candidates: str = "given"
    composition: str = ""
    series: bool = False
    elsewhere: bool = False
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

    models : what first shells are predicted with
    population : transfers from simulation to measurement
    """

    def __init__(
        self, uploads: Uploads, structures: Structures, models: Models, population: Population | None = None
    ) -> None:
        self.uploads, self.structures, self.models = uploads, structures, models
        self.population = population or default_population()
        self.jobs = Jobs()

    def __call__(self, body: bytes) -> Json:
        """Return title, sentences, table and curves, or the cost that has to be agreed to before.

        Raises InputError for what cannot be answered, NotReadyError while it is worked on.
        """
        asked = from_dict(MatchRequest, read_table(body))
        if asked.task not in LABELS:
            raise InputError(f"{asked.task[:20]!r} is no question about structures", remedy="Reload the page")
        if not 1 <= len(asked.spectra) <= MOST_SPECTRA or len(asked.phases) > MOST:
            what = f"{len(asked.spectra)} spectra and {len(asked.phases)} that are phases"
            raise InputError(what, remedy=f"Give 1 to {MOST_SPECTRA} spectra, and at most {MOST} that are phases")
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
            except EngineError as error:
                raise InputError(str(error), remedy="Leave this structure out, or try another") from None
            except InputError as error:
                if error.file is None:
                    raise
                file = Path(str(error.file)).name  # not where it was for the moment
                raise InputError(error.what, remedy=error.remedy, file=file, line=error.line) from None

    def _prepared(self, asked: MatchRequest, spectrum: SpectrumRequest) -> MeasuredSample:
        ranges = with_shift(spectrum.ranges, spectrum.align) or spectrum.ranges
        return self.uploads.get(spectrum.id).prepared(asked.metal, ranges, asked.pdf, spectrum.signal)

    def _reading(self, asked: MatchRequest) -> Reading:
        """Return the spectra that can be used, and why others cannot; InputError when none can."""
        reading, first = Reading(), None
        for each in asked.spectra:
            try:
                reading.samples.append(self._prepared(asked, each))
            except InputError as error:
                first = first or error
                reading.refused.append((str(error.file or "a spectrum"), reason(error)))
        if not reading.samples:
            raise none_usable(reading.refused, first)
        return reading

    def _measurements(self, asked: MatchRequest) -> Measurements:
        return measurements_of(self._reading(asked), asked.metal)

    def _fit(self, asked: MatchRequest, paths: list[Path], simulations: Simulations) -> Json:
        if len(paths) != 1:
            raise InputError(f"{len(paths)} structures to fit", remedy="Choose one")
        measured, path = self._measurements(asked), paths[0]
        found = fit_structure(
            measured, read_structure(path), path.stem, population=self.population, simulations=simulations
        )
        return _payload(
            words.fit_title(found),
            words.measured(measured),
            words.fit_answer(found),
            [match_report.parameters(found)],
            _fit_charts(found),
        ) | {"csv": csv_text(found.frame()), "file": "fit.csv", "refused": _refused(measured.refused)}

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
            words.ranking_title(found),
            words.measured(measured),
            words.ranking_answer(found),
            [match_report.candidates(found)],
            [_bars(found)],
        ) | {
            "csv": csv_text(found.frame()),
            "file": "ranking.csv",
            "refused": _refused((*measured.refused, *found.refused)),
        }

    def _mix(self, asked: MatchRequest, paths: list[Path], simulations: Simulations) -> Json:
        reading, metal = of_one_metal(self._reading(asked), asked.metal)
        k_edge(metal)
        others = [self._prepared(replace(asked, metal=metal), each).xanes for each in asked.phases]
        known = [measured_phase(each.name, each, asked.elsewhere) for each in others if each is not None]
        phases: list[Phase] = []
        if known or paths:
            simulations.on_cost(cost_of([_material(path, metal) for path in paths]))
            settings = PhaseReading(metal, self.population, store=self._simulated / "phases.store")
            phases = read_phases([*paths], settings, simulations.reporter, known)
        reporter = simulations.reporter
        found = mix_samples(
            reading,
            metal,
            phases,
            partial(self._model, reporter),
            series=asked.series,
            elsewhere=asked.elsewhere,
            reporter=reporter,
        )
        return _payload(
            mixture_words.title(found),
            "",
            mixture_words.answer(found),
            match_report.mixtures(found),
            _mixture_charts(found),
        ) | {"csv": csv_text(mixture_table.frame(found)), "file": "fractions.csv", "refused": _refused(found.refused)}

    def _model(self, reporter: Reporter, metal: str, inputs: Sequence[str], radiation: str) -> Predictor:
        """Return a model, once it is made."""
        reporter.start("First shell of each phase", 0)
        while True:
            try:
                return self.models(metal, inputs, radiation)
            except NotReadyError:
                reporter.advance(0)  # ends the work that was stopped


def _material(path: Path, metal: str) -> Material:
    """Return a structure that is a phase; InputError for one without the metal."""
    structure = read_structure(path)
    if metal not in structure.symbol_set:
        remedy = "Remove it, or choose the metal that was measured"
        raise InputError(f"there is no {metal} in it", remedy=remedy, file=path)
    return Material(path.stem, metal, structure)


def _payload(title: str, about: str, sentences: list[str], tables: list[Table], charts: list[Json]) -> Json:
    return {
        "title": title,
        "about": about,
        "sentences": [for_page(each) for each in sentences],
        "tables": [_table(each) for each in tables],
        "charts": charts,
    }


def _table(found: Table) -> Json:
    """Return a table as it is shown, without columns that are empty."""
    assert found.shown is not None
    shown = found.shown.loc[:, (found.shown != "").any()]
    return {
        "title": found.title,
        "caption": found.caption,
        "heads": [str(each) for each in shown.columns],
        "rows": [[str(cell) for cell in row] for row in shown.itertuples(index=False, name=None)],
    }


def _refused(found: tuple[tuple[str, str], ...]) -> list[Json]:
    return [{"file": name, "what": for_page(reason.rstrip("."))} for name, reason in found[: match_report.MOST]]


def _lines(x: Array, curves: dict[str, Array]) -> list[Json]:
    """Return curves on one axis, by name."""
    x, *ys = thinned(x, *curves.values())
    return [
        {"name": name, "x": numbers(x, 6), "y": numbers(y), "kind": KINDS[i % len(KINDS)]}
        for i, (name, y) in enumerate(zip(curves, ys, strict=True))
    ]


def _chart(title: str, axes: tuple[str, str], x: Array, curves: dict[str, Array], residual: Array) -> Json:
    """Return a chart of two curves or more, with what is left below them."""
    low, high = min(each.min() for each in curves.values()), max(each.max() for each in curves.values())
    level = float(low - LOW * (high - low) - residual.max())
    named = [*curves.items()]
    lines = _lines(x, dict([*named[:2], (LEFT, residual + level), *named[2:]]))  # of one kind in all charts
    return {"title": title, "x": axes[0], "y": axes[1], "lines": lines}


def _fit_charts(found: StructureFit) -> list[Json]:
    charts = []
    for modality, rows in found.curves().groupby("modality", sort=False):
        name = str(modality)
        x, measured, fitted, left = (rows[each].to_numpy() for each in ("x", "measured", "fitted", "residual"))
        title = f"{found.name}, {show(name)}: {words.residual(found, name)}"
        curves, axes = {"measured": measured, "fitted": fitted}, ("r (Å)", "G(r) (Å⁻²)")
        if name == "xanes":  # the scale of a PDF is not known before
            curves["before the fit, as expected at this beamline"] = rows["here"].to_numpy()
            axes = _xanes_axes(found.measurements.metal)
        charts.append(_chart(title, axes, x, curves, left))
    return charts


def _xanes_axes(metal: str) -> tuple[str, str]:
    return f"Energy from the tabulated K edge of {metal} (eV)", "Edge steps"


def _mixture_charts(found: Mixtures) -> list[Json]:
    """Return the curves of one scan; or fractions and misfits along several, and the components that were found."""
    if len(found) == 1:
        return [_mixture_chart(found[0])]
    charts = [
        _along(name, "Fraction", [(e.fraction(name), *e.interval(name)) for e in found], found) for name in found.names
    ]
    misfits = [(1e3 * each.misfit,) * 3 for each in found]
    chart = _along("Misfit, and the limit above which the phases do not suffice", "10⁻³ edge steps", misfits, found)
    charts.append(chart | {"limit": 1e3 * found[0].errors.limit})
    if found.components is not None:
        curves = {f"component {i}": mu for i, mu in enumerate(found.components.spectra, start=1)}
        axes = _xanes_axes(found[0].metal)
        lines = _lines(found.components.energy, curves)
        charts.append({"title": "Spectra of the components", "x": axes[0], "y": axes[1], "lines": lines})
    return charts


def _mixture_chart(found: Mixture) -> Json:
    curves = {"measured": found.measured, "mixture": found.measured - found.residual}
    title = f"{found.sample.name} and the mixture of {', '.join(part.name for part in found.parts)}"
    return _chart(title, _xanes_axes(found.metal), found.energy, curves, found.residual)


def _along(title: str, y: str, values: Sequence[tuple[float, float, float]], found: Mixtures) -> Json:
    """Return a chart of values with the ends of their intervals along scans."""
    points = [
        {"value": round(value, 5), "low": round(low, 5), "high": round(high, 5), "enough": each.sufficient}
        for (value, low, high), each in zip(values, found, strict=True)
    ]
    return {"title": title, "x": "Scan, in the order given", "y": y, "points": points}


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
