"""Every route of the application as it is served, API and pages."""

from dataclasses import dataclass
from typing import Any

from assay.api.permissions import Requires
from assay.web.permissions import Requires as RequiresOfPages


@dataclass(frozen=True)
class Served:
    """One route."""

    method: str
    path: str
    name: str
    permissions: tuple[Any, ...]
    """What its dependencies ask for; None stands for a route that says it is for everybody."""

    @property
    def is_api(self):
        return self.path.startswith("/api/")


def routes_of(app):
    """All routes, in the order in which they are asked."""
    return [served for route in app.router.routes for served in _served(route)]


def _served(route):
    permissions = tuple(_permissions(getattr(route, "dependant", None)))
    for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
        yield Served(method, route.path, route.name, permissions)


def _permissions(dependant):
    if dependant is None:
        return
    for inner in dependant.dependencies:
        if isinstance(inner.call, Requires | RequiresOfPages):
            yield inner.call.permission
        yield from _permissions(inner)
