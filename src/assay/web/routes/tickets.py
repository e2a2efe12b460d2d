"""The ticket page and the page where it is decided."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.errors import Invalid, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import decide_view, experiment_view, frame, inputs, templating
from assay.web.contexts.experiment import DecidePage
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.board_gates import ticket_gate
from assay.workflows.decisions import decide
from assay.workflows.ticket_page import ticket_page
from assay.workflows.views import TicketView

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
CHART_SCRIPTS = ("vendor/vega.js", "js/charts.js")


@router.get("/p/{slug}/t/{key}", dependencies=requires(Permission.READ))
def show_ticket(request: Request, slug: str, key: str) -> HTMLResponse:
    """One ticket with all that is known of it."""
    metric = request.query_params.get("metric") or None
    ws, actor = frame.workspace(request), frame.actor(request)
    seq = frame.seq_now(request)
    view = ticket_page(ws, actor, slug, key, metric=metric)
    guarded = any(stage.gate for stage in view.project.settings.board.stages)
    context = experiment_view.experiment_page(
        view,
        csrf_token=request.state.csrf_token,
        viewer=actor.name,
        gate=ticket_gate(ws, actor, slug, key) if guarded else None,
    )
    around = frame.build(
        request,
        f"{key} {view.ticket.content.title}",
        project=view.project,
        section="experiments",
        twin=f"/api/v1/projects/{slug}/tickets/{key}",
        scripts=CHART_SCRIPTS if context.chart is not None or view.ticket.lock is not None else (),
        live_seq=seq,
        sheets=("css/board.css",),
    )
    return templating.page("pages/tickets/ticket.html", around, context)


@router.get("/p/{slug}/t/{key}/decide", dependencies=requires(Permission.READ))
def show_decide(request: Request, slug: str, key: str) -> HTMLResponse:
    """What the evidence says, and the form to decide."""
    view = ticket_page(frame.workspace(request), frame.actor(request), slug, key)
    context = decide_view.decide_page(view, csrf_token=request.state.csrf_token)
    return _decide_page(request, view, context, status=200)


@router.post("/p/{slug}/t/{key}/decide", dependencies=requires(Permission.DECIDE))
def record_decision(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Record what was decided; what is missing is said beside the form, with everything typed still there."""
    ws, actor = frame.workspace(request), frame.actor(request)
    href = f"/p/{slug}/t/{key}"
    move = inputs.text(form, "move") == "yes"
    learnings, reason = inputs.text(form, "learnings"), inputs.text(form, "reason")
    try:
        result = decide(
            ws,
            actor,
            slug,
            key,
            kind=decide_view.read_kind(inputs.text(form, "kind")),
            learnings=learnings,
            reason=reason,
            expected_version=inputs.version(form),
            move=move,
        )
    except (Invalid, StaleVersion) as error:
        view = ticket_page(ws, actor, slug, key)
        context = decide_view.decide_page(view, csrf_token=request.state.csrf_token)
        context = decide_view.with_problem(context, error, chosen=inputs.text(form, "kind"))
        context = replace(context, learnings=learnings, reason=reason, move=move)
        return _decide_page(request, view, context, status=http_status(error))
    return inputs.see_other(href, "decided-not-moved" if result.not_moved_because else "decided")


def _decide_page(request: Request, view: TicketView, context: DecidePage, *, status: int) -> HTMLResponse:
    around = frame.build(
        request,
        f"Decide {view.ticket.key}",
        project=view.project,
        section="experiments",
        twin=f"/api/v1/projects/{view.project.slug}/tickets/{view.ticket.key}/verdict",
        scripts=("js/decide.js",),
    )
    return templating.page("pages/tickets/decide.html", around, context, status=status)
