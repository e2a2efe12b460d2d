"""The board, more cards of a column, and what changed on it."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markupsafe import Markup

from assay.domain.experiments.experiment import Axis, Mode
from assay.domain.portfolio.lanes import LaneBy
from assay.domain.portfolio.phases import Phase
from assay.routing import RouteWhenAsked
from assay.web import board_view, facts, frame, inputs, lanes_view, templating
from assay.web.contexts.board import BoardPage, Filter
from assay.web.lists_view import address
from assay.web.parts import KeptPage, Part
from assay.web.permissions import requires
from assay.web.saved_filters_view import saved_filters
from assay.web.sprint_words import day
from assay.workflows.actor import Permission
from assay.workflows.board import column_page
from assay.workflows.column_ages import usual_days
from assay.workflows.lanes import lane_by
from assay.workflows.projects import get_project
from assay.workflows.sprints import running_sprint

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)
FILTERS = ("q", "owner", "axis", "phase", "mode", "sprint", "blocked", "stale", "waiting")


@router.get("/p/{slug}/board", dependencies=requires(Permission.READ))
def show_board(request: Request, slug: str) -> Response:
    """The board of a project."""
    kept, ws = board_view.keep(request.app), frame.workspace(request)
    filters = inputs.filters(request, FILTERS)
    with_hidden = request.query_params.get("hidden") == "yes"
    by = lanes_asked(request)
    look = (slug, by, with_hidden, tuple(filters.items()), frame.theme(request), frame.message(request))
    # What is stale changes with the time, of which the journal says nothing.
    page = None if "stale" in filters else kept.page(look, seq=ws.store.last_seq())
    if page is None:
        board = _read(request, slug, kept, by, filters)
        page = _page(request, board, kept, filters=filters, with_hidden=with_hidden)
        kept.put_page(look, page, seq=board.parts.slots.seq)
    response = templating.kept_page(request, page)
    if request.cookies.get(frame.PROJECT_COOKIE) != slug:
        response.set_cookie(frame.PROJECT_COOKIE, slug, max_age=31_536_000, httponly=True, samesite="strict")
    return response


def lanes_asked(request: Request) -> LaneBy | None:
    """By what the address wants the board cut into lanes.

    Raises:
        Invalid: there are no such lanes.
    """
    text = request.query_params.get("lanes", "")
    return lane_by(text) if text else None


def _read(
    request: Request, slug: str, kept: board_view.BoardKeep, by: LaneBy | None, filters: board_view.Filters
) -> board_view.BoardHtml | lanes_view.LanesHtml:
    ws, actor = frame.workspace(request), frame.actor(request)
    if by is None:
        return board_view.read_board(ws, actor, slug, kept, filters=filters)
    return lanes_view.read_lanes(ws, actor, slug, kept, by, filters=filters)


def _columns(
    board: board_view.BoardHtml | lanes_view.LanesHtml,
    kept: board_view.BoardKeep,
    *,
    filters: board_view.Filters,
    with_hidden: bool,
) -> tuple[Part, ...]:
    if isinstance(board, lanes_view.LanesHtml):
        return lanes_view.lane_columns(board, kept, filters=filters, with_hidden=with_hidden)
    return board_view.columns(board, kept, filters=filters, with_hidden=with_hidden)


def _filter(filters: board_view.Filters) -> Filter:
    return Filter(
        text=filters.get("q", ""),
        owner=filters.get("owner", ""),
        axis=filters.get("axis", ""),
        blocked=filters.get("blocked") == "yes",
        stale=filters.get("stale") == "yes",
        waiting=filters.get("waiting") == "yes",
        phase=filters.get("phase", ""),
        mode=filters.get("mode", ""),
        sprint=filters.get("sprint", ""),
        active=bool(filters),
    )


def _page(
    request: Request,
    board: board_view.BoardHtml | lanes_view.LanesHtml,
    kept: board_view.BoardKeep,
    *,
    filters: board_view.Filters,
    with_hidden: bool,
) -> KeptPage:
    project, slots = board.parts.project, board.parts.slots
    href = f"/p/{project.slug}/board"
    running = running_sprint(frame.workspace(request), frame.actor(request), project.slug)
    by = board.by if isinstance(board, lanes_view.LanesHtml) else None
    knows_phase = not isinstance(board, lanes_view.LanesHtml) or board.parts.knows_phase
    lanes = {} if by is None else {"lanes": by.value}
    context = BoardPage(
        slug=project.slug,
        here=href,
        board_href=address(href, lanes),
        new_href=f"/p/{project.slug}/t/new",
        columns=templating.PARTS,
        facts=facts.strip(
            frame.workspace(request), frame.actor(request), project.slug, seq=slots.seq, app=request.app
        ),
        seq=slots.seq,
        sprint="" if running is None else f"{running.content.name}, until {day(running.content.ends_on)}",
        sprint_href="" if running is None else f"/p/{project.slug}/sprints/{running.number}",
        filter=_filter(filters),
        axes=tuple(axis.value for axis in Axis),
        modes=tuple(mode.value for mode in Mode),
        phases=tuple(phase.value for phase in Phase),
        saved=saved_filters(project, "board", (*FILTERS, "lanes"), {**filters, **lanes}),
        is_empty=not filters and not any(column.count for column in slots.columns),
        sources_href=f"/p/{project.slug}/settings#sources",
        shows_hidden=with_hidden,
        lanes=by or "",
        lane_choices=lanes_view.lane_choices(
            project.slug, by, {**filters, **({"hidden": "yes"} if with_hidden else {})}
        ),
        phase_href=f"/p/{project.slug}/phase" if by is LaneBy.PHASE and not knows_phase else "",
    )
    around = frame.build(
        request,
        "Board",
        project=project,
        section="board",
        twin=f"/api/v1/projects/{project.slug}/board",
        body_class="board-page",
        with_news=False,
        scripts=("vendor/Sortable.min.js", "js/board.js"),
        sheets=("css/board.css",),
    )
    columns = _columns(board, kept, filters=filters, with_hidden=with_hidden)
    return templating.page_to_keep("pages/board/board.html", around, context, columns)


@router.get("/p/{slug}/board/changes", dependencies=requires(Permission.READ))
def board_changes(request: Request, slug: str, have: str = "") -> Response:
    """The columns that look different from what the browser shows; 204 when none does."""
    changed = changed_since(request, slug, board_view.read_have(have))
    return templating.html(changed) if changed else Response(status_code=204)


def changed_since(request: Request, slug: str, have: Mapping[str, board_view.Have]) -> Markup:
    """The columns that look different from what the browser that asks shows, in the lanes and filters of its address."""
    ws, actor, kept = frame.workspace(request), frame.actor(request), board_view.keep(request.app)
    filters, by = inputs.filters(request, FILTERS), lanes_asked(request)
    if by is None:
        return board_view.changed_columns(ws, actor, slug, kept, have=have, filters=filters)
    return lanes_view.changed_lane_columns(ws, actor, slug, kept, by, have=have, filters=filters)


@router.get("/p/{slug}/board/usual.json", dependencies=requires(Permission.READ))
def usual_ages(request: Request, slug: str) -> JSONResponse:
    """How long cards usually stay in each column, for the ages on cards: the board itself says nothing that grows with the day."""
    usual = usual_days(frame.workspace(request), frame.actor(request), slug)
    return JSONResponse(dict(usual), headers={"Cache-Control": "no-store"})


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
