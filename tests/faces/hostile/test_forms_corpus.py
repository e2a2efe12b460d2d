"""The same for pages: every form field of every form that a page shows, and the query of every page."""

from html.parser import HTMLParser
from urllib.parse import quote, urlencode

import pytest

from tests.faces.hostile import corpus
from tests.faces.hostile.target import fault_of
from tests.faces.route_table import routes_of

TOKEN = "t" * 32
FORM = "application/x-www-form-urlencoded"
SESSION = (("cookie", f"assay_csrf={TOKEN}".encode()), ("origin", b"http://127.0.0.1"))
QUERIES = (
    "q",
    "owner",
    "axis",
    "stage",
    "cursor",
    "before",
    "kind",
    "subject",
    "who",
    "metric",
    "have",
    "done",
    "sort",
    "hidden",
    "page",
    "status",
    "ticket",
    "after",
    "to",
    "sprint",
    "mode",
    "board",
    "phase",
    "stale",
    "lanes",
)
"""Every name that a page reads from its address, and some that none reads."""


class Forms(HTMLParser):
    """The forms of a page: address, and the fields with the values they would send."""

    def __init__(self):
        super().__init__()
        self.found = []
        self._open = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form" and given.get("method", "").lower() == "post":
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
        for route in routes_of(target.app)
        if not route.is_api and route.method == "GET" and not route.path.endswith("/events")
    ]


def forms_of(target):
    """Every form of every page, by the route that takes it: address and fields."""
    found = {}
    for route in pages_of(target):
        for name in target.keys:
            said = target.ask("GET", target.path(route.path, key=target.keys[name]), headers=SESSION)
            if said.kind == "text/html" and said.status == 200:
                parser = Forms()
                parser.feed(said.body.decode())
                for action, fields in parser.found:
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


@pytest.fixture(scope="module")
def forms(target):
    return forms_of(target)


@pytest.fixture(scope="module", autouse=True)
def nothing_is_lost(target):
    before = target.kept()
    yield
    assert target.kept() == before


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


def test_form_fields_stand_every_hostile_value(target, forms):
    faults, sent_values = [], [text for text in corpus.TEXTS if len(text) <= 10_000]
    assert len(sent_values) >= 150
    for turn, (route, (action, fields)) in enumerate(forms.items()):
        for place, name in enumerate(fields):
            taken = corpus.turns(sent_values, turn + place)
            for text in taken[::3] if route == SHARED and name != "amendment_reason" else taken:
                sent = {**fields, **GOOD, name: text}
                body = "&".join(
                    f"{quote(k, safe='')}={quote(v, safe='', errors='surrogatepass')}"
                    for k, v in sent.items()
                )
                said = target.ask("POST", action, body=body.encode(), headers=SESSION, kind=FORM)
                faults.append(fault_of(said, f"{route} {name} {text[:60]!r}"))
    assert [fault for fault in faults if fault][:10] == []


def test_forms_without_fields_with_doubled_and_with_foreign_ones_are_answered(target):
    faults = []
    for route in routes_of(target.app):
        if route.is_api or route.method != "POST":
            continue
        for fields in (
            [],
            [("a", "1")] * 400,
            [("title", "x"), ("title", "y")],
            [("stage", "killed"), ("version", "99"), ("is_admin", "1")],
        ):
            body = urlencode([("csrf_token", TOKEN), *fields]).encode()
            said = target.ask("POST", target.path(route.path), body=body, headers=SESSION, kind=FORM)
            faults.append(fault_of(said, f"POST {route.path} {fields[:2]}"))
        said = target.ask("POST", target.path(route.path), body=b"csrf_token=x", headers=SESSION, kind=FORM)
        assert said.status == 403, f"{route.path} takes a foreign token"
    assert [fault for fault in faults if fault][:10] == []


def test_addresses_of_pages_stand_every_hostile_value(target):
    faults = []
    for place, route in enumerate(pages_of(target)):
        for number, text in enumerate(corpus.turns(corpus.TEXTS, place)):
            value = quote(text[:3000], safe="", errors="surrogatepass")
            # Pages and names take turns with the values; the worst ones meet every name of every page below.
            name = QUERIES[number % len(QUERIES)]
            faults.append(
                fault_of(
                    target.ask("GET", f"{target.path(route.path)}?{name}={value}", headers=SESSION),
                    f"{route.path}?{name}={text[:60]!r}",
                )
            )
    assert [fault for fault in faults if fault][:10] == []


def test_every_query_name_of_every_page_stands_the_worst_values(target):
    worst = ("-1", "9" * 400, "nan~EXP-1", "<script>alert(1)</script>", "\ufeff\x1b[31m" + "a" * 3000)
    faults = []
    for route in pages_of(target):
        for name in QUERIES:
            for text in worst:
                said = target.ask(
                    "GET", f"{target.path(route.path)}?{name}={quote(text, safe='')}", headers=SESSION
                )
                faults.append(fault_of(said, f"{route.path}?{name}={text[:60]!r}"))
    assert [fault for fault in faults if fault][:10] == []


def test_parts_of_page_addresses_stand_every_hostile_value(target):
    faults = []
    for place, route in enumerate(routes_of(target.app)):
        if route.is_api or "{" not in route.path or route.path.endswith("/events"):
            continue
        for name in [
            part.strip("{}").partition(":")[0] for part in route.path.split("/") if part.startswith("{")
        ]:
            for text in corpus.turns(corpus.TEXTS, place):
                if len(text) > 3000:
                    continue
                body = f"csrf_token={TOKEN}".encode() if route.method == "POST" else b""
                said = target.ask(
                    route.method,
                    target.path(route.path, **{name: text}),
                    body=body,
                    headers=SESSION,
                    kind=FORM,
                )
                faults.append(fault_of(said, f"{route.method} {route.path} {name} {text[:60]!r}"))
    assert [fault for fault in faults if fault][:10] == []
