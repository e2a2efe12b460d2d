"""Default deny: no route without a permission, and none that lets somebody without it pass."""

import asyncio

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Match

from assay.api.routes import API_TABLE
from assay.api.routes import noun_of as api_noun
from assay.routing import RoutesOnDemand, RouteTable, RouteWhenAsked
from assay.web.routes import PAGE_TABLE
from assay.web.routes import noun_of as page_noun
from assay.workflows.actor import Actor, Permission
from tests.faces.route_table import routes_of

PUBLIC = {"/health", "/ready", "/static/{digest}/{path:path}", "/keys"}
"""Whether the server lives, its style sheets and fonts, its keyboard shortcuts: the same for everybody."""
FRAMEWORK = {"/api/v1/openapi.json"}
"""Describes the API; holds nothing of anybody's data."""
STANDS_FOR = {
    "slug": "support-chatbot",
    "key": "EXP-1",
    "seq": "1",
    "size": "1",
    "kind": "blocks",
    "other": "EXP-2",
}


@pytest.fixture
def nobody(api):
    """Whoever asks while this is in use may do nothing."""
    yield from _as(api, Actor(name="nobody", permissions=frozenset()))


@pytest.fixture
def reader(api):
    """Whoever asks while this is in use may only read."""
    yield from _as(api, Actor(name="reader", permissions=frozenset({Permission.READ})))


def _as(api, actor):
    guard = _guard(api)
    before, guard.actor = guard.actor, actor
    yield api
    guard.actor = before


def _guard(api):
    api("GET", "/health")
    layer = api.app.middleware_stack
    while not hasattr(layer, "refuse"):
        layer = layer.app
    return layer


def _path(route):
    parts = []
    for part in route.path.split("/"):
        name = part.strip("{}").partition(":")[0]
        parts.append(STANDS_FOR.get(name, "x") if part.startswith("{") else part)
    return "/".join(parts)


def test_route_table_walk_finds_api_and_pages(api):
    paths = {route.path for route in routes_of(api.app)}
    assert {"/api/v1/projects/{slug}/tickets/{key}/moves", "/p/{slug}/board", "/health"} <= paths
    assert len(paths) > 60


def test_every_route_names_its_permission(api):
    silent = [
        f"{route.method} {route.path}"
        for route in routes_of(api.app)
        if not route.permissions and route.path not in FRAMEWORK
    ]
    assert silent == []


def test_only_what_is_the_same_for_everybody_is_public(api):
    public = {route.path for route in routes_of(api.app) if None in route.permissions}
    assert public == PUBLIC


def test_every_route_refuses_an_actor_without_permissions(nobody):
    let_in = []
    for route in routes_of(nobody.app):
        if route.path in PUBLIC | FRAMEWORK:
            continue
        answer = nobody(route.method, _path(route), headers={"if-match": "*"})
        if answer.status_code != 403:
            let_in.append((route.method, route.path, answer.status_code))
    assert let_in == []


def test_every_api_route_that_changes_something_asks_for_more_than_reading(api):
    reads_only = {
        "check_draft",
        "check_criterion",
        "check_gate_text",
        "check_board_file",
        "check_history",
        "draft_board",
    }
    too_open = [
        route.name
        for route in routes_of(api.app)
        if route.is_api
        and route.method != "GET"
        and set(route.permissions) == {Permission.READ}
        and route.name not in reads_only
    ]
    assert too_open == []


