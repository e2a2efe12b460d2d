"""The examples behind a value."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from assay.routing import RouteWhenAsked
from assay.web import examples_view, frame, templating
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.examples import examples_of

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/examples", dependencies=requires(Permission.READ))
def show_examples(
    request: Request,
    slug: str,
    ticket: str = "",
    run: str = "",
    group: str = "",
    metric: str = "",
    column: str = "",
) -> HTMLResponse:
    """Of one run, or of the seeds of one configuration of a ticket."""
    ws, actor = frame.workspace(request), frame.actor(request)
    view = examples_of(
        ws,
        actor,
        slug,
        ticket=ticket,
        run=run,
        group=group or None,
        metric=metric or None,
        column=column or None,
    )
    context = examples_view.examples_page(view)
    asked = {"ticket": "" if run else ticket, "run": run, "group": group, "metric": metric, "column": column}
    twin = examples_view.examples_href(slug, **asked).replace(f"/p/{slug}", f"/api/v1/projects/{slug}", 1)
    around = frame.build(
        request, context.title, project=view.project, section="runs" if run else "experiments", twin=twin,
        sheets=("css/examples.css",),
    )  # fmt: skip
    return templating.page("pages/examples.html", around, context)
