"""Where a project stands."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.state import project_state
from assay.workflows.state_views import StateFigures, figures_of

router = v1_router("state")


@router.get("/projects/{slug}/state", dependencies=[requires(Permission.READ)], **gives(StateFigures))
def state(request: Request, slug: str) -> Response:
    """Phase and week, headline metric with how sure it is, and the tickets of the running sprint. What is not known is null."""
    return answer(figures_of(project_state(workspace_of(request), actor_of(request), slug)))
