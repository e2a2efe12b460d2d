"""Routers of the API: where their routes live, how their operations are called, how they fail.

Each says it for itself, so that `server.app` can take their routes as they are: a router included in another one is built
again, with every model of every route, once at each level and at every start.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.routing import APIRoute

from assay.routing import RouteWhenAsked

PREFIX = "/api/v1"
_PROBLEM = {
    "description": "A problem document (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}


def _operation_id(route: APIRoute) -> str:
    return route.name


def v1_router(tag: str, *, prefix: str = "") -> APIRouter:
    """A router for the routes of one noun."""
    return APIRouter(
        prefix=PREFIX + prefix,
        tags=[tag],
        generate_unique_id_function=_operation_id,
        route_class=RouteWhenAsked,
        responses={"4XX": _PROBLEM, "5XX": _PROBLEM},
    )


def bare_router(tag: str) -> APIRouter:
    """A router for what is asked without a version, such as health."""
    return APIRouter(tags=[tag], generate_unique_id_function=_operation_id, route_class=RouteWhenAsked)
