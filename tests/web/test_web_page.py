"""What the page asks and what it is told."""

import csv
import io
import json
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from serving import make_service, running

from firstshell.elements import k_edge
from firstshell.web import uploads
from firstshell.web.uploads import safe_name


def scan(shift=0.0, metal="Cu", step=0.9):
    """A column file of a made-up scan."""
    away = np.arange(-100.0, 200.0, 1.0)
    mu = 0.4 - 4e-4 * away + step * (0.5 + np.arctan((away - 8 - shift) / 2) / np.pi)
    lines = [f"{k_edge(metal) + e:.2f} {m:.6f}" for e, m in zip(away, mu, strict=True)]
    return "# energy mu\n" + "\n".join(lines) + "\n"


def test_about_lists_metals_and_examples(client):
    told = client.get("/api/about").json
    assert told["metals"] == ["Cu", "Fe"]
    assert {"Cu-xanes", "Cu-both", "Fe-series", "Fe-off"} <= {each["id"] for each in told["examples"]}
    assert all("seen" in each["note"] for each in told["examples"])


def test_an_example_is_answered_rightly(client):
    found = client.answered("/api/answers", client.example("Cu-xanes")).json
    note = next(e["note"] for e in client.get("/api/about").json["examples"] if e["id"] == "Cu-xanes")
    state = next(each for each in found["samples"][0]["targets"] if each["target"] == "oxidation_state")
    truth = float(note.partition("oxidation state ")[2].partition(",")[0])
    assert abs(state["value"] - truth) < 0.5
    assert state["interval"][0] <= state["value"] <= state["interval"][1]
    assert sum(each["share"] for each in state["classes"]) == pytest.approx(1, abs=1e-3)
    assert found["samples"][0]["in_domain"]


def test_a_training_model_is_waited_for_with_progress(data):
    service, seen = make_service(data), threading.Event()  # no other test has asked for its models
    train = service.models.train

    def trained_late(*asked):
        seen.wait(60)
        return train(*asked)

    service.models.train = trained_late
    with running(service) as client:
        question = client.example("Fe-both")
        first = client.post("/api/answers", question)
        assert first.status == 202
        assert "Fe" in client.get("/api/progress").json["going"][0]["label"]
        seen.set()
        found = client.answered("/api/answers", question).json
        assert found["samples"][0]["inputs"] == "xanes+pdf"
        assert set(found["detail"]["resemblance"]) == {"xanes", "pdf"}
        assert not any("xanes+pdf" in each["label"] for each in client.get("/api/progress").json["going"])


def test_a_shift_and_e0_change_the_answer(client):
    question = client.example("Fe-xanes")
    plain = client.answered("/api/answers", question).json
    spectrum = question["spectra"][0]
    moved = client.answered("/api/answers", {"spectra": [spectrum | {"align": -4.0}]}).json
    assert moved["detail"]["alignment"]["by"] == "given"
    assert moved["samples"][0]["shift"] == -4.0
    assert moved["samples"][0]["targets"] != plain["samples"][0]["targets"]
    e0 = plain["samples"][0]["e0"] + 3
    other = client.answered("/api/answers", {"spectra": [spectrum | {"ranges": {"e0": e0, "norm2": 90.0}}]}).json
    assert other["samples"][0]["e0"] == pytest.approx(e0, abs=0.01)
    assert other["detail"]["xanes"]["settings"]["norm2"] == 90.0
    assert other["detail"]["xanes"]["edge_step"] != plain["detail"]["xanes"]["edge_step"]


def test_windows_add_up_to_what_is_not_said_of_any_spectrum(client):
    question = client.example("Cu-xanes")
    targets = client.answered("/api/evidence", question).json["targets"]
    assert {each["target"] for each in targets} == {"oxidation_state", "coordination_number", "bond_length"}
    length = next(each for each in targets if each["target"] == "bond_length")
    rows = client.answered("/api/answers", question).json["samples"][0]["targets"]
    value = next(each["value"] for each in rows if each["target"] == "bond_length")
    total = length["start"] + sum(each["contribution"] for each in length["windows"])
    assert total == pytest.approx(value, abs=0.002)


def test_the_cloud_of_a_scan_with_exafs_has_both(client):
    both = client.got("/api/cloud?metal=Fe&inputs=xanes%2Bexafs&radiation=xray").json
    assert list(both) == ["xanes", "exafs"]
    assert len(both["exafs"]["curves"][0]) == len(both["exafs"]["axis"])


