"""The page and its files: complete, self-contained, escaped, the same every time."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_study import fake_study

from firstshell.dataset.table import Dataset
from firstshell.errors import EngineError, InputError
from firstshell.report.build import build_report
from synthetic import synthetic_dataset

pytestmark = pytest.mark.slow

HOSTILE = '<img src=x onerror="alert(1)">'
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """Every tag with its attributes, the headings, and the tables by the id of their heading."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags, self.headings, self.tables, self.open = [], [], {}, []
        self.html = path.read_text(encoding="utf-8")
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), dict(attrs).get("id", "")))
        if tag == "table":
            self.tables[self.headings[-1][1]] = []
        if tag == "tr":
            self.row = []
        if tag in ("td", "th"):
            self.row.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "tr":
            self.tables[self.headings[-1][1]].append(self.row)

    def handle_data(self, text):
        if "table" in self.open and self.open[-1] not in ("table", "tr"):
            self.row[-1] += text


def build(folder, metals=("Cu",), materials=45, **plan):
    data = synthetic_dataset(materials, metals)
    study = fake_study(data, **({"repeats": 3} | plan))
    return study, data, build_report(study, data, folder)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return build(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    # One target, the one with most figures: drawing is what takes the time.
    targets = ("bond_length",)
    return build(tmp_path_factory.mktemp("four"), ("Ti", "Mn", "Fe", "Cu"), targets=targets)


@pytest.fixture(scope="module", params=["one", "four"])
def path(request):
    return request.getfixturevalue(request.param)[2]


def test_whoever_draws_draws_the_same(one, tmp_path):
    study, data, path = one
    again = build_report(study, data, tmp_path, workers=2)
    files = sorted(each.relative_to(path.parent) for each in path.parent.rglob("*") if each.is_file())
    assert {each.suffix for each in files} == {".html", ".png", ".svg", ".csv"}
    assert [f for f in files if (path.parent / f).read_bytes() != (again.parent / f).read_bytes()] == []


def test_a_figure_that_cannot_be_drawn_is_named(one, tmp_path, monkeypatch):
    study, data, _ = one
    monkeypatch.setattr("firstshell.report.build.drawn", lambda *_: 1 / 0)
    with pytest.raises(EngineError, match=r"the figure fig1_oxidation_state could not be drawn: .*ZeroDivisionError"):
        build_report(study, data, tmp_path)


def test_a_study_of_other_data_is_refused(one, tmp_path):
    study, data, _ = one
    other = replace(data, frame=data.frame.assign(bond_length=data.frame["bond_length"] + 0.01))
    with pytest.raises(InputError, match="another dataset"):
        build_report(study, other, tmp_path)
    assert not list(tmp_path.iterdir())


def test_every_figure_and_table_has_its_files_and_its_place(path):
    page = Page(path)
    linked = {a["href"] for tag, a in page.tags if tag == "a" and not a["href"].startswith("#")}
    there = {str(p.relative_to(path.parent)) for p in path.parent.rglob("*.*") if p != path}
    assert linked == there
    for figure in {Path(name).stem for name in there if name.startswith("figures/")}:
        assert {f"figures/{figure}.{end}" for end in ("png", "svg", "csv")} <= there
        assert len(pd.read_csv(path.parent / "figures" / f"{figure}.csv"))


def test_the_papers_figures_are_all_there(one, four):
    names = [{p.stem for p in (path.parent / "figures").glob("*.png")} for _, _, path in (one, four)]
    assert {"fig1_oxidation_state", "fig2_coordination_number", "fig3_bond_length", "fig4_dpdf"} <= names[0]
    assert {"figS1_bond_lengths", "confusion_oxidation_state", "parity_bond_length", "splits"} <= names[0]
    assert names[1] - names[0] == {"importance_bond_length", "importance_bond_length_dpdf"}


def test_nothing_comes_from_elsewhere(path):
    page = Page(path)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "audio", "video")
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert attributes.get(name, "#").startswith(("#", "data:image/png;base64,", "figures/", "tables/"))
    assert not re.search(r"url\((?!#)|@import|https?://", page.html)
    assert path.stat().st_size < 4_000_000


