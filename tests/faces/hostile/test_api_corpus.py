"""Every hostile value in every place of every request: no 5xx, no hang, nothing lost, and errors that say what to do."""

from urllib.parse import quote, quote_from_bytes

import pytest

from tests.faces.hostile import corpus
from tests.faces.hostile.good_requests import BODIES, OTHER_FORMS, TICKET, UPLOADS
from tests.faces.hostile.target import fault_of
from tests.faces.route_table import routes_of

ANY_VERSION = (("if-match", b"*"),)
HEADERS = (
    "if-match",
    "idempotency-key",
    "accept",
    "origin",
    "sec-fetch-site",
    "cookie",
    "x-csrf-token",
    "content-encoding",
)
SHARED = ("check_draft", "put_ticket", "patch_ticket")
"""They read the very fields that new_ticket reads: each of them takes a third of what it takes."""
READ_BY_ROUTES = ("if-match", "idempotency-key")
OUTSIDE = ("http://", "https://", "gopher://", "postgresql")
"""An address of a tracker is meant to be connected to; elsewhere than here tests must not."""


def operations(target):
    """Every operation of the API, with its description in OpenAPI."""
    for path, described in target.app.openapi()["paths"].items():
        for method, operation in described.items():
            yield method.upper(), path, operation


@pytest.fixture(scope="module", autouse=True)
def nothing_is_lost(target):
    before = target.kept()
    yield
    assert target.kept() == before
    said = target.ask("GET", "/api/v1/journal/verification")
    assert b'"ok":true' in said.body


def test_corpus_holds_at_least_150_values():
    assert corpus.ALL >= 150
    assert len(set(corpus.TEXTS)) >= 200


def test_every_body_of_the_api_has_a_good_example(target):
    named = {operation["operationId"] for _, _, operation in operations(target) if "requestBody" in operation}
    assert named == {*BODIES, *UPLOADS}


def test_every_field_of_every_body_is_in_its_example(target):
    """So that a new field is attacked without anybody remembering to."""
    schemas = target.app.openapi()["components"]["schemas"]
    missing = []
    for _, _, operation in operations(target):
        if "requestBody" not in operation or operation["operationId"] in UPLOADS:
            continue
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        fields = schemas[reference.rpartition("/")[2]]["properties"]
        missing += [
            f"{operation['operationId']}.{name}"
            for name in fields
            if not any(name in body for body in _forms_of(operation["operationId"]))
        ]
    assert missing == []


def test_headers_stand_every_hostile_value(target):
    """The two that routes read take their turn on every route; those that the guard reads a quarter of it.

    First of all, while a backup of everything is small.
    """
    faults = []
    for turn, (method, path, _) in enumerate(operations(target)):
        if method == "GET" and path != "/api/v1/projects/{slug}/tickets/{key}":
            continue
        for header in HEADERS:
            step = 1 if header in READ_BY_ROUTES else 4
            for text in corpus.turns(corpus.TEXTS, turn)[turn % step :: step]:
                value = text[:5000].encode("utf-8", "replace")
                if any(byte < 32 for byte in value):
                    continue
                headers = [*(ANY_VERSION if header != "if-match" else ()), (header, value)]
                # Only the headers are attacked: the body is one that is refused, so that nothing is made a thousand times.
                said = target.ask(
                    method, target.path(path), body=b"[]" if method != "GET" else b"", headers=headers
                )
                faults.append(fault_of(said, f"{method} {path} {header} {text[:60]!r}"))
    assert [fault for fault in faults if fault][:10] == []


def _forms_of(name):
    return [BODIES[name], *(body for wanted, body in OTHER_FORMS.values() if wanted == name)]


@pytest.mark.parametrize("name", [*BODIES, *OTHER_FORMS])
def test_body_fields_stand_every_hostile_value(target, name):
    wanted, body = OTHER_FORMS.get(name) or (name, BODIES[name])
    method, path, _ = next(found for found in operations(target) if found[2]["operationId"] == wanted)
    address, faults = target.path(path, name="f1"), []
    for turn, place in enumerate(corpus.places_of(body)):
        shared = wanted in SHARED and place and place[0] in TICKET
        taken = corpus.turns(list(corpus.bodies_with(body, place)), turn)
        for value, content in taken[SHARED.index(wanted) :: 3] if shared else taken:
            if place == ("uri",) and isinstance(value, str) and value.startswith(OUTSIDE):
                continue
            said = target.ask(method, address, body=content, headers=ANY_VERSION)
            faults.append(fault_of(said, f"{name} {place} {str(value)[:60]!r}"))
    assert [fault for fault in faults if fault][:10] == []


def test_path_parameters_stand_every_hostile_value(target):
    faults = []
    for turn, (method, path, operation) in enumerate(operations(target)):
        names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
        body = _body(operation)
        for name in names:
            for text in corpus.turns(corpus.TEXTS, turn):
                if len(text) > 5000:
                    continue
                said = target.ask(method, target.path(path, **{name: text}), body=body, headers=ANY_VERSION)
                faults.append(fault_of(said, f"{method} {path} {name} {text[:60]!r}"))
    assert [fault for fault in faults if fault][:10] == []


def test_query_parameters_stand_every_hostile_value(target):
    faults = []
    for turn, (method, path, operation) in enumerate(operations(target)):
        names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
        for name in names:
            for text in corpus.turns(corpus.TEXTS, turn):
                other = "&q=x" if "q" in names and name != "q" else ""
                address = (
                    f"{target.path(path)}?{name}={quote(text[:5000], safe='', errors='surrogatepass')}{other}"
                )
                faults.append(fault_of(target.ask(method, address), f"{path} {name} {text[:60]!r}"))
    assert [fault for fault in faults if fault][:10] == []


def test_hosts_that_are_not_ours_are_turned_away(target):
    for text in corpus.TEXTS:
        value = text.encode("utf-8", "replace")
        if not any(byte < 32 for byte in value):
            assert target.ask("GET", "/api/v1/projects", host=value).status == 421


def test_paths_that_are_no_utf8_or_hold_nul_are_refused(target):
    for raw in (b"\xff", b"\x00", b"a\x00b", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80"):
        for route in ("/api/v1/projects/{}", "/api/v1/projects/support-chatbot/tickets/{}", "/p/{}/board"):
            said = target.ask("GET", route.format(quote_from_bytes(raw)))
            assert fault_of(said, f"{route} {raw}") is None
            assert said.status in (404, 422)


def test_every_route_takes_every_method_without_breaking(target):
    faults = []
    for route in routes_of(target.app):
        for method in (
            "GET",
            "HEAD",
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
            "OPTIONS",
            "TRACE",
            "BREW",
            "g\u00e9t",
        ):
            if route.method == method:
                continue
            said = target.ask(
                method, target.path(route.path), body=b"[]" if method in ("POST", "PUT", "PATCH") else b""
            )
            faults.append(fault_of(said, f"{method} {route.path}") if method != "HEAD" else None)
    assert [fault for fault in faults if fault][:10] == []


def _body(operation):
    import json

    return (
        json.dumps(BODIES[operation["operationId"]]).encode() if operation["operationId"] in BODIES else b""
    )
