"""The same for pages: every form field of every form that a page shows, and the query of every page."""

import re
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest
from starlette.datastructures import QueryParams

from assay.web.routes import PAGE_TABLE
from tests.faces.hostile import corpus
from tests.faces.hostile.target import fault_of
from tests.faces.route_table import routes_of

TOKEN = "t" * 32
FORM = "application/x-www-form-urlencoded"
SESSION = (("cookie", f"assay_csrf={TOKEN}".encode()), ("origin", b"http://127.0.0.1"))
UNREAD = "to"
"""A name that no page reads from its address."""
SHARED_QUERY = "done"
"""The frame around every page reads it: on each page it takes a third of what another name takes."""


class Forms(HTMLParser):
    """The forms of a page that send by this method: address, and the fields with the values they would send."""

    def __init__(self, method):
        super().__init__()
        self.found = []
        self._method, self._open = method, None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form" and given.get("method", "get").lower() == self._method:
            self._open = {}
            self.found.append((given.get("action", ""), self._open))
        name = given.get("name")
        if self._open is not None and name and tag in ("input", "select", "textarea", "button"):
            self._open.setdefault(name, given.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = None


def pages_of(target):
    """Every page that ends."""
    return [
        route
        for route in PAGE_TABLE.routes()
        if "GET" in (route.methods or ())
        and not route.path.startswith("/api/")
        and not route.path.endswith("/events")
    ]


def sent_by(target, address, method):
    """The forms of this page that send by this method; none where no page is shown."""
    said, parser = target.ask("GET", address, headers=SESSION), Forms(method)
    if said.kind == "text/html" and said.status == 200:
        parser.feed(said.body.decode())
    return parser.found


def forms_of(target):
    """Every form of every page, by the route that takes it: address and fields."""
    found = {}
    for route in pages_of(target):
        for name in target.keys:
            for action, fields in sent_by(target, target.path(route.path, key=target.keys[name]), "post"):
                _, known = found.setdefault(_taken_by(target, action), (action, {}))
                known.update({name: value for name, value in fields.items() if name not in known})
            if "{key}" not in route.path:
                break
    return found


def _taken_by(target, action):
    path = action.partition("?")[0].split("/")
    for route in routes_of(target.app):
        parts = route.path.split("/")
        if (
            route.method == "POST"
            and len(parts) == len(path)
            and all(p.startswith("{") or p == q for p, q in zip(parts, path, strict=True))
        ):
            return route.path
    return f"no route takes {action}"


def queries_of(target, asked_for):
    """What every page reads from its address: the names it declares, asks for, or shows in a form of its own."""
    found = {}
    for route in pages_of(target):
        asked_for.clear()
        address = target.path(route.path)
        shown = [name for _, fields in sent_by(target, address, "get") for name in fields]
        found[route.path] = {*asked_for, *shown, *_declared(route.dependant), UNREAD}
    return found


def _declared(dependant):
    yield from (parameter.alias for parameter in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _declared(inner)


@pytest.fixture(scope="module")
def forms(target):
    return forms_of(target)


@pytest.fixture(scope="module")
def queries(target):
    """By the path of a page."""
    asked_for = set()
    with pytest.MonkeyPatch.context() as patch:
        for way in ("get", "getlist", "__getitem__", "__contains__"):
            patch.setattr(QueryParams, way, _told(asked_for, getattr(QueryParams, way)), raising=False)
        return queries_of(target, asked_for)


def _told(asked_for, real):
    def asking(self, name, *more):
        asked_for.add(name)
        return real(self, name, *more)

    return asking


def test_every_form_leads_to_a_route(forms):
    assert [route for route in forms if route.startswith("no route")] == []
    assert len(forms) >= 5


GOOD = {
    "csrf_token": TOKEN,
    "expected_version": "",
    "title": "Good title",
    "name": "Good",
    "slug": "good",
    "to": "hypothesis",
    "text": "seen",
}
"""What is sent beside the hostile value, where the page left a field empty: one fault at a time."""
SHARED = "/p/{slug}/t/{key}/edit"
"""Reads the very fields that a new ticket's form sends: it takes a third of what that takes."""


def test_form_fields_stand_every_hostile_value(attack, forms):
    sent_values = [text for text in corpus.TEXTS if len(text) <= 10_000]
    assert len(sent_values) >= 150

    def questions(turn, route, action, fields):
        for place, name in enumerate(fields):
            taken = corpus.turns(sent_values, turn + place)
            if route == SHARED and name != "amendment_reason":
                taken = corpus.lean(taken, 3)
            for text in taken:
                sent = {**fields, **GOOD, name: text}
                body = "&".join(
                    f"{quote(k, safe='')}={quote(v, safe='', errors='surrogatepass')}"
                    for k, v in sent.items()
                )
                sent = {"body": body.encode(), "headers": SESSION, "kind": FORM}
                yield f"{route} {name} {text[:60]!r}", "POST", action, sent

    faults = []
    for turn, (route, (action, fields)) in enumerate(forms.items()):
        with attack() as target:
            faults += target.faults(questions(turn, route, action, fields))
    assert faults[:10] == []


def test_forms_without_fields_with_doubled_and_with_foreign_ones_are_answered(fresh):
    faults = []
    for route in routes_of(fresh.app):
        if route.is_api or route.method != "POST":
            continue
        for fields in (
            [],
            [("a", "1")] * 400,
            [("title", "x"), ("title", "y")],
            [("stage", "killed"), ("version", "99"), ("is_admin", "1")],
        ):
            body = urlencode([("csrf_token", TOKEN), *fields]).encode()
            said = fresh.ask("POST", fresh.path(route.path), body=body, headers=SESSION, kind=FORM)
            faults.append(fault_of(said, f"POST {route.path} {fields[:2]}"))
        said = fresh.ask("POST", fresh.path(route.path), body=b"csrf_token=x", headers=SESSION, kind=FORM)
        assert said.status == 403, f"{route.path} takes a foreign token"
    assert [fault for fault in faults if fault][:10] == []


def test_queries_are_read_off_the_pages(queries):
    """So that a new name is attacked without anybody remembering to."""
    assert queries["/p/{slug}/t/{key}"] >= {"metric", "done"}
    assert queries["/p/{slug}/flow"] >= {"at", "days"}
    assert queries["/p/{slug}/backlog"] >= {"undo"}
    assert sum(len(names) for names in queries.values()) > 100


def test_addresses_of_pages_stand_every_hostile_value(fresh, queries):
    def questions():
        for place, (path, names) in enumerate(queries.items()):
            for turn, name in enumerate(sorted(names)):
                taken = corpus.turns(corpus.TEXTS, place + turn)
                for text in corpus.lean(taken, 3, place % 3) if name in (SHARED_QUERY, UNREAD) else taken:
                    value = quote(text[:3000], safe="", errors="surrogatepass")
                    address = f"{fresh.path(path)}?{quote(name, safe='')}={value}"
                    yield f"{path}?{name}={text[:60]!r}", "GET", address, {"headers": SESSION}

    assert fresh.faults(questions()) == []


def test_every_query_name_of_every_page_stands_the_worst_values(fresh, queries):
    worst = ("-1", "9" * 400, "nan~EXP-1", "<script>alert(1)</script>", "\ufeff\x1b[31m" + "a" * 3000)

    def questions():
        for path, names in queries.items():
            for name in sorted(names):
                for text in worst:
                    address = f"{fresh.path(path)}?{quote(name, safe='')}={quote(text, safe='')}"
                    yield f"{path}?{name}={text[:60]!r}", "GET", address, {"headers": SESSION}

    assert fresh.faults(questions()) == []


def test_parts_of_page_addresses_stand_every_hostile_value(fresh):
    def questions():
        for place, route in enumerate(routes_of(fresh.app)):
            if route.is_api or "{" not in route.path or route.path.endswith("/events"):
                continue
            body = f"csrf_token={TOKEN}".encode() if route.method == "POST" else b""
            sent = {"body": body, "headers": SESSION, "kind": FORM}
            for name in re.findall(r"\{(\w+)", route.path):
                for text in corpus.turns(corpus.TEXTS, place):
                    if len(text) <= 3000:
                        address = fresh.path(route.path, **{name: text})
                        yield f"{route.method} {route.path} {name} {text[:60]!r}", route.method, address, sent

    assert fresh.faults(questions()) == []