def test_the_cloud_lies_about_the_measurement(client):
    sample = client.answered("/api/answers", client.example("Fe-xanes")).json
    cloud = client.get("/api/cloud?metal=Fe&inputs=xanes&radiation=xray").json["xanes"]
    assert len(cloud["curves"]) <= 80
    nearest = np.array(sample["detail"]["resemblance"]["xanes"]["alike"])
    apart = np.sqrt(np.mean((np.array(cloud["curves"]) - nearest) ** 2, axis=1))
    assert apart.min() < 0.5 * np.median(apart)  # 80 of all training spectra are drawn: one of them is alike


def test_many_files_are_answered_in_their_order_and_saved(client):
    question = client.example("Fe-series")
    found = client.complete("/api/answers", question | {"shown": 5})
    assert [each["ids"][0] for each in found["samples"]] == [each["id"] for each in question["spectra"]]
    states = [each["targets"][0]["value"] for each in found["samples"]]
    assert states[-1] - states[0] > 0.3
    table = client.answered("/api/table", question)
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.body.decode())))
    assert [float(row["oxidation_state"]) for row in rows] == pytest.approx(states, abs=1e-4)
    assert rows[0]["sample"] == "Fe_scan_01"


def test_a_bad_spectrum_does_not_spoil_the_others(client):
    good = client.example("Cu-xanes")["spectra"]
    other = client.example("Cu-xanes")["spectra"]
    short = scan().splitlines()
    bad = client.upload("\n".join(short[:115]).encode(), "short.dat").json["spectra"]
    found = client.answered("/api/answers", {"spectra": [*good, {"id": bad[0]["id"]}, *other, {"id": "gone"}]}).json
    assert len(found["samples"]) == 2
    assert {each["ids"][0] for each in found["refused"]} == {bad[0]["id"], "gone"}
    assert any("short.dat" in (each["file"] or "") for each in found["refused"])


def test_a_spectrum_asked_about_twice_is_refused(client):
    good = client.example("Cu-xanes")["spectra"]
    found = client.post("/api/answers", {"spectra": [*good, *good]})
    assert found.status == 422
    assert "twice" in found.json["error"]["what"]


def test_the_wrong_metal_is_named(client):
    found = client.post("/api/answers", client.example("Cu-xanes") | {"metal": "Fe"})
    assert found.status == 422
    assert "K edge of Cu, not of Fe" in found.json["error"]["what"]


def test_a_metal_that_no_model_knows_is_named(client):
    spectra = client.upload(scan(metal="Ni").encode(), "nickel.dat").json["spectra"]
    found = client.post("/api/answers", {"spectra": [{"id": spectra[0]["id"]}]})
    assert found.status == 422
    assert found.json["error"]["what"] == "no model knows Ni"
    assert found.json["error"]["file"] == "nickel.dat"


def test_a_pdf_alone_asks_for_its_metal(client):
    pdf = client.example("Cu-both")["spectra"][1]
    found = client.post("/api/answers", {"spectra": [pdf]})
    assert found.status == 422
    assert found.json["error"]["remedy"] == "Choose the metal"


