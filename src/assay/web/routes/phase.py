"""The phase page and its form."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import Invalid, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, templating
from assay.web.permissions import requires
from assay.web.phase_view import data_from_form, phase_page
from assay.workflows.actor import Permission
from assay.workflows.phases import edit_phase, get_phase
from assay.workflows.projects import get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/phase", dependencies=requires(Permission.READ))
def show_phase(request: Request, slug: str) -> HTMLResponse:
    """Which phase it is, whether the sprint fits it, and which decisions are due."""
    return _page(request, slug)


def _page(
    request: Request,
    slug: str,
    *,
    error: Invalid | StaleVersion | None = None,
    sent: dict[str, Any] | None = None,
) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    view = get_phase(ws, actor, slug)
    context = phase_page(slug, view, csrf_token=request.state.csrf_token, error=error, sent=sent)
    around = frame.build(
        request, "Phase", project=project, section="canvas", twin=f"/api/v1/projects/{slug}/phase"
    )
    status = 200 if error is None else http_status(error)
    return templating.page("pages/phase.html", around, context, status=status)


@router.post("/p/{slug}/phase", dependencies=requires(Permission.WRITE_TICKETS))
def save_phase(request: Request, slug: str, form: inputs.Form) -> Response:
    """Save phase, measure and decisions."""
    data = data_from_form(form)
    try:
        edit_phase(
            frame.workspace(request),
            frame.actor(request),
            slug,
            data,
            expected_version=inputs.version(form),
        )
    except (Invalid, StaleVersion) as error:
        return _page(request, slug, error=error, sent=data)
    return inputs.see_other(f"/p/{slug}/phase", "saved")