def test_move_of_a_reader_is_forbidden_on_the_shortcut_too(reader):
    answer = reader(
        "POST", reader.ticket("fresh", "/moves"), json={"to": "hypothesis"}, headers={"if-match": "*"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "permission-missing")


def test_openapi_names_every_operation_once_and_describes_it(api):
    document = api("GET", "/api/v1/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert document["openapi"].startswith("3.1")
    assert len(set(names)) == len(names) > 50
    assert [operation["operationId"] for operation in operations if not operation.get("description")] == []
    assert "ProblemDocument" in document["components"]["schemas"]


TABLES = {"api": (API_TABLE, api_noun), "pages": (PAGE_TABLE, page_noun)}


@pytest.mark.parametrize("name", TABLES)
def test_nouns_of_each_module_of_routes_are_those_of_its_addresses(name):
    """By them a route is found before its module is imported."""
    table, noun_of = TABLES[name]
    found = {module: set() for module in table.modules}
    for route in table.routes():
        found[route.endpoint.__module__.rpartition(".")[2]].add(noun_of(route.path))
    assert found == {module: set(nouns) for module, nouns in table.modules.items()}


def test_no_module_has_an_address_of_the_api_without_its_noun_and_the_description_needs_them_all():
    assert set(API_TABLE.modules_for("/api/v1/openapi.json")) == set(API_TABLE.modules)
    assert set(API_TABLE.modules_for("/api/v1/projects")) == {"projects"}
    for path in ("/", "/favicon.ico", "/api/v1/projects/vision/nothing", "//", "/p/vision/t/EXP-1/nothing"):
        assert API_TABLE.modules_for(path) == []


async def behind(scope, receive, send):
    """The application behind it."""


def asked(on_demand, path):
    asyncio.run(on_demand({"type": "http", "path": path}, None, None))


def test_routes_on_demand_are_brought_once_and_stand_in_the_order_of_the_tables_whatever_is_asked_first():
    own = APIRoute("/own", behind)
    routes = [own]
    on_demand = RoutesOnDemand(behind, routes=routes, tables=(PAGE_TABLE, API_TABLE))
    asked(on_demand, "/nowhere")
    assert routes == [own]
    for _ in range(2):
        asked(on_demand, "/api/v1/projects/vision/inbox")
        assert [route.path for route in routes] == ["/own", *["/api/v1/projects/{slug}/inbox"] * 2]
    for path in (
        "/p/vision/inbox",
        "/p/vision/standup",
        "/p/vision/charts/flow-days.json",
        "/api/v1/openapi.json",
    ):
        asked(on_demand, path)
    asked_for = [
        id(route)
        for module in PAGE_TABLE.modules
        if module in {"inbox", "ceremonies", "charts", "flow", "sprints"}
        for route in PAGE_TABLE.routes_of(module)
    ]
    assert [id(route) for route in routes] == [id(own), *asked_for, *map(id, API_TABLE.routes())]


def test_module_that_cannot_be_imported_fails_each_time_and_takes_no_other_with_it():
    broken = RouteTable("assay.web.routes", {"gone": frozenset({"gone"})}, lambda path: path.strip("/"))
    routes = []
    on_demand = RoutesOnDemand(behind, routes=routes, tables=(broken, PAGE_TABLE))
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            asked(on_demand, "/gone")
    asked(on_demand, "/p/vision/inbox")
    assert len(routes) == len(PAGE_TABLE.routes_of("inbox"))


def test_route_is_built_when_it_is_first_asked_for():
    async def show(name: str, most: int = 5):
        """What it shows."""

    route = RouteWhenAsked("/things/{name}", show)
    scope = {"type": "http", "method": "GET", "path": "/things/one", "root_path": ""}
    match, found = route.matches(scope)
    assert (match, found["path_params"], route.name) == (Match.FULL, {"name": "one"}, "show")
    assert "dependant" not in vars(route)
    assert [parameter.alias for parameter in route.dependant.query_params] == ["most"]
    assert (route.description, route.path_format, route.methods) == (
        "What it shows.",
        "/things/{name}",
        {"GET"},
    )
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        route.nothing  # noqa: B018  # to ask is the point


def test_head_answers_wherever_get_does_as_get_does(api):
    endless = {"/p/{slug}/events"}
    asked = [route for route in routes_of(api.app) if route.method == "GET" and route.path not in endless]
    other = [
        f"{_path(route)}: {got} instead of {told}"
        for route in asked
        if (got := api("HEAD", _path(route)).status_code) != (told := api("GET", _path(route)).status_code)
    ]
    assert len(asked) > 100
    assert other == []


def test_every_address_refuses_another_method_and_names_its_own(api):
    wrong = []
    for path in sorted({_path(route) for route in routes_of(api.app)}):
        refused = api("BREW", path)
        allowed = set(refused.headers.get("allow", "").split(", "))
        taken = {
            method
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
            if any(route.matches({"type": "http", "method": method, "path": path})[0] is Match.FULL for route in api.app.router.routes)
            or (method == "HEAD" and "GET" in allowed)
        }  # fmt: skip
        if (refused.status_code, allowed) != (405, taken):
            wrong.append(f"{path}: {refused.status_code} {allowed} instead of {taken}")
    assert wrong == []
