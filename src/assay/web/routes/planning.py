"""Planning a sprint: candidates in order, commitments, capacity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from assay.domain.experiments.ticket_data import place_from_data
from assay.domain.sprints.ranking import Per
from assay.domain.sprints.sprint_data import sprint_from_data
from assay.errors import AssayError, Conflict, Invalid, NotFound, Refused, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import frame, inputs, planning_view, templating
from assay.web.permissions import requires
from assay.web.routes.sprints import SCRIPTS, SHEETS, split_from_form
from assay.workflows.actor import Permission
from assay.workflows.commitments import commit_tickets
from assay.workflows.planning import set_place
from assay.workflows.planning_page import planning
from assay.workflows.sprints import edit_sprint, get_sprint

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
SHOWN = 30
"""So many candidates stand on a page: few plan further down."""
MOST_AFTER = 1_000_000
EXPECTED = (Invalid, Refused, Conflict, StaleVersion, NotFound)


@router.get("/p/{slug}/planning", dependencies=requires(Permission.READ))
def show_planning(
    request: Request,
    slug: str,
    per: Annotated[str, Query(max_length=20)] = Per.GPU_HOUR.value,
    view: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[int, Query(ge=0, le=MOST_AFTER)] = 0,
    sprint: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> HTMLResponse:
    """What could be run next, in order, with reasons; and the sprint that is planned, or that is named."""
    return _page(request, slug, per=per, by_delay=view == "delay", after=after, number=sprint)


def _page(
    request: Request,
    slug: str,
    *,
    per: str = Per.GPU_HOUR.value,
    by_delay: bool = False,
    after: int = 0,
    number: int | None = None,
    problem: AssayError | None = None,
    doubted: Sequence[str] = (),
) -> HTMLResponse:
    scarce = Per(per) if per in set(Per) else Per.GPU_HOUR
    ws, actor = frame.workspace(request), frame.actor(request)
    view = planning(ws, actor, slug, per=scarce, after=after, most=SHOWN, by_delay=by_delay, number=number)
    doubt = "" if problem is None else str(problem.details.get("doubt", ""))
    context = planning_view.planning_page(
        view,
        by_delay=by_delay,
        after=after,
        csrf_token=request.state.csrf_token,
        problem=None if doubt else problem,
        doubt=doubt,
        doubted=doubted,
    )
    around = frame.build(
        request, context.heading, project=view.plan.project, section="sprints",
        twin=f"/api/v1/projects/{slug}/planning/page", sheets=(*SHEETS, "css/planning.css"), scripts=SCRIPTS,
    )  # fmt: skip
    status = 200 if problem is None else http_status(problem)
    return templating.page("pages/sprints/planning.html", around, context, status=status)


def _done(
    request: Request,
    slug: str,
    form: FormData,
    work: Callable[[], object],
    message: str,
    *,
    doubted: Sequence[str] = (),
) -> Response:
    try:
        work()
    except EXPECTED as error:
        # What is wrong with the number itself is told on the page of the sprint that is planned next.
        known = None if isinstance(error, NotFound) else _number(form)
        return _page(request, slug, problem=error, doubted=doubted, number=known)
    number = _number(form)
    return inputs.see_other(f"/p/{slug}/planning" + ("" if number is None else f"?sprint={number}"), message)


def _number(form: FormData) -> int | None:
    """The sprint that the page was about."""
    typed = inputs.text(form, "number")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 and int(typed) else None


@router.post("/p/{slug}/planning/commit", dependencies=requires(Permission.WRITE_TICKETS))
def commit(request: Request, slug: str, form: inputs.Form) -> Response:
    """Take the chosen candidates into the sprint; beyond what is usual the page asks once more."""
    ws, actor = frame.workspace(request), frame.actor(request)
    keys = [key.upper() for key in inputs.texts(form, "ticket") if key]
    confirmed = inputs.text(form, "confirmed") == "yes"

    def work() -> object:
        number = inputs.version(form, "number")
        return commit_tickets(ws, actor, slug, number, keys, confirmed=confirmed)

    return _done(request, slug, form, work, "committed", doubted=keys)


@router.post("/p/{slug}/planning/place", dependencies=requires(Permission.WRITE_TICKETS))
def place(request: Request, slug: str, form: inputs.Form) -> Response:
    """Put a candidate on a place by hand; without one it stands as computed again."""
    ws, actor = frame.workspace(request), frame.actor(request)
    rank, reason = inputs.text(form, "rank"), inputs.text(form, "reason")

    def work() -> object:
        number = int(rank) if rank.isascii() and rank.isdecimal() and len(rank) < 5 else rank
        wanted = place_from_data({"rank": number, "reason": reason}) if rank else None
        key = inputs.text(form, "ticket").upper()
        return set_place(ws, actor, slug, key, wanted, expected_version=inputs.version(form))

    return _done(request, slug, form, work, "saved")


@router.post("/p/{slug}/planning/capacity", dependencies=requires(Permission.WRITE_TICKETS))
def capacity(request: Request, slug: str, form: inputs.Form) -> Response:
    """Share out people and compute."""
    ws, actor = frame.workspace(request), frame.actor(request)

    def work() -> object:
        number = inputs.version(form, "number")
        before = get_sprint(ws, actor, slug, number).sprint.content
        given = {
            "person_days": split_from_form(form, "person_days", "people"),
            "gpu_hours": split_from_form(form, "gpu_hours", "compute"),
        }
        content = sprint_from_data({"capacity": given}, before=before)
        return edit_sprint(ws, actor, slug, number, content, expected_version=inputs.version(form))

    return _done(request, slug, form, work, "saved")
