"""Structures beside the spectra of the page: bounded uploads, three questions, what they cost, and stopping them."""

import threading
import time
from functools import partial

import pytest
from serving import make_service, running

from firstshell.dataset import pipeline
from firstshell.io.structures.files import read_structure
from firstshell.runtime.store import Record
from firstshell.web import matching
from firstshell.web.limits import Limits
from mixing import write_mixture, write_phases
from pdfs import measured_pdf
from places import DATA
from quick import on_dataset_grid, write_xdi

STRUCTURES = DATA / "structures"


@pytest.fixture(scope="module")
def server(data):
    service = make_service(data, Limits(structures=3, structure=200_000))
    with running(service) as client:
        yield client


@pytest.fixture
def simulated(monkeypatch):
    """XANES without an engine."""

    def simulate(_params, task):
        return Record({"provenance": {}}, {"values": on_dataset_grid(4, 6 if "rutile" in task.material.id else 4)})

    monkeypatch.setattr(pipeline, "simulate_site", simulate)
    monkeypatch.setattr(matching, "Simulations", partial(matching.Simulations, workers=0))


def give(client, name):
    path = f"/api/structures?name={name}.cif"
    content = (STRUCTURES / f"{name}.cif").read_bytes()
    return client.send("POST", path, content, Content_Type="application/octet-stream")


def given(client, *names):
    return [give(client, name).json["structure"]["id"] for name in names]


def pdf_of_rutile(client):
    made = measured_pdf(read_structure(STRUCTURES / "rutile.cif"), qmax=22.0, qdamp=0.03, uiso=0.008)
    rows = "\n".join(f"{r:.3f} {g:.6f}" for r, g in zip(made.x, made.y, strict=True))
    text = f"[DEFAULT]\nqmax = 22.0\nqdamp = 0.03\nmode = xray\n#### start data\n{rows}\n"
    return client.upload(text.encode(), "my.gr").json["spectra"][0]["id"]


@pytest.fixture
def scan(server, tmp_path):
    """A scan of Ti that was uploaded."""

    def made(name, **shell):
        content = write_xdi(tmp_path / f"{name}.xdi", "Ti", **shell).read_bytes()
        return {"id": server.upload(content, f"{name}.xdi").json["spectra"][0]["id"]}

    return made


def test_structures_are_named_with_their_formula(server):
    assert give(server, "rutile").json["structure"]["formula"] == "TiO2"
    refused = server.send("POST", "/api/structures?name=a.cif", b"data_a\n", Content_Type="application/octet-stream")
    assert (refused.status, refused.json["error"]["file"]) == (422, "a.cif")
    by_name = server.send("POST", "/api/structures?name=a.txt", b"data_a\n", Content_Type="application/octet-stream")
    assert by_name.status == 422
    large = server.send("POST", "/api/structures?name=a.cif", b" " * 300_000, Content_Type="application/octet-stream")
    assert large.status == 413


def test_only_so_many_structures_are_kept(server):
    first, *_ = given(server, "rutile", "anatase", "SrTiO3", "MnO")
    asked = {"task": "fit", "spectra": [{"id": pdf_of_rutile(server)}], "structures": [first], "metal": "Ti"}
    assert "no longer in memory" in server.answered("/api/match", asked).json["error"]["what"]


def test_candidates_are_ranked_by_a_pdf(server):
    asked = {"task": "rank", "spectra": [{"id": pdf_of_rutile(server)}], "metal": "Ti"}
    found = server.answered("/api/match", asked | {"structures": given(server, "rutile", "anatase")}).json
    assert found["sentences"][0].startswith("Most probable is rutile.cif (TiO2)")
    assert found["tables"][0]["rows"][0][0] == "rutile.cif"
    assert found["csv"].splitlines()[0].startswith("candidate,formula,space_group,entry,entries,probability")
    assert [each["name"] for each in found["charts"][0]["bars"]] == ["1", "2", "none"]
    assert "there are no candidates" in server.answered("/api/match", asked).json["error"]["what"]


def test_a_structure_is_fitted_to_a_pdf(server):
    asked = {"task": "fit", "spectra": [{"id": pdf_of_rutile(server)}], "metal": "Ti"}
    found = server.answered("/api/match", asked | {"structures": given(server, "rutile")}).json
    assert found["title"] == "rutile fitted to the PDF of Ti"
    assert [each["name"] for each in found["charts"][0]["lines"]] == ["measured", "fitted", "residual, moved down"]
    assert "uiso Ti" in found["csv"]


def test_simulations_are_agreed_to_before_they_start(server, simulated, scan):
    asked = {"task": "fit", "spectra": [scan("my", charge=4, number=6)], "structures": given(server, "rutile")}
    cost = server.answered("/api/match", asked | {"agreed": 1.0}).json
    assert cost["cost"].startswith("XANES of 1 structure, 1 site: about 1 min")
    found = server.answered("/api/match", asked | {"agreed": cost["seconds"]}).json
    assert found["title"] == "rutile fitted to the XANES of Ti"


