"""The client of the Materials Project against a server on the loopback: keys, addresses, faults that pass or do not."""

import http.client
import json
import subprocess
import sys
import time
from email.utils import formatdate
from importlib.util import find_spec

import pytest

from firstshell.errors import InputError
from firstshell.io.materials_project import client as materials_project
from firstshell.io.materials_project.client import ENDPOINT, Answer, Api
from mock_mp import KEY, MockApi, four_metals, serve

LIST = {"absorbing_element": "Fe", "edge": "K", "spectrum_type": "XANES", "_fields": "task_id", "_limit": 10}


@pytest.fixture(scope="module")
def server():
    with serve(MockApi(*four_metals())) as api:
        yield api


@pytest.fixture
def mock(server):
    server.faults.clear()
    server.log.clear()
    return server


@pytest.fixture
def waits(monkeypatch):
    """Seconds that were waited; none really pass."""
    waited = []
    monkeypatch.setattr(materials_project.time, "sleep", waited.append)
    return waited


def client(mock, **settings):
    return Api(mock.endpoint, KEY, **settings)


def test_an_answer_and_its_bytes(mock):
    answer = client(mock).get("materials/xas/", LIST | {"_skip": None})
    assert answer.content == json.loads(answer.body)
    assert [d["task_id"] for d in answer.content["data"]] == ["mp-201", "mp-202", "mp-203"]
    assert mock.asked == [("/materials/xas/", {k: str(v) for k, v in LIST.items()})]


def test_keys_and_addresses_are_found_as_by_mp_api(monkeypatch):
    from pymatgen.core import SETTINGS

    monkeypatch.delenv("MP_API_ENDPOINT", raising=False)
    monkeypatch.setenv("MP_API_KEY", KEY)
    monkeypatch.setitem(SETTINGS, "PMG_MAPI_KEY", "p" * 32)
    assert (Api.from_settings().key, Api.from_settings().endpoint) == (KEY, ENDPOINT)
    monkeypatch.delenv("MP_API_KEY")
    assert Api.from_settings().key == "p" * 32
    monkeypatch.setenv("MP_API_ENDPOINT", "https://example.org/api")
    assert Api.from_settings().endpoint == "https://example.org/api/"
    assert Api.from_settings("http://localhost:5000").endpoint == "http://localhost:5000/"
    monkeypatch.delitem(SETTINGS, "PMG_MAPI_KEY")
    with pytest.raises(InputError, match=r"no key .*Get a free key at https://.* set MP_API_KEY"):
        Api.from_settings()


@pytest.mark.parametrize("key", ["short", "x" * 33, "k" * 31 + "\n", "k" * 30 + "ää", "k" * 31 + " "])
def test_what_is_no_key_is_refused_and_not_shown(key):
    with pytest.raises(InputError, match="not 32 letters and digits") as error:
        Api(ENDPOINT, key)
    assert key.strip() not in str(error.value)


def test_the_key_is_not_in_the_repr():
    assert KEY not in repr(Api(ENDPOINT, KEY))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://api.materialsproject.org/", "unencrypted"),
        ("http://10.0.0.1/", "unencrypted"),
        ("http://localhost.example.org/", "unencrypted"),
        ("ftp://example.org/", "not the address"),
        ("example.org", "not the address"),
        ("https://", "not the address"),
        ("https://me:secret@example.org/", "not the address"),
        ("https://example.org/?a=b", "not the address"),
        ("https://exa mple.org/", "not the address"),
        ("https://example.org:port/", "not the address"),
        ("https://[::1/", "not the address"),
    ],
)
def test_addresses_that_are_refused(address, message):
    with pytest.raises(InputError, match=message):
        Api(address, KEY)
    Api("http://127.0.0.1:80", KEY)
    Api("http://[::1]:80/", KEY)


@pytest.mark.parametrize("key", ["w" * 32, "0" * 32])
def test_a_refused_key_is_not_tried_again(mock, key):
    with pytest.raises(InputError, match=r"refuses the key \(HTTP 403\)\. Get a free key") as error:
        Api(mock.endpoint, key).get("materials/xas/", LIST)
    assert len(mock.log) == 1
    assert key not in str(error.value)


def test_status_401(mock):
    mock.faults = {1: ("status", 401, {})}
    with pytest.raises(InputError, match=r"refuses the key \(HTTP 401\)\. Get a free key"):
        client(mock).get("materials/xas/", LIST)


@pytest.mark.parametrize(
    "fault", [("status", code, {}) for code in (429, 500, 502, 503, 504)] + ["cut", "garbage", "array"]
)
def test_what_passes_is_tried_again(mock, waits, fault):
    mock.faults = {1: fault, 2: fault}
    said = []
    answer = client(mock).get("materials/xas/", LIST, said.append)
    assert len(answer.content["data"]) == 3
    assert waits == [1.0, 2.0]
    assert len(said) == 2
    assert said[1].endswith("again in 2 s")


def test_what_does_not_pass_ends(mock, waits):
    mock.faults = dict.fromkeys(range(1, 10), ("status", 503, {}))
    with pytest.raises(InputError, match=r"does not answer: HTTP 503 \(6 tries\)\. Run the same command again later"):
        client(mock).get("materials/xas/", LIST)
    assert waits == [1, 2, 4, 8, 16]
    mock.log.clear()
    mock.faults = dict.fromkeys(range(1, 10), "garbage")
    with pytest.raises(InputError, match=r"not JSON .*\(2 tries\)"):
        client(mock, tries=2).get("materials/xas/", LIST)


