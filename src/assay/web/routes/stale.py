"""Stale tickets are killed from the funnel: chosen on the page of flow, confirmed on a page of its own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import AssayError, Invalid, Refused, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, stale_view, templating
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.stale_kills import MOST_AT_ONCE, StaleKill, kill_stale, stale_choices

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
Keys = Annotated[list[str], Query(max_length=MOST_AT_ONCE)]


@router.get("/p/{slug}/flow/stale", dependencies=requires(Permission.READ))
def show_stale(request: Request, slug: str, key: Keys = []) -> HTMLResponse:  # noqa: B006 - read only
    """The chosen stale tickets, each with room for what was learned."""
    keys = [one.upper() for one in key]
    return _page(request, slug, keys, chosen=keys)


@router.post("/p/{slug}/flow/stale", dependencies=requires(Permission.DECIDE))
def kill(request: Request, slug: str, form: inputs.Form) -> Response:
    """Kill the chosen ones; what is missing is said beside its ticket, with everything typed still there."""
    keys = [one.upper() for one in inputs.texts(form, "key")]
    reason = inputs.text(form, "reason")
    try:
        kills = [
            StaleKill(key, inputs.text(form, f"learnings_{key}"), inputs.version(form, f"version_{key}"))
            for key in keys
        ]
        kill_stale(frame.workspace(request), frame.actor(request), slug, kills, reason=reason)
    except (Invalid, Refused, StaleVersion) as error:
        shown = [one.upper() for one in inputs.texts(form, "shown")]
        typed = {key: inputs.text(form, f"learnings_{key}") for key in shown}
        return _page(request, slug, shown, chosen=keys, learnings=typed, reason=reason, problem=error)
    return inputs.see_other(f"/p/{slug}/flow", "stale-killed")


def _page(
    request: Request,
    slug: str,
    keys: list[str],
    *,
    chosen: list[str],
    learnings: dict[str, str] | None = None,
    reason: str = "",
    problem: AssayError | None = None,
) -> HTMLResponse:
    project, choices = stale_choices(frame.workspace(request), frame.actor(request), slug, keys)
    context = stale_view.kill_page(
        project,
        choices,
        chosen=chosen,
        learnings=learnings or {},
        reason=reason,
        csrf_token=request.state.csrf_token,
        problem=problem,
    )
    around = frame.build(
        request,
        "Kill stale tickets",
        project=project,
        section="flow",
        twin=f"/api/v1/projects/{slug}/board?stale=yes",
    )
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/kill_stale.html", around, context, status=status)
