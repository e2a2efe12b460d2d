"""Saved filters: keep what the board or the list shows under a name, or forget it."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import AssayError, Invalid, Refused
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, templating
from assay.web.lists_view import address
from assay.web.permissions import requires
from assay.web.saved_filters_view import filters_page
from assay.workflows.actor import Permission
from assay.workflows.projects import get_project
from assay.workflows.saved_filters import FILTER_NAMES, remove_filter, save_filter

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
PAGES = ("board", "experiments")


@router.get("/p/{slug}/filters", dependencies=requires(Permission.READ))
def show_filters(request: Request, slug: str, page: str = "board") -> HTMLResponse:
    """The saved filters, and the form for one that the address carries."""
    return _page(request, slug, inputs.filters(request, FILTER_NAMES), page=page)


@router.post("/p/{slug}/filters", dependencies=requires(Permission.WRITE_TICKETS))
def save(request: Request, slug: str, form: inputs.Form) -> Response:
    """Keep a filter; back to what it shows."""
    asked = {name: inputs.text(form, name) for name in FILTER_NAMES if inputs.text(form, name)}
    name, page = inputs.text(form, "name"), inputs.text(form, "page")
    try:
        save_filter(frame.workspace(request), frame.actor(request), slug, name, asked)
    except (Invalid, Refused) as error:
        return _page(request, slug, asked, page=page, typed=name, problem=error)
    back = f"/p/{slug}/{page if page in PAGES else 'board'}"
    return inputs.see_other(address(back, asked), "saved")


@router.post("/p/{slug}/filters/remove", dependencies=requires(Permission.WRITE_TICKETS))
def remove(request: Request, slug: str, form: inputs.Form) -> Response:
    """Forget a filter."""
    remove_filter(frame.workspace(request), frame.actor(request), slug, inputs.text(form, "name"))
    return inputs.see_other(f"/p/{slug}/filters", "saved")


def _page(
    request: Request,
    slug: str,
    asked: Mapping[str, str],
    *,
    page: str,
    typed: str = "",
    problem: AssayError | None = None,
) -> HTMLResponse:
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    context = filters_page(
        project, asked, page=page, csrf_token=request.state.csrf_token, typed=typed, problem=problem
    )
    around = frame.build(
        request, "Filters", project=project, section="board", twin=f"/api/v1/projects/{slug}/filters"
    )
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/filters.html", around, context, status=status)
