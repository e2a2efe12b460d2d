"""Every hostile value in every place of every request: no 5xx, no hang, nothing lost, and errors that say what to do."""

import json
from collections import Counter
from itertools import accumulate, chain
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
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "g\u00e9t")
OUTSIDE = ("http://", "https://", "gopher://", "postgresql")
"""An address of a tracker is meant to be connected to; elsewhere than here tests must not."""


def test_corpus_holds_at_least_150_values():
    assert corpus.ALL >= 150
    assert len(set(corpus.TEXTS)) >= 200


def test_every_body_of_the_api_has_a_good_example(operations):
    named = {operation["operationId"] for _, _, operation in operations if "requestBody" in operation}
    assert named == {*BODIES, *UPLOADS}


def test_every_field_of_every_body_is_in_its_example(told, operations):
    """So that a new field is attacked without anybody remembering to."""
    schemas = told.described["components"]["schemas"]
    missing = []
    for _, _, operation in operations:
        if "requestBody" not in operation or operation["operationId"] in UPLOADS:
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        reference = next(one["$ref"] for one in (schema, *schema.get("anyOf", ())) if "$ref" in one)
        fields = schemas[reference.rpartition("/")[2]]["properties"]
        missing += [
            f"{operation['operationId']}.{name}"
            for name in fields
            if not any(name in body for body in _forms_of(operation["operationId"]))
        ]
    assert missing == []


def test_headers_stand_every_hostile_value(fresh, operations):
    """The two that routes read take their turn on every route; those that the guard reads a quarter of it."""

    def questions():
        for turn, (method, path, _) in enumerate(operations):
            if method == "GET" and path != "/api/v1/projects/{slug}/tickets/{key}":
                continue
            for header in HEADERS:
                taken = corpus.turns(corpus.TEXTS, turn)
                for text in taken if header in READ_BY_ROUTES else corpus.lean(taken, 4, turn % 4):
                    value = text[:5000].encode("utf-8", "replace")
                    if any(byte < 32 for byte in value):
                        continue
                    headers = [*(ANY_VERSION if header != "if-match" else ()), (header, value)]
                    # Only the headers are attacked: the body is one that is refused, so that nothing is made a thousand times.
                    sent = {"body": b"[]" if method != "GET" else b"", "headers": headers}
                    yield f"{method} {path} {header} {text[:60]!r}", method, fresh.path(path), sent

    assert fresh.faults(questions()) == []


FORMS = {**BODIES, **{name: body for name, (_, body) in OTHER_FORMS.items()}}
TURNS = dict(
    zip(
        FORMS,
        accumulate((len(list(corpus.places_of(body))) for body in FORMS.values()), initial=0),
        strict=False,
    )
)
"""The turn of the first place of each body: it goes on where the body before ended."""


def test_every_value_comes_to_its_turn_at_many_places_of_bodies():
    places = TURNS[max(TURNS, key=TURNS.get)]
    reached = [corpus.turns(range(corpus.ALL), turn) for turn in range(places)]
    assert min(Counter(chain.from_iterable(reached)).values()) >= 10
    assert len(set(chain.from_iterable(reached))) == corpus.ALL


def _forms_of(name):
    return [BODIES[name], *(body for wanted, body in OTHER_FORMS.values() if wanted == name)]


@pytest.mark.parametrize("name", FORMS)
def test_body_fields_stand_every_hostile_value(fresh, operations, name):
    wanted, body = OTHER_FORMS.get(name, (name,))[0], FORMS[name]
    method, path, _ = next(found for found in operations if found[2]["operationId"] == wanted)
    address = fresh.path(path, name="f1")

    def questions():
        for turn, place in enumerate(corpus.places_of(body), start=TURNS[name]):
            taken = list(corpus.bodies_with(body, place, turn))
            if wanted in SHARED and place and place[0] in TICKET:
                taken = corpus.lean(taken, 3, SHARED.index(wanted))
            for value, content in taken:
                if place == ("uri",) and isinstance(value, str) and value.startswith(OUTSIDE):
                    continue
                sent = {"body": content, "headers": ANY_VERSION}
                yield f"{name} {place} {str(value)[:60]!r}", method, address, sent

    assert fresh.faults(questions()) == []


def test_path_parameters_stand_every_hostile_value(fresh, operations):
    def questions():
        for turn, (method, path, operation) in enumerate(operations):
            sent = {"body": _body(operation), "headers": ANY_VERSION}
            for name in _parameters(operation, "path"):
                for text in corpus.turns(corpus.TEXTS, turn):
                    if len(text) <= 5000:
                        address = fresh.path(path, **{name: text})
                        yield f"{method} {path} {name} {text[:60]!r}", method, address, sent

    assert fresh.faults(questions()) == []


def test_query_parameters_stand_every_hostile_value(fresh, operations):
    def questions():
        for turn, (method, path, operation) in enumerate(operations):
            names = _parameters(operation, "query")
            for name in names:
                other = "&q=x" if "q" in names and name != "q" else ""
                for text in corpus.turns(corpus.TEXTS, turn):
                    value = quote(text[:5000], safe="", errors="surrogatepass")
                    address = f"{fresh.path(path)}?{name}={value}{other}"
                    yield f"{path} {name} {text[:60]!r}", method, address, {}

    assert fresh.faults(questions()) == []


def _parameters(operation, where):
    return [one["name"] for one in operation.get("parameters", ()) if one["in"] == where]


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


def test_every_route_takes_every_method_without_breaking(fresh):
    def questions():
        for route in routes_of(fresh.app):
            for method in METHODS:
                if route.method != method:
                    sent = {"body": b"[]" if method in ("POST", "PUT", "PATCH") else b""}
                    yield f"{method} {route.path}", method, fresh.path(route.path), sent

    assert fresh.faults(questions()) == []


def _body(operation):
    return (
        json.dumps(BODIES[operation["operationId"]]).encode() if operation["operationId"] in BODIES else b""
    )
