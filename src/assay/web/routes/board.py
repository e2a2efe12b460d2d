"""The board, more cards of a column, and what changed on it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.domain.experiments.experiment import Axis
from assay.web import board_view, facts, frame, inputs, templating
from assay.web.contexts.board import BoardPage, Filter
from assay.web.permissions import requires
from assay.workflows.actor import Permission
from assay.workflows.board import column_page
from assay.workflows.projects import get_project

router = APIRouter()
FILTERS = ("q", "owner", "axis")


@router.get("/p/{slug}/board", dependencies=requires(Permission.READ))
def show_board(request: Request, slug: str) -> HTMLResponse:
    """The board of a project."""
    ws, actor, cache = frame.workspace(request), frame.actor(request), board_view.card_cache(request.app)
    filters = inputs.filters(request, FILTERS)
    hidden = request.query_params.get("hidden") == "yes"
    parts = board_view.read_board(ws, actor, slug, cache, filters=filters)
    href = f"/p/{slug}/board"
    context = BoardPage(
        slug=slug,
        board_href=href,
        new_href=f"/p/{slug}/t/new",
        columns=board_view.columns(parts, cache, filters=filters, hidden=hidden),
        facts=facts.strip(ws, actor, slug, seq=parts.slots.seq, app=request.app),
        seq=parts.slots.seq,
        filter=Filter(
            text=filters.get("q", ""),
            owner=filters.get("owner", ""),
            axis=filters.get("axis", ""),
            active=bool(filters),
        ),
        axes=tuple(axis.value for axis in Axis),
        is_empty=not filters and not any(column.count for column in parts.slots.columns),
        sources_href=f"/p/{slug}/settings#sources",
        shows_hidden=hidden,
    )
    around = frame.build(
        request,
        "Board",
        project=parts.project,
        section="board",
        twin=f"/api/v1/projects/{slug}/board",
        body_class="board-page",
        scripts=("vendor/Sortable.min.js", "js/board.js"),
        sheets=("css/board.css",),
    )
    response = templating.page("pages/board/board.html", around, context)
    response.set_cookie(frame.PROJECT_COOKIE, slug, max_age=31_536_000, httponly=True, samesite="strict")
    return response


@router.get("/p/{slug}/board/changes", dependencies=requires(Permission.READ))
def board_changes(request: Request, slug: str, have: str = "") -> Response:
    """The columns that look different from what the browser shows; 204 when none does."""
    changed = board_view.changed_columns(
        frame.workspace(request),
        frame.actor(request),
        slug,
        board_view.card_cache(request.app),
        have=board_view.read_have(have),
        filters=inputs.filters(request, FILTERS),
    )
    return templating.html(changed) if changed else Response(status_code=204)


@router.get("/p/{slug}/board/{stage}/cards", dependencies=requires(Permission.READ))
def more_cards(request: Request, slug: str, stage: str, cursor: str = "") -> HTMLResponse:
    """More cards of one column: a fragment for the board, a page without JavaScript."""
    ws, actor, filters = frame.workspace(request), frame.actor(request), inputs.filters(request, FILTERS)
    page = column_page(
        ws, actor, slug, stage, cursor=cursor or None, limit=board_view.PER_COLUMN, filters=filters
    )
    context = board_view.cards_page(slug, stage, page, filters=filters)
    if templating.wants_fragment(request):
        return templating.fragment("fragments/board/_cards.html", context)
    project = get_project(ws, actor, slug)
    around = frame.build(request, "More cards", project=project, section="board", sheets=("css/board.css",))
    return templating.page("pages/board/more.html", around, context)
