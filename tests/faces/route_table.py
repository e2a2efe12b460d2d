"""Every route of the application as it is served, API and pages."""

from dataclasses import dataclass
from typing import Any

from assay.api.permissions import Requires


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
    return [served for route in app.router.routes for served in _walk(route)]


def _walk(route):
    candidates = getattr(route, "effective_candidates", None)
    if candidates is not None:
        for inner in candidates():
            yield from _walk(inner)
        return
    path = getattr(route, "path_format", None) or getattr(route, "path", "")
    permissions = tuple(_permissions(getattr(route, "dependant", None)))
    for method in sorted((getattr(route, "methods", None) or set()) - {"HEAD", "OPTIONS"}):
        yield Served(method, path, getattr(route, "name", ""), permissions)


def _permissions(dependant):
    if dependant is None:
        return
    for inner in dependant.dependencies:
        if isinstance(inner.call, Requires):
            yield inner.call.permission
        yield from _permissions(inner)
