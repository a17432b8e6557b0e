"""From figures, tables and words to HTML. Everything that is not HTML made here is escaped here."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template

from firstshell.report.display import Display
from firstshell.report.svg import inline
from firstshell.report.tables import Mark, Table
from firstshell.report.words.terms import VERDICTS

SHORT = 24
"""Characters of a cell that stay on one line, such as numbers with their ± and names."""
LONG = 80
"""Characters from which a cell is a sentence, and stays wide enough to be read on a phone."""


@dataclass(frozen=True)
class Section:
    """A part of the page: an id, a heading and its HTML; one that is `closed` opens when it is asked for."""

    id: str
    title: str
    body: str
    closed: bool = False


def sentences(lines: Iterable[str]) -> str:
    """Return sentences as a list."""
    return f"<ul class='lead'>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def figure(display: Display, panels: Sequence[bytes]) -> str:
    """Return a figure with its panels (SVG, row by row) inline, its caption and its downloads."""
    rows, drawn = [], iter(panels)
    for i, row in enumerate(display.rows):
        cells = [
            f'<div class="panel" style="max-width:{7 * panel.width:.1f}rem">'
            + inline(next(drawn), f"{display.name}-{i}-{j}", panel.alt)
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


def picture(svg: bytes, name: str, alt: str) -> str:
    """Return a whole picture (SVG as matplotlib writes it) inline, which scrolls sideways where it would be too small.

    name : part of the ids of the picture, which differ on a page
    alt : what one sees, for those who do not
    """
    label = escape(alt)
    box = f'<div class="scroll picture" tabindex="0" role="region" aria-label="{label}">'
    return f"<figure>{box}{inline(svg, name, alt)}</div></figure>"


def table(table: Table, *, stacked: bool = False, alone: bool = False) -> str:
    """Return a table in a box that scrolls sideways, with caption and download; only the latter for a CSV.

    stacked : on a phone each row is a block, with the heads beside the cells, and nothing scrolls
    alone : there are no files beside the page to link to
    """
    links = "" if alone else downloads("tables", table.name, ("csv",))
    if table.shown is None:
        return f"<p class='caption'>{escape(table.title)}: {links}</p>"
    heads = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in table.shown.columns)
    named = [f' data-head="{escape(str(name))}"' if stacked else "" for name in table.shown.columns]
    rows = "".join(
        "<tr>" + "".join(map(_cell, row, named)) + "</tr>" for row in table.shown.itertuples(index=False, name=None)
    )
    kind = "scroll stacked" if stacked else "scroll"
    return (
        f'<h3 id="table-{table.name}">{escape(table.title)}</h3>'
        f'<div class="{kind}" tabindex="0" role="region" aria-labelledby="table-{table.name}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        f'<p class="caption">{escape(table.caption)} {links}</p>'
    )


def _cell(value: object, named: str = "") -> str:
    if isinstance(value, Mark):
        return f'<td class="short"{named}>{escape(value.text)}{" " if value.text else ""}{_chip(value.verdict)}</td>'
    text = str(value)
    kind = ' class="short"' if len(text) <= SHORT else ' class="long"' if len(text) >= LONG else ""
    return f"<td{kind}{named}>{escape(text)}</td>"


def _chip(verdict: str) -> str:
    if not verdict:
        return ""
    return f'<span class="chip {escape(verdict.replace(" ", "-"))}">{escape(VERDICTS.get(verdict, verdict))}</span>'


def downloads(folder: str, name: str, endings: Iterable[str]) -> str:
    """Return links to the files beside the page."""
    links = " ".join(f'<a href="{folder}/{name}.{end}" download>{end.upper()}</a>' for end in endings)
    return f'<span class="files">{links}</span>'


def page(title: str, lead: str, sections: list[Section], credit: str = "") -> str:
    """Return the whole page: style, script and figures within it, nothing from elsewhere.

    credit : what its foot says beside who made it
    """
    folder = files("firstshell.report") / "templates"
    style, script, frame = ((folder / f"report.{end}").read_text(encoding="utf-8") for end in ("css", "js", "html"))
    return Template(frame).substitute(
        title=escape(title),
        lead=escape(lead),
        credit=escape(credit),
        style=style,
        script=script,
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        contents="".join(f'<li><a href="#{part.id}">{escape(part.title)}</a></li>' for part in sections),
        sections="".join(map(_section, sections)),
    )


def _section(part: Section) -> str:
    heading = f"<h2>{escape(part.title)}</h2>"
    if part.closed:
        return f'<details id="{part.id}"><summary>{heading}</summary>{part.body}</details>'
    return f'<section id="{part.id}">{heading}{part.body}</section>'
