"""Runs side by side: the page, what new points change of it, and its pictures."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from assay.routing import RouteWhenAsked
from assay.web import comparison_view, frame, templating
from assay.web.charts import compared_runs, parameters
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.comparison import compare, compare_curves
from assay.workflows.comparison_asked import NAMES, comparison_asked
from assay.workflows.comparison_views import ComparisonAsked

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
_FRESH = {"Cache-Control": "no-store"}


@router.get("/p/{slug}/compare", dependencies=requires(Permission.READ))
def show_comparison(request: Request, slug: str, groups: str = "") -> Response:
    """Runs side by side; asked for by the page itself, only what new points change."""
    view = compare(frame.workspace(request), frame.actor(request), slug, _asked(request))
    everything = groups == "all"
    if request.headers.get("HX-Request"):
        part = comparison_view.compared_part(view, all_groups=everything)
        names = templating.variables(part)
        return HTMLResponse(templating.render("fragments/runs/_compared.html", **names), headers=_FRESH)
    context = comparison_view.comparison_page(view, all_groups=everything)
    twin = comparison_view.comparison_href(slug, view.asked.given).replace(
        f"/p/{slug}/compare", f"/api/v1/projects/{slug}/comparison", 1
    )
    around = frame.build(
        request,
        "Compare runs",
        # Curves follow along by themselves; where there are none yet, the page waits for the first.
        live_seq=None if view.taken else view.seq,
        project=view.project,
        section="runs",
        twin=twin,
        scripts=("vendor/vega.js", "js/charts.js", "js/parallel.js", "js/follow.js"),
    )
    return templating.page("pages/compare.html", around, context)


@router.get("/p/{slug}/compare/curves.json", dependencies=requires(Permission.READ))
def curves_chart(request: Request, slug: str, picture: str = "") -> JSONResponse:
    """The curves of one metric."""
    view, curves = compare_curves(
        frame.workspace(request), frame.actor(request), slug, _asked(request), only=picture
    )
    specification = compared_runs.specification(view, curves[0]) if curves else {}
    return JSONResponse(specification, headers=_FRESH)


@router.get("/p/{slug}/compare/parameters.json", dependencies=requires(Permission.READ))
def parameters_chart(request: Request, slug: str) -> JSONResponse:
    """Parallel coordinates of parameters and metric."""
    view = compare(frame.workspace(request), frame.actor(request), slug, _asked(request))
    return JSONResponse(parameters.specification(view), headers=_FRESH)


def _asked(request: Request) -> ComparisonAsked:
    return comparison_asked({name: request.query_params.getlist(name) for name in NAMES})
