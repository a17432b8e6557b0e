"""Making the report: every figure and table as files, and one page that holds them all."""

from functools import partial
from pathlib import Path

import pandas as pd

from firstshell.config import from_dict
from firstshell.dataset.exafs import with_spectra
from firstshell.dataset.table import Dataset
from firstshell.errors import EngineError, InputError
from firstshell.report import page, tables, tables_overview
from firstshell.report.display import Display, drawn
from firstshell.report.figures import study as figures
from firstshell.report.figures.robustness import robustness as robustness_figure
from firstshell.report.page import Section
from firstshell.report.tables import Table
from firstshell.report.words import study as words
from firstshell.runtime.progress import Reporter
from firstshell.runtime.spreadsheet import write_csv
from firstshell.runtime.store import Record, write_atomic, write_text
from firstshell.runtime.tasks import Failure, run_tasks
from firstshell.study.plan import StudyPlan
from firstshell.study.result import Study

CREDIT = "Figures after Na Narong, Zachko, Torrisi and Billinge, npj Computational Materials 11, 98 (2025)."
Part = tuple[str, str, list[Display | Table]]  # id, heading, what stands under it


def build_report(
    study: Study,
    data: Dataset,
    folder: str | Path,
    robustness: pd.DataFrame | None = None,
    *,
    workers: int | None = 0,
    reporter: Reporter | None = None,
) -> Path:
    """Write report.html, figures/<name>.png, .svg, .csv and tables/<name>.csv into a folder.

    Parameters
    ----------
    study : Study
        The result.
    data : Dataset
        The dataset that the study was made on.
    folder : str or Path
        Made if need be; each file is written whole or not at all, and the same study gives the same bytes.
    robustness : DataFrame, optional
        Scores of models for measured spectra against disturbances, as `firstshell.prediction.robustness` has them.
    workers : int, optional
        Processes that draw; None takes one a core, 0 draws in this process.
    reporter : Reporter, optional
        Shows progress.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        When the folder cannot be written, or the study was made on other data.

    Examples
    --------
    >>> import firstshell as fs
    >>> data = fs.load_dataset("small.parquet")
    >>> plan = fs.StudyPlan(targets=("bond_length",), inputs=("xanes",), splits=("grouped",), repeats=2)
    >>> study = fs.run_study(data, plan, workers=0)
    >>> fs.build_report(study, data, "study").name
    'report.html'

    """
    folder = Path(folder)
    check_data(study, data)
    data = with_spectra(data, from_dict(StudyPlan, study.settings).modalities)
    overview, main, closed = tables.overview(study), figures.main_figures(study, data), details(study, data, robustness)
    shown = [*main, *(item for *_, items in closed for item in items)]
    made = _drawn([item for item in shown if isinstance(item, Display)], folder, workers, reporter)
    for item in (overview, *shown):
        if isinstance(item, Table):
            write_table(item, folder)

    def body(items: list[Display | Table]) -> str:
        return "".join(made[item.name] if isinstance(item, Display) else page.table(item) for item in items)

    sections = [
        Section("findings", "In short", page.sentences(words.lead(study)) + page.table(overview, stacked=True)),
        Section("figures", "The paper's figures on these data", body([*main])),
        *(Section(name, heading, body(items), closed=True) for name, heading, items in closed),
    ]
    write_text(folder / "report.html", page.page(words.title(study), words.data_line(study), sections, CREDIT))
    return folder / "report.html"


def check_data(study: Study, data: Dataset) -> None:
    """Raise InputError unless a study was made on this dataset."""
    if study.provenance["dataset_hash"] != data.hash:
        remedy = f"Give the dataset whose hash is {study.provenance['dataset_hash'][:12]}…, or run the study again"
        raise InputError("the study was made on another dataset", remedy=remedy)


def details(study: Study, data: Dataset, robustness: pd.DataFrame | None = None) -> list[Part]:
    """Return what stands on the page in closed sections, without empty parts."""
    decay: list[Display | Table] = []
    if robustness is not None and len(robustness):
        decay += [robustness_figure(robustness, str(name)) for name in robustness["modality"].unique()]
    curves: list[Display | Table] = [*figures.importance_figures(study, data), tables.blocks(study)]
    tests: list[Display | Table] = [*figures.gain_figures(study), tables.tests(study)]
    tests += [tables.scores(study), tables.reference(study)]
    found: list[Part] = [
        ("checks", "What to know before believing a score", [tables.checks(study)]),
        ("claims", "The claims of the paper, one by one", [tables.claims(study)]),
        ("tests", "Does another input help?", tests),
        (
            "where",
            "Which part of the spectrum carries it",
            [tables_overview.importance_regions(study, data), *curves],
        ),
        ("predictions", "Predictions one by one", [*figures.prediction_figures(study), tables.class_scores(study)]),
        ("origins", "Natural and other samples", [tables.natural(study), tables.origins(study)]),
        ("robustness", "If the measurement is worse", decay),
        ("splits", "Grouped and random splits", [*figures.split_figures(study), tables_overview.split_scores(study)]),
        ("data", "The data", [*figures.data_figures(study), tables_overview.classes(study, data)]),
        ("left-out", "What was left out", [tables.left_out(study, data)]),
        ("provenance", "Settings and provenance", [tables.settings(study), tables.provenance(study, data)]),
    ]
    kept = [(name, heading, [item for item in items if not _empty(item)]) for name, heading, items in found]
    return [part for part in kept if part[2]]


def _empty(item: Display | Table) -> bool:
    return isinstance(item, Table) and (item.frame.empty or (item.shown is not None and item.shown.empty))


def _drawn(displays: list[Display], folder: Path, workers: int | None, reporter: Reporter | None) -> dict[str, str]:
    """Write the files of figures; return what stands of each on the page, by name."""
    tasks = {display.name: display for display in displays}
    found = run_tasks(draw, tasks, shared=folder, workers=workers, reporter=reporter, label="Drawing figures")
    for name, result in found.items():
        if isinstance(result, Failure):
            raise EngineError(f"the figure {name} could not be drawn: {result.reason}")
    return {name: result.meta["html"] for name, result in found.items() if isinstance(result, Record)}


def draw(folder: Path, display: Display) -> Record:
    """Draw a figure and write its three files; meta: html, what stands of it on the page. One task."""
    made, path = drawn(display), folder / "figures" / display.name
    for ending, content in (("png", made.png), ("svg", made.svg)):
        write_atomic(path.with_suffix(f".{ending}"), partial(_write_bytes, content))
    write_csv(display.frame(), path.with_suffix(".csv"))
    return Record({"html": page.figure(display, made.panels)})


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def write_table(table: Table, folder: Path) -> None:
    """Write the numbers of a table."""
    write_csv(table.frame, folder / "tables" / f"{table.name}.csv")
