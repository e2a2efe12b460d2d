"""Where the project stands: its sprint for those who steer it, the whole for everyone else."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from assay.routing import RouteWhenAsked
from assay.web import frame, state_view, templating
from assay.web.charts.best_over_time import state_box
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.state import project_state

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/state", dependencies=requires(Permission.READ))
def show_state(request: Request, slug: str) -> HTMLResponse:
    """Phase, headline metric with how sure it is, risks, and the tickets of the sprint."""
    seq = frame.seq_now(request)
    view = project_state(frame.workspace(request), frame.actor(request), slug)
    context = state_view.state_page(view, state_box(view.headline, slug))
    around = frame.build(
        request, "State", project=view.project, section="state", twin=f"/api/v1/projects/{slug}/state",
        scripts=("vendor/vega.js", "js/charts.js"), live_seq=seq,
    )  # fmt: skip
    return templating.page("pages/state.html", around, context)
