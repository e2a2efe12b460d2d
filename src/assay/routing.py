"""Routes that are imported and built when somebody asks for them: there are hundreds, and most answer nobody before a server stops.

To import them all takes a fourth of the time until a server is ready, and a third of that of a command without one.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from importlib import import_module
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, compile_path, get_name
from starlette.types import ASGIApp, Receive, Scope, Send


class RouteWhenAsked(APIRoute):
    """A route that knows from the start what finds it; parameters, models and handler are made at the first need.

    What is wrong with the signature of its function is told then, too: tests describe every route in OpenAPI and look at its
    dependencies.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._unbuilt: dict[str, Any] | None = options
        self.path, self.endpoint = path, endpoint
        self.name = options.get("name") or get_name(endpoint)
        self.methods = {method.upper() for method in options.get("methods") or ("GET",)}
        self.include_in_schema = options.get("include_in_schema", True)
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)

    def __getattr__(self, name: str) -> Any:
        """Asked for what is not there yet: all of it is made."""
        options = self.__dict__.get("_unbuilt")
        if options is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self._unbuilt = None
        super().__init__(self.path, self.endpoint, **options)
        return getattr(self, name)


class RouteTable:
    """Which modules of a package have routes, and which of them may answer at an address?

    Args:
        package: where the modules are; each has a `router`, or `routers` where it has several.
        modules: in the order in which their routes are asked, with the nouns that stand in their addresses.
        noun_of: the noun of an address.
        describing: the nouns of addresses that tell about all routes.
    """

    def __init__(
        self,
        package: str,
        modules: Mapping[str, frozenset[str]],
        noun_of: Callable[[str], str],
        *,
        describing: frozenset[str] = frozenset(),
    ) -> None:
        self.modules = modules
        self._package, self._noun_of, self._describing = package, noun_of, describing

    def modules_for(self, path: str) -> Sequence[str]:
        """The modules whose routes may answer at this address, or that are told about there."""
        noun = self._noun_of(path)
        if noun in self._describing:
            return list(self.modules)
        return [module for module, nouns in self.modules.items() if noun in nouns]

    def routes_of(self, module: str) -> Sequence[BaseRoute]:
        """The routes of one module, which is imported for it."""
        return _routes(f"{self._package}.{module}")

    def routes(self) -> Sequence[BaseRoute]:
        """Every route, in the order in which they are asked."""
        return [route for module in self.modules for route in self.routes_of(module)]


@cache
def _routes(name: str) -> Sequence[BaseRoute]:
    # What is imported stays: it is not looked through for garbage, now or later.
    was_looking = gc.isenabled()
    gc.disable()
    try:
        module = import_module(name)
        gc.freeze()
    finally:
        if was_looking:
            gc.enable()
    routers = getattr(module, "routers", None) or (module.router,)
    return [route for router in routers for route in router.routes]


class RoutesOnDemand:
    """ASGI middleware that brings the routes which a request may need before the application looks for them.

    Args:
        app: what is behind it.
        routes: the application's own list. Those that stand in it stay first; the others come in the order of the tables, whatever
            is asked first.
        tables: of all that may be asked.
    """

    def __init__(self, app: ASGIApp, *, routes: list[BaseRoute], tables: Sequence[RouteTable]) -> None:
        self.app = app
        self._routes, self._own, self._tables = routes, tuple(routes), tables
        self._there: set[tuple[RouteTable, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._bring(scope["path"])
        await self.app(scope, receive, send)

    def _bring(self, path: str) -> None:
        asked = {(table, module) for table in self._tables for module in table.modules_for(path)}
        if not asked <= self._there:
            there = self._there | asked
            # A module that cannot be imported fails each time it is asked for: it is not taken for one without routes.
            self._routes[:] = [*self._own, *self._brought(there)]
            self._there = there

    def _brought(self, there: AbstractSet[tuple[RouteTable, str]]) -> Sequence[BaseRoute]:
        return [
            route
            for table in self._tables
            for module in table.modules
            if (table, module) in there
            for route in table.routes_of(module)
        ]
