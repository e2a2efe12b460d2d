"""Runs: the list, one run, and attaching it to a ticket by hand."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.domain.experiments.evidence import RunStatus
from assay.routing import RouteWhenAsked
from assay.web import frame, inputs, lists_view, run_view, templating
from assay.web.contexts.lists import RunsPage
from assay.web.contexts.ticket_form import Choice
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.evidence import attach_run, get_run, list_runs, list_sources
from assay.workflows.projects import get_metrics, get_project
from assay.workflows.run_artifacts import listed_artifacts

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
FILTERS = ("q", "ticket", "status")


@router.get("/p/{slug}/runs", dependencies=requires(Permission.READ))
def show_runs(request: Request, slug: str, cursor: str = "") -> HTMLResponse:
    """A page of the runs, newest first."""
    ws, actor = frame.workspace(request), frame.actor(request)
    filters = inputs.filters(request, FILTERS)
    project, catalog = get_project(ws, actor, slug), get_metrics(ws, actor, slug)
    page = list_runs(ws, actor, slug, cursor=cursor or None, limit=50, filters=filters)
    path = f"/p/{slug}/runs"
    statuses = (("", "Any state"), *((s.value, s.value.capitalize()) for s in RunStatus))
    context = RunsPage(
        rows=tuple(lists_view.run_list_line(row, slug, catalog) for row in page.rows),
        total=page.total,
        text=filters.get("q", ""),
        ticket=filters.get("ticket", ""),
        statuses=tuple(Choice(value, label, value == filters.get("status", "")) for value, label in statuses),
        filtered=bool(filters),
        here=path,
        next_href=lists_view.address(path, {**filters, "cursor": page.next_cursor})
        if page.next_cursor
        else "",
        first_href=lists_view.address(path, filters) if cursor else "",
        sources_href=f"/p/{slug}/settings#sources",
        has_sources=bool(list_sources(ws, actor, slug)),
        compare_href=lists_view.address(f"/p/{slug}/compare", filters),
        compare_action=f"/p/{slug}/compare",
    )
    twin = lists_view.address(f"/api/v1/projects/{slug}/runs", filters)
    around = frame.build(request, "Runs", project=project, section="runs", twin=twin)
    return templating.page("pages/runs.html", around, context)


@router.get("/p/{slug}/runs/{run_id:path}", dependencies=requires(Permission.READ))
def show_run(request: Request, slug: str, run_id: str, files: str = "") -> HTMLResponse:
    """One run: what it was given, what it logged, which ticket it speaks for; its files where they are asked for."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project, found = get_project(ws, actor, slug), get_run(ws, actor, slug, run_id)
    context = run_view.run_page(
        found,
        slug,
        get_metrics(ws, actor, slug),
        files=listed_artifacts(found.run, ws.list_artifacts) if files else None,
        csrf_token=request.state.csrf_token,
    )
    around = frame.build(
        request, context.name, project=project, section="runs", twin=f"/api/v1/projects/{slug}/runs/{run_id}"
    )
    return templating.page("pages/run.html", around, context)


@router.post("/p/{slug}/runs/{run_id:path}", dependencies=requires(Permission.ADD_EVIDENCE))
def attach(request: Request, slug: str, run_id: str, form: inputs.Form) -> Response:
    """Attach a run to a ticket, or detach it."""
    key = inputs.text(form, "ticket").upper() or None
    attach_run(frame.workspace(request), frame.actor(request), slug, run_id, key)
    return inputs.see_other(run_view.run_href(slug, run_id), "attached" if key else "detached")
