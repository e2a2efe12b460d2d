"""Sprints as they travel."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from assay.api.schemas.tickets import Body
from assay.domain.sprints.sprint import Capacity, Retro, SprintContent
from assay.workflows.records import Commitment, Sprint
from assay.workflows.sprints import SprintPlan

TicketKey = Annotated[str, Field(max_length=40, examples=["EXP-42"])]
Reason = Annotated[str, Field(max_length=2000)]


class SprintBody(Body):
    """A sprint; what is left out follows from the last one."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    goal: Annotated[str, Field(max_length=20_000)] | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    capacity: Capacity | None = None
    demo: TicketKey | None = None


class CommitBody(Body):
    """Tickets to take into a sprint."""

    tickets: Annotated[list[TicketKey], Field(min_length=1, max_length=200)]
    confirmed: bool = False
    """The team is sure although it is more than usual."""


class StartBody(Body):
    """How sure the team is of what it starts."""

    confirmed: bool = False
    """The team is sure although it is more than usual."""


class ReleaseBody(Body):
    """Why a ticket leaves a sprint."""

    reason: Reason = ""


class ExtensionBody(Body):
    """Why an experiment needs longer; empty takes the flag back."""

    reason: Reason


class ImprovementBody(Body):
    """The one improvement that a retro picked."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    """What will be done: the title of the ticket."""


class SprintDocument(TypedDict):
    """A sprint as it stands."""

    number: int
    state: str
    content: SprintContent
    retro: Retro
    version: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class CommitmentDocument(TypedDict):
    """A ticket taken into a sprint."""

    ticket: str
    added_at: datetime
    added_by: str
    after_start: bool
    removed_at: datetime | None
    removed_by: str
    removed_reason: str
    extension_reason: str


class SprintPlanDocument(TypedDict):
    """A sprint with everything ever taken into it."""

    sprint: SprintDocument
    commitments: list[CommitmentDocument]
    conflicts: list[str]
    """What stands in the way of a planned one: another that runs in its days, tickets that went elsewhere."""


class SprintList(TypedDict):
    """Every sprint of a project, by number."""

    rows: list[SprintDocument]


def sprint_document(sprint: Sprint) -> SprintDocument:
    """A sprint as the API tells it."""
    return SprintDocument(
        number=sprint.number,
        state=sprint.state.value,
        content=sprint.content,
        retro=sprint.retro,
        version=sprint.version,
        created_at=sprint.created_at,
        started_at=sprint.started_at,
        ended_at=sprint.ended_at,
    )


def plan_document(plan: SprintPlan) -> SprintPlanDocument:
    """A sprint with its commitments as the API tells it."""
    return SprintPlanDocument(
        sprint=sprint_document(plan.sprint),
        commitments=[_commitment(made) for made in plan.commitments],
        conflicts=list(plan.conflicts),
    )


def _commitment(made: Commitment) -> CommitmentDocument:
    return CommitmentDocument(
        ticket=made.key,
        added_at=made.added_at,
        added_by=made.added_by,
        after_start=made.after_start,
        removed_at=made.removed_at,
        removed_by=made.removed_by,
        removed_reason=made.removed_reason,
        extension_reason=made.extension_reason,
    )
