"""Every route of the API. Each reads its input, calls one workflow and lays the answer out."""

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from assay.api.routers import (
    backups,
    board,
    evidence,
    exchange,
    health,
    journal,
    metrics,
    projects,
    search,
    tickets,
    verdicts,
)


def _operation_id(route: APIRoute) -> str:
    return route.name


class _Versioned(APIRouter):
    """Looks through its routes only when the path can be one of them: pages would pay for fifty others."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(scope) if scope["path"].startswith(self.prefix) else (Match.NONE, {})


_PROBLEM = {
    "description": "A problem document (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}
_v1 = _Versioned(
    prefix="/api/v1",
    generate_unique_id_function=_operation_id,
    responses={"4XX": _PROBLEM, "5XX": _PROBLEM},
)
for _router in (
    health.v1,
    projects.router,
    metrics.router,
    tickets.router,
    exchange.router,
    board.router,
    verdicts.router,
    evidence.router,
    search.router,
    journal.router,
    backups.router,
):
    _v1.include_router(_router)

router = APIRouter(generate_unique_id_function=_operation_id)
router.include_router(health.router)
router.include_router(_v1)

__all__ = ["router"]
