"""The page in a browser: what a person sees, by mouse and by keyboard."""

import csv
import json
import time

import pytest
from browser import find, tab

pytestmark = [pytest.mark.browser, pytest.mark.skipif(find() is None, reason="there is no Chromium here")]

ANSWERED = "document.querySelector('#windows figure') && !document.querySelector('#result[aria-busy]')"
VALUES = "[...document.querySelectorAll('.card .value')].map((each) => each.textContent).join()"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with tab(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def quiet(page):
    """The page, which must not have complained at the end."""
    page.events.clear()
    yield page
    page.run("1")
    assert page.complaints() == []


def test_an_example_is_answered_with_charts(quiet, client):
    quiet.open(f"{client.url}#example=Cu-both")
    quiet.wait(ANSWERED, 120)
    assert quiet.run("document.querySelectorAll('.card').length") == 3
    assert quiet.run("document.querySelectorAll('#curves svg.chart').length") == 3
    assert quiet.run("document.querySelectorAll('#curves path.cloud').length") >= 2
    assert quiet.run("document.querySelectorAll('#windows svg').length") == 6
    assert "oxidation state" in quiet.run("document.querySelector('#status').textContent")
    assert "Average over the Cu sites" in quiet.run("document.querySelector('.card').textContent")
    assert {url.split("/")[2] for url in quiet.requested() if url.startswith("http")} == {f"127.0.0.1:{client.port}"}
    assert quiet.run("document.cookie") == ""


def test_the_keyboard_moves_e0_and_the_answer_follows(quiet, client):
    quiet.open(f"{client.url}#example=Fe-xanes")
    quiet.wait(ANSWERED, 120)
    before = quiet.run(VALUES)
    e0 = float(quiet.run("document.querySelector('#field-e0').value"))
    quiet.run("document.querySelector('[aria-label^=\"Energy shift\"]').focus()")
    for _ in range(40):
        quiet.press("ArrowLeft", 37)
    quiet.wait(f"({VALUES}) !== {json.dumps(before)}")
    quiet.wait(ANSWERED)
    assert quiet.run("document.querySelector('#align').value") == "given"
    quiet.run("document.querySelector('#field-e0').focus()")
    quiet.press("ArrowUp", 38)
    pressed = float(quiet.run("document.querySelector('#field-e0').value"))
    assert 0 < pressed - e0 <= 0.1 + 1e-6
    quiet.wait(f"document.querySelector('#curves').innerText.includes('E0 = {pressed:.1f} eV; shaded')")
    quiet.run("document.querySelector('#reset').click()")
    quiet.wait(f"({VALUES}) === {json.dumps(before)}")


def test_everything_can_be_reached_by_tab(quiet, client):
    quiet.open(f"{client.url}#example=Cu-xanes")
    quiet.wait(ANSWERED, 120)
    quiet.run("document.activeElement.blur()")
    reached = []
    for _ in range(60):
        quiet.press("Tab", 9)
        reached.append(quiet.run("document.activeElement.id || document.activeElement.textContent"))
    order = [reached.index(name) for name in ("files", "example", "metal", "align", "field-e0", "reset", "save-csv")]
    assert order == sorted(order)
    unnamed = "[...document.querySelectorAll('input,select')].filter((e) => !e.labels.length && !e.ariaLabel).length"
    assert quiet.run(unnamed) == 0


def test_many_files_make_a_table_and_a_series(quiet, client, tmp_path):
    quiet.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    quiet.open(f"{client.url}#example=Fe-series")
    quiet.wait(ANSWERED, 120)
    assert quiet.run("document.querySelectorAll('.answers tbody tr').length") == 12
    assert quiet.run("document.querySelectorAll('#many svg circle').length") == 36
    quiet.run("document.querySelectorAll('.answers button')[7].click()")
    quiet.wait("document.querySelector('.of').textContent === 'Fe_scan_08'")
    quiet.wait(ANSWERED)
    for kind in ("csv", "png", "html"):
        quiet.run(f"document.querySelector('#save-{kind}').click()")
        saved = _saved(quiet, tmp_path, kind)
        if kind == "csv":
            assert len(list(csv.DictReader(saved.decode().splitlines()))) == 12
        if kind == "png":
            assert saved.startswith(b"\x89PNG")
            assert len(saved) > 20_000
        if kind == "html":
            (tmp_path / "report.html").write_bytes(saved)
    quiet.open((tmp_path / "report.html").as_uri())
    assert quiet.run("document.querySelectorAll('svg.chart').length") >= 8
    assert quiet.run("document.querySelectorAll('script, button, input').length") == 0
    assert quiet.run("getComputedStyle(document.querySelector('path.measured')).strokeWidth") == "2px"


def _saved(page, folder, ending):
    """The file that the browser saves; it has its name once it is whole."""
    end = time.monotonic() + 60
    while not (found := list(folder.glob(f"*.{ending}"))):
        assert time.monotonic() < end, page.run("document.body.innerText")
        time.sleep(0.1)
    return found[0].read_bytes()


def test_a_bad_file_is_told_and_the_good_one_answered(page, client, tmp_path):
    (tmp_path / "<b>notes<b>.txt").write_text("hello\n")
    page.open(f"{client.url}#example=Cu-xanes")
    page.wait(ANSWERED, 120)
    page.choose_files("#files", [tmp_path / "<b>notes<b>.txt"])
    page.wait("document.querySelector('#errors .error')")
    assert "notes" in page.run("document.querySelector('#errors').textContent")
    assert page.run("document.querySelectorAll('#errors b b').length") == 0
    page.wait("document.querySelectorAll('.card').length === 3")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("example", ["Cu-both", "Fe-series"])
def test_a_phone_shows_it_without_scrolling_sideways(quiet, client, scheme, example):
    quiet.open(f"{client.url}#example={example}", width=390, height=844, scheme=scheme)
    quiet.wait(ANSWERED, 120)
    assert quiet.run(WIDER) <= 0
    ink, paper = quiet.run("((s) => [s.color, s.backgroundColor])(getComputedStyle(document.body))")
    assert _contrast(ink, paper) > 7
    soft = quiet.run("getComputedStyle(document.querySelector('.card .small')).color")
    raised = quiet.run("getComputedStyle(document.querySelector('.card')).backgroundColor")
    assert _contrast(soft, raised) > 4.5


def _contrast(one, two):
    """The contrast ratio of WCAG 2 of two colours as CSS gives them."""
    lights = []
    for colour in (one, two):
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)
