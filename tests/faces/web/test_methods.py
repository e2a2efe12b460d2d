"""Methods of HTTP on a running server, API and pages: HEAD is GET without a body, and a refusal says what is taken."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from assay.web import assets
from tests.faces.web import story

API = f"/api/v1/projects/{story.SLUG}"
PAGE = f"/p/{story.SLUG}"


def ask(site, method, path, **headers):
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=30)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def raw(site, text):
    """All that comes back on a connection until the server closes it."""
    place = urlsplit(site.url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(text)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "path",
    [
        "/health", "/ready", "/api/v1/openapi.json", API, f"{API}/tickets/EXP-1", f"{API}/tickets/EXP-99", f"{PAGE}/board", f"{PAGE}/t/EXP-1",
        "/nowhere", "/api/v1/journal/export", assets.url("css/assay.css"),
    ],
)  # fmt: skip
def test_head_tells_status_and_headers_of_get_without_a_body(site, path):
    told, body = ask(site, "GET", path)
    asked, nothing = ask(site, "HEAD", path)
    assert asked.status == told.status
    assert nothing == b""
    assert [asked.headers[name] for name in ("content-type", "content-length", "etag", "cache-control")] == [
        told.headers[name] for name in ("content-type", "content-length", "etag", "cache-control")
    ]
    assert body


def test_head_sends_no_byte_behind_its_headers(site):
    said = raw(
        site, b"HEAD /p/support-chatbot/board HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )
    assert said.startswith(b"HTTP/1.1 200")
    assert said.endswith(b"\r\n\r\n")
    assert b"<html" not in said


def test_head_on_a_stream_of_changes_ends(site):
    said, body = ask(site, "HEAD", f"{PAGE}/events")
    assert (said.status, said.headers["content-type"].partition(";")[0], body) == (
        200,
        "text/event-stream",
        b"",
    )


def test_head_with_get_behind_it_on_one_connection_gets_both(site):
    said = raw(
        site,
        b"HEAD /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    )
    assert said.count(b"HTTP/1.1 200") == 2
    assert said.count(b'{"status":"alive"}') == 1


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/health", "GET, HEAD"),
        ("PUT", f"{API}/tickets", "GET, HEAD, POST"),
        ("POST", f"{API}/tickets/EXP-1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("HEAD", f"{API}/tickets/EXP-1/follow-ups", "POST"),
        ("OPTIONS", f"{API}/tickets", "GET, HEAD, POST"),
        ("DELETE", f"{PAGE}/board", "GET, HEAD"),
        ("PUT", f"{PAGE}/t/new", "GET, HEAD, POST"),
        ("MKCOL", "/keys", "GET, HEAD"),
    ],
)
def test_refused_method_names_every_method_that_the_address_takes(site, method, path, allowed):
    said, body = ask(site, method, path)
    assert (said.status, said.headers["allow"]) == (405, allowed)
    if path.startswith("/api/") and method != "HEAD":
        problem = json.loads(body)
        assert said.headers["content-type"] == "application/problem+json"
        assert problem["code"] == "method-not-allowed"
        assert f"(expected {allowed})" in problem["detail"]


def test_address_that_is_not_there_names_no_method(site):
    said, _ = ask(site, "DELETE", "/api/v1/nowhere")
    assert (said.status, said.headers["allow"]) == (404, None)
