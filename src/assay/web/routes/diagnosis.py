"""Why a team does not ship, and the button that makes the ticket which mends it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from assay.domain.board.diagnosis import Cause
from assay.routing import RouteWhenAsked
from assay.web import diagnosis_view, frame, inputs, templating
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.diagnosis import diagnosis, mend_cause
from assay.workflows.flow import DEFAULT_WINDOW_DAYS, LONGEST_WINDOW_DAYS
from assay.workflows.projects import get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
Days = Annotated[int, Query(ge=1, le=LONGEST_WINDOW_DAYS)]


@router.get("/p/{slug}/diagnosis", dependencies=requires(Permission.READ))
def show_diagnosis(request: Request, slug: str, days: Days = DEFAULT_WINDOW_DAYS) -> HTMLResponse:
    """Each usual cause against the team's own data, the worst first."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    view = diagnosis(ws, actor, slug, days=days)
    context = diagnosis_view.diagnosis_page(slug, view, csrf_token=request.state.csrf_token)
    twin = f"/api/v1/projects/{slug}/diagnosis?days={days}"
    around = frame.build(request, "Diagnosis", project=project, section="flow", twin=twin)
    return templating.page("pages/diagnosis.html", around, context)


@router.post("/p/{slug}/diagnosis/{cause}/ticket", dependencies=requires(Permission.WRITE_TICKETS))
def mend(
    request: Request,
    slug: str,
    cause: Cause,
    form: inputs.Form,  # noqa: ARG001 - checked for its token
    days: Days = DEFAULT_WINDOW_DAYS,
) -> Response:
    """Make the ticket that mends a cause."""
    ticket = mend_cause(frame.workspace(request), frame.actor(request), slug, cause, days=days)
    return inputs.see_other(f"/p/{slug}/t/{ticket.key}", "created")
