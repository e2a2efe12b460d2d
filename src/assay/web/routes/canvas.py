"""The canvas page, its form, and features that are broken down."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import Invalid, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, templating
from assay.web.canvas_form import canvas_form, data_from_form
from assay.web.canvas_view import canvas_page
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.breakdown import break_down, features_of
from assay.workflows.canvas import edit_canvas, get_canvas
from assay.workflows.projects import get_project
from assay.workflows.ticket_file import load_ticket_text

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/canvas", dependencies=requires(Permission.READ))
def show_canvas(request: Request, slug: str) -> HTMLResponse:
    """What the project is for, with today's values."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    view, features = get_canvas(ws, actor, slug), features_of(ws, actor, slug)
    context = canvas_page(slug, view, features, csrf_token=request.state.csrf_token)
    around = frame.build(
        request, "Canvas", project=project, section="canvas", twin=f"/api/v1/projects/{slug}/canvas"
    )
    return templating.page("pages/canvas.html", around, context)


@router.get("/p/{slug}/canvas/edit", dependencies=requires(Permission.READ))
def edit_form(request: Request, slug: str) -> HTMLResponse:
    """The form."""
    view = get_canvas(frame.workspace(request), frame.actor(request), slug)
    return _form(request, slug, dict(view.data), view.version)


def _form(
    request: Request,
    slug: str,
    data: dict[str, object],
    version: int,
    *,
    error: Invalid | StaleVersion | None = None,
    text: str = "",
) -> HTMLResponse:
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    around = frame.build(request, "Edit canvas", project=project, section="canvas")
    context = canvas_form(slug, data, version, csrf_token=request.state.csrf_token, error=error, text=text)
    status = 200 if error is None else http_status(error)
    return templating.page("pages/canvas_edit.html", around, context, status=status)


@router.post("/p/{slug}/canvas/edit", dependencies=requires(Permission.WRITE_TICKETS))
def save_canvas(request: Request, slug: str, form: inputs.Form) -> Response:
    """Save the canvas, from the fields or, where its button was pressed, from the YAML text."""
    ws, actor = frame.workspace(request), frame.actor(request)
    version, text = inputs.version(form), inputs.text(form, "text")
    from_text = inputs.text(form, "from") == "text"
    data = data_from_form(form)
    try:
        given = (load_ticket_text(text, name="canvas") or {}) if from_text else data
        edit_canvas(ws, actor, slug, given, expected_version=version)
    except (Invalid, StaleVersion) as error:
        return _form(request, slug, data, version, error=error, text=text if from_text else "")
    return inputs.see_other(f"/p/{slug}/canvas", "saved")


@router.post("/p/{slug}/canvas/features/{key}", dependencies=requires(Permission.WRITE_TICKETS))
def break_feature_down(request: Request, slug: str, key: str, form: inputs.Form) -> Response:  # noqa: ARG001 - checked for its token
    """One ticket for each stage of a feature that has none yet."""
    break_down(frame.workspace(request), frame.actor(request), slug, key)
    return inputs.see_other(f"/p/{slug}/canvas", "broken-down")
