"""The two backlogs, and the same change on many tickets."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import SentBody, remembered
from assay.api.schemas.backlogs import BulkBody, UndoBody
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.backlogs import Backlogs, backlogs
from assay.workflows.bulk_edits import BulkReport, edit_many, undo_many

router = v1_router("tickets")
WRITE = [requires(Permission.WRITE_TICKETS)]


@router.get("/projects/{slug}/backlog", dependencies=[requires(Permission.READ)], **gives(Backlogs))
def show_backlog(request: Request, slug: str) -> Response:
    """What nobody has begun: the product backlog and the experiment backlog, each in its order."""
    return answer(backlogs(workspace_of(request), actor_of(request), slug))


@router.post("/projects/{slug}/bulk-edits", dependencies=WRITE, **gives(BulkReport))
def bulk_edit(request: Request, slug: str, body: BulkBody, sent: SentBody) -> Response:
    """The same change on many tickets: all of them, or none. The answer says how to take it back."""
    return answer(
        edit_many(
            workspace_of(request),
            actor_of(request),
            slug,
            [(one.key, one.version) for one in body.tickets],
            body.change(),
            remember=remembered(request, sent, answer),
        )
    )


@router.post("/projects/{slug}/bulk-edits/undo", dependencies=WRITE, **gives(BulkReport))
def undo_bulk_edit(request: Request, slug: str, body: UndoBody, sent: SentBody) -> Response:
    """Take a bulk edit back, by the numbers that its answer gave; what was changed again since then stays."""
    return answer(
        undo_many(
            workspace_of(request),
            actor_of(request),
            slug,
            first_seq=body.first_seq,
            last_seq=body.last_seq,
            remember=remembered(request, sent, answer),
        )
    )
