"""The board: look, ask before moving, move."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.pages import BoardAsked, CardPage, FlowAsked, FlowTicketsAsked
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, SentBody, etag, remembered
from assay.api.refused_moves import refused_move
from assay.api.schemas.moves import MovedDocument, MovePreviews
from assay.api.schemas.tickets import MoveBody, ticket_document
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.board import (
    Moved,
    MoveRefused,
    board,
    column_page,
    moving,
    needs_verdict,
    preview_move,
)
from assay.workflows.flow import FlowView, flow
from assay.workflows.flow_tickets import FlowTickets, flow_tickets
from assay.workflows.idempotency import once
from assay.workflows.projects import get_project
from assay.workflows.tickets import get_ticket
from assay.workflows.verdicts import refresh_verdict
from assay.workflows.views import BoardView, ColumnPage

router = v1_router("board")


@router.get("/projects/{slug}/board", dependencies=[requires(Permission.READ)], **gives(BoardView))
def show_board(request: Request, slug: str, asked: Annotated[BoardAsked, Query()]) -> Response:
    """The board of a project, first page of every column."""
    return answer(
        board(
            workspace_of(request),
            actor_of(request),
            slug,
            per_column=asked.per_column,
            filters=asked.filters(),
        )
    )


@router.get("/projects/{slug}/flow", dependencies=[requires(Permission.READ)], **gives(FlowView))
def show_flow(request: Request, slug: str, asked: Annotated[FlowAsked, Query()]) -> Response:
    """Throughput, cycle time, kill and promotion rate, work in progress and its age, from the journal, at any moment."""
    return answer(flow(workspace_of(request), actor_of(request), slug, at=asked.at, days=asked.days))


@router.get("/projects/{slug}/flow-tickets", dependencies=[requires(Permission.READ)], **gives(FlowTickets))
def show_flow_tickets(request: Request, slug: str, asked: Annotated[FlowTicketsAsked, Query()]) -> Response:
    """The tickets behind a figure of flow: which stood in a column or were in a sprint at a moment, or had ever got so far."""
    ws, actor = workspace_of(request), actor_of(request)
    found = flow_tickets(
        ws, actor, slug, at=asked.at, column=asked.column, furthest=asked.reached, sprint=asked.sprint
    )
    return answer(found)


@router.get("/projects/{slug}/board/{stage}", dependencies=[requires(Permission.READ)], **gives(ColumnPage))
def more_cards(request: Request, slug: str, stage: str, asked: Annotated[CardPage, Query()]) -> Response:
    """More cards of one column, from the cursor the board gave."""
    return answer(
        column_page(
            workspace_of(request),
            actor_of(request),
            slug,
            stage,
            cursor=asked.cursor,
            limit=asked.limit,
            filters=asked.filters(),
        )
    )


@router.get(
    "/projects/{slug}/tickets/{key}/moves", dependencies=[requires(Permission.READ)], **gives(MovePreviews)
)
def preview_moves(
    request: Request, slug: str, key: str, to: Annotated[str | None, Query(max_length=60)] = None
) -> Response:
    """What would this card meet on its way to `to`, or to every column it may go to?"""
    ws, actor = workspace_of(request), actor_of(request)
    ticket = get_ticket(ws, actor, slug, key)
    legal = get_project(ws, actor, slug).settings.board.legal_targets(ticket.stage)
    targets = legal if to is None else (to,)
    rows = [preview_move(ws, actor, slug, key, to=target) for target in targets]
    return answer(MovePreviews(stage=ticket.stage, version=ticket.version, rows=rows))


@router.post(
    "/projects/{slug}/tickets/{key}/moves",
    dependencies=[requires(Permission.MOVE_CARDS)],
    **gives(MovedDocument),
)
async def move(
    request: Request, slug: str, key: str, body: MoveBody, version: ExpectedVersion, sent: SentBody
) -> Response:
    """Move a card in one transaction. Needs If-Match. A refusal is 409 with what would satisfy it."""
    return await moved(request, slug, key, body, version, sent)


async def moved(
    request: Request, slug: str, key: str, body: MoveBody, version: int | None, sent: bytes
) -> Response:
    """The answer to a move; no thread waits for the disk."""
    ws = workspace_of(request)
    work = moving(
        ws,
        actor_of(request),
        slug,
        key,
        to=body.to,
        before_key=body.before,
        expected_version=version,
        reason=body.reason,
        override_reason=body.override_reason,
    )
    remember = remembered(request, sent, _moved)
    result = await asyncio.wrap_future(ws.store.submit(once(ws, remember, work)))
    if needs_verdict(result):
        await run_in_threadpool(refresh_verdict, ws, slug, key)
    return _moved(result)


def _moved(result: object) -> Response:
    if isinstance(result, MoveRefused):
        return refused_move(result)
    assert isinstance(result, Moved)
    document = MovedDocument(
        ticket=ticket_document(result.ticket),
        source=result.source,
        overridden=result.overridden,
        locked=result.locked,
    )
    return answer(document, headers={"etag": etag(result.ticket.version)})
