"""The page of build or buy, and its form."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import Invalid, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, templating
from assay.web.choices_view import choices_page
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.choices import list_choices, put_choice
from assay.workflows.projects import get_project
from assay.workflows.ticket_file import load_ticket_text

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/build-or-buy", dependencies=requires(Permission.READ))
def show_choices(
    request: Request, slug: str, edit: Annotated[str, Query(max_length=40)] = ""
) -> HTMLResponse:
    """What was compared, what it costs, and what was decided."""
    return _page(request, slug, edited=edit)


def _page(
    request: Request,
    slug: str,
    *,
    edited: str = "",
    error: Invalid | StaleVersion | None = None,
    sent: tuple[str, int, str] | None = None,
) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    views = list_choices(ws, actor, slug)
    token = request.state.csrf_token
    context = choices_page(slug, views, csrf_token=token, edited=edited, error=error, sent=sent)
    around = frame.build(
        request,
        "Build or buy",
        project=project,
        section="canvas",
        twin=f"/api/v1/projects/{slug}/build-or-buy",
    )
    status = 200 if error is None else http_status(error)
    return templating.page("pages/build_or_buy.html", around, context, status=status)


@router.post("/p/{slug}/build-or-buy", dependencies=requires(Permission.WRITE_TICKETS))
def save_choice(request: Request, slug: str, form: inputs.Form) -> Response:
    """Keep a comparison, or the decision in it."""
    version, name = inputs.version(form), inputs.text(form, "name")
    text = inputs.text(form, "text").replace("\r\n", "\n")
    try:
        data = load_ticket_text(text, name="comparison")
        put_choice(frame.workspace(request), frame.actor(request), slug, name, data, expected_version=version)
    except (Invalid, StaleVersion) as error:
        return _page(request, slug, error=error, sent=(name, version, text))
    return inputs.see_other(f"/p/{slug}/build-or-buy", "saved")
