"""`fit` and `rank` as a user runs them; XANES are simulated by a stand-in."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from firstshell.dataset import materials, pipeline
from firstshell.io.structures.files import read_structure
from firstshell.match import pdf_matches, rank
from firstshell.match.first_shell import PredictedShell
from firstshell.match.pdf_scan import PdfScan
from firstshell.runtime.store import Record
from pdfs import measured_pdf
from places import DATA
from quick import on_dataset_grid, write_xdi

STRUCTURES = DATA / "structures"


@pytest.fixture
def sample(tmp_path):
    """A PDF of rutile and a XANES of Ti, and a folder of candidates."""
    made = measured_pdf(read_structure(STRUCTURES / "rutile.cif"), qmax=22.0, qdamp=0.03, uiso=0.008)
    rows = "\n".join(f"{r:.3f} {g:.6f}" for r, g in zip(made.x, made.y, strict=True))
    (tmp_path / "my.gr").write_text(f"[DEFAULT]\nqmax = 22.0\nqdamp = 0.03\nmode = xray\n#### start data\n{rows}\n")
    write_xdi(tmp_path / "my.xdi", "Ti", charge=4, number=6)
    (tmp_path / "cifs").mkdir()
    for name in ("rutile", "anatase", "SrTiO3"):
        shutil.copy(STRUCTURES / f"{name}.cif", tmp_path / "cifs")
    return tmp_path


@pytest.fixture
def simulated(monkeypatch):
    """What was simulated; a number in `stop` interrupts that simulation, as Ctrl-C does."""
    state = {"asked": [], "stop": None}

    def simulate(_params, task):
        if len(state["asked"]) == state["stop"]:
            raise KeyboardInterrupt
        state["asked"].append(task.material.id)
        number = 6 if "rutile" in task.material.id else 4
        return Record({"provenance": {}}, {"values": on_dataset_grid(4, number)})

    monkeypatch.setattr(pipeline, "simulate_site", simulate)
    monkeypatch.setattr(rank, "predictor", lambda *_, **__: None)
    monkeypatch.setattr(rank, "predict_shell", lambda *_: PredictedShell(np.array([4.0, 6.0, 1.95]), np.ones(3)))
    return state


def the_page(path):
    """What stands on a page, which loads nothing and links to no file."""
    html = path.read_text(encoding="utf-8")
    assert re.findall(r'(?:href|src)="(?!#)[^"]*"', html) == []
    assert "<svg" in html
    return html


@pytest.mark.slow
def test_rank_by_both(command, sample, simulated):
    out = sample / "out"
    files = sample / "my.xdi", sample / "my.gr"
    status, said, err = command(
        "rank", *files, "--candidates", sample / "cifs", "--no-exafs", "--out", out, "--workers", 0
    )
    assert status == 0, err
    assert said.splitlines()[1].startswith("rutile.cif")
    assert "PDF alone" in said
    assert "XANES alone" not in said  # the PDF left one candidate for it
    assert "about 1 min" in err
    frame = pd.read_csv(out / "ranking.csv")
    assert frame["candidate"].tolist()[0] == "rutile.cif"
    assert frame["probability"].sum() == pytest.approx(1.0)
    assert np.allclose(pd.read_parquet(out / "ranking.parquet")["probability"], frame["probability"])
    assert (out / "ranking.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (out / "ranking.svg").read_bytes()
    html = the_page(out / "report.html")
    assert (
        html.index("Most probable is rutile.cif") < html.index("By PDF alone the first is") < html.index("SrTiO3.cif")
    )
    assert html.index('<td class="short" data-head="Candidate">none of these') < html.index("my.gr, xray, Qmax 22 Å⁻¹")


@pytest.mark.slow
def test_an_interrupted_ranking_goes_on(command, sample, simulated):
    words = ("rank", sample / "my.xdi", "--candidates", sample / "cifs", "--no-exafs", "--out", sample / "out")
    words += ("--workers", 0)
    simulated["stop"] = 2
    status, _, err = command(*words)
    assert status == 130
    assert f"what was finished is kept in {sample / 'out' / 'candidates.store'}, and the same command goes on" in err
    before, simulated["stop"] = list(simulated["asked"]), None
    assert command(*words)[0] == 0
    assert len(before) == 2
    assert sorted(simulated["asked"]) == ["SrTiO3.cif", "anatase.cif", "rutile.cif"]  # each once


@pytest.mark.parametrize(("where", "left"), [("read", "begins anew"), ("compared", "is kept in {}, and the same")])
def test_candidates_that_were_compared_are_not_compared_again(command, sample, monkeypatch, where, left):
    asked, stop = [], True
    reading, comparing = materials.read_structure, PdfScan.compare

    def read(path, **how):
        if stop and where == "read" and "rutile" in path.name:
            raise KeyboardInterrupt
        return reading(path, **how)

    def compare(scan, structure):
        if stop and len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(structure.composition.reduced_formula)
        return comparing(scan, structure)

    monkeypatch.setattr(materials, "read_structure", read)
    monkeypatch.setattr(PdfScan, "compare", compare)
    out = sample / "out"
    words = "rank", sample / "my.gr", "--metal", "Ti", "--candidates", sample / "cifs", "--out", out
    status, _, err = command(*words)
    assert status == 130
    assert left.format(out / "pdfs.store") in err
    stop = False
    assert command(*words)[0] == 0
    assert sorted(asked) == ["SrTiO3", "TiO2", "TiO2"]  # each once


@pytest.mark.slow
def test_many_pdfs_are_compared_by_workers_and_their_cost_is_said(command, sample, monkeypatch):
    monkeypatch.setattr(pdf_matches, "MANY", 3)
    words = "rank", sample / "my.gr", "--metal", "Ti", "--candidates", sample / "cifs", "--out", sample / "out"
    status, said, err = command(*words, "--workers", 1)
    assert status == 0
    assert "PDFs of 3 structures: about 1 min with 1 processor" in err
    assert said.splitlines()[1].startswith("rutile.cif")


def test_rank_says_what_it_left_out(command, sample):
    (sample / "cifs" / "broken.cif").write_text("data_x\n")
    (sample / "bad.xdi").write_text("nothing\n")
    status, said, err = command(
        "rank", sample / "my.gr", sample / "bad.xdi", "--metal", "Ti", "--candidates", sample / "cifs",
        "--composition", "Ti,O", "--out", sample / "out",
    )  # fmt: skip
    assert status == 0
    assert "not used: broken.cif" in err
    assert "not used: bad.xdi" in err
    assert "SrTiO3" not in said
    assert '<td class="short">Not used</td>' in the_page(sample / "out" / "report.html")
    assert said.splitlines()[1].startswith("rutile.cif")


def test_ten_thousand_candidates_by_xanes_are_refused_with_their_cost(command, sample, simulated):
    for k in range(60):
        shutil.copy(STRUCTURES / "rutile.cif", sample / "cifs" / f"{k}.cif")
    status, _, err = command(
        "rank", sample / "my.xdi", "--candidates", sample / "cifs", "--no-exafs", "--out", sample / "out"
    )
    assert status == 2
    assert "the XANES of 63 structures would be simulated" in err
    assert simulated["asked"] == []


def test_rank_without_candidates_asks_for_the_elements(command, sample):
    status, _, err = command("rank", sample / "my.gr", "--metal", "Ti", "--out", sample / "out")
    assert status == 2
    assert "Name the elements of the sample" in err


@pytest.mark.slow
def test_fit_writes_parameters_curves_and_pictures(command, sample, simulated):
    out = sample / "out"
    cif = sample / "cifs" / "rutile.cif"
    status, said, err = command("fit", cif, sample / "my.xdi", sample / "my.gr", "--out", out, "--workers", 0)
    assert status == 0, err
    assert "correct structures of standards have larger residuals" in said
    assert {"shift", "uiso Ti"} <= set(pd.read_csv(out / "fit.csv")["parameter"])
    assert set(pd.read_csv(out / "fit_curves.csv")["modality"]) == {"xanes", "pdf"}
    summary = json.loads((out / "fit.json").read_text(encoding="utf-8"))
    assert summary["residuals"]["pdf"] < 0.05
    assert (out / "fit.png").read_bytes().startswith(b"\x89PNG")
    html = the_page(out / "report.html")
    assert html.index("By PDF: Rw 0.") < html.index("measured energies minus") < html.index("my.xdi, XDI")


def test_fit_refuses_a_structure_without_the_metal(command, sample):
    status, _, err = command("fit", STRUCTURES / "MnO.cif", sample / "my.gr", "--metal", "Ti", "--out", sample / "out")
    assert status == 2
    assert "Ti" in err
