"""Why a team does not ship: every usual cause against its own data, and the ticket that mends one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.pages import DiagnosisAsked
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import SentBody, etag, remembered
from assay.api.schemas.tickets import TicketDocument, ticket_document
from assay.api.versioned import v1_router
from assay.domain.board.diagnosis import Cause
from assay.workflows.actor import Permission
from assay.workflows.diagnosis import DiagnosisView, diagnosis, mend_cause
from assay.workflows.records import Ticket

router = v1_router("diagnosis")


@router.get("/projects/{slug}/diagnosis", dependencies=[requires(Permission.READ)], **gives(DiagnosisView))
def project_diagnosis(request: Request, slug: str, asked: Annotated[DiagnosisAsked, Query()]) -> Response:
    """What speaks for and against each usual cause of not shipping, the worst first; unknown is said as unknown."""
    return answer(diagnosis(workspace_of(request), actor_of(request), slug, days=asked.days))


@router.post(
    "/projects/{slug}/diagnosis/{cause}/tickets",
    dependencies=[requires(Permission.WRITE_TICKETS)],
    **gives(TicketDocument, 201),
)
def mend(
    request: Request, slug: str, cause: Cause, asked: Annotated[DiagnosisAsked, Query()], sent: SentBody
) -> Response:
    """Make the ticket that mends a cause, with the evidence of this moment in it."""

    def made(ticket: object) -> Response:
        assert isinstance(ticket, Ticket)
        where = f"/api/v1/projects/{slug}/tickets/{ticket.key}"
        return answer(ticket_document(ticket), 201, {"etag": etag(ticket.version), "location": where})

    ticket = mend_cause(
        workspace_of(request),
        actor_of(request),
        slug,
        cause,
        days=asked.days,
        remember=remembered(request, sent, made),
    )
    return made(ticket)
