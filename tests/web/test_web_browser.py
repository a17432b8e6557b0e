"""The page in a browser: what a person sees, by mouse and by keyboard."""

import csv
import json
import threading
import time

import numpy as np
import pytest
from browser import find, tab
from serving import make_service, running

from firstshell.elements import k_edge
from firstshell.io.structures.files import read_structure
from firstshell.simulation.exafs import Conditions, chi_under
from pdfs import measured_pdf
from places import DATA
from scans import E0
from two_shells import one_shell

pytestmark = [pytest.mark.browser, pytest.mark.skipif(find() is None, reason="there is no Chromium here")]

ANSWERED = "document.querySelector('#windows figure') && !document.querySelector('#result[aria-busy]')"
VALUES = "[...document.querySelectorAll('.card .value')].map((each) => each.textContent).join()"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def short_scan():
    """The rows of a made-up scan of Cu: energy, I0, It and fluorescence."""
    away = np.arange(-100.0, 200.0, 1.0)
    mu = 0.4 - 4e-4 * away + 0.9 * (0.5 + np.arctan((away - 8) / 2) / np.pi)
    rows = zip(away + k_edge("Cu"), np.exp(-mu), mu, strict=True)
    return "".join(f"{e:.2f} 1.0 {t:.6f} {f:.6f}\n" for e, t, f in rows)


def long_scan():
    """The rows of a made-up scan of Cu with the EXAFS of four neighbours at 1.95 Å: energy and μ."""
    away, k = np.arange(-150.0, 400.0, 0.5), 0.05 * np.arange(20, 200)
    one = Conditions(*(np.array([value]) for value in (2.3, 0.005, 0.0095, 1.0)))
    chi = np.interp(np.sqrt(np.maximum(away, 0) / 3.81), k, 0.7 * chi_under(one_shell(4.0, 1.95), k, one)[0], left=0)
    mu = 0.5 + 0.5 * np.tanh(away / 2) + 0.3 * np.exp(-0.5 * ((away - 7) / 4) ** 2) + chi * (away > 20)
    return "".join(f"{e:.2f} {m:.6f}\n" for e, m in zip(away + E0["Cu"], 1.2 - 4e-4 * away + 0.8 * mu, strict=True))


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
    assert quiet.run("document.querySelectorAll('#curves svg.chart').length") == 4
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


E0_FIELD = "Number(document.querySelector('#field-e0').value)"


def test_e0_is_dragged_within_its_bounds(quiet, client):
    quiet.open(f"{client.url}#example=Fe-xanes")
    quiet.wait(ANSWERED, 120)
    e0 = quiet.run(E0_FIELD)
    quiet.run("document.querySelector('.grip').scrollIntoView({block: 'center'})")
    quiet.drag(".grip", 20)
    quiet.wait(f"{E0_FIELD} > {e0 + 2}")
    moved = quiet.run(E0_FIELD)
    assert quiet.run("Number(document.querySelector('.grip').ariaValueNow)") == pytest.approx(moved, abs=0.051)
    quiet.wait(f"document.querySelector('.origin').innerText.includes('E0 {moved:.1f} eV')")  # of the answer
    quiet.press("ArrowLeft", 37)  # the mark has the focus
    quiet.wait(f"Math.abs({E0_FIELD} - {moved - 0.1}) < 0.051")
    quiet.drag(".grip", 240)
    quiet.wait(f"Math.abs({E0_FIELD} - {e0 + 20}) < 0.2")
    quiet.run(
        "((e) => { e.focus(); e.value = 1; e.dispatchEvent(new Event('input')); })(document.querySelector('#field-e0'))"
    )
    assert quiet.run("document.querySelector('#bounds-e0').textContent").startswith("Give 71")
    assert quiet.run("document.querySelector('#field-e0').ariaInvalid") == "true"


def test_a_chart_is_enlarged_and_read_under_the_pointer(quiet, client):
    quiet.open(f"{client.url}#example=Fe-xanes")
    quiet.wait(ANSWERED, 120)
    first = "document.querySelector('#curves figure')"
    ticks = f"[...{first}.querySelectorAll('text[text-anchor=middle].tick')].map((t) => t.textContent).join()"
    whole = quiet.run(ticks)
    quiet.run(f"{first}.scrollIntoView({{block: 'center'}})")
    quiet.drag("#curves .plot", 120, (0.3, 0.5))
    quiet.wait(f"({ticks}) !== {json.dumps(whole)}")
    x, y, width, height = quiet.run(
        f"((b) => [b.x, b.y, b.width, b.height])({first}.querySelector('.plot').getBoundingClientRect())"
    )
    quiet.mouse("mouseMoved", x + width / 2, y + height / 2)
    assert quiet.run(f"{first}.querySelector('.readout').textContent").count("measured") == 1
    quiet.run("document.querySelector('#reset').click()")
    quiet.wait(ANSWERED)
    assert quiet.run(ticks) != whole  # what is enlarged stays so
    quiet.run(f"{first}.querySelector('.views button').click()")
    assert quiet.run(ticks) == whole


