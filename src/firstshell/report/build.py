"""Making the report: every figure and table as files, and one page that holds them all."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from firstshell.errors import EngineError, InputError
from firstshell.report import page, reading, tables, tables_overview, text
from firstshell.report.display import Display, png, svg
from firstshell.report.figures import study as figures
from firstshell.report.figures.robustness import Robustness
from firstshell.report.page import Section
from firstshell.report.style import input_name
from firstshell.report.tables import Table
from firstshell.runtime.progress import Reporter
from firstshell.runtime.spreadsheet import write_csv
from firstshell.runtime.store import Record, write_atomic
from firstshell.runtime.tasks import Failure, run_tasks

if TYPE_CHECKING:
    import pandas as pd

    from firstshell.dataset.table import Dataset
    from firstshell.study.study import Study

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
    if study.provenance["dataset_hash"] != data.hash:
        remedy = f"Give the dataset whose hash is {study.provenance['dataset_hash'][:12]}…, or run the study anew"
        raise InputError("the study was made on another dataset", remedy=remedy)
    top = [table for table in (tables.summary(study), tables_overview.verdicts(study)) if not _empty(table)]
    cards = page.findings(text.findings(study, data), text.edge_words(study, data))
    for table in top:
        write_table(table, folder)
    sections = [Section("findings", "What was found", "".join(map(page.table, top)) + cards)]
    shown = parts(study, data, robustness)
    drawn = _drawn([i for *_, items in shown for i in items if isinstance(i, Display)], folder, workers, reporter)
    for name, heading, items in shown:
        body = ""
        for item in items:
            if isinstance(item, Table):
                write_table(item, folder)
                body += page.table(item)
            else:
                body += drawn[item.name]
        sections.append(Section(name, heading, body))
    html = page.page(title(study), lead(study), sections)
    write_atomic(folder / "report.html", lambda path: path.write_text(html, encoding="utf-8"))
    return folder / "report.html"


def parts(study: Study, data: Dataset, robustness: pd.DataFrame | None = None) -> list[Part]:
    """Return what stands on the page below the findings, without empty parts."""
    decay: list[Display | Table] = []
    if robustness is not None and len(robustness):
        decay += [Robustness(robustness, name) for name in robustness["modality"].unique()]
    found: list[Part] = []
    for target in reading.targets(study):
        shown: list[Display | Table] = [*figures.target_figures(study, data, target), tables.scores(study, target)]
        shown += [tables.class_scores(study, target)] if target.is_class else []
        found.append((target.value.replace("_", "-"), target.label, shown))
    blocks, left_out = tables.blocks(study), tables.left_out(study, data)
    splits = [tables_overview.split_scores(study, target) for target in reading.targets(study)]
    found += [
        ("tests", "Does another input help?", [tables.tests(study), *([blocks] if blocks else [])]),
        ("paper", "What the paper found, asked again", [tables.findings(study)]),
        ("origins", "Do derived structures help?", [tables.origins(study)]),
        ("where", "Where the importance stands", [tables_overview.importance_regions(study, data)]),
        ("robustness", "If the measurement is worse", decay),
        ("splits", "Grouped and random splits", [*figures.split_figures(study), *splits]),
        ("data", "The data", [tables_overview.classes(study, data), *figures.data_figures(study, data), left_out]),
        ("checks", "Checks", [tables.checks(study)]),
        ("provenance", "Settings and provenance", [tables.settings(study), tables.provenance(study, data)]),
    ]
    kept = [(name, heading, [item for item in items if not _empty(item)]) for name, heading, items in found]
    return [part for part in kept if part[2]]


def _empty(item: Display | Table) -> bool:
    return isinstance(item, Table) and item.shown.empty


def _drawn(displays: list[Display], folder: Path, workers: int | None, reporter: Reporter | None) -> dict[str, str]:
    """Write the files of figures; return what stands of each on the page, by name."""
    tasks = {display.name: display for display in displays}
    found = run_tasks(draw, tasks, shared=folder, workers=workers, reporter=reporter, label="Drawing figures")
    for name, result in found.items():
        if isinstance(result, Failure):
            raise EngineError(f"the figure {name} could not be drawn: {result.reason}")
    return {name: result.meta["html"] for name, result in found.items() if isinstance(result, Record)}


def draw(folder: Path, display: Display) -> Record:
    """Write the files of a figure; meta: html, what stands of it on the page. One task."""
    write_figure(display, folder)
    return Record({"html": page.figure(display)})


def write_figure(display: Display, folder: Path) -> None:
    """Write the three files of a figure."""
    drawn, path = display.plot(), folder / "figures" / display.name
    for ending, made in (("png", png), ("svg", svg)):
        write_atomic(path.with_suffix(f".{ending}"), partial(_write_bytes, made(drawn)))
    write_csv(display.frame(), path.with_suffix(".csv"))


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def write_table(table: Table, folder: Path) -> None:
    """Write the numbers of a table."""
    write_csv(table.frame, folder / "tables" / f"{table.name}.csv")


def title(study: Study) -> str:
    """Return the page's title."""
    return f"The first shell of {text.listed(reading.metals(study))}: what XANES and PDF tell"


def lead(study: Study) -> str:
    """Return one paragraph: samples, inputs, splits and who made it."""
    counts = study.provenance["counts"]
    samples = [f"{metal} {max(held['samples'] for held in counts[metal].values())}" for metal in reading.metals(study)]
    inputs = text.listed([input_name(name) for name in reading.inputs(study)])
    by = str(study.settings["group_by"]).replace("_", " ")
    grouped = f" Grouped splits keep one {by}, and all that was made from one parent or in one series, on one side."
    return (
        f"Random forests on {inputs}; {study.settings['level']}-level samples: {text.listed(samples)}. "
        f"{study.settings['repeats']} repeats each; scores are of held-out samples, ± one standard deviation over "
        f"repeats; words and figures are of {reading.splits(study)[0]} splits unless they say otherwise."
        + (grouped if "grouped" in reading.splits(study) else "")
    )
