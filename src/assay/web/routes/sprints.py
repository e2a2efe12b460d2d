"""Sprints: the list, one sprint, and what is done to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import FormData

from assay.domain.sprints.sprint import SprintContent, Work
from assay.domain.sprints.sprint_data import sprint_from_data
from assay.errors import AssayError, Conflict, Invalid, NotFound, Refused, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, sprints_view, templating
from assay.web.charts.flow_plans import readiness_specification
from assay.web.charts.sprints import burn_specification, rates_specification
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.commitments import commit_tickets, flag_extension, release_ticket
from assay.workflows.projects import get_project
from assay.workflows.sprint_cancelling import cancel_sprint, restore_sprint
from assay.workflows.sprint_charts import sprint_burn, sprint_overview
from assay.workflows.sprint_flow import sprint_flows, sprint_rates, sprints_in_figures
from assay.workflows.sprints import (
    SprintPlan,
    count_committed,
    create_sprint,
    edit_sprint,
    end_sprint,
    get_sprint,
    next_sprint,
    reopen_sprint,
    start_sprint,
)

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
SHEETS = ("css/sprints.css",)
SCRIPTS = ("js/sprints.js",)
CHARTS = ("vendor/vega.js", "js/charts.js")
EXPECTED = (Invalid, Refused, Conflict, StaleVersion)


@router.get("/p/{slug}/sprints", dependencies=requires(Permission.READ))
def show_sprints(request: Request, slug: str) -> HTMLResponse:
    """Every sprint, and the next one to plan."""
    return _list(request, slug)


def _list(request: Request, slug: str, *, problem: AssayError | None = None) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    rates, flows = sprints_in_figures(ws, actor, slug)
    context = sprints_view.list_page(
        project,
        count_committed(ws, actor, slug),
        next_sprint(ws, actor, slug),
        rates,
        flows,
        csrf_token=request.state.csrf_token,
        problem=problem,
    )
    around = frame.build(
        request, "Sprints", project=project, section="sprints", twin=f"/api/v1/projects/{slug}/sprints",
        sheets=SHEETS, scripts=CHARTS if context.charts else (),
    )  # fmt: skip
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/sprints/list.html", around, context, status=status)


@router.get("/p/{slug}/charts/sprint-rates.json", dependencies=requires(Permission.READ))
def rates_chart(request: Request, slug: str) -> JSONResponse:
    """Rates by sprint, as a specification without colours."""
    rates = sprint_rates(frame.workspace(request), frame.actor(request), slug)
    return JSONResponse(rates_specification(rates, slug), headers={"Cache-Control": "no-store"})


@router.get("/p/{slug}/charts/sprint-data.json", dependencies=requires(Permission.READ))
def data_chart(request: Request, slug: str) -> JSONResponse:
    """Data readiness by sprint, as a specification without colours."""
    flows = sprint_flows(frame.workspace(request), frame.actor(request), slug)
    return JSONResponse(readiness_specification(flows, slug), headers={"Cache-Control": "no-store"})


@router.get("/p/{slug}/charts/sprint-{number}-burn.json", dependencies=requires(Permission.READ))
def burn_chart(request: Request, slug: str, number: int) -> JSONResponse:
    """Burn-up of a sprint, as a specification without colours."""
    days = sprint_burn(frame.workspace(request), frame.actor(request), slug, number)
    return JSONResponse(burn_specification(days, slug, number), headers={"Cache-Control": "no-store"})


@router.post("/p/{slug}/sprints", dependencies=requires(Permission.WRITE_TICKETS))
def plan(request: Request, slug: str, form: inputs.Form) -> Response:
    """Plan the next sprint."""
    ws, actor = frame.workspace(request), frame.actor(request)
    try:
        named = {name: inputs.text(form, name) for name in ("name", "goal", "starts_on", "ends_on")}
        content = sprint_from_data(named, before=next_sprint(ws, actor, slug))
        made = create_sprint(ws, actor, slug, content)
    except EXPECTED as error:
        return _list(request, slug, problem=error)
    return inputs.see_other(
        _back(slug, made.sprint.number, form) or _href(slug, made.sprint.number), "planned"
    )


@router.get("/p/{slug}/sprints/{number}", dependencies=requires(Permission.READ))
def show_sprint(request: Request, slug: str, number: int) -> HTMLResponse:
    """One sprint: what is in it, and what it may cost."""
    return _page(request, slug, number)


def _page(
    request: Request,
    slug: str,
    number: int,
    *,
    problem: AssayError | None = None,
    doubt: str = "",
    doubted: Sequence[str] = (),
) -> HTMLResponse:
    seen = sprint_overview(frame.workspace(request), frame.actor(request), slug, number)
    context = sprints_view.sprint_page(
        seen,
        csrf_token=request.state.csrf_token,
        problem=None if doubt else problem,
        doubt=doubt,
        doubted=doubted,
    )
    around = frame.build(
        request, context.name, project=seen.project, section="sprints",
        twin=f"/api/v1/projects/{slug}/sprints/{number}", sheets=SHEETS,
        scripts=(*SCRIPTS, *(CHARTS if context.charts else ())),
    )  # fmt: skip
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/sprints/sprint.html", around, context, status=status)


@router.post("/p/{slug}/sprints/{number}/edit", dependencies=requires(Permission.WRITE_TICKETS))
def edit(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """Change goal, dates, capacity or demo."""

    def work() -> SprintPlan:
        ws, actor = frame.workspace(request), frame.actor(request)
        before = get_sprint(ws, actor, slug, number).sprint.content
        content = _edited(form, before)
        return edit_sprint(ws, actor, slug, number, content, expected_version=inputs.version(form))

    return _done(request, slug, number, work, "saved")


def _edited(form: FormData, before: SprintContent) -> SprintContent:
    capacity = {
        "person_days": split_from_form(form, "person_days", "people"),
        "gpu_hours": split_from_form(form, "gpu_hours", "compute"),
    }
    named = {name: inputs.text(form, name) for name in ("name", "goal", "starts_on", "ends_on")}
    return sprint_from_data(
        {**named, "demo": inputs.text(form, "demo") or None, "capacity": capacity}, before=before
    )


def split_from_form(form: FormData, available: str, prefix: str) -> dict[str, object]:
    """What a form says of one resource: how much there is, and the share of each kind of work."""
    shares = {work.value: inputs.text(form, f"{prefix}_{work.value}") or "0" for work in Work}
    # Where nothing was shared out, nobody said so; else a share of 0 is one that was chosen.
    is_shared = any(share != "0" for share in shares.values())
    return {"available": inputs.text(form, available) or None, "percent": shares if is_shared else {}}


@router.post("/p/{slug}/sprints/{number}/start", dependencies=requires(Permission.WRITE_TICKETS))
def start(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """Start a planned sprint."""
    ws, actor = frame.workspace(request), frame.actor(request)
    version, confirmed = inputs.version(form), inputs.text(form, "confirmed") == "yes"
    try:
        start_sprint(ws, actor, slug, number, confirmed=confirmed, expected_version=version)
    except EXPECTED as error:
        return _page(request, slug, number, problem=error, doubt=str(error.details.get("doubt", "")))
    return inputs.see_other(_href(slug, number), "sprint-started")


@router.post("/p/{slug}/sprints/{number}/end", dependencies=requires(Permission.WRITE_TICKETS))
def end(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """End the running sprint."""
    ws, actor = frame.workspace(request), frame.actor(request)
    return _done(
        request, slug, number,
        lambda: end_sprint(ws, actor, slug, number, expected_version=inputs.version(form)), "sprint-ended",
    )  # fmt: skip


@router.post("/p/{slug}/sprints/{number}/reopen", dependencies=requires(Permission.WRITE_TICKETS))
def reopen(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """Let the sprint that ended last go on."""
    ws, actor = frame.workspace(request), frame.actor(request)
    return _done(
        request, slug, number,
        lambda: reopen_sprint(ws, actor, slug, number, expected_version=inputs.version(form)), "sprint-reopened",
    )  # fmt: skip


@router.post("/p/{slug}/sprints/{number}/cancel", dependencies=requires(Permission.WRITE_TICKETS))
def cancel(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """Give up a planned sprint; its page then offers to plan it again."""
    ws, actor = frame.workspace(request), frame.actor(request)
    version, reason = inputs.version(form), inputs.text(form, "reason")
    return _done(
        request, slug, number,
        lambda: cancel_sprint(ws, actor, slug, number, reason=reason, expected_version=version), "sprint-cancelled",
    )  # fmt: skip


@router.post("/p/{slug}/sprints/{number}/restore", dependencies=requires(Permission.WRITE_TICKETS))
def restore(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """Plan a cancelled sprint again."""
    ws, actor = frame.workspace(request), frame.actor(request)
    return _done(
        request, slug, number,
        lambda: restore_sprint(ws, actor, slug, number, expected_version=inputs.version(form)), "sprint-restored",
    )  # fmt: skip


@router.post("/p/{slug}/sprints/{number}/commit", dependencies=requires(Permission.WRITE_TICKETS))
def commit(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """Take tickets in; beyond what is usual the page asks once more."""
    ws, actor = frame.workspace(request), frame.actor(request)
    keys = [key.upper() for key in inputs.texts(form, "ticket") if key]
    confirmed = inputs.text(form, "confirmed") == "yes"
    try:
        commit_tickets(ws, actor, slug, number, keys, confirmed=confirmed)
    except Refused as error:
        doubt = error.details.get("doubt", "")
        return _page(request, slug, number, problem=error, doubt=str(doubt), doubted=keys)
    except (Invalid, NotFound) as error:
        get_sprint(ws, actor, slug, number)
        return _page(request, slug, number, problem=error)
    return inputs.see_other(_href(slug, number), "committed")


@router.post("/p/{slug}/sprints/{number}/release", dependencies=requires(Permission.WRITE_TICKETS))
def release(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """Take a ticket out."""
    ws, actor = frame.workspace(request), frame.actor(request)
    key, reason = inputs.text(form, "ticket"), inputs.text(form, "reason")
    return _done(
        request, slug, number, lambda: release_ticket(ws, actor, slug, number, key, reason=reason), "released",
        back=_back(slug, number, form),
    )  # fmt: skip


@router.post("/p/{slug}/sprints/{number}/extension", dependencies=requires(Permission.WRITE_TICKETS))
def extension(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """Flag what needs longer than its sprint."""
    ws, actor = frame.workspace(request), frame.actor(request)
    key, reason = inputs.text(form, "ticket"), inputs.text(form, "reason")
    return _done(
        request, slug, number, lambda: flag_extension(ws, actor, slug, number, key, reason=reason),
        "flagged" if reason else "unflagged", back=_back(slug, number, form),
    )  # fmt: skip


def _done(
    request: Request, slug: str, number: int, work: Callable[[], SprintPlan], message: str, *, back: str = ""
) -> Response:
    try:
        work()
    except EXPECTED as error:
        return _page(request, slug, number, problem=error)
    return inputs.see_other(back or _href(slug, number), message)


def _back(slug: str, number: int, form: FormData) -> str:
    """The page the form stands on, where that is not the sprint's own."""
    pages = {"check": f"{_href(slug, number)}/check", "planning": f"/p/{slug}/planning"}
    return pages.get(inputs.text(form, "back"), "")


def _href(slug: str, number: int) -> str:
    return f"/p/{slug}/sprints/{number}"
