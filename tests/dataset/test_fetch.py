"""`firstshell fetch` from a server on the loopback: four metals, kills at every request, documents of every kind."""

import copy
import json
import multiprocessing
import os

import numpy as np
import pytest

from fetching import IRON, client, fetch_iron, on_grid
from firstshell.cli.fetch import fetch as fetch_command
from firstshell.dataset import fetch as module
from firstshell.dataset.fetch import FetchOptions, fetch, licences
from firstshell.dataset.table import read_dataset
from firstshell.errors import InputError
from firstshell.simulation import simulate
from firstshell.study.plan import StudyPlan
from mock_mp import (
    KEY,
    VERSION,
    MockApi,
    fetch_in_child,
    four_metals,
    rock_salt,
    rutile,
    serve,
    summary_document,
    xas_document,
)

METALS = ("Ti", "Mn", "Fe", "Cu")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The dataset of four metals, the folder it is in, and the requests it took."""
    folder = tmp_path_factory.mktemp("mp")
    with serve(MockApi(*four_metals(), cap=2)) as mock:
        data = fetch(folder / "mp.parquet", FetchOptions(METALS), api=client(mock), workers=0)
    return data, folder, mock.asked


@pytest.mark.slow
def test_four_metals_end_to_end(whole):
    data, folder, _ = whole
    frame = data.frame
    assert frame["id"].tolist() == [f"mp-{100 * i + k}" for i in range(4) for k in (1, 2, 3)][:-1]
    assert set(frame["metal"]) == set(METALS)
    assert frame["formula"].tolist()[:3] == ["TiO", "TiO2", "Ti3O4"]
    assert frame["coordination_number"].tolist()[:2] == [6, 6]
    assert frame["oxidation_state"].tolist()[:2] == [2, 4]
    assert frame["bond_length"].tolist()[0] == pytest.approx(2.15)
    assert set(frame["level"]) == {"material"}
    assert (frame["missing_sites"] == 0).all()
    assert data.excluded.empty
    for row, (metal, shift) in {0: ("Ti", 0.0), 1: ("Ti", 0.5), 8: ("Fe", 1.0)}.items():
        assert np.allclose(data.spectra["xanes"][row], on_grid(metal, shift), rtol=1e-6, atol=1e-9)
    for name in ("pdf", "dpdf"):
        assert np.allclose(data.spectra[name][1], simulate(rutile("Ti"), "Ti", name).values, rtol=1e-6, atol=1e-6)
    again = read_dataset(folder / "mp.parquet")
    assert again.hash == data.hash


def test_origin_and_licences_are_recorded(whole):
    data, *_ = whole
    about = data.settings["materials_project"]
    assert about["database_version"] == VERSION
    assert about["endpoint"].startswith("http://127.0.0.1:")
    assert len(about["retrieved"]) == 10
    assert licences(data) == {"BY-C": 10, "BY-NC": 1}
    source = data.frame.set_index("id")["source"]
    assert source["mp-1"] == (
        "Materials Project FEFF; BY-C; XANES of the one distinct Ti site; structure of the XANES document"
    )
    assert "; XANES averaged over all 6 Fe atoms by the Materials Project; " in source["mp-203"]
    assert "; BY-NC; " in source["mp-202"]
    assert source["mp-102"].endswith("; not among the current materials")
    assert source.str.endswith("current materials").sum() == 1


@pytest.mark.slow
def test_a_second_run_asks_nothing(whole, tmp_path):
    with serve(MockApi(*four_metals(), cap=2)) as mock:
        first = fetch(tmp_path / "mp.parquet", FetchOptions(METALS), api=client(mock), workers=0)
        asked, bytes_ = len(mock.log), (tmp_path / "mp.parquet").read_bytes()
        fetch(tmp_path / "mp.parquet", FetchOptions(METALS), api=client(mock), workers=0)
        assert len(mock.log) == asked == len(whole[2])
        assert (tmp_path / "mp.parquet").read_bytes() == bytes_
        fetch(tmp_path / "mp.parquet", FetchOptions(("Fe",)), api=client(mock), workers=0)
        assert len(mock.log) == asked
    assert_same(first, whole[0])


def assert_same(one, other):
    """The same but for the port of the server and the day."""
    assert one.frame.equals(other.frame)
    assert all(np.array_equal(one.spectra[name], other.spectra[name]) for name in one.spectra)
    assert one.excluded.equals(other.excluded)
    varying = {"endpoint", "retrieved"}
    a, b = ({**d.settings, "materials_project": {}} for d in (one, other))
    assert a == b
    a, b = ({k: v for k, v in d.settings["materials_project"].items() if k not in varying} for d in (one, other))
    assert a == b


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs fork and SIGKILL")
def test_killed_at_every_request_it_repeats_none_that_finished(whole, tmp_path):
    data, _, asked = whole
    processes = multiprocessing.get_context("forkserver")  # loads the program once, and not for every kill
    processes.set_forkserver_preload(["firstshell.dataset.fetch"])
    with serve(MockApi(*four_metals(), cap=2)) as mock:
        for request in range(len(asked)):
            # Each run finishes one request and is killed, without warning, while it waits for the next.
            mock.hanging.clear()
            mock.faults = {len(mock.log) + 1 + (request > 0): "hang"}
            child = processes.Process(target=fetch_in_child, args=(mock.endpoint, tmp_path / "mp.parquet", METALS))
            child.start()
            assert mock.hanging.wait(30)
            child.kill()
            child.join()
            assert child.exitcode == -9
        assert not (tmp_path / "mp.parquet").exists()
        mock.faults = {}
        resumed = fetch(tmp_path / "mp.parquet", FetchOptions(METALS), api=client(mock), workers=0)
    finished = [(path, query) for path, query, status in mock.log if status == 200]
    hanging = [(path, query) for path, query, status in mock.log if status is None]
    assert finished == hanging == asked
    assert_same(resumed, data)
    assert (tmp_path / "mp.parquet").exists()


@pytest.mark.slow
def test_a_key_refused_halfway_keeps_what_came(tmp_path):
    with serve(MockApi(*four_metals(), cap=2)) as mock:
        mock.faults = {8: ("status", 403, {})}
        with pytest.raises(InputError, match="refuses the key"):
            fetch(tmp_path / "mp.parquet", FetchOptions(METALS), api=client(mock), workers=0)
        refused = mock.asked[7]
        fetch(tmp_path / "mp.parquet", FetchOptions(METALS), api=client(mock), workers=0)
        assert [request for request in mock.asked if mock.asked.count(request) > 1] == [refused] * 2


@pytest.mark.slow
def test_workers_do_not_matter(whole, tmp_path):
    with serve(MockApi(*four_metals())) as mock:
        data = fetch(tmp_path / "mp.parquet", FetchOptions(METALS), api=client(mock), workers=2)
    assert_same(data, whole[0])


def test_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    documents = [xas_document(f"mp-{n}", "Fe", rutile("Fe"), 0) for n in (30, 4, 200, 11)]
    data, mock = fetch_iron(tmp_path, documents)
    assert data.frame["id"].tolist() == ["mp-1", "mp-4", "mp-11", "mp-30", "mp-200"]
    assert [query["task_ids"] for _, query in mock.asked if "task_ids" in query] == [
        "mp-1,mp-4",
        "mp-11,mp-30",
        "mp-200",
    ]


def test_the_lowest_ids_first(tmp_path):
    documents = [xas_document(f"mp-{n}", "Fe", rutile("Fe"), 0) for n in (30, 4)]
    options = FetchOptions(("Fe",), max_materials=2)
    data, _ = fetch_iron(tmp_path, documents, options=options)
    assert data.frame["id"].tolist() == ["mp-1", "mp-4"]


def test_ids_in_letters(tmp_path):
    documents = [xas_document("aaaaaaft", "Fe", rutile("Fe"), 0), xas_document("mp-aaahlwqs", "Fe", rutile("Fe"), 0)]
    data, mock = fetch_iron(tmp_path, documents, [summary_document("mp-149", rutile("Fe"))])
    assert data.frame["id"].tolist() == ["mp-1", "mp-149", "mp-aaahlwqs"]
    assert "current" not in data.frame["source"][1]
    assert mock.asked[2][1]["task_ids"] == "mp-1,aaaaaaft,mp-aaahlwqs"


def test_only_oxides_or_everything(tmp_path):
    sulfide = rock_salt("Fe", 5.2)
    sulfide.replace_species({"O": "S"})
    document = xas_document("mp-5", "Fe", sulfide, 0)
    data, mock = fetch_iron(tmp_path, [document])
    assert data.frame["id"].tolist() == ["mp-1"]
    assert mock.asked[1][1]["elements"] == "Fe,O"
    everything = FetchOptions(("Fe",), elements=())
    data, mock = fetch_iron(tmp_path, [document], options=everything)
    assert data.frame["id"].tolist() == ["mp-1", "mp-5"]
    assert "elements" not in mock.asked[1][1]
    # A server that overlooks the filter.
    document["elements"] = ["Fe", "O", "S"]
    (tmp_path / "b").mkdir()
    data, _ = fetch_iron(tmp_path / "b", [document])
    assert data.excluded.to_numpy().tolist() == [["mp-5", "material", "it holds no O"]]


def test_a_document_that_does_not_come(tmp_path):
    with serve(MockApi(*four_metals())) as mock:
        mock.faults = {3: {"data": [], "meta": {"total_doc": 0}}}
        with pytest.raises(InputError, match=r"none of the 3 materials .* first reason: no XANES document came"):
            fetch(tmp_path / "mp.parquet", IRON, api=client(mock), workers=0)
    assert not (tmp_path / "mp.parquet").exists()


def test_a_metal_without_spectra(tmp_path):
    with serve(MockApi(*four_metals())) as mock:
        with pytest.raises(InputError, match=r"no K-edge XANES of Zn in materials with O\. Leave Zn out; .* is kept"):
            fetch(tmp_path / "mp.parquet", FetchOptions(("Fe", "Zn")), api=client(mock), workers=0)
        asked = len(mock.log)
        assert len(fetch(tmp_path / "mp.parquet", IRON, api=client(mock), workers=0).frame) == 3
        assert len(mock.log) == asked + 2  # heartbeat and lists were there


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metals": ()}, "no metal"),
        ({"metals": ("Qq",)}, "'Qq' is not an element"),
        ({"metals": ("Fe", "Fe")}, "metals names one element twice"),
        ({"metals": ("Fe",), "elements": ("Xx",)}, "'Xx' is not the symbol"),
        ({"metals": ("Fe",), "elements": ("O", "O")}, "elements names one element twice"),
        ({"metals": ("Fe",), "max_materials": 0}, "max_materials = 0"),
        ({"metals": ("Fe",), "preset": "papers"}, "no preset 'papers'"),
        ({"metals": ("Fe",), "preset": "paper", "elements": ("O", "Li")}, "the paper takes oxides"),
    ],
)
def test_bad_options(settings, message):
    with pytest.raises(InputError, match=message):
        FetchOptions(**settings)


@pytest.mark.parametrize("name", ["mp.csv", "folder.parquet"])
def test_bad_outputs_are_refused_before_anything_is_asked(tmp_path, name):
    (tmp_path / "folder.parquet").mkdir()
    with serve(MockApi()) as mock:
        with pytest.raises(InputError, match="not the name of a dataset"):
            fetch(tmp_path / name, IRON, api=client(mock))
        assert mock.log == []


def test_the_presets_of_fetch_and_study_are_the_paper_s(whole):
    settings = whole[0].settings["modalities"]
    assert {k: settings["xanes"][k] for k in ("emin", "emax", "points")} == {"emin": 0.0, "emax": 55.0, "points": 100}
    paper = {"radiation": "xray", "rmin": 0.0, "rmax": 10.0, "rstep": 0.01, "qmin": 0.0, "qmax": 30.0, "qdamp": 0.0}
    paper |= {"uiso": 0.007, "points": 100, "normalization": "masked"}
    for name in ("pdf", "dpdf"):
        assert {k: settings[name][k] for k in paper} == paper
    assert set(module.PRESETS) <= {"default", "paper"}
    assert StudyPlan.preset("paper").repeat_over == "seeds"


def test_the_command(tmp_path, monkeypatch, capsys):
    xas, summary = four_metals()
    with serve(MockApi(copy.deepcopy(xas), summary)) as mock:
        monkeypatch.setenv("MP_API_KEY", KEY)
        monkeypatch.setenv("MP_API_ENDPOINT", mock.endpoint)
        out = tmp_path / "mp.parquet"
        fetch_command(metal="Ti, Fe", out=out, preset="paper", max_materials=2, workers=0, progress="json")
    told = capsys.readouterr()
    data = read_dataset(out)
    assert data.settings["fetch"] == {"metals": ["Ti", "Fe"], "elements": ["O"], "max_materials": 2, "preset": "paper"}
    assert f"database {VERSION}" in told.out
    assert "licences: BY-C (3), BY-NC (1)" in told.out
    assert "Fe: 2 materials, 0 of them with a XANES averaged over unlike sites; oxidation state known for 2" in told.out
    assert f"next: firstshell study {out} --preset paper" in told.out
    stages = [json.loads(line)["stage"] for line in told.err.splitlines()]
    assert list(dict.fromkeys(stages)) == ["Lists of spectra", "XANES", "Structures and licences", "Labels and PDFs"]
    assert KEY not in told.out + told.err
