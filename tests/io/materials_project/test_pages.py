"""Pages of the Materials Project: what is stored, what is asked again, what must not be mixed."""

import json
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from firstshell.errors import InputError
from firstshell.io.materials_project.client import Api
from firstshell.io.materials_project.pages import Archive
from firstshell.runtime.progress import Silent
from firstshell.runtime.store import Record, Store
from mock_mp import KEY, VERSION, MockApi, four_metals, serve

QUERY = {"absorbing_element": "Fe", "_fields": "task_id"}


@pytest.fixture
def mock():
    with serve(MockApi(*four_metals(), cap=2)) as api:
        yield api


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "mp.store") as opened:
        yield opened


class Notes(Silent):
    def __init__(self):
        self.calls = []

    def start(self, label, total, done=0):
        self.calls.append(("start", label, total, done))

    def advance(self, n=1, note=""):
        self.calls.append(("advance", n, note))

    def finish(self):
        self.calls.append("finish")


def open_archive(mock, store, reporter=None):
    return Archive(Api(mock.endpoint, KEY, tries=2, pause=0.001), store, reporter)


def ids(archive, *queries):
    return [[d["task_id"] for d in page] for page in archive.documents("List", "materials/xas/", queries, 1000)]


def test_all_pages_and_none_twice(mock, store):
    reporter = Notes()
    queries = [QUERY, QUERY | {"absorbing_element": "Cu"}]
    expected = [["mp-201", "mp-202", "mp-203"], ["mp-301", "mp-302"]]
    assert ids(open_archive(mock, store, reporter), *queries) == expected
    assert reporter.calls[:2] == [("start", "List", 2, 0), ("advance", 0, "2 of 3 documents")]
    assert reporter.calls[-2:] == [("advance", 1, ""), "finish"]
    assert [query.get("_skip") for _, query in mock.asked] == [None, "0", "2", "0"]
    again = Notes()
    assert ids(open_archive(mock, store, again), *queries) == expected
    assert len(mock.log) == 4
    assert again.calls[0] == ("start", "List", 2, 2)


def test_raw_answers_are_kept_without_the_key(mock, store):
    ids(open_archive(mock, store), QUERY)
    records = [store.get(key) for key in sorted(store.keys())]
    bodies = [json.loads(zlib.decompress(record.arrays["body"].tobytes())) for record in records]
    assert sorted(record.meta["path"] for record in records) == ["heartbeat", "materials/xas/", "materials/xas/"]
    assert {"data": [{"task_id": "mp-203"}], "meta": {"api_version": "0.84", "total_doc": 3}} in bodies
    assert KEY not in repr([record.meta for record in records])
    assert all(KEY.encode() not in file.read_bytes() for file in store.folder.iterdir())


def test_version_and_day(mock, store):
    version, day = open_archive(mock, store).version()
    assert version == VERSION
    assert datetime.fromisoformat(day).date() <= datetime.now(UTC).date()


def test_waiting_is_told(mock, store):
    reporter = Notes()
    mock.faults = {2: ("status", 429, {})}
    ids(open_archive(mock, store, reporter), QUERY)
    assert ("advance", 0, "HTTP 429; again in 0 s") in reporter.calls


@pytest.mark.parametrize("fault", [{}, {"data": {}, "meta": {"total_doc": 1}}, {"data": []}, {"data": [], "meta": 3}])
def test_an_answer_that_is_no_page_is_not_stored(mock, store, fault):
    mock.faults = {2: fault}
    with pytest.raises(InputError, match="not a page of documents"):
        ids(open_archive(mock, store), QUERY)
    assert ids(open_archive(mock, store), QUERY) == [["mp-201", "mp-202", "mp-203"]]


def test_a_heartbeat_without_a_version(mock, store):
    mock.faults = {1: {"status": "OK"}}
    with pytest.raises(InputError, match="which version"):
        open_archive(mock, store).version()


@pytest.mark.parametrize("change", ["more", "fewer"])
def test_a_database_that_changes_between_pages(mock, store, change):
    answer = {"data": [{"task_id": "mp-9"}] * (change == "more"), "meta": {"total_doc": 4 if change == "more" else 3}}
    mock.faults = {3: answer}
    with pytest.raises(InputError, match="the database changed while"):
        ids(open_archive(mock, store), QUERY)


def age_heartbeat(store):
    for key in sorted(store.keys()):
        record = store.get(key)
        if record.meta["path"] == "heartbeat":
            old = (datetime.now(UTC) - timedelta(days=2)).isoformat()
            store.put(key, Record(record.meta | {"retrieved": old}, record.arrays))


def test_two_versions_are_not_mixed(mock, store):
    ids(open_archive(mock, store), QUERY)
    age_heartbeat(store)
    # What is there needs no request; what is not is of the same version.
    ids(open_archive(mock, store), QUERY)
    assert len(mock.log) == 3
    copper = QUERY | {"absorbing_element": "Cu"}
    ids(open_archive(mock, store), copper)
    assert [path for path, _ in mock.asked[3:]] == ["/heartbeat", "/materials/xas/"]
    mock.version = "2026.01.01"
    with pytest.raises(InputError, match=r"now 2026\.01\.01; this fetch began with 2025\.09\.25"):
        ids(open_archive(mock, store), QUERY | {"absorbing_element": "Ti"})
    assert ids(open_archive(mock, store), copper) == [["mp-301", "mp-302"]]


def test_a_damaged_answer_in_the_store(mock, store):
    ids(open_archive(mock, store), QUERY)
    for key in sorted(store.keys()):
        record = store.get(key)
        store.put(key, Record(record.meta, {"body": record.arrays["body"][:10]}))
    with pytest.raises(InputError, match="stored answer is damaged"):
        ids(open_archive(mock, store), QUERY)
