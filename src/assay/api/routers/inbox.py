"""What others did on the tickets that somebody follows, and how far they have read."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.pages import InboxAsked
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.schemas.inbox import InboxDocument, MarkBody, inbox_document
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.inbox import Marked, inbox, mark_read

router = v1_router("inbox")


@router.get("/projects/{slug}/inbox", dependencies=[requires(Permission.READ)], **gives(InboxDocument))
def show_inbox(request: Request, slug: str, asked: Annotated[InboxAsked, Query()]) -> Response:
    """What others did on the tickets that somebody follows, since they follow them; newest first."""
    view = inbox(
        workspace_of(request), actor_of(request), slug, who=asked.who, before=asked.before, limit=asked.limit
    )
    return answer(inbox_document(view))


@router.put("/projects/{slug}/inbox", dependencies=[requires(Permission.WRITE_TICKETS)], **gives(Marked))
def mark_inbox(request: Request, slug: str, body: MarkBody) -> Response:
    """Mark everything up to a journal number as read; the answer says how to take it back."""
    return answer(
        mark_read(workspace_of(request), actor_of(request), slug, up_to=body.read_up_to, who=body.who)
    )
