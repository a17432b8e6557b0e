"""What `fit`, `rank` and `mix` found, each as one self-contained page: answer, picture, tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from firstshell import __version__
from firstshell.match.fit import StructureFit
from firstshell.match.measurements import Measurements
from firstshell.match.mix import Mixtures
from firstshell.match.rank import NONE_NAME, Ranking
from firstshell.report import page
from firstshell.report.page import Section
from firstshell.report.tables import Table
from firstshell.report.words import match as words
from firstshell.report.words import mixture as mixture_words
from firstshell.report.words.answer import with_interval
from firstshell.runtime.store import write_text
from firstshell.simulation import show

NAME = "report.html"
MOST = 200
"""Candidates, scans and refused files that a page lists."""


def write_fit(found: StructureFit, picture: Path) -> Path:
    """Write the page of a fit beside its picture (an SVG as matplotlib writes it), and return where it is."""
    sections = [
        Section("findings", "In short", page.sentences(words.fit_answer(found))),
        Section("picture", "Measured and fitted", page.picture(picture.read_bytes(), "fit", words.fit_title(found))),
        Section("parameters", "What was fitted", page.table(parameters(found), stacked=True, alone=True)),
        _origin(found.measurements, ()),
    ]
    return _write(words.fit_title(found), words.measured(found.measurements), sections, picture)


def write_ranking(found: Ranking, picture: Path) -> Path:
    """Write the page of a ranking beside its picture (an SVG as matplotlib writes it), and return where it is."""
    title = words.ranking_title(found)
    sections = [
        Section("findings", "In short", page.sentences(words.ranking_answer(found))),
        Section("candidates", "Candidates", page.table(candidates(found), stacked=True, alone=True)),
        Section("picture", "As bars", page.picture(picture.read_bytes(), "ranking", f"{title}: the table as bars")),
        _origin(found.measurements, found.refused),
    ]
    return _write(title, words.measured(found.measurements), sections, picture)


def write_mixtures(found: Mixtures, pictures: Sequence[Path]) -> Path:
    """Write the page of mixtures beside their pictures, and return where it is.

    pictures : SVGs as matplotlib writes them, of the first scans; then of the series when it has two or more
    """
    count = f"{len(found)} scan{'s' * (len(found) != 1)}"
    title = mixture_words.title(found)
    drawn = [page.picture(path.read_bytes(), path.stem, f"{title}: {path.stem}") for path in pictures]
    first = drawn[-1] if len(found) > 1 else drawn[0]
    sections = [
        Section("findings", "In short", page.sentences(mixture_words.answer(found))),
        Section("fractions", "Phases", _tables(mixtures(found))),
        Section("picture", "Along the scans" if len(found) > 1 else "Measured and mixed", first),
    ]
    if len(found) > 1:
        sections.append(Section("scans", "The first scans one by one", "".join(drawn[:-1]), closed=True))
    tried = {name: None for each in found for name in each.candidates}
    rows = [("Phases that were tried", ", ".join(tried)), *(("Scan", each.sample.source) for each in found[:MOST])]
    sections.append(_sources(rows, found.refused))
    return _write(title, f"{count}, {len(tried)} phases", sections, pictures[0])


def parameters(found: StructureFit) -> Table:
    """Return what was fitted, one row a parameter."""
    rows = [
        {
            "Parameter": each.name,
            "Measurement": show(each.modality),
            "Meaning": words.meaning(each),
            "Value": words.number(each.value),
            "90 % interval": f"{words.number(each.low)} to {words.number(each.high)}",
            "Unit": each.unit,
            "Note": "at its limit" if each.at_limit else "",
        }
        for each in found.parameters
    ]
    return _table("parameters", "Parameters", "Intervals hold if the structure is right.", rows)


def candidates(found: Ranking) -> Table:
    """Return the most probable candidates and "none of these": by all measurements, by each, and what is left."""
    several = words.alone_too(found)
    rows = []
    for each in found.ranked[:MOST]:
        row = {"Candidate": each.candidate.name, "Formula": each.candidate.formula}
        row |= {"Space group": str(each.candidate.space_group), "Probability": words.percent(each.probability)}
        row |= {f"{show(name)} alone": words.percent(words.alone(each, name)) for name in several}
        rows.append(row | {"Residual": words.residuals(each)})
    none = {"Candidate": NONE_NAME, "Formula": "", "Space group": "", "Probability": words.percent(found.none)}
    none |= {f"{show(name)} alone": words.percent(found.none_alone[name]) for name in several}
    rows.append(none | {"Residual": ""})
    rest = found.ranked[MOST:]
    caption = "Residuals: XANES in edge steps; EXAFS and PDF (Rw) as a share of the measurement."
    if several:
        caption += " A dash: not compared by this measurement, as another one had ruled it out."
    if rest:
        caption += f" {len(rest)} more, together {words.percent(sum(each.probability for each in rest))}."
    return _table("candidates", "Probability of each candidate", caption, rows)


def mixtures(found: Mixtures) -> list[Table]:
    """Return fractions and, where they are known, first shells."""
    return [fractions(found), *([first_shells(found)] if found.answers else [])]


def fractions(found: Mixtures) -> Table:
    """Return fractions with their intervals: one row a phase of a single scan, or one row a scan of several."""
    if len(found) == 1:
        rows = [
            {"Phase": part.name, "Fraction": mixture_words.share(part.fraction, part.interval)}
            for part in found[0].parts
        ]
    else:
        rows = [
            {"Scan": each.sample.name}
            | {name: mixture_words.share(each.fraction(name), each.interval(name)) for name in found.names}
            | {"Enough?": "yes" if each.sufficient else "NOT ENOUGH"}
            for each in found[:MOST]
        ]
    caption = mixture_words.NOTE + (f" The first {MOST} of {len(found)} scans." if len(found) > MOST else "")
    return _table("fractions", "Fractions", caption, rows)


def first_shells(found: Mixtures) -> Table:
    """Return what is predicted of the first shell of each phase."""
    rows = []
    for name, answer in found.answers.items():
        row = {"Phase": name}
        for target, each in answer.predictions.items():
            row[f"{target.label} ({target.unit})" if target.unit else target.label] = with_interval(each)
        rows.append(row | {"In domain?": "yes" if answer.in_domain else "no: a guess"})
    caption = "As firstshell predict answers for the spectrum of each phase; in brackets 90 % intervals."
    return _table("first_shells", "First shell of each phase", caption, rows)


def _tables(found: Sequence[Table]) -> str:
    return "".join(page.table(each, stacked=True, alone=True) for each in found)


def _table(name: str, title: str, caption: str, rows: Sequence[dict[str, str]]) -> Table:
    frame = pd.DataFrame(rows)
    return Table(name, title, caption, frame, frame)


def _origin(found: Measurements, refused: Iterable[tuple[str, str]]) -> Section:
    """Return where an answer comes from: files, how they were read, what to know of them, what was not used."""
    rows = []
    if found.xanes is not None:
        rows.append(("XANES", ", ".join(filter(None, (found.xanes.source, found.xanes.file_type, found.xanes.how)))))
    if found.exafs is not None:
        rows.append(("EXAFS", f"{found.exafs.source}, to {found.exafs.end:.1f} Å⁻¹"))
    if found.pdf is not None:
        how = found.pdf.conditions
        doubtful = f"; not given in the file: {', '.join(how.doubtful)}" if how.doubtful else ""
        conditions = f"{how.radiation}, Qmax {how.qmax:.3g} Å⁻¹, Qdamp {how.qdamp:.3g} Å⁻¹{doubtful}"
        rows.append(("PDF", f"{found.pdf.source}, {conditions}"))
    rows += [("Warning", each) for each in found.warnings]
    return _sources(rows, (*found.refused, *refused))


def _sources(rows: Sequence[tuple[str, str]], refused: Sequence[tuple[str, str]]) -> Section:
    left_out = [("Not used", f"{name}: {reason}") for name, reason in refused[:MOST]]
    if len(refused) > MOST:
        left_out.append(("Not used", f"{len(refused) - MOST} more"))
    listed = [*rows, *left_out, ("Program", f"firstshell {__version__}")]
    shown = [{"What": what, "Which": which} for what, which in listed]
    made = page.table(_table("origin", "Files", "", shown), alone=True)
    return Section("origin", "Where it comes from", made, closed=True)


def _write(title: str, lead: str, sections: list[Section], beside: Path) -> Path:
    write_text(beside.with_name(NAME), page.page(title, lead, sections))
    return beside.with_name(NAME)
