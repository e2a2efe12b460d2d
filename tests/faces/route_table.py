"""Every route of the application as it is served, API and pages."""

from dataclasses import dataclass
from typing import Any

from assay.api.permissions import Requires
from assay.api.routes import API_TABLE
from assay.web.permissions import Requires as RequiresOfPages
from assay.web.routes import PAGE_TABLE


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
    """All routes, the application's own first, then those that are brought when somebody asks for them."""
    brought = [*PAGE_TABLE.routes(), *API_TABLE.routes()]
    own = [route for route in app.router.routes if not any(route is one for one in brought)]
    return [served for route in [*own, *brought] for served in _served(route)]


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
