"""Requests that are wrong as a whole: encodings, sizes, hosts, origins, tokens."""

import gzip
import json

import pytest

from tests.faces.web import story

TICKETS = f"/api/v1/projects/{story.SLUG}/tickets"
GOOD = b'{"title": "Good"}'
TOKEN = "t" * 32


def problem(said):
    assert said.kind == "application/problem+json", said.body[:200]
    return json.loads(said.body)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"title": NaN}', "number-not-finite"),
        (b'{"title": "x", "priority": Infinity}', "number-not-finite"),
        (b'{"title": "x", "budget": {"gpu_hours": 1e999}}', "number-not-finite"),
        (b'{"title": "x", "priority": 9223372036854775808}', "number-too-large"),
        (b'{"title": "x", "priority": ' + b"9" * 5000 + b"}", "number-too-large"),
        (b'{"title": "a", "title": "b"}', "body-duplicate-key"),
        (b'{"title": "\\ud800"}', "text-not-unicode"),
        (b'{"title": "\\u0000"}', "text-has-nul"),
        (b"[" * 100_000, "body-too-deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "body-too-deep"),
        (GOOD.decode().encode("utf-16"), "body-not-utf8"),
        (b'\xef\xbb\xbf{"title": "x"}', "body-not-json"),
        (b'{"title": "x"', "body-not-json"),
        (b"", "request-malformed"),
        (b"null", "request-malformed"),
    ],
)  # fmt: skip
def test_json_that_no_program_should_send_is_refused_with_its_name(target, body, code):
    said = target.ask("POST", TICKETS, body=body)
    assert (said.status, problem(said)["code"]) == (422, code)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"title": "x", "budget": {"gpu_hours": NaN}}', "budget.gpu_hours"),
        (b'{"title": "x", "looks": [3, -Infinity]}', "looks.1"),
        (b'{"title": "x", "budget": {"cost_usd": 1e999}}', "budget.cost_usd"),
        (b'{"title": "x", "priority": ' + b"9" * 5000 + b"}", "priority"),
        (b'{"title": "x", "baseline": [{"source": "\\u0000"}]}', "baseline.0.source"),
        (b"NaN", "body"),
    ],
)
def test_value_that_nobody_keeps_is_refused_with_its_field_and_the_way_out(target, body, field):
    said = problem(target.ask("POST", TICKETS, body=body))
    assert said["field"] == field
    assert said["hint"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{TICKETS}?q=a%00b", "q"),
        (f"{TICKETS}?limit=1&%00=2", "query"),
        (f"{TICKETS}/EXP-1%00", "path"),
        (f"/p/{story.SLUG}/board?q=%00", "q"),
    ],
)
def test_nul_in_an_address_is_refused_with_its_place_and_the_way_out(target, path, field):
    said = target.ask("GET", path)
    assert said.status == 422
    if path.startswith("/api/"):
        found = problem(said)
        assert (found["code"], found["field"], bool(found["hint"])) == ("text-has-nul", field, True)


@pytest.mark.parametrize(
    ("query", "name"),
    [("sort=key&sort=title", "sort"), ("limit=1&sort=key&lim%69t=2", "limit"), ("q=&q=", "q")],
)
def test_parameter_given_twice_is_refused_by_name(target, query, name):
    found = problem(target.ask("GET", f"{TICKETS}?{query}"))
    assert (found["code"], found["field"], bool(found["hint"])) == ("parameter-repeated", name, True)


def test_only_what_may_have_several_values_is_given_twice(target):
    where = TICKETS.replace("/tickets", "/comparison")
    assert target.ask("GET", f"{where}?config=a%3D1&config=b%3D2&run=a&run=b").status == 200
    assert problem(target.ask("GET", f"{where}?seed=1&seed=2"))["field"] == "seed"
    assert problem(target.ask("GET", f"{TICKETS}?config=a&config=b"))["field"] == "config"


def test_deep_body_is_refused_at_once(target):
    assert target.ask("POST", TICKETS, body=b"[" * 1_000_000).seconds < 2


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/json5",
        "text/json",
    ],
)
def test_json_under_another_content_type_is_415(target, kind):
    said = target.ask("POST", TICKETS, body=GOOD, kind=kind)
    assert (said.status, problem(said)["code"]) == (415, "content-type-unsupported")


