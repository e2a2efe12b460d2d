"""Chart specifications as JSON; the page draws them with its own colours."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from assay.routing import RouteWhenAsked
from assay.web import frame
from assay.web.charts import best_over_time, metric_over_steps
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.overview import overview
from assay.workflows.projects import get_metrics
from assay.workflows.state import headline
from assay.workflows.ticket_page import ticket_page

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/t/{key}/charts/metric.json", dependencies=requires(Permission.READ))
def metric_chart(request: Request, slug: str, key: str, metric: str | None = None) -> JSONResponse:
    """A metric over steps, for every group of seeds."""
    view = ticket_page(frame.workspace(request), frame.actor(request), slug, key, metric=metric)
    return JSONResponse(metric_over_steps.specification(view), headers={"Cache-Control": "no-store"})


@router.get("/p/{slug}/charts/best.json", dependencies=requires(Permission.READ))
def best_chart(request: Request, slug: str) -> JSONResponse:
    """The best value of the headline metric over time."""
    ws, actor = frame.workspace(request), frame.actor(request)
    view, metrics = overview(ws, actor, slug), get_metrics(ws, actor, slug)
    metric = metrics.get(view.best_metric) if view.best_metric else None
    return JSONResponse(
        best_over_time.specification(view.best, metric), headers={"Cache-Control": "no-store"}
    )


@router.get("/p/{slug}/charts/ahead.json", dependencies=requires(Permission.READ))
def ahead_chart(request: Request, slug: str) -> JSONResponse:
    """The best value of the headline metric over time, and where it may go."""
    one = headline(frame.workspace(request), frame.actor(request), slug)
    drawn = (
        best_over_time.specification((), None)
        if one is None
        else best_over_time.specification(one.steps, one.metric, one.ahead)
    )
    return JSONResponse(drawn, headers={"Cache-Control": "no-store"})
