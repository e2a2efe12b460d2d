"""Sprints, and what was committed to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update

from assay.domain.sprints.sprint import Retro, SprintContent, SprintState
from assay.storage import documents
from assay.storage.session import Row, Session, Statement
from assay.storage.tables import commitments, sprints, tickets
from assay.workflows.records import Commitment, CommitmentCount, Sprint, Ticket

_S, _C = sprints.c, commitments.c
_SPRINT = (
    _S.id, _S.project_id, _S.number, _S.state, _S.content, _S.retro, _S.version, _S.created_at, _S.started_at, _S.ended_at,
)  # fmt: skip
_COMMITMENT = (
    _C.id, _C.sprint_id, tickets.c.key, _C.added_at, _C.added_by, _C.after_start, _C.removed_at, _C.removed_by,
    _C.removed_reason, _C.extension_reason,
)  # fmt: skip
_OF_PROJECT = _S.project_id == bindparam("the_project")
SPRINTS = Statement(select(*_SPRINT).where(_OF_PROJECT).order_by(_S.number))
SPRINT = Statement(select(*_SPRINT).where(_OF_PROJECT, _S.number == bindparam("the_number")))
LAST_NUMBER = Statement(select(func.coalesce(func.max(_S.number), 0)).where(_OF_PROJECT))
ADD_SPRINT = Statement(
    insert(sprints).returning(_S.id),
    ("project_id", "number", "state", "content", "retro", "version", "created_at"),
)
SAVE_SPRINT = Statement(
    update(sprints)
    .where(_S.id == bindparam("the_sprint"), _S.version == bindparam("seen"))
    .values(version=_S.version + 1),
    ("state", "content", "retro", "started_at", "ended_at"),
)
_made = select(*_COMMITMENT).join_from(commitments, tickets, tickets.c.id == _C.ticket_id)
COMMITMENTS = Statement(_made.where(_C.sprint_id == bindparam("the_sprint")).order_by(_C.id))
ALL_COMMITMENTS = Statement(
    _made.join(sprints, sprints.c.id == _C.sprint_id).where(_OF_PROJECT).order_by(_C.id)
)
COMMITMENT_COUNTS = Statement(
    select(
        _C.sprint_id,
        func.count(),
        func.count().filter(_C.removed_at.is_(None)),
        func.count().filter(_C.after_start == 1),
    )
    .join_from(commitments, sprints, sprints.c.id == _C.sprint_id)
    .where(_OF_PROJECT)
    .group_by(_C.sprint_id)
)
ADD_COMMITMENT = Statement(
    insert(commitments).returning(_C.id), ("sprint_id", "ticket_id", "added_at", "added_by", "after_start")
)
SAVE_COMMITMENT = Statement(
    update(commitments).where(_C.id == bindparam("the_commitment")),
    ("removed_at", "removed_by", "removed_reason", "extension_reason"),
)


class SprintReader(Session):
    """Which sprints are there, and what is in them?"""

    __slots__ = ()

    def sprints(self, project_id: int) -> Sequence[Sprint]:
        """Every sprint of a project, by number."""
        return [_sprint(row) for row in self.rows(SPRINTS, the_project=project_id)]

    def sprint(self, project_id: int, number: int) -> Sprint | None:
        """One sprint of a project."""
        row = self.row(SPRINT, the_project=project_id, the_number=min(number, 2**31 - 1))
        return None if row is None else _sprint(row)

    def commitments(self, sprint_id: int) -> Sequence[Commitment]:
        """Everything ever taken into a sprint, in that order."""
        return [_commitment(row) for row in self.rows(COMMITMENTS, the_sprint=sprint_id)]

    def all_commitments(self, project_id: int) -> Sequence[Commitment]:
        """Of every sprint of a project, in the order they were made."""
        return [_commitment(row) for row in self.rows(ALL_COMMITMENTS, the_project=project_id)]

    def commitment_counts(self, project_id: int) -> Mapping[int, CommitmentCount]:
        """By the sprint's id; sprints that nothing was ever taken into are left out."""
        rows = self.rows(COMMITMENT_COUNTS, the_project=project_id)
        return {sprint_id: CommitmentCount(*counts) for sprint_id, *counts in rows}


class SprintWriter(SprintReader):
    """Changes to sprints."""

    __slots__ = ()

    def add_sprint(self, project_id: int, content: SprintContent, *, at: datetime) -> Sprint:
        """A planned sprint under the project's next number."""
        (last,) = self.one(LAST_NUMBER, the_project=project_id)
        retro = Retro()
        (sprint_id,) = self.one(
            ADD_SPRINT,
            project_id=project_id,
            number=last + 1,
            state=SprintState.PLANNED.value,
            content=documents.text_of(content),
            retro=documents.text_of(retro),
            version=1,
            created_at=at,
        )
        return Sprint(
            id=sprint_id,
            project_id=project_id,
            number=last + 1,
            state=SprintState.PLANNED,
            content=content,
            retro=retro,
            version=1,
            created_at=at,
        )

    def save_sprint(self, sprint: Sprint) -> Sprint | None:
        """Write state, content, retro and times where the version still is `sprint.version`; None when stale."""
        changed = self.execute(
            SAVE_SPRINT,
            the_sprint=sprint.id,
            seen=sprint.version,
            state=sprint.state.value,
            content=documents.text_of(sprint.content),
            retro=documents.text_of(sprint.retro),
            started_at=sprint.started_at,
            ended_at=sprint.ended_at,
        )
        return replace(sprint, version=sprint.version + 1) if changed else None

    def add_commitment(
        self, sprint: Sprint, ticket: Ticket, *, by: str, at: datetime, after_start: bool
    ) -> Commitment:
        """Take a ticket in."""
        (number,) = self.one(
            ADD_COMMITMENT,
            sprint_id=sprint.id,
            ticket_id=ticket.id,
            added_at=at,
            added_by=by,
            after_start=int(after_start),
        )
        return Commitment(
            id=number,
            sprint_id=sprint.id,
            key=ticket.key,
            added_at=at,
            added_by=by,
            after_start=after_start,
        )

    def save_commitment(self, commitment: Commitment) -> None:
        """Write how and why it was taken out, and its flag."""
        self.execute(
            SAVE_COMMITMENT,
            the_commitment=commitment.id,
            removed_at=commitment.removed_at,
            removed_by=commitment.removed_by or None,
            removed_reason=commitment.removed_reason or None,
            extension_reason=commitment.extension_reason or None,
        )


def _sprint(row: Row) -> Sprint:
    number, project, in_project, state, content, retro, version, created, started, ended = row
    return Sprint(
        id=number,
        project_id=project,
        number=in_project,
        state=SprintState(state),
        content=documents.sprint(content),
        retro=documents.retro(retro),
        version=version,
        created_at=created,
        started_at=started,
        ended_at=ended,
    )


def _commitment(row: Row) -> Commitment:
    number, sprint, key, added_at, added_by, after, removed_at, removed_by, reason, extension = row
    return Commitment(
        id=number,
        sprint_id=sprint,
        key=key,
        added_at=added_at,
        added_by=added_by,
        after_start=bool(after),
        removed_at=removed_at,
        removed_by=removed_by or "",
        removed_reason=reason or "",
        extension_reason=extension or "",
    )
