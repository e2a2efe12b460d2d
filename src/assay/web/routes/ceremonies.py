"""The pages of the ceremonies."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from assay.domain.sprints.sprint import Retro
from assay.domain.sprints.sprint_data import retro_from_data
from assay.errors import AssayError, Conflict, Invalid, Refused, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import ceremonies_view, frame, inputs, templating
from assay.web.contexts.sprints import CeremonyPage
from assay.web.permissions import requires
from assay.web.routes.sprints import SCRIPTS, SHEETS
from assay.workflows.actor import Permission
from assay.workflows.ceremonies import mid_sprint_check, review, standup
from assay.workflows.looking_back import save_retro
from assay.workflows.projects import get_project
from assay.workflows.retro import retro
from assay.workflows.sprints import get_sprint

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
EXPECTED = (Invalid, Refused, Conflict, StaleVersion)


def _shown(
    request: Request,
    slug: str,
    context: CeremonyPage,
    *,
    problem: AssayError | None = None,
    live_seq: int | None = None,
) -> HTMLResponse:
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    around = frame.build(
        request, context.heading, project=project, section="sprints",
        twin=context.markdown_href.partition("?")[0], sheets=SHEETS, scripts=SCRIPTS, live_seq=live_seq,
    )  # fmt: skip
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/sprints/ceremony.html", around, context, status=status)


@router.get("/p/{slug}/standup", dependencies=requires(Permission.READ))
def show_standup(
    request: Request, slug: str, since: Annotated[str, Query(max_length=40)] = ""
) -> HTMLResponse:
    """What happened since yesterday."""
    day, seq = inputs.day_asked(since, field="since"), frame.seq_now(request)
    view = standup(frame.workspace(request), frame.actor(request), slug, since=day)
    return _shown(request, slug, ceremonies_view.standup_page(view, slug, since=day), live_seq=seq)


@router.get("/p/{slug}/sprints/{number}/check", dependencies=requires(Permission.READ))
def show_check(request: Request, slug: str, number: int) -> HTMLResponse:
    """Results or a flag at half time."""
    view = mid_sprint_check(frame.workspace(request), frame.actor(request), slug, number)
    return _shown(request, slug, ceremonies_view.check_page(view, slug, csrf_token=request.state.csrf_token))


@router.get("/p/{slug}/sprints/{number}/review", dependencies=requires(Permission.READ))
def show_review(request: Request, slug: str, number: int) -> HTMLResponse:
    """What the sprint taught."""
    view = review(frame.workspace(request), frame.actor(request), slug, number)
    return _shown(request, slug, ceremonies_view.review_page(view, slug))


@router.get("/p/{slug}/sprints/{number}/retro", dependencies=requires(Permission.READ))
def show_retro(request: Request, slug: str, number: int) -> HTMLResponse:
    """Looking back."""
    return _retro(request, slug, number)


def _retro(
    request: Request,
    slug: str,
    number: int,
    *,
    problem: AssayError | None = None,
    said: Retro | None = None,
    typed: str = "",
) -> HTMLResponse:
    view = retro(frame.workspace(request), frame.actor(request), slug, number)
    if said is not None:
        view = replace(view, notes=said)
    context = ceremonies_view.retro_page(
        view, slug, csrf_token=request.state.csrf_token, problem=problem, typed=typed
    )
    return _shown(request, slug, context, problem=problem)


@router.post("/p/{slug}/sprints/{number}/retro", dependencies=requires(Permission.WRITE_TICKETS))
def look_back(request: Request, slug: str, number: int, form: inputs.Form) -> Response:
    """Keep what the team says, and make a ticket of the one improvement where one is named."""
    ws, actor = frame.workspace(request), frame.actor(request)
    before, title, said = get_sprint(ws, actor, slug, number).sprint.retro, inputs.text(form, "title"), None
    calls = {name.removeprefix("call_"): inputs.text(form, name) for name in form if name.startswith("call_")}
    try:
        said = _said(form, before, {key: call for key, call in calls.items() if call})
        save_retro(ws, actor, slug, number, said, improvement=title, expected_version=inputs.version(form))
    except EXPECTED as error:
        return _retro(request, slug, number, problem=error, said=said, typed=title)
    return inputs.see_other(f"/p/{slug}/sprints/{number}/retro", "improvement" if title else "saved")


def _said(form: FormData, before: Retro, calls: dict[str, str]) -> Retro:
    texts = {name: inputs.text(form, name) for name in ("went_well", "to_change", "data_and_tooling")}
    return retro_from_data({**texts, "kill_calls": calls}, before=before)
