"""What is in the way: open, close, list."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import SentBody, remembered
from assay.api.schemas.blockers import BlockerBody, BlockerClosingBody, BlockersAsked, TicketBlockersAsked
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.blockers import BlockerList, BlockerView, close_blocker, list_blockers, open_blocker

router = v1_router("blockers")
READ = [requires(Permission.READ)]
WRITE = [requires(Permission.WRITE_TICKETS)]


@router.get("/projects/{slug}/blockers", dependencies=READ, **gives(BlockerList))
def project_blockers(request: Request, slug: str, asked: Annotated[BlockersAsked, Query()]) -> Response:
    """What is in the way in a project, the oldest first, with ages in days."""
    return answer(list_blockers(workspace_of(request), actor_of(request), slug, state=asked.state))


@router.get("/projects/{slug}/tickets/{key}/blockers", dependencies=READ, **gives(BlockerList))
def ticket_blockers(
    request: Request, slug: str, key: str, asked: Annotated[TicketBlockersAsked, Query()]
) -> Response:
    """What is or was in the way of a ticket, open ones first."""
    return answer(list_blockers(workspace_of(request), actor_of(request), slug, state=asked.state, key=key))


@router.post("/projects/{slug}/tickets/{key}/blockers", dependencies=WRITE, **gives(BlockerView, 201))
def new_blocker(request: Request, slug: str, key: str, body: BlockerBody, sent: SentBody) -> Response:
    """Say what is in the way of a ticket. What came back after it was closed is a new blocker."""
    opened = open_blocker(
        workspace_of(request),
        actor_of(request),
        slug,
        key,
        category=body.category,
        text=body.text,
        owner=body.owner,
        remember=remembered(request, sent, _opened),
    )
    return _opened(opened)


@router.post("/projects/{slug}/tickets/{key}/blockers/closings", dependencies=WRITE, **gives(BlockerView))
def end_blocker(request: Request, slug: str, key: str, body: BlockerClosingBody, sent: SentBody) -> Response:
    """Say what took a blocker away: the one with this number, or the only one that is open."""
    closed = close_blocker(
        workspace_of(request),
        actor_of(request),
        slug,
        key,
        body.number,
        resolution=body.resolution,
        remember=remembered(request, sent, answer),
    )
    return answer(closed)


def _opened(blocker: object) -> Response:
    return answer(blocker, 201)
