"""From figures, tables and words to HTML. Everything that is not HTML made here is escaped here."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template

from firstshell.report.display import Display, plot_panel, svg
from firstshell.report.style import metal_colour
from firstshell.report.svg import inline
from firstshell.report.tables import Table
from firstshell.report.text import Finding

CODED = {*("ok", "note", "warning", "error"), *("helps", "hurts", "undecided", "confirmed", "not confirmed")}
"""Words that a cell shows as a chip of their colour."""


SHORT = 24
"""Characters of a cell that stay on one line, such as numbers with their ± and names."""
LONG = 80
"""Characters from which a cell is a sentence, and stays wide enough to be read on a phone."""


@dataclass(frozen=True)
class Section:
    """A part of the page: an id, a heading and its HTML."""

    id: str
    title: str
    body: str


def figure(display: Display) -> str:
    """Return a figure with its panels as inline SVG, its caption and its downloads."""
    rows = []
    for i, row in enumerate(display.rows()):
        cells = [
            f'<div class="panel" style="max-width:{7 * panel.width:.1f}rem">'
            + inline(svg(plot_panel(panel)), f"{display.name}-{i}-{j}", panel.alt)
            + "</div>"
            for j, panel in enumerate(row)
        ]
        least = min(4.2 * panel.width for panel in row)
        rows.append(f'<div class="panels" style="--least:{least:.1f}rem">{"".join(cells)}</div>')
    links = downloads("figures", display.name, ("png", "svg", "csv"))
    return (
        f'<h3 id="figure-{display.name}">{escape(display.title)}</h3>'
        f"<figure>{''.join(rows)}<figcaption>{escape(display.caption)} {links}</figcaption></figure>"
    )


def table(table: Table) -> str:
    """Return a table in a box that scrolls sideways, with its caption and download."""
    heads = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in table.shown.columns)
    rows = "".join(
        "<tr>" + "".join(_cell(str(value)) for value in row) + "</tr>"
        for row in table.shown.itertuples(index=False, name=None)
    )
    return (
        f'<h3 id="table-{table.name}">{escape(table.title)}</h3>'
        f'<p class="caption">{escape(table.caption)} {downloads("tables", table.name, ("csv",))}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="table-{table.name}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    if text in CODED:
        return f'<td class="short">{_chip(text)}</td>'
    kind = ' class="short"' if len(text) <= SHORT else ' class="long"' if len(text) >= LONG else ""
    return f"<td{kind}>{escape(text)}</td>"


def _chip(word: str) -> str:
    return f'<span class="chip {escape(word.replace(" ", "-"))}">{escape(word)}</span>'


def downloads(folder: str, name: str, endings: Iterable[str]) -> str:
    """Return links to the files beside the page."""
    links = " ".join(f'<a href="{folder}/{name}.{end}" download>{end.upper()}</a>' for end in endings)
    return f'<span class="files">{links}</span>'


def findings(found: list[Finding], note: str) -> str:
    """Return one card per metal: what wins, whether another input helps, and where the importance sits.

    note : a paragraph before the cards, or ""
    """
    cards = [f"<p>{escape(note)}</p>"] if note else []
    for metal in dict.fromkeys(finding.metal for finding in found):
        parts = "".join(_finding(finding) for finding in found if finding.metal == metal)
        dot = f'<span class="dot" style="background:{metal_colour(metal)}"></span>'
        cards.append(f'<article class="card"><h3>{dot}{escape(metal)}</h3>{parts}</article>')
    return "".join(cards)


def _finding(finding: Finding) -> str:
    tests = "".join(f"<li>{_chip(verdict)} {escape(sentence)}</li>" for verdict, sentence in finding.tests)
    where = "".join(f"<p>{escape(sentence)}</p>" for sentence in finding.where)
    tested = f"<ul>{tests}</ul>" if tests else ""
    return f"<h4>{escape(finding.target.label)}</h4><p>{escape(finding.best)}</p>{tested}{where}"


def page(title: str, lead: str, sections: list[Section]) -> str:
    """Return the whole page: style, script and figures within it, nothing from elsewhere."""
    folder = files("firstshell.report") / "templates"
    style, script, frame = ((folder / f"report.{end}").read_text(encoding="utf-8") for end in ("css", "js", "html"))
    return Template(frame).substitute(
        title=escape(title),
        lead=escape(lead),
        style=style,
        script=script,
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        contents="".join(f'<li><a href="#{part.id}">{escape(part.title)}</a></li>' for part in sections),
        sections="".join(
            f'<section id="{part.id}"><h2>{escape(part.title)}</h2>{part.body}</section>' for part in sections
        ),
    )
