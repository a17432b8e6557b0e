"""The page under axe, the checker of WCAG rules: FIRSTSHELL_AXE names its axe.min.js (npm pack axe-core)."""

import os
from pathlib import Path

import pytest
from browser import find, tab

from places import DATA

AXE = os.environ.get("FIRSTSHELL_AXE", "")
ANSWERED = "document.querySelector('#windows figure') && !document.querySelector('#result[aria-busy]')"
VIOLATIONS = (
    "axe.run(document).then((r) => r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`))"
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find() is None or not AXE, reason="no Chromium, or FIRSTSHELL_AXE does not name axe.min.js"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("example", ["Cu-both", "Fe-series"])
def test_the_page_has_no_violation(client, tmp_path, example, width, scheme):
    with tab(tmp_path) as page:
        page.open(f"{client.url}#example={example}", width=width, scheme=scheme)
        page.wait(ANSWERED, 120)
        page.run("document.querySelector('#elements').value = 'Cu,Fe,O'")
        page.run("document.querySelector('#match button').click()")
        page.wait("document.querySelector('#save-match')", 120)
        check(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_fit_and_a_series_of_mixtures_have_no_violation(client, tmp_path, width, scheme):
    with tab(tmp_path) as page:
        page.open(f"{client.url}#example=Cu-both", width=width, scheme=scheme)
        page.wait(ANSWERED, 120)
        page.run("document.querySelector('#spectra button').click()")  # the PDF stays, which needs no engine
        page.run("(() => { document.querySelector('#metal').value = 'Cu'; })()")
        page.choose_files("#files", [DATA / "structures" / "tenorite.cif"])
        page.wait("document.querySelectorAll('#structures li').length === 1")
        ask(page, "fit")
        check(page)
        page.open(f"{client.url}#example=Fe-series", width=width, scheme=scheme)
        page.wait(ANSWERED, 120)
        ask(page, "mix")
        check(page)


def ask(page, task):
    page.run(f"(() => {{ document.querySelector('#task').value = {task!r}; }})()")
    page.run("document.querySelector('#task').dispatchEvent(new Event('change'))")
    page.run("document.querySelector('#match button').click()")
    page.wait("document.querySelector('#save-match')", 120)


def check(page):
    page.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.run(f"{Path(AXE).read_text(encoding='utf-8')};1")
    assert page.run(VIOLATIONS) == []
    assert page.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
