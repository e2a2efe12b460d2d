"""The flow page and its charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse

from assay.routing import RouteWhenAsked
from assay.web import flow_view, frame, inputs, templating
from assay.web.charts import flow as charts
from assay.web.charts import flow_plans
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.flow import DEFAULT_WINDOW_DAYS, LONGEST_WINDOW_DAYS, FlowView, flow
from assay.workflows.flow_tickets import flow_tickets
from assay.workflows.projects import get_project
from assay.workflows.staleness import list_stale

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
At = Annotated[str, Query(max_length=40)]
Column = Annotated[str, Query(max_length=40)]
Days = Annotated[int, Query(ge=1, le=LONGEST_WINDOW_DAYS)]
CHARTS: dict[str, Callable[[FlowView, str], dict[str, Any]]] = {
    "days": charts.days_specification,
    "weeks": charts.weeks_specification,
    "cycles": charts.cycles_specification,
    "ages": flow_plans.ages_specification,
    "data": flow_plans.data_specification,
    "lead": flow_plans.lead_specification,
    "funnel": charts.funnel_specification,
    "blockers": charts.blockers_specification,
}


@router.get("/p/{slug}/flow", dependencies=requires(Permission.READ))
def show_flow(request: Request, slug: str, at: At = "", days: Days = DEFAULT_WINDOW_DAYS) -> HTMLResponse:
    """What was decided, how long it took, and what is old."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    view = flow(ws, actor, slug, at=inputs.day_asked(at), days=days)
    stale = list_stale(ws, actor, slug)
    context = flow_view.flow_page(project, view, stale, at=at.strip(), days=days, today=ws.clock().date())
    around = frame.build(
        request,
        "Flow",
        project=project,
        section="flow",
        twin=f"/api/v1/projects/{slug}/flow",
        scripts=("vendor/vega.js", "js/charts.js") if context.charts else (),
    )
    return templating.page("pages/flow.html", around, context)


@router.get("/p/{slug}/flow/tickets", dependencies=requires(Permission.READ))
def show_tickets(
    request: Request,
    slug: str,
    at: At = "",
    column: Column = "",
    reached: Column = "",
    sprint: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> HTMLResponse:
    """The tickets behind a figure."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    found = flow_tickets(
        ws,
        actor,
        slug,
        at=inputs.day_asked(at),
        column=column or None,
        furthest=reached or None,
        sprint=sprint,
    )
    asked = {"at": at, "column": column, "reached": reached, "sprint": str(sprint or "")}
    query = urlencode({name: value for name, value in asked.items() if value})
    twin = f"/api/v1/projects/{slug}/flow-tickets?{query}"
    around = frame.build(request, "Tickets behind it", project=project, section="flow", twin=twin)
    return templating.page("pages/flow_tickets.html", around, flow_view.tickets_page(project, found, at=at))


@router.get("/p/{slug}/charts/flow-{name}.json", dependencies=requires(Permission.READ))
def flow_chart(
    request: Request, slug: str, name: str, at: At = "", days: Days = DEFAULT_WINDOW_DAYS
) -> JSONResponse:
    """One of the pictures of the page, as a specification without colours."""
    drawn = CHARTS.get(name)
    if drawn is None:
        raise inputs.unknown_chart(name, CHARTS)
    view = flow(frame.workspace(request), frame.actor(request), slug, at=inputs.day_asked(at), days=days)
    return JSONResponse(drawn(view, slug), headers={"Cache-Control": "no-store"})
