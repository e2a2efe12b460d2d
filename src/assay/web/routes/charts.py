"""Chart specifications as JSON; the page draws them with its own colours."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from assay.web import frame
from assay.web.charts import metric_over_steps
from assay.workflows.ticket_page import ticket_page

router = APIRouter()


@router.get("/p/{slug}/t/{key}/charts/metric.json")
def metric_chart(request: Request, slug: str, key: str, metric: str | None = None) -> JSONResponse:
    """A metric over steps, for every group of seeds."""
    view = ticket_page(frame.workspace(request), frame.actor(request), slug, key, metric=metric)
    return JSONResponse(metric_over_steps.specification(view), headers={"Cache-Control": "no-store"})