def test_compressed_bodies_are_not_unpacked(target):
    bomb = gzip.compress(b" " * 10_000_000)
    said = target.ask("POST", TICKETS, body=bomb, headers=[("content-encoding", b"gzip")])
    assert said.status == 415


def test_body_above_the_limit_is_413(target):
    said = target.ask("POST", TICKETS, body=b'"' + b"x" * 1_048_576 + b'"')
    assert (said.status, problem(said)["code"]) == (413, "body-too-large")


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example",
        b"",
        b"127.0.0.1.evil.example",
        b"evil.example:8765",
        b"127.1",
        b"[::ffff:127.0.0.1]",
        b"localhost@evil",
    ],
)
def test_unknown_hosts_are_turned_away(target, host):
    said = target.ask("GET", "/api/v1/projects", host=host)
    assert (said.status, problem(said)["code"]) == (421, "host-unknown")


@pytest.mark.parametrize(
    "origin",
    [
        b"http://evil.example",
        b"null",
        b"http://127.0.0.1:9999",
        b"https://127.0.0.1.evil.example",
        b"file://",
    ],
)
def test_foreign_origins_cannot_change_anything(target, origin):
    said = target.ask("POST", TICKETS, body=GOOD, headers=[("origin", origin)])
    assert (said.status, problem(said)["code"]) == (403, "origin-foreign")


@pytest.mark.parametrize("site", [b"cross-site", b"same-site", b"x"])
def test_requests_that_another_site_started_are_refused(target, site):
    assert target.ask("POST", TICKETS, body=GOOD, headers=[("sec-fetch-site", site)]).status == 403


@pytest.mark.parametrize("sent", [None, b"", b"x", b"T" * 32])
def test_browser_without_the_token_of_its_session_is_refused(target, sent):
    headers = [("cookie", f"assay_csrf={TOKEN}".encode()), ("origin", b"http://127.0.0.1")]
    headers += [("x-csrf-token", sent)] if sent is not None else []
    said = target.ask("POST", TICKETS, body=GOOD, headers=headers)
    assert (said.status, problem(said)["code"]) == (403, "csrf-token-missing")


def test_browser_with_the_token_of_its_session_is_let_in(target):
    headers = [
        ("cookie", f"assay_csrf={TOKEN}".encode()),
        ("origin", b"http://127.0.0.1"),
        ("x-csrf-token", TOKEN.encode()),
    ]
    assert target.ask("POST", TICKETS, body=GOOD, headers=headers).status == 201


def test_form_without_cookie_or_origin_is_refused_too(target):
    said = target.ask(
        "POST", f"/p/{story.SLUG}/t/new", body=b"title=x", kind="application/x-www-form-urlencoded"
    )
    assert said.status == 403


def test_forwarded_headers_change_nothing(target):
    spoofed = [
        ("x-forwarded-host", b"evil.example"),
        ("x-forwarded-proto", b"https"),
        ("x-forwarded-for", b"10.0.0.1"),
        ("forwarded", b"host=evil"),
    ]
    said = target.ask("GET", "/api/v1/projects", headers=spoofed)
    assert said.status == 200
    assert b"evil" not in said.body + json.dumps(said.headers).encode()


@pytest.mark.parametrize("path", ["/", "/p/support-chatbot/board", "/api/v1/projects", "/nowhere", "/health"])
def test_every_answer_carries_the_headers_that_keep_pages_safe(target, path):
    headers = target.ask("GET", path).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_error_of_a_refused_request_carries_them_as_well(target):
    assert "content-security-policy" in target.ask("GET", "/", host=b"evil").headers


def test_hostile_names_of_runs_and_tickets_come_back_as_text(target):
    evil = "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>"
    said = target.ask(
        "POST", TICKETS, body=json.dumps({"title": evil, "owner": evil[:60], "labels": [evil[:50]]}).encode()
    )
    key = json.loads(said.body)["key"]
    for path in ("board", f"t/{key}", f"t/{key}/edit", "experiments", "journal", "search?q=img"):
        page = target.ask("GET", f"/p/{story.SLUG}/{path}")
        assert b"<img src=x" not in page.body
        assert b"<script>alert" not in page.body
