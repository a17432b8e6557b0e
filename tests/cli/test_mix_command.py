"""`firstshell mix`: a table on the terminal, files in a folder."""

import json
import re

import pandas as pd
import pytest

from mixing import write_mixture, write_phases


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_phases(tmp_path)
    for i, weight in enumerate((0.2, 0.6)):
        write_mixture(tmp_path / f"s{i}.dat", {"one": weight, "other": 1.0 - weight}, seed=i)
    monkeypatch.setattr("firstshell.match.mix.first_shells", lambda *_: {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_one_line_a_scan_and_files(folder, command):
    words = ("s0.dat", "s1.dat", "--with", "one.dat", "--with", "other.dat", "--out", "out")
    status, out, _ = command("mix", *words)
    assert status == 0
    lines = out.splitlines()
    assert lines[0].startswith("scan")
    assert lines[1].startswith("s0")
    assert re.search(r"other (7[6-9]|8[0-4])\.", lines[1])
    assert lines[2].startswith("s1")
    table = pd.read_csv(folder / "out" / "fractions.csv")
    assert len(table) == 4
    assert table.groupby("scan")["fraction"].sum().tolist() == pytest.approx([1.0, 1.0])
    assert len(pd.read_parquet(folder / "out" / "fractions.parquet")) == 4
    described = json.loads((folder / "out" / "fractions.json").read_text(encoding="utf-8"))
    assert [each["candidates"] for each in described] == [["one", "other"]] * 2
    curves = pd.read_csv(folder / "out" / "mixture_01.csv")
    assert (curves["one"] + curves["other"]).to_numpy() == pytest.approx(curves["mixture"].to_numpy())
    for stem in ("mixture_01", "mixture_02", "fractions"):
        for suffix in ("png", "svg"):
            assert (folder / "out" / f"{stem}.{suffix}").stat().st_size > 1000
    html = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert html.index("these phases suffice for 2 of 2 scans") < html.index(
        '<td class="short" data-head="Scan">s1</td>'
    )
    assert html.count("<svg") == 3
    assert re.findall(r'(?:href|src)="(?!#)[^"]*"', html) == []


def test_the_page_of_one_scan_says_what_is_missing(folder, command):
    command("mix", "s0.dat", "--with", "one.dat", "--with", "third.dat", "--out", "out")
    html = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "These phases are NOT ENOUGH" in html
    assert "one, third" in html


def test_all_that_is_said_of_a_scan(folder, command):
    _, out, err = command("mix", "s0.dat", "absent.dat", "--with", "one.dat", "--with", "other.dat", "-v")
    assert "These phases suffice: misfit" in out
    assert "Free sum of the fractions" in out
    assert "not used: absent.dat" in err


def test_a_phase_that_is_missing_is_said(folder, command):
    _, out, _ = command("mix", "s0.dat", "--with", "one.dat", "--with", "third.dat")
    assert "NOT ENOUGH" in out
    assert "A phase is missing" in out


def test_bad_input_ends_with_status_2(folder, command):
    status, _, err = command("mix", "s0.dat", "--with", "one.dat")
    assert status == 2
    assert "Name two or more with --with" in err


def test_components_need_scans(folder, command):
    status, _, err = command("mix", "s0.dat", "s1.dat")
    assert status == 2
    assert "components need a series of at least 4 scans, and there are 2" in err