def test_a_mixture_of_measured_phases(server, scan):
    one, other = scan("one", charge=4, number=6), scan("two", charge=3, number=4)
    asked = {"task": "mix", "spectra": [scan("sample", charge=4, number=6)], "phases": [one, other]}
    found = server.answered("/api/match", asked).json
    assert found["title"].startswith("Phases of Ti in ")
    assert found["file"] == "fractions.csv"
    alone = server.answered("/api/match", asked | {"phases": [one]}).json["error"]
    assert alone["remedy"] == "Drop CIFs or spectra of two phases or more"


def upload_all(client, paths):
    return [{"id": client.upload(path.read_bytes(), path.name).json["spectra"][0]["id"]} for path in paths]


@pytest.fixture
def series(server, tmp_path):
    """Six scans of Cu from one phase to another, and the phases."""
    parts = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95]
    scans = [
        write_mixture(tmp_path / f"s{i}.dat", {"one": 1 - part, "other": part}, seed=i) for i, part in enumerate(parts)
    ]
    return upload_all(server, scans), upload_all(server, write_phases(tmp_path)[:2])


@pytest.mark.slow
def test_a_series_of_known_phases_with_their_first_shells(server, series):
    scans, phases = series
    found = server.answered("/api/match", {"task": "mix", "spectra": scans, "phases": phases, "series": True}).json
    assert found["title"] == "Phases of Cu in 6 scans"
    fractions, shells = found["tables"]
    assert {*fractions["heads"]} == {"Scan", "one", "other", "Enough?"}
    assert [row[0] for row in fractions["rows"]] == [f"s{i}" for i in range(6)]
    assert shells["heads"][:2] == ["Phase", "Oxidation state"]
    assert {row[0] for row in shells["rows"]} == {"one", "other"}
    charts = {each["title"]: each for each in found["charts"]}
    values = [point["value"] for point in charts["other"]["points"]]
    assert values == sorted(values)
    assert "limit" in found["charts"][2]
    assert "oxidation_state" in found["csv"].splitlines()[0]


@pytest.mark.slow
def test_components_of_a_series_whose_phases_are_not_known(server, series):
    scans, _ = series
    found = server.answered("/api/match", {"task": "mix", "spectra": scans}).json
    assert found["title"] == "Components of Cu in 6 scans"
    names = {line["name"] for line in found["charts"][-1]["lines"]}
    assert names == {row[0] for row in found["tables"][1]["rows"]} == {"component 1", "component 2"}
    few = server.answered("/api/match", {"task": "mix", "spectra": scans[:3]}).json["error"]
    assert few["remedy"] == "Give more scans, or drop CIFs or spectra of the phases"


def test_one_spectrum_of_two_that_cannot_be_used_is_named(server, tmp_path):
    (copper,) = upload_all(server, [write_mixture(tmp_path / "cu.dat", {"one": 1.0})])
    asked = {"task": "rank", "spectra": [{"id": pdf_of_rutile(server)}, copper], "metal": "Ti"}
    found = server.answered("/api/match", asked | {"structures": given(server, "rutile", "anatase")}).json
    assert found["about"] == "PDF: my.gr"
    (refused,) = found["refused"]
    assert refused["file"].startswith("cu.dat")


def test_structures_without_the_metal_are_named(server, tmp_path):
    (rutile,) = given(server, "rutile")
    fit = {"task": "fit", "spectra": [{"id": pdf_of_rutile(server)}], "metal": "Cu", "structures": [rutile]}
    error = server.answered("/api/match", fit).json["error"]
    assert (error["file"], error["what"]) == ("rutile", "it holds no Cu")
    error = server.answered("/api/match", fit | {"task": "rank"}).json["error"]
    assert error["what"] == "there is no candidate with Cu; the first reason: rutile.cif: holds no Cu"
    copper = upload_all(server, [write_mixture(tmp_path / "cu.dat", {"one": 1.0})])
    error = server.answered("/api/match", fit | {"task": "mix", "spectra": copper}).json["error"]
    assert (error["file"], error["what"]) == ("rutile.cif", "there is no Cu in it")


@pytest.mark.parametrize(
    "wrong",
    [{"task": "guess"}, {"spectra": []}, {"candidates": "/etc"}, {"structures": ["../../etc/passwd"]}, {"other": 1}],
)
def test_bad_questions_are_refused(server, wrong):
    asked = {"task": "rank", "spectra": [{"id": pdf_of_rutile(server)}], "metal": "Ti"} | wrong
    assert server.answered("/api/match", asked).status == 422


@pytest.mark.parametrize("path", ["/api/match", "/api/stop", "/api/structures?name=a.cif"])
def test_other_pages_are_refused(server, path):
    for headers in ({"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Host": "evil.example"}):
        assert server.post(path, {}, **headers).status == 403
    assert server.post(path, {}, Content_Type="text/plain").status == 415


def test_what_is_asked_can_be_stopped():
    from firstshell.web.jobs import Jobs, NotReadyError, StoppedError

    jobs, reached = Jobs(), threading.Event()

    def endless(reporter):
        reporter.start("Simulating", 10)
        reached.set()
        while True:
            time.sleep(0.01)
            reporter.advance(0)

    with pytest.raises(NotReadyError):
        jobs("key", "Endless", endless)
    assert reached.wait(10)
    assert [(each["label"], each["total"]) for each in jobs.progress()] == [("Simulating", 10)]
    jobs.stop()
    with pytest.raises(StoppedError, match="stopped"):
        jobs("key", "Endless", endless)
