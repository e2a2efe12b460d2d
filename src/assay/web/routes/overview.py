"""The overview: where a project stands."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from assay.routing import RouteWhenAsked
from assay.web import frame, overview_view, templating
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.overview import overview
from assay.workflows.projects import get_metrics, get_project

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}", dependencies=requires(Permission.READ))
def show_overview(request: Request, slug: str) -> HTMLResponse:
    """What a leader wants to see first."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    view = overview(ws, actor, slug)
    context = overview_view.overview_page(project, view, get_metrics(ws, actor, slug))
    around = frame.build(
        request,
        "Overview",
        project=project,
        section="overview",
        twin=f"/api/v1/projects/{slug}/overview",
        scripts=("vendor/vega.js", "js/charts.js") if context.chart is not None else (),
    )
    return templating.page("pages/overview.html", around, context)
