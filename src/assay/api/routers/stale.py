"""What was forgotten, and its end."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import SentBody, remembered
from assay.api.schemas.moves import DecisionDocument
from assay.api.schemas.stale import KilledList, KillsBody, StaleList, stale_document
from assay.api.schemas.tickets import ticket_document
from assay.api.versioned import v1_router
from assay.workflows.actor import Permission
from assay.workflows.stale_kills import kill_stale, stale_choices

router = v1_router("verdicts")


@router.get("/projects/{slug}/stale", dependencies=[requires(Permission.READ)], **gives(StaleList))
def list_stale_tickets(request: Request, slug: str) -> Response:
    """Tickets in progress that are past their time box or show no sign of life, the longest first, and which may be killed."""
    _, choices = stale_choices(workspace_of(request), actor_of(request), slug)
    return answer(StaleList(rows=[stale_document(one) for one in choices]))


@router.post(
    "/projects/{slug}/stale/kills", dependencies=[requires(Permission.DECIDE)], **gives(KilledList, 201)
)
def kill_stale_tickets(request: Request, slug: str, body: KillsBody, sent: SentBody) -> Response:
    """Kill stale tickets, each with its own learnings: all of them, or none. A kill is not taken back."""
    done = kill_stale(
        workspace_of(request),
        actor_of(request),
        slug,
        body.chosen(),
        reason=body.reason,
        remember=remembered(request, sent, _killed),
    )
    return _killed(done)


def _killed(done: object) -> Response:
    assert isinstance(done, tuple)
    rows = [
        DecisionDocument(
            ticket=ticket_document(one.ticket),
            decision=one.decision,
            moved_to=one.moved_to,
            not_moved_because=one.not_moved_because,
        )
        for one in done
    ]
    return answer(KilledList(rows=rows), 201)