def test_each_measurement_has_a_column(quiet, client):
    quiet.open(f"{client.url}#example=Cu-both")
    quiet.wait("document.querySelector('.apart') && !document.querySelector('#alone-note')", 120)
    heads, *rows = quiet.run(
        "[...document.querySelectorAll('.apart tr')].map((row) => [...row.cells].map((c) => c.innerText))"
    )
    assert heads[1:] == ["XANES alone", "PDF alone", "Both"]
    assert len(rows) == 3
    assert all(cell and cell != "…" for row in rows for cell in row)


def test_columns_and_signals_are_chosen_on_the_page(page, client, tmp_path):
    (tmp_path / "raw.dat").write_text("# one two three four\n" + short_scan())
    (tmp_path / "named.dat").write_text("# energy i0 itrans ifluor\n" + short_scan())
    page.open(client.url)
    page.choose_files("#files", [tmp_path / "raw.dat"])
    page.wait("document.querySelector('#errors .error')")
    told = page.run("document.querySelector('#errors').innerText")
    assert "“Columns”" in told
    assert "--" not in told
    page.run("document.querySelector('#errors summary').click()")
    field = "document.querySelector('#errors input')"
    page.run(f"{field}.value = 'energy=1,mu=ln(2/3)'; {field}.form.requestSubmit()")
    page.wait(f"{ANSWERED} && !document.querySelector('#errors .error')", 120)
    assert "ln(2/3)" in page.run("document.querySelector('.origin').innerText")
    assert not page.run("document.querySelector('#reading').hidden")
    page.run("document.querySelector('#spectra button').click()")
    page.choose_files("#files", [tmp_path / "named.dat"])
    page.wait(f"{ANSWERED} && document.querySelector('.origin').innerText.includes('named.dat')", 120)
    signals = page.run("[...document.querySelectorAll('#signal option')].map((each) => each.value)")
    assert len(signals) == 3
    before = page.run("document.querySelector('.origin').innerText")
    other = next(each for each in signals if "fluor" in each)
    page.run(
        f"((e) => {{ e.value = {other!r}; e.dispatchEvent(new Event('change')); }})(document.querySelector('#signal'))"
    )
    page.wait(f"{ANSWERED} && document.querySelector('.origin').innerText !== {json.dumps(before)}")
    assert other in page.run("document.querySelector('.origin').innerText")


def test_training_shows_from_the_first_second(page, data):
    service, go = make_service(data), threading.Event()
    train = service.models.train
    service.models.train = lambda *asked: (go.wait(60), train(*asked))[1]
    with running(service) as client:
        page.open(f"{client.url}#example=Cu-xanes")
        page.wait("document.querySelector('#status').textContent.includes('A model is trained at its first use')")
        assert page.run("!document.querySelector('#progress').hidden")
        go.set()
        page.wait(ANSWERED, 120)


def test_everything_can_be_reached_by_tab(quiet, client):
    quiet.open(f"{client.url}#example=Cu-xanes")
    quiet.wait(ANSWERED, 120)
    quiet.run("document.activeElement.blur()")
    reached = []
    for _ in range(90):
        quiet.press("Tab", 9)
        reached.append(quiet.run("document.activeElement.id || document.activeElement.textContent"))
    order = [reached.index(name) for name in ("files", "example", "metal", "align", "field-e0", "reset", "save-csv")]
    assert order == sorted(order)
    unnamed = "[...document.querySelectorAll('input,select')].filter((e) => !e.labels.length && !e.ariaLabel).length"
    assert quiet.run(unnamed) == 0


