"""Nobody but the page itself is answered, and what is sent stays within limits."""

import logging
import socket
import struct
import time
from contextlib import suppress
from http.client import HTTPConnection

import pytest
from serving import make_service, running

from firstshell.errors import InputError
from firstshell.web import protocol
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
    for path in ("/api/about", "/api/progress", "/api/cloud?metal=Cu&inputs=xanes&radiation=xray", "/static/main.js"):
        assert client.get(path, **headers).status == 403
    assert client.get("/", **headers).status == 403  # as an image, a frame or a script


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_request_without_the_header_of_the_page_is_refused(client, method):
    """Old browsers say nothing of who asks; none lets another page send a header of its own."""
    for path in ("/api/about", "/api/cloud?metal=Cu&inputs=xanes&radiation=xray"):
        connection = HTTPConnection("127.0.0.1", client.port, timeout=60)
        connection.request(method, path, headers={"Content-Type": "application/json"})
        assert connection.getresponse().status == 403
        connection.close()
    assert client.get("/api/progress").json["going"] == []


def test_a_link_elsewhere_may_show_the_page(client):
    assert client.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


@pytest.mark.parametrize(
    "query",
    ["metal=Cu&inputs=xanes&radiation=gamma", "metal=Cu&inputs=raman&radiation=xray", "metal=Cu&radiation=xray"],
)
def test_unknown_kinds_of_models_are_refused(client, query):
    assert client.get(f"/api/cloud?{query}").status == 422
    assert client.get("/api/progress").json["going"] == []


def silent(port, text=b"GET / HTTP/1.1\r\nHost: 127"):
    """A connection that never ends its headers."""
    made = socket.create_connection(("127.0.0.1", port), timeout=30)
    made.sendall(text)
    return made


def ended(connection):
    """Wait until the other side closes a connection, whatever it says before."""
    with suppress(ConnectionError):
        while connection.recv(65536):
            pass
    connection.close()


def test_a_hundred_slow_headers_block_nobody(client):
    slow = [silent(client.port) for _ in range(100)]
    assert client.get("/").status == 200
    for connection in slow[:60]:  # they made room for others
        ended(connection)
    for connection in slow[60:]:
        connection.close()


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"])
def test_slow_headers_time_out(data, monkeypatch, before):
    """Also those of the second request of a connection."""
    monkeypatch.setattr(protocol, "HEADERS_S", 0.5)
    with running(make_service(data)) as client:
        made = silent(client.port, before)
        if before:
            assert made.recv(12) == b"HTTP/1.1 200"
            made.sendall(b"GET / HT")
        ended(made)


@pytest.mark.parametrize("reset", [False, True])
def test_a_dropped_upload_leaves_no_traceback(data, caplog, capfd, reset):
    head = b"POST /api/files?name=a HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Firstshell: test\r\n"
    head += b"Content-Type: application/octet-stream\r\nContent-Length: 99\r\n\r\n"
    with running(make_service(data)) as client:
        made = silent(client.port, head + b"x")
        time.sleep(0.2)
        if reset:  # no end of the connection, as when a cable is pulled
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        made.close()
        assert client.get("/").status == 200
    assert [record for record in caplog.records if record.exc_info] == []
    assert "Traceback" not in capfd.readouterr().err


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
    with running(make_service(data, Limits(file=1000))) as client:
        found = client.upload(b"0" * 1001, "large.dat")
        assert found.status == 413
        assert "0.001 MB" in found.json["error"]["what"]
        told = b"".join(b"3e8\r\n" + b"0" * 1000 + b"\r\n" for _ in range(2)) + b"0\r\n\r\n"
        kind = {"Content_Type": "application/octet-stream", "Transfer_Encoding": "chunked"}
        assert client.send("POST", "/api/files?name=a", told, **kind).status == 413


def test_slow_work_is_given_up(data, monkeypatch):
    service = make_service(data, Limits(answering=0.2))
    monkeypatch.setattr(service, "answers", lambda body: time.sleep(1.0))
    with running(service) as client:
        found = client.post("/api/answers", {})
    assert found.status == 503
    assert "0.2 s" in found.json["error"]["what"]


def test_faults_are_told_without_a_traceback(data, monkeypatch, caplog):
    service = make_service(data)
    monkeypatch.setattr(service, "answers", lambda body: 1 / 0)
    with running(service) as client, caplog.at_level(logging.CRITICAL):
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
