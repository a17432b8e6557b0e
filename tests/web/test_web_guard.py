"""Nobody but the page itself is answered, and what is sent stays within limits."""

import logging
import time

import pytest
from serving import make_desk, running

from firstshell.errors import InputError
from firstshell.web.limits import Limits
from firstshell.web.server import bound


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "[::1]", "", "0.0.0.0"]
)
def test_other_hosts_are_refused(client, host):
    assert client.get("/", Host=host).status == 403
    assert client.post("/api/examples", {"id": "Cu-xanes"}, Host=host).status == 403


def test_this_machine_by_name_is_answered(client):
    assert client.get("/", Host=f"localhost:{client.port}").status == 200
    assert client.get("/", Host=f"127.0.0.1:{client.port}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_other_pages_are_refused(client, headers):
    assert client.post("/api/examples", {"id": "Cu-xanes"}, **headers).status == 403


def test_the_page_itself_is_answered(client):
    own = {"Origin": f"http://127.0.0.1:{client.port}", "Sec_Fetch_Site": "same-origin"}
    assert client.post("/api/examples", {"id": "Cu-xanes"}, **own).status == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
)
def test_bodies_that_any_page_may_send_are_refused(client, kind):
    assert client.post("/api/examples", {"id": "Cu-xanes"}, Content_Type=kind).status == 415


def test_every_answer_forbids_outside_resources_and_frames(client):
    for path in ("/", "/static/main.js", "/api/about", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in headers
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/nothing.js", "/app.py"])
def test_only_files_of_the_page_are_served(client, path):
    assert client.get(path).status == 404


def test_large_files_are_refused_before_they_are_read(data):
    with running(make_desk(data, Limits(file=1000))) as client:
        found = client.upload(b"0" * 1001, "large.dat")
        assert found.status == 413
        assert "0.001 MB" in found.json["error"]["what"]
        told = b"".join(b"3e8\r\n" + b"0" * 1000 + b"\r\n" for _ in range(2)) + b"0\r\n\r\n"
        kind = {"Content_Type": "application/octet-stream", "Transfer_Encoding": "chunked"}
        assert client.send("POST", "/api/files?name=a", told, **kind).status == 413


def test_slow_work_is_given_up(data, monkeypatch):
    desk = make_desk(data, Limits(answering=0.2))
    monkeypatch.setattr(desk, "answers", lambda body: time.sleep(1.0))
    with running(desk) as client:
        found = client.post("/api/answers", {})
    assert found.status == 503
    assert "0.2 s" in found.json["error"]["what"]


def test_faults_are_told_without_a_traceback(data, monkeypatch, caplog):
    desk = make_desk(data)
    monkeypatch.setattr(desk, "answers", lambda body: 1 / 0)
    with running(desk) as client, caplog.at_level(logging.CRITICAL):
        found = client.post("/api/answers", {})
    assert found.status == 500
    assert b"Traceback" not in found.body
    assert b"ZeroDivision" not in found.body


def test_a_taken_port_is_an_error():
    with bound(0) as taken, pytest.raises(InputError, match="cannot listen"):
        bound(taken.getsockname()[1])


def test_only_loopback_is_listened_to():
    with bound(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
