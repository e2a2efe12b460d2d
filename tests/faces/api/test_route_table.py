"""Default deny: no route without a permission, and none that lets somebody without it pass."""

import asyncio

import pytest
from starlette.routing import Match

from assay.api.routes import MODULES, RoutesOnDemand, all_routes, modules_for, noun_of
from assay.routing import RouteWhenAsked
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


def test_nouns_of_each_module_of_routes_are_those_of_its_addresses():
    """A command without a server finds its route by them."""
    found = {module: set() for module in MODULES}
    for route in all_routes():
        found[route.endpoint.__module__.rpartition(".")[2]].add(noun_of(route.path))
    assert found == {module: set(nouns) for module, nouns in MODULES.items()}


@pytest.mark.parametrize(
    "path", ["/api/v1/openapi.json", "/", "/api/v1/projects/vision/nothing", "/api/v1/projects"]
)
def test_address_without_a_noun_of_ours_may_be_answered_by_every_module(path):
    assert set(modules_for(path)) == ({"projects"} if path.endswith("/projects") else set(MODULES))


def test_routes_on_demand_are_brought_once_and_answer_like_those_of_a_server():
    async def nobody(scope, receive, send):
        """The application behind it."""

    routes = []
    on_demand = RoutesOnDemand(nobody, routes=routes)
    for _ in range(2):
        asyncio.run(on_demand({"type": "http", "path": "/api/v1/projects/vision/inbox"}, None, None))
    assert [route.path for route in routes] == ["/api/v1/projects/{slug}/inbox"] * 2
    asyncio.run(on_demand({"type": "http", "path": "/api/v1/openapi.json"}, None, None))
    assert sorted(map(id, routes)) == sorted(map(id, all_routes()))


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
