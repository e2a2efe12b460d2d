"""Planning: candidates by value of information, places given by hand, and how good earlier expectations were."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, etag
from assay.api.schemas.planning import (
    CallsAsked,
    CallsDocument,
    PlanAsked,
    PlanDocument,
    PlanningAsked,
    PlanningDocument,
    calls_document,
    plan_document,
    planning_document,
)
from assay.api.schemas.tickets import PlaceBody, TicketDocument, ticket_document
from assay.api.versioned import v1_router
from assay.domain.experiments.ticket_data import place_from_data
from assay.workflows.actor import Permission
from assay.workflows.planning import candidates, predictions_scored, set_place
from assay.workflows.planning_markdown import planning_markdown
from assay.workflows.planning_page import planning
from assay.workflows.records import Ticket

router = v1_router("planning", prefix="/projects/{slug}/planning")


@router.get("", dependencies=[requires(Permission.READ)], **gives(PlanDocument))
def show_plan(request: Request, slug: str, asked: Annotated[PlanAsked, Query()]) -> Response:
    """Experiments that could be run next, by value of information for their cost, with feasibility and readiness."""
    return answer(
        plan_document(
            candidates(
                workspace_of(request),
                actor_of(request),
                slug,
                per=asked.per,
                starts_on=asked.starts_on,
                ends_on=asked.ends_on,
            )
        )
    )


@router.get("/page", dependencies=[requires(Permission.READ)], **gives(PlanningDocument))
def show_planning(request: Request, slug: str, asked: Annotated[PlanningAsked, Query()]) -> Response:
    """The sprint that is planned next, its candidates in order, and what it asks for; as data or as Markdown."""
    view = planning(workspace_of(request), actor_of(request), slug, per=asked.per, number=asked.sprint)
    if asked.format == "markdown":
        return Response(planning_markdown(view), media_type="text/markdown; charset=utf-8")
    return answer(planning_document(view))


@router.get("/calls", dependencies=[requires(Permission.READ)], **gives(CallsDocument))
def show_calls(request: Request, slug: str, asked: Annotated[CallsAsked, Query()]) -> Response:
    """Chances given before the lock against what came true, and whether those ranked first paid, for any past window."""
    since = datetime.combine(asked.since, time.min, tzinfo=UTC)
    until = None if asked.until is None else datetime.combine(asked.until, time.max, tzinfo=UTC)
    return answer(
        calls_document(
            predictions_scored(
                workspace_of(request), actor_of(request), slug, since=since, until=until, per=asked.per
            )
        )
    )


def _placed(ticket: Ticket) -> Response:
    return answer(ticket_document(ticket), headers={"etag": etag(ticket.version)})


@router.put("/places/{key}", dependencies=[requires(Permission.WRITE_TICKETS)], **gives(TicketDocument))
def put_place(request: Request, slug: str, key: str, body: PlaceBody, version: ExpectedVersion) -> Response:
    """Put a candidate on a place of the ranking by hand, with a reason. Needs If-Match."""
    place = place_from_data(body.model_dump())
    return _placed(
        set_place(workspace_of(request), actor_of(request), slug, key, place, expected_version=version)
    )


@router.delete("/places/{key}", dependencies=[requires(Permission.WRITE_TICKETS)], **gives(TicketDocument))
def delete_place(request: Request, slug: str, key: str, version: ExpectedVersion) -> Response:
    """Give a candidate back to the computed order. Needs If-Match."""
    return _placed(
        set_place(workspace_of(request), actor_of(request), slug, key, None, expected_version=version)
    )
