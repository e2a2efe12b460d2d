"""Every route of the API. Each reads its input, calls one workflow and lays the answer out.

A server takes them all. A command without a server asks for one or two addresses and ends, so it imports only the modules
whose routes may answer there: a third of its time would go into routes that nobody asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

from fastapi import APIRouter
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from assay.api.versioned import PREFIX

MODULES: Mapping[str, frozenset[str]] = {
    module: frozenset(nouns.split())
    for module, nouns in (
        ("health", "health ready instance"),
        ("projects", "projects"),
        ("metrics", "metrics criteria"),
        (
            "tickets",
            "tickets experiments tickets/page tickets/confirmations tickets/notes tickets/links tickets/follow-ups",
        ),
        ("exchange", "ticket-files"),
        ("backlogs", "backlog bulk-edits"),
        ("templates", "templates"),
        ("company", "tickets/watchers tickets/attachments"),
        ("inbox", "inbox"),
        ("board", "board flow flow-tickets tickets/moves"),
        ("board_files", "board-file"),
        ("history", "history"),
        ("saved_filters", "filters"),
        ("blockers", "blockers tickets/blockers"),
        ("diagnosis", "diagnosis"),
        ("sprints", "sprints"),
        ("ceremonies", "standup sprints sprint-rates sprint-flow"),
        ("planning", "planning"),
        ("cadence", "cadence"),
        ("canvas", "canvas tickets/parts"),
        ("phases", "phase"),
        ("choices", "build-or-buy"),
        ("verdicts", "tickets/verdict tickets/verdicts tickets/decisions"),
        ("gates", "gates gate-files"),
        ("gate_runs", "gates gate-runs tickets/gate-runs tickets/gate"),
        ("evidence", "sources syncs runs"),
        ("search", "search tried-before overview"),
        ("journal", "journal"),
        ("backups", "backups diagnosis"),
    )
}
"""The modules in the order in which their routes are asked, with the nouns (see `noun_of`) that stand in their addresses."""


def all_routes() -> tuple[BaseRoute, ...]:
    """Every route, in the order in which they are asked."""
    return tuple(route for module in MODULES for route in _routes(module))


def noun_of(path: str) -> str:
    """Which word of an address tells the modules that may answer there?

    The one behind the project, or the first where no project is named; for a ticket the one behind its key too.

    >>> noun_of("/api/v1/projects/{slug}/tickets/{key}/moves")
    'tickets/moves'
    """
    first, *more = path.removeprefix(PREFIX).strip("/").split("/")
    if first != "projects" or len(more) < 2:
        return first
    return "/".join([more[1], *more[3:4]]) if more[1] == "tickets" else more[1]


def modules_for(path: str) -> Iterable[str]:
    """The modules whose routes may answer at this address; all of them where its noun is none of ours."""
    noun = noun_of(path)
    return [module for module, nouns in MODULES.items() if noun in nouns] or MODULES


class RoutesOnDemand:
    """ASGI middleware that brings the routes which a request may need before it looks for its own."""

    def __init__(self, app: ASGIApp, *, routes: list[BaseRoute]) -> None:
        self.app = app
        self._routes = routes
        self._there: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for module in modules_for(scope["path"]):
                if module not in self._there:
                    self._there.add(module)
                    self._routes.extend(_routes(module))
        await self.app(scope, receive, send)


def _routes(module: str) -> Iterable[BaseRoute]:
    found = import_module(f"assay.api.routers.{module}")
    routers: list[APIRouter] = [found.router, found.v1] if module == "health" else [found.router]
    return [route for router in routers for route in router.routes]