def test_nobody_there(waits):
    with serve(MockApi()) as gone:
        pass
    with pytest.raises(InputError, match=r"connection failed \(Connection refused\) \(6 tries\)"):
        client(gone).get("heartbeat", {})


def test_silence_is_given_up(mock, waits):
    mock.faults = dict.fromkeys((1, 2), "hang")
    with pytest.raises(InputError, match=r"connection failed \(timed out\) \(2 tries\)"):
        client(mock, tries=2, timeout=0.2).get("heartbeat", {})


def test_the_server_says_how_long_to_wait(mock, waits):
    mock.faults = {1: ("status", 429, {"Retry-After": "7"}), 2: ("status", 503, {"Retry-After": "soon"})}
    mock.faults[3] = ("status", 429, {"Retry-After": formatdate(time.time() + 100, usegmt=True)})
    client(mock).get("materials/xas/", LIST)
    assert waits[:2] == [7.0, 2.0]
    assert 90 < waits[2] <= 100
    mock.log.clear()
    mock.faults = {1: ("status", 429, {"Retry-After": "7200"})}
    with pytest.raises(InputError, match="HTTP 429 and asks to wait 7200 s"):
        client(mock).get("materials/xas/", LIST)
    assert len(mock.log) == 1


def test_other_refusals_say_why_without_the_key(mock):
    mock.faults = {1: ("status", 422, {})}
    with pytest.raises(InputError, match=r"/materials/xas/: HTTP 422 \(a fault; you sent \*\*\*\)"):
        client(mock).get("materials/xas/", LIST)
    with pytest.raises(InputError, match=r"HTTP 404 \(Not Found\)"):
        client(mock).get("materials/nothing/", {})


def test_the_key_does_not_follow_a_redirection(mock):
    with serve(MockApi()) as elsewhere:
        mock.faults = {1: ("status", 302, {"Location": f"{elsewhere.endpoint}heartbeat"})}
        with pytest.raises(InputError, match="HTTP 302"):
            client(mock).get("heartbeat", {})
        assert elsewhere.log == []


def test_loopback_needs_no_proxy(mock, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    assert client(mock, tries=1).get("heartbeat", {}).content["status"] == "OK"


def test_answers_are_limited(mock, waits, monkeypatch):
    monkeypatch.setattr(materials_project, "MAX_BYTES", 1000)
    documents = LIST | {"_fields": "spectrum"}
    with pytest.raises(InputError, match=r"an answer of over"):
        client(mock).get("materials/xas/", documents)
    monkeypatch.setattr(materials_project, "MAX_BYTES", 10**8)
    monkeypatch.setattr(materials_project, "MAX_SECONDS", -1.0)
    with pytest.raises(InputError, match="took longer"):
        client(mock, tries=2).get("materials/xas/", documents)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b"[" * 100_000, b"1" * 5000])
def test_bodies_that_are_no_object(body):
    with pytest.raises(InputError, match="JSON"):
        Answer.read(body)


@pytest.mark.parametrize(
    "error", [http.client.BadStatusLine("x"), http.client.IncompleteRead(b""), ConnectionResetError()]
)
def test_any_fault_of_a_connection_may_pass(mock, waits, monkeypatch, error):
    calls = []

    def fail(response):
        calls.append(1)
        raise error

    monkeypatch.setattr(materials_project, "_read", fail)
    with pytest.raises(InputError, match="connection failed"):
        client(mock, tries=3).get("heartbeat", {})
    assert len(calls) == 3


AS_MP_API = """
import json, sys, warnings
warnings.simplefilter("ignore")
from emmet.core.xas import XASDoc
from mp_api.client.routes.materials.summary import SummaryRester
from mp_api.client.routes.materials.xas import XASRester
endpoint, key = sys.argv[1:3]
how = dict(api_key=key, endpoint=endpoint, mute_progress_bars=True, use_document_model=False)
xas, summary = XASRester(**how), SummaryRester(**how)
query = dict(absorbing_element="Fe", edge="K", spectrum_type="XANES")
names = xas.search(**query, elements=["Fe", "O"], fields=["task_id"], all_fields=False, chunk_size=2)
names = [name["task_id"] for name in names]
documents = xas.search(task_ids=names, **query, chunk_size=10)
summary.search(material_ids=names, fields=["material_id"], all_fields=False)
read = [XASDoc.model_validate(document) for document in documents]
print(json.dumps([[str(d.task_id.string), len(d.spectrum.structure), d.spectrum.absorbing_index] for d in read]))
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mp_api") is None, reason="mp-api is not installed")
def test_mp_api_asks_this_server_the_same_way_and_reads_its_documents(mock):
    command = [sys.executable, "-c", AS_MP_API, mock.endpoint, KEY]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    assert json.loads(done.stdout) == [["mp-201", 2, 0], ["mp-202", 6, 1], ["mp-203", 14, None]]
    query = {"absorbing_element": "Fe", "edge": "K", "spectrum_type": "XANES"}
    first, second, documents, summary = mock.asked[1:]
    assert first == ("/materials/xas/", query | {"elements": "Fe,O", "_fields": "task_id", "_limit": "2"})
    assert second[1]["_skip"] == "2"
    assert documents[1]["task_ids"] == "mp-201,mp-202,mp-203"
    assert summary[0] == "/materials/summary/"
    assert summary[1]["material_ids"] == documents[1]["task_ids"]