def test_the_policy_admits_the_script_on_the_page_and_no_other(path):
    html = path.read_text(encoding="utf-8")
    script = re.search(r"<script>(.*?)</script>", html, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in html


def test_ids_are_unique_and_every_reference_has_one(path):
    page = Page(path)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    wanted = {a["href"][1:] for _, a in page.tags if a.get("href", "").startswith("#")}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", page.html))
    wanted |= {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert wanted <= set(ids)


def test_headings_step_down_one_at_a_time_and_pictures_have_words(path):
    page = Page(path)
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels)) <= 1
    pictures = [a for tag, a in page.tags if tag == "svg"]
    assert pictures
    assert all(len(a["aria-label"]) > 20 and "viewbox" in a and "width" not in a for a in pictures)
    assert not re.search(r"\bnan\b|<figure></figure>|<tbody></tbody>", page.html)


def test_score_tables_show_the_numbers_of_the_study(one):
    study, _, path = one
    shown = pd.DataFrame((rows := Page(path).tables["table-scores"])[1:], columns=rows[0])
    frame = study.frame().query("target == 'bond_length' and metric == 'rmse_percent' and split == 'grouped'")
    for row in frame.to_dict("records"):
        name = {"modal": "Guess", "composition": "Composition"}.get(
            row["inputs"], row["inputs"].upper().replace("DPDF", "dPDF")
        )
        cell = shown[shown["Target"] == "bond length, RMSE %"][name]
        assert cell.item() == f"{row['mean']:.2f} ± {row['std']:.2f}"


def test_the_answer_comes_first_and_the_details_are_closed(path):
    page = Page(path)
    html = page.html
    lead, figures = html.index('<section id="findings">'), html.index('<section id="figures">')
    assert lead < html.index("table-overview") < figures < html.index("<details")
    sentences = re.findall(r"<li>([^<]+)</li>", html[lead:figures])
    assert 1 <= len(sentences) <= 5
    assert not [a for tag, a in page.tags if tag == "details" and "open" in a]
    assert 'class="scroll"' not in html[lead : html.index("table-overview") - 200]
    first_row = re.search(r"<tbody><tr>(.*?)</tr>", html[lead:figures], re.S)[1]  # a block on a phone, with its heads
    assert first_row.count("<td") == first_row.count("data-head=") > 4


def test_the_page_has_no_more_words_than_an_article(path):
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", path.read_text(encoding="utf-8"), flags=re.S)
    words = re.sub(r"<[^>]+>", " ", text).split()
    assert len(words) < 4000


def test_two_builds_are_the_same_to_the_byte(tmp_path):
    small = {"targets": ("bond_length",), "inputs": ("xanes", "pdf"), "splits": ("grouped",), "materials": 36}
    paths = [build(tmp_path / name, **small)[2] for name in "ab"]
    first, second = ({p.relative_to(path.parent): p.read_bytes() for p in path.parent.rglob("*.*")} for path in paths)
    assert first == second


@pytest.mark.parametrize(
    "plan",
    [
        {"targets": ("oxidation_state",), "inputs": ("pdf",), "splits": ("random",), "permutations": 0},
        {"targets": ("bond_length",), "inputs": ("xanes+pdf",)},
        {"targets": ("bond_length",), "inputs": ("xanes", "dpdf"), "splits": ("grouped",)},
    ],
)
def test_what_was_not_studied_leaves_no_trace(tmp_path, plan):
    page = Page(build(tmp_path, **plan)[2])
    ids = [name for _, name in page.headings if name]
    assert len(ids) == len(page.tables) + len({a["href"] for _, a in page.tags if a.get("href", "").endswith(".png")})
    assert not re.search(r"\bnan\b|<h2>[^<]*</h2></section>", page.html)
    assert ("figure-splits" in ids) == (len(plan.get("splits", ("grouped", "random"))) == 2)


def test_text_from_elsewhere_is_escaped(tmp_path):
    data = synthetic_dataset(36)
    frame = data.frame.assign(id=data.frame["id"] + HOSTILE, formula=data.frame["formula"])
    excluded = pd.DataFrame([(HOSTILE, HOSTILE, HOSTILE)], columns=["id", "stage", "reason"])
    data = Dataset(frame, data.spectra, data.grids, {"made_by": HOSTILE}, excluded)
    study = fake_study(data, targets=("oxidation_state",), inputs=("xanes", "pdf"), repeats=3)
    study.checks["facts"] = json.dumps({"relatives": 0.5, "twins": 0.5, "by": HOSTILE, "few": HOSTILE})
    study.provenance["counts"]["Cu"]["oxidation_state"]["origins"] = {HOSTILE: 1, "natural": 2}
    html = build_report(study, data, tmp_path).read_text(encoding="utf-8")
    assert "<img" not in html
    assert html.count(escape(HOSTILE)) >= 4
