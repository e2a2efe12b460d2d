"""Moving a card: ask before, move, and see what stood in the way."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markupsafe import Markup
from starlette.datastructures import FormData

from assay.domain.board.moves import MoveAssessment
from assay.errors import AssayError, StaleVersion
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import board_view, frame, happenings, inputs, moves, templating
from assay.web.contexts.moves import Refusal, RefusedFragment
from assay.web.errors import Said, error_context, error_page
from assay.web.permissions import requires
from assay.web.routes.board import changed_since
from assay.workflows.actor import Permission
from assay.workflows.board import Moved, MoveRefused, move_card, preview_move
from assay.workflows.lanes import LaneMove, LaneMoved, lane_by, move_in_lanes, put_in_lane
from assay.workflows.projects import get_project
from assay.workflows.records import Project, Ticket
from assay.workflows.tickets import get_ticket

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/t/{key}/move", dependencies=requires(Permission.READ))
def show_moves(request: Request, slug: str, key: str) -> HTMLResponse:
    """Where a card can go, and what each way asks for."""
    project, ticket, assessments = _ways(request, slug, key)
    context = moves.move_page(ticket, project, assessments, csrf_token=request.state.csrf_token)
    if templating.wants_fragment(request):
        return templating.fragment("fragments/board/_move_panel.html", context)
    around = frame.build(request, f"Move {key}", project=project, section="board", sheets=("css/board.css",))
    return templating.page("pages/tickets/move.html", around, context)


@router.get("/p/{slug}/t/{key}/moves.json", dependencies=requires(Permission.READ))
def moves_json(request: Request, slug: str, key: str) -> JSONResponse:
    """The same in a few words, for the column heads while a card is dragged."""
    project, _, assessments = _ways(request, slug, key)
    shown = (moves.move(one, project.settings.board) for one in assessments)
    answer = [{"target": one.target, "allowed": one.allowed, "hint": one.hint} for one in shown]
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _ways(request: Request, slug: str, key: str) -> tuple[Project, Ticket, list[MoveAssessment]]:
    ws, actor = frame.workspace(request), frame.actor(request)
    project, ticket = get_project(ws, actor, slug), get_ticket(ws, actor, slug, key)
    targets = project.settings.board.legal_targets(ticket.stage)
    return project, ticket, [preview_move(ws, actor, slug, key, to=target) for target in targets]


@router.post("/p/{slug}/t/{key}/move", dependencies=requires(Permission.MOVE_CARDS))
def make_move(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Move a card, or say what stands in the way."""
    ws, actor = frame.workspace(request), frame.actor(request)
    into = _lane(form)
    before_key = inputs.text(form, "before_key")
    asked: dict[str, Any] = {
        "to": inputs.text(form, "to"),
        "before_key": before_key or None,
        "reason": inputs.text(form, "reason"),
        "override_reason": inputs.text(form, "override_reason"),
    }
    try:
        asked["expected_version"] = inputs.version(form)
        result: Moved | MoveRefused | LaneMoved = (
            move_card(ws, actor, slug, key, **asked)
            if into is None
            else move_in_lanes(ws, actor, slug, key, into, **asked)
        )
    except AssayError as error:
        return _failed(request, slug, key, error)
    if isinstance(result, MoveRefused):
        return _refused(request, slug, result, into, before_key=before_key, reason=asked["reason"])
    if isinstance(result, LaneMoved):
        return _moved(request, slug, result.moved, into, lane_before=result.lane_before)
    return _moved(request, slug, result)


@router.post("/p/{slug}/t/{key}/lane", dependencies=requires(Permission.WRITE_TICKETS))
def change_lane(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Put a card into another lane where it stands: the way back from a drag."""
    into = LaneMove(lane_by(inputs.text(form, "lanes")), inputs.text(form, "lane"))
    try:
        version = inputs.version(form)
        ticket = put_in_lane(
            frame.workspace(request), frame.actor(request), slug, key, into, expected_version=version
        )
    except AssayError as error:
        return _failed(request, slug, key, error)
    if not templating.wants_fragment(request):
        return inputs.see_other(f"/p/{slug}/board?lanes={into.by}", "saved")
    words = f"{ticket.key} {moves.in_lane(into)} again."
    return templating.fragment("fragments/_said.html", Said(text=words, columns=fresh_columns(request, slug)))


def _lane(form: FormData) -> LaneMove | None:
    by = inputs.text(form, "lanes")
    return LaneMove(lane_by(by), inputs.text(form, "lane")) if by else None


def _moved(
    request: Request, slug: str, result: Moved, into: LaneMove | None = None, *, lane_before: str = ""
) -> Response:
    done = "overridden" if result.overridden else "moved"
    if not templating.wants_fragment(request):
        return inputs.see_other(f"/p/{slug}/board", done)
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    changed = into is not None and into.lane != lane_before
    words = moves.moved_words(result, project.settings.board, into if changed else None)
    undo = moves.way_back(slug, result.ticket, into, lane_before) if into is not None and changed else None
    said = Said(text=words, columns=fresh_columns(request, slug), undo=undo)
    return templating.fragment("fragments/_said.html", said)


def _refused(
    request: Request, slug: str, result: MoveRefused, into: LaneMove | None, *, before_key: str, reason: str
) -> Response:
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    context = moves.refused(
        result, project, into, before_key=before_key, reason=reason, csrf_token=request.state.csrf_token
    )
    if templating.wants_fragment(request):
        answer = RefusedFragment(refused=context, columns=fresh_columns(request, slug, everything=True))
        return templating.fragment("fragments/board/_refused_move.html", answer, status=409)
    around = frame.build(
        request, context.headline, project=project, section="board", sheets=("css/board.css",)
    )
    return templating.page("pages/tickets/refused.html", around, Refusal(refused=context), status=409)


def _failed(request: Request, slug: str, key: str, error: AssayError) -> Response:
    status = http_status(error)
    if not templating.wants_fragment(request):
        return error_page(request, error, status)
    words = _who_was_faster(request, slug, key) if isinstance(error, StaleVersion) else ""
    said = error_context(request, error, status)
    context = Said(
        text=words or f"{said.headline}. {said.what}", columns=fresh_columns(request, slug, everything=True)
    )
    return templating.fragment("fragments/_said.html", context, status=status)


def _who_was_faster(request: Request, slug: str, key: str) -> str:
    faster = happenings.latest(frame.workspace(request), frame.actor(request), slug, key)
    return f"{key} changed meanwhile: {faster}. Your move was not made; the card is fresh now."


def fresh_columns(request: Request, slug: str, *, everything: bool = False) -> Markup:
    """Fresh columns for the board that asked; after a refusal all of them, for the browser has moved the card already."""
    have = board_view.read_have(request.query_params.get("have", ""))
    if everything:
        have = {key: board_view.Have(shown=one.shown, digest="") for key, one in have.items()}
    return changed_since(request, slug, have)
