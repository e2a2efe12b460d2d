"""What is in the way: the list of a project, the box of a ticket, and its two forms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assay.domain.board.blockers import BlockerCategory
from assay.errors import AssayError, Invalid
from assay.routing import RouteWhenAsked
from assay.statuses import http_status
from assay.web import blockers_view, frame, inputs, templating
from assay.web.contexts.blockers import BlockerPage, BlockerRefusal
from assay.web.errors import Said
from assay.web.permissions import requires
from assay.web.routes.moves import fresh_columns
from assay.workflows.actor import Permission
from assay.workflows.blockers import BlockerState, close_blocker, list_blockers, open_blocker
from assay.workflows.projects import get_project
from assay.workflows.tickets import get_ticket

router = APIRouter(include_in_schema=False, route_class=RouteWhenAsked)


@router.get("/p/{slug}/blockers", dependencies=requires(Permission.READ))
def show_blockers(request: Request, slug: str, state: str = "open", category: str = "") -> HTMLResponse:
    """What is in the way in a project, the oldest first."""
    ws, actor = frame.workspace(request), frame.actor(request)
    asked = _state(state)
    project = get_project(ws, actor, slug)
    found = list_blockers(ws, actor, slug, state=asked)
    context = blockers_view.blockers_page(
        project, found, state=asked, category=_category(category) if category else None
    )
    twin = f"/api/v1/projects/{slug}/blockers?state={asked.value}"
    around = frame.build(request, "Blockers", project=project, section="flow", twin=twin)
    return templating.page("pages/blockers.html", around, context)


@router.get("/p/{slug}/t/{key}/blockers", dependencies=requires(Permission.READ))
def show_box(request: Request, slug: str, key: str) -> HTMLResponse:
    """What is in the way of a ticket: a dialog on the board, a page without JavaScript."""
    context = _box(request, slug, key, back="board")
    if templating.wants_fragment(request):
        return templating.fragment("fragments/board/_blockers.html", context)
    return _page(request, slug, context)


@router.post("/p/{slug}/t/{key}/blockers", dependencies=requires(Permission.WRITE_TICKETS))
def open_one(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Say what is in the way."""
    try:
        opened = open_blocker(
            frame.workspace(request),
            frame.actor(request),
            slug,
            key,
            category=_category(inputs.text(form, "category")),
            text=inputs.text(form, "text"),
            owner=inputs.text(form, "owner"),
        )
    except AssayError as error:
        return _again(request, slug, key, form, error)
    words = f"{key} is blocked: {opened.category.label}. {opened.owner} sees to it."
    return _done(request, slug, key, form, "blocked", words)


@router.post("/p/{slug}/t/{key}/blockers/close", dependencies=requires(Permission.WRITE_TICKETS))
def close_one(request: Request, slug: str, key: str, form: inputs.Form) -> Response:
    """Say what took a blocker away."""
    try:
        closed = close_blocker(
            frame.workspace(request),
            frame.actor(request),
            slug,
            key,
            inputs.version(form, "number"),
            resolution=inputs.text(form, "resolution"),
        )
    except AssayError as error:
        return _again(request, slug, key, form, error)
    words = f"{closed.category.label} is no longer in the way of {key}."
    return _done(request, slug, key, form, "unblocked", words)


def _done(request: Request, slug: str, key: str, form: inputs.Form, done: str, words: str) -> Response:
    if templating.wants_fragment(request):
        context = Said(text=words, columns=fresh_columns(request, slug))
        return templating.fragment("fragments/_said.html", context)
    to_board = inputs.text(form, "back") == "board"
    return inputs.see_other(f"/p/{slug}/board" if to_board else f"/p/{slug}/t/{key}", done)


def _again(request: Request, slug: str, key: str, form: inputs.Form, error: AssayError) -> Response:
    """The form once more, with what was typed and what is wrong with it."""
    back = "board" if inputs.text(form, "back") == "board" else "ticket"
    page = _box(request, slug, key, back=back)
    shown: dict[str, Any] = blockers_view.typed(form, error)
    context = replace(page, box=replace(page.box, **shown))
    status = http_status(error)
    if not templating.wants_fragment(request):
        return _page(request, slug, context, status=status)
    refusal = BlockerRefusal(
        box=context.box,
        title=context.title,
        board_href=context.board_href,
        ticket_href=context.ticket_href,
        columns=fresh_columns(request, slug),
    )
    return templating.fragment("fragments/board/_blockers_again.html", refusal, status=status)


def _box(request: Request, slug: str, key: str, *, back: str) -> BlockerPage:
    ws, actor = frame.workspace(request), frame.actor(request)
    project, ticket = get_project(ws, actor, slug), get_ticket(ws, actor, slug, key)
    stage = project.settings.board.stage(ticket.stage)
    return BlockerPage(
        box=blockers_view.box(
            slug,
            key,
            list_blockers(ws, actor, slug, state=BlockerState.ALL, key=key).rows,
            owner=ticket.content.owner,
            can_open=stage is None or not stage.terminal,
            csrf_token=request.state.csrf_token,
            back=back,
        ),
        title=ticket.content.title,
        board_href=f"/p/{slug}/board",
        ticket_href=f"/p/{slug}/t/{key}",
    )


def _page(request: Request, slug: str, context: BlockerPage, *, status: int = 200) -> HTMLResponse:
    project = get_project(frame.workspace(request), frame.actor(request), slug)
    around = frame.build(
        request,
        f"Blockers of {context.box.key}",
        project=project,
        section="board",
        twin=f"/api/v1/projects/{slug}/tickets/{context.box.key}/blockers",
        sheets=("css/board.css",),
    )
    return templating.page("pages/tickets/blockers.html", around, context, status=status)


def _category(text: str) -> BlockerCategory:
    try:
        return BlockerCategory(text)
    except ValueError:
        names = ", ".join(category.value for category in BlockerCategory)
        raise Invalid(
            f"cannot read category of a blocker: found {ascii(text)[:40]} (expected one of: {names})",
            hint="choose one of them",
            code="blocker-category-unknown",
            field="category",
        ) from None


def _state(text: str) -> BlockerState:
    try:
        return BlockerState(text)
    except ValueError:
        names = ", ".join(BlockerState)
        raise Invalid(
            f"cannot list blockers: found state {ascii(text)[:40]} (expected one of: {names})",
            hint="choose one of them",
            code="blocker-state-unknown",
            field="state",
        ) from None
