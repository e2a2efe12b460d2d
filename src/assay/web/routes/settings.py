"""The settings of a project, its metrics, its sources, and how pages look."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.domain.board.templates import BoardTemplate
from assay.domain.sprints.cadence import Answers, Cadence, MainWork
from assay.errors import AssayError, Conflict, Invalid, Refused, Unavailable
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, settings_view, templating
from assay.web.board_file_view import board_section, change_digest
from assay.web.contexts.settings import BoardSection, PricesSection
from assay.web.metric_form import metric_from_form
from assay.web.permissions import requires
from assay.web.prices_form import prices_from_form, typed_prices
from assay.web.syncs import jobs
from assay.workflows.actor import Permission
from assay.workflows.board_file import preview_board, save_board
from assay.workflows.cadence import set_cadence
from assay.workflows.evidence import connect_source, disconnect_source, list_sources, sync_source
from assay.workflows.kill_record import kill_record
from assay.workflows.prices import set_prices
from assay.workflows.projects import (
    count_open_locks,
    declare_metric,
    drop_metric,
    get_metrics,
    get_project,
    save_settings,
)
from assay.workflows.webhooks import list_webhooks

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/settings", dependencies=requires(Permission.READ))
def show_settings(
    request: Request,
    slug: str,
    board: str = "",
    work: str = "",
    ships_soon: str = "",
    outside_dates: str = "",
) -> HTMLResponse:
    """All settings on one page.

    `board` names a board to begin with, in place of the project's own; `work`, `ships_soon` and `outside_dates` answer the
    questions about the cadence that fits.
    """
    if work in set(MainWork):
        answers = Answers(
            MainWork(work), ships_soon=ships_soon == "yes", outside_dates=outside_dates == "yes"
        )
        return _page(request, slug, answers=answers)
    if board not in set(BoardTemplate):
        return _page(request, slug)
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    return _page(request, slug, board=board_section(project, template=BoardTemplate(board)))


@router.post("/p/{slug}/settings/cadence", dependencies=requires(Permission.CONFIGURE))
def choose_cadence(request: Request, slug: str, form: inputs.Form) -> Response:
    """Choose the cadence the project works in."""
    try:
        chosen = _cadence(inputs.text(form, "cadence"))
        set_cadence(
            frame.workspace(request),
            frame.actor(request),
            slug,
            chosen,
            expected_version=inputs.version(form),
        )
    except Invalid as error:
        return _page(request, slug, problem=error, section="cadence")
    return inputs.see_other(f"/p/{slug}/settings", "saved")


@router.post("/p/{slug}/settings/prices", dependencies=requires(Permission.CONFIGURE))
def save_prices(request: Request, slug: str, form: inputs.Form) -> Response:
    """Set what an hour of a device costs."""
    typed = typed_prices(slug, form)
    try:
        wanted = prices_from_form(typed)
        set_prices(
            frame.workspace(request),
            frame.actor(request),
            slug,
            wanted,
            expected_version=inputs.version(form),
        )
    except Invalid as error:
        return _page(request, slug, problem=error, section="prices", prices=typed)
    return inputs.see_other(f"/p/{slug}/settings", "saved")


def _cadence(text: str) -> Cadence:
    try:
        return Cadence(text)
    except ValueError:
        raise Invalid(
            f"cannot choose a cadence: found {ascii(text)[:40]} (expected one of: {', '.join(Cadence)})",
            hint="answer the questions below to see which one fits",
            code="cadence-unknown",
            field="cadence",
        ) from None


@router.post("/p/{slug}/settings/board", dependencies=requires(Permission.CONFIGURE))
def save_board_file(request: Request, slug: str, form: inputs.Form) -> Response:
    """Tell what a board file would change; save it once that was seen."""
    ws, actor, text = frame.workspace(request), frame.actor(request), inputs.text(form, "board_text")
    project = get_project(ws, actor, slug)
    try:
        change = preview_board(ws, actor, slug, text=text)
        if inputs.text(form, "seen") != change_digest(change):
            section = board_section(project, text=text, change=change)
            return _page(request, slug, board=section)
        save_board(ws, actor, slug, text=text, expected_version=inputs.version(form))
    except (Invalid, Refused) as error:
        section = board_section(project, text=text, problem=error)
        return _page(request, slug, problem=error, section="board", board=section)
    return inputs.see_other(f"/p/{slug}/settings", "saved")


def _page(
    request: Request,
    slug: str,
    *,
    problem: AssayError | None = None,
    section: str = "",
    board: BoardSection | None = None,
    answers: Answers | None = None,
    prices: PricesSection | None = None,
) -> HTMLResponse:
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    context = settings_view.settings_page(
        project,
        get_metrics(ws, actor, slug),
        list_sources(ws, actor, slug),
        kinds=tuple(ws.sources),
        open_locks=count_open_locks(ws, actor, slug),
        csrf_token=request.state.csrf_token,
        theme=frame.theme(request),
        problem=problem,
        section=section,
        board=board,
        answers=answers,
        prices=prices,
        record=kill_record(ws, actor, slug),
        webhooks=list_webhooks(ws, actor, slug),
    )
    around = frame.build(
        request, "Settings", project=project, section="settings", twin=f"/api/v1/projects/{slug}"
    )
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/settings.html", around, context, status=status)


@router.post("/p/{slug}/settings", dependencies=requires(Permission.CONFIGURE))
def save(request: Request, slug: str, form: inputs.Form) -> Response:
    """Save name, limits and rules."""
    ws, actor = frame.workspace(request), frame.actor(request)
    project = get_project(ws, actor, slug)
    try:
        save_settings(
            ws,
            actor,
            slug,
            expected_version=inputs.version(form),
            name=inputs.text(form, "name"),
            board=settings_view.board_from_form(form, project.settings.board),
            verdicts=settings_view.verdicts_from_form(form, project.settings.verdicts),
            commitments=settings_view.commitments_from_form(form, project.settings.commitments),
            time_zone=settings_view.time_zone_from_form(form, project.settings.time_zone),
        )
    except Invalid as error:
        return _page(request, slug, problem=error, section="project")
    return inputs.see_other(f"/p/{slug}/settings", "saved")


@router.post("/p/{slug}/settings/metrics", dependencies=requires(Permission.CONFIGURE))
def declare(request: Request, slug: str, form: inputs.Form) -> Response:
    """Declare a metric, or change its declaration."""
    try:
        declare_metric(frame.workspace(request), frame.actor(request), slug, metric_from_form(form))
    except (Invalid, Conflict) as error:
        return _page(request, slug, problem=error, section="metrics")
    return inputs.see_other(f"/p/{slug}/settings", "metric")


@router.post("/p/{slug}/settings/metrics/drop", dependencies=requires(Permission.CONFIGURE))
def drop(request: Request, slug: str, form: inputs.Form) -> Response:
    """Remove a metric that no criterion uses."""
    try:
        drop_metric(frame.workspace(request), frame.actor(request), slug, inputs.text(form, "metric_name"))
    except AssayError as error:
        return _page(request, slug, problem=error, section="metrics")
    return inputs.see_other(f"/p/{slug}/settings", "metric-dropped")


@router.post("/p/{slug}/settings/sources", dependencies=requires(Permission.CONFIGURE))
def connect(request: Request, slug: str, form: inputs.Form) -> Response:
    """Connect a tracker."""
    names = tuple(part.strip() for part in inputs.text(form, "experiments").split(",") if part.strip())
    try:
        connect_source(
            frame.workspace(request),
            frame.actor(request),
            slug,
            kind=inputs.text(form, "kind") or "mlflow",
            uri=inputs.text(form, "uri"),
            name=inputs.text(form, "source_name") or None,
            experiments=names,
            qualified=bool(inputs.text(form, "qualified")),
        )
    except (Invalid, Conflict, Unavailable) as error:
        return _page(request, slug, problem=error, section="sources")
    return inputs.see_other(f"/p/{slug}/settings", "connected")


@router.post("/p/{slug}/settings/sources/{name}/disconnect", dependencies=requires(Permission.CONFIGURE))
def disconnect(request: Request, slug: str, name: str, form: inputs.Form) -> Response:  # noqa: ARG001 - checked for its token
    """Stop reading a tracker."""
    disconnect_source(frame.workspace(request), frame.actor(request), slug, name)
    return inputs.see_other(f"/p/{slug}/settings", "disconnected")


@router.post("/p/{slug}/settings/sources/{name}/sync", dependencies=requires(Permission.ADD_EVIDENCE))
def sync(request: Request, slug: str, name: str, form: inputs.Form) -> Response:  # noqa: ARG001 - checked for its token
    """Read a tracker now: in the background with progress, or in one go without JavaScript."""
    ws, actor = frame.workspace(request), frame.actor(request)
    if templating.wants_fragment(request):
        jobs(request.app).start(ws, actor, slug, name)
        return progress(request, slug, name)
    try:
        sync_source(ws, actor, slug, name)
    except Unavailable as error:
        return _page(request, slug, problem=error, section="sources")
    return inputs.see_other(f"/p/{slug}/settings", "synced")


@router.get("/p/{slug}/settings/sources/{name}/progress", dependencies=requires(Permission.READ))
def progress(request: Request, slug: str, name: str) -> HTMLResponse:
    """How far a sync is."""
    get_project(frame.workspace(request), frame.actor(request), slug)
    state = settings_view.sync_state(slug, name, jobs(request.app).get(slug, name))
    return templating.fragment("fragments/settings/_sync.html", state)


@router.post("/p/{slug}/settings/appearance", dependencies=requires(Permission.READ))
def appearance(slug: str, form: inputs.Form) -> Response:
    """Light, dark, or as the system says; kept in this browser."""
    chosen = inputs.text(form, "theme")
    response = inputs.see_other(f"/p/{slug}/settings", "saved")
    value = chosen if chosen in frame.THEMES else "auto"
    response.set_cookie(frame.THEME_COOKIE, value, max_age=31_536_000, httponly=True, samesite="strict")
    return response