def test_a_scan_with_exafs_is_answered_and_shown(quiet, client, tmp_path):
    (tmp_path / "long.dat").write_text(long_scan())
    quiet.open(client.url)
    quiet.wait("document.querySelector('#example').options.length > 1", 120)
    quiet.choose_files("#files", [tmp_path / "long.dat"])
    quiet.wait("document.querySelectorAll('#curves svg.chart').length == 4", 120)
    quiet.wait(ANSWERED, 120)
    assert "EXAFS: " in quiet.run("document.querySelector('.verdict').textContent")
    assert "k (Å⁻¹)" in quiet.run("document.querySelector('#curves').textContent")
    assert quiet.run("document.querySelectorAll('#curves path.cloud').length") >= 2


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
    assert quiet.run("document.querySelectorAll('script, button, input, pre, .grip').length") == 0
    assert "columns" not in quiet.run("document.body.innerText")  # the example is no file
    assert "Normalisation" in quiet.run("document.querySelector('.origin').innerText")
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


def test_structures_are_dropped_beside_a_pdf_and_ranked(quiet, client, tmp_path):
    crystals = [DATA / "structures" / f"{name}.cif" for name in ("tenorite", "cuprite")]
    made = measured_pdf(read_structure(crystals[0]), qmax=22.0, qdamp=0.03, uiso=0.008)
    rows = "\n".join(f"{r:.3f} {g:.6f}" for r, g in zip(made.x, made.y, strict=True))
    (tmp_path / "my.gr").write_text(f"[DEFAULT]\nqmax = 22.0\nqdamp = 0.03\nmode = xray\n#### start data\n{rows}\n")
    quiet.open(client.url)
    quiet.wait("document.querySelectorAll('#metal option').length > 1")
    quiet.run("(() => { document.querySelector('#metal').value = 'Cu'; })()")
    quiet.choose_files("#files", [tmp_path / "my.gr", *crystals])
    quiet.wait("document.querySelectorAll('#structures li').length === 2")
    quiet.wait(ANSWERED, 120)
    quiet.run("document.querySelector('#of-structures').open = true")
    quiet.run("document.querySelector('#match button').click()")
    quiet.wait("document.querySelector('#save-match')")
    found = "[...document.querySelectorAll('#matched tbody th')].map((each) => each.textContent)"
    assert quiet.run(found) == ["tenorite.cif", "cuprite.cif", "none of these"]
    assert "Most probable is tenorite.cif" in quiet.run("document.querySelector('#matched').textContent")
    choose = "((t) => { t.value = 'fit'; t.dispatchEvent(new Event('change')); })(document.querySelector('#task'))"
    quiet.run(choose)
    assert quiet.run("document.querySelector('#structure-line').hidden") is False
    quiet.run("document.querySelector('#match button').click()")
    quiet.wait("document.querySelector('#matched').textContent.includes('fitted to the PDF of Cu')")
    assert quiet.run("document.querySelectorAll('#matched svg.chart').length") == 1
    quiet.run("document.querySelector('#structures button').click()")
    assert quiet.run("document.querySelectorAll('#structures li').length") == 1


def test_phases_are_ticked_among_the_scans_of_a_series(quiet, client):
    quiet.open(f"{client.url}#example=Fe-series")
    quiet.wait(ANSWERED, 120)
    quiet.run("document.querySelector('#of-structures').open = true")
    quiet.run("(() => { document.querySelector('#task').value = 'mix'; })()")
    quiet.run("document.querySelector('#task').dispatchEvent(new Event('change'))")
    assert quiet.run("document.querySelectorAll('#phases input').length") == 12
    quiet.run("[0, 11].forEach((i) => document.querySelectorAll('#phases input')[i].click())")
    quiet.run("document.querySelector('#match button').click()")
    quiet.wait("document.querySelector('#save-match')", 120)
    assert "Phases of Fe in 10 scans" in quiet.run("document.querySelector('#matched').innerText")
    captions = quiet.run("[...document.querySelectorAll('#matched figcaption')].map((each) => each.textContent)")
    assert {*captions[:2]} == {"Fe_scan_01", "Fe_scan_12"}
    assert quiet.run("document.querySelectorAll('#matched .three svg circle').length") == 30
    quiet.run("document.querySelectorAll('#spectra button')[0].click()")
    quiet.wait(ANSWERED)
    ticked = "[...document.querySelectorAll('#phases input')].filter((each) => each.checked).length"
    assert quiet.run(ticked) == 1
    quiet.run("document.querySelector('#clear').click()")
    quiet.run("document.querySelector('#match button').click()")
    quiet.wait("document.querySelector('#matched .error')")
    assert "there is no XANES that is a scan" in quiet.run("document.querySelector('#matched').textContent")