def test_a_bad_file_is_told_by_its_name(client):
    found = client.upload(b"hello\nno spectrum\n", "notes.txt")
    assert found.status == 422
    error = found.json["error"]
    assert error["file"] == "notes.txt"
    assert error["what"]
    assert error["remedy"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[1]", b"{", b"[" * 100_000, b'{"spectra": []}', b'{"spectra": [{"id": 1}]}',
        b'{"spectra": [{"id": "a", "ranges": {"e0": NaN}}]}', b'{"spectra": [{"id": "a", "evil": 1}]}',
        b'{"spectra": [{"id": "a", "align": {}}]}', b'{"spectra": [{"id": "a", "ranges": {"pre1": 1e308}}]}',
        json.dumps({"spectra": [{"id": "a"}] * 2001}).encode(), b"\xff\xfe",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/answers", "/api/evidence", "/api/table"])
def test_bad_questions_are_input_errors(client, path, body):
    found = client.send("POST", path, body, Content_Type="application/json")
    assert found.status == 422
    assert found.json["error"]["what"]


def test_uploads_leave_no_file_and_are_forgotten(client, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spectra = client.upload(scan().encode(), "mine.dat").json["spectra"]
    assert list(tmp_path.iterdir()) == []
    ids = [each["id"] for each in spectra]
    assert client.post("/api/forget", {"ids": ids}).status == 200
    found = client.post("/api/answers", {"spectra": [{"id": ids[0]}]})
    assert found.status == 422
    assert "no longer in memory" in found.json["error"]["what"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\a.xdi", "a.xdi"),
        ("", "spectrum"),
        ("..", "spectrum"),
        ("a\x00b\n.dat", "ab.dat"),
        ("μ(E) Fe₂O₃.dat", "μ(E) Fe₂O₃.dat"),
    ],
)
def test_names_of_files_cannot_leave_their_folder(given, kept):
    assert safe_name(given) == kept


def test_long_names_keep_their_ending():
    name = safe_name("μ" * 300 + ".xdi")
    assert len(name.encode()) <= 120
    assert name.endswith("μ.xdi")


def test_nothing_of_the_page_comes_from_elsewhere():
    folder = Path(uploads.__file__).parent / "static"
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text, file
        assert "innerHTML" not in text, file
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "style=" not in page
    assert "onclick" not in page


def test_what_only_the_model_refuses_is_told_of_the_right_spectrum(client):
    good = client.example("Cu-xanes")["spectra"][0]
    early = client.upload("\n".join(scan().splitlines()[:132]).encode(), "early.dat").json["spectra"][0]
    late = client.example("Cu-xanes")["spectra"][0] | {"align": "foil"}
    found = client.answered("/api/answers", {"spectra": [{"id": early["id"]}, good, late]}).json
    assert [each["ids"] for each in found["samples"]] == [[good["id"]]]
    assert {each["ids"][0]: each["what"] for each in found["refused"]}[early["id"]].startswith("early runs from")
    assert any("foil" in each["what"] for each in found["refused"])


def test_a_table_is_safe_to_open(client):
    spectra = client.upload(scan().encode(), "=cmd()+1.dat").json["spectra"]
    table = client.answered("/api/table", {"spectra": [{"id": spectra[0]["id"]}]})
    row = next(csv.DictReader(io.StringIO(table.body.decode())))
    assert row["sample"] == "'=cmd()+1"


def columns():
    """The rows of a made-up scan of Cu, without names: energy, I0, It and fluorescence."""
    away = np.arange(-100.0, 200.0, 1.0)
    mu = 0.4 - 4e-4 * away + 0.9 * (0.5 + np.arctan((away - 8) / 2) / np.pi)
    rows = zip(k_edge("Cu") + away, np.exp(-mu), mu, strict=True)
    return "".join(f"{e:.2f} 1.0 {t:.6f} {f:.6f}\n" for e, t, f in rows)


def test_columns_are_chosen(client):
    table = f"# one two three four\n{columns()}".encode()
    refused = client.upload(table, "raw.dat")
    assert refused.status == 422
    assert "“Columns”" in refused.json["error"]["remedy"]
    (spectrum,) = client.upload(table, "raw.dat", columns="energy=1,mu=ln(2/3)").json["spectra"]
    assert spectrum["how"] == "ln(2/3)"
    assert client.upload(table, "raw.dat", format="nonsense").status == 422
    assert client.upload(table, "raw.dat", columns="energy=1,mu=__import__(os)").status == 422


def test_a_signal_of_a_scan_is_chosen(client):
    (spectrum,) = client.upload(f"# energy i0 itrans ifluor\n{columns()}".encode(), "all.dat").json["spectra"]
    first, other = spectrum["signals"]
    for signal, taken in ((None, first), (other, other)):
        question = {"spectra": [{"id": spectrum["id"], "signal": signal}]}
        assert client.answered("/api/answers", question).json["detail"]["xanes"]["how"] == taken
    refused = client.post("/api/answers", {"spectra": [{"id": spectrum["id"], "signal": "nonsense"}]})
    assert "It has: " in refused.json["error"]["remedy"]


def test_each_measurement_is_asked_alone_once_its_model_is_there(data):
    service, go = make_service(data), threading.Event()
    train = service.models.train

    def trained(metal, inputs, radiation, reporter):
        if len(inputs) == 1:
            go.wait(60)
        return train(metal, inputs, radiation, reporter)

    service.models.train = trained
    with running(service) as client:
        question = client.example("Cu-both")
        found = client.answered("/api/answers", question).json
        assert found["waiting"]
        assert found["samples"][0]["targets"][0]["alone"] == []
        go.set()
        end = time.monotonic() + 120
        while (found := client.answered("/api/answers", question).json)["waiting"]:
            assert time.monotonic() < end
            time.sleep(0.1)
        for target in found["samples"][0]["targets"]:
            assert [each["inputs"] for each in target["alone"]] == ["xanes", "pdf"]
