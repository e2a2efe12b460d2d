"""The board, more cards of a column, and what changed on it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.domain.experiments.experiment import Axis, Mode
from assay.domain.portfolio.phases import Phase
from assay.web import board_view, facts, frame, inputs, templating
from assay.web.contexts.board import BoardPage, Filter
from assay.web.parts import KeptPage
from assay.web.permissions import requires
from assay.web.saved_filters_view import saved_filters
from assay.web.sprint_words import day
from assay.workflows.actor import Permission
from assay.workflows.board import column_page
from assay.workflows.projects import get_project
from assay.workflows.sprints import running_sprint

router = APIRouter(include_in_schema=False)
FILTERS = ("q", "owner", "axis", "phase", "mode", "sprint", "blocked", "stale")


@router.get("/p/{slug}/board", dependencies=requires(Permission.READ))
def show_board(request: Request, slug: str) -> Response:
    """The board of a project."""
    kept, ws = board_view.keep(request.app), frame.workspace(request)
    filters = inputs.filters(request, FILTERS)
    with_hidden = request.query_params.get("hidden") == "yes"
    look = (slug, with_hidden, tuple(filters.items()), frame.theme(request), frame.message(request))
    # What is stale changes with the time, of which the journal says nothing.
    page = None if "stale" in filters else kept.page(look, seq=ws.store.last_seq())
    if page is None:
        board = board_view.read_board(ws, frame.actor(request), slug, kept, filters=filters)
        page = _page(request, board, kept, filters=filters, with_hidden=with_hidden)
        kept.put_page(look, page, seq=board.parts.slots.seq)
    response = templating.kept_page(request, page)
    if request.cookies.get(frame.PROJECT_COOKIE) != slug:
        response.set_cookie(frame.PROJECT_COOKIE, slug, max_age=31_536_000, httponly=True, samesite="strict")
    return response


def _page(
    request: Request,
    board: board_view.BoardHtml,
    kept: board_view.BoardKeep,
    *,
    filters: board_view.Filters,
    with_hidden: bool,
) -> KeptPage:
    project, slots = board.parts.project, board.parts.slots
    href = f"/p/{project.slug}/board"
    running = running_sprint(frame.workspace(request), frame.actor(request), project.slug)
    context = BoardPage(
        slug=project.slug,
        board_href=href,
        new_href=f"/p/{project.slug}/t/new",
        columns=templating.PARTS,
        facts=facts.strip(
            frame.workspace(request), frame.actor(request), project.slug, seq=slots.seq, app=request.app
        ),
        seq=slots.seq,
        sprint="" if running is None else f"{running.content.name}, until {day(running.content.ends_on)}",
        sprint_href="" if running is None else f"/p/{project.slug}/sprints/{running.number}",
        filter=Filter(
            text=filters.get("q", ""),
            owner=filters.get("owner", ""),
            axis=filters.get("axis", ""),
            blocked=filters.get("blocked") == "yes",
            stale=filters.get("stale") == "yes",
            phase=filters.get("phase", ""),
            mode=filters.get("mode", ""),
            sprint=filters.get("sprint", ""),
            active=bool(filters),
        ),
        axes=tuple(axis.value for axis in Axis),
        modes=tuple(mode.value for mode in Mode),
        phases=tuple(phase.value for phase in Phase),
        saved=saved_filters(project, "board", FILTERS, filters),
        is_empty=not filters and not any(column.count for column in slots.columns),
        sources_href=f"/p/{project.slug}/settings#sources",
        shows_hidden=with_hidden,
    )
    around = frame.build(
        request,
        "Board",
        project=project,
        section="board",
        twin=f"/api/v1/projects/{project.slug}/board",
        body_class="board-page",
        scripts=("vendor/Sortable.min.js", "js/board.js"),
        sheets=("css/board.css",),
    )
    columns = board_view.columns(board, kept, filters=filters, with_hidden=with_hidden)
    return templating.page_to_keep("pages/board/board.html", around, context, columns)


@router.get("/p/{slug}/board/changes", dependencies=requires(Permission.READ))
def board_changes(request: Request, slug: str, have: str = "") -> Response:
    """The columns that look different from what the browser shows; 204 when none does."""
    changed = board_view.changed_columns(
        frame.workspace(request),
        frame.actor(request),
        slug,
        board_view.keep(request.app),
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
