"""Tickets: content, place on the board, and what people said about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, exists, func, insert, select, update

from assay.domain.experiments.experiment import Lock, TicketContent
from assay.domain.kernel.ids import TicketType, ticket_key
from assay.errors import Conflict
from assay.storage import documents
from assay.storage.repositories.data_takers import DataTakers
from assay.storage.repositories.search_index import SearchIndex
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list, to_json
from assay.storage.tables import projects, runs, stage_counts, ticket_documents, tickets
from assay.workflows.records import Attestation, Override, Project, Ticket

_T, _D = tickets.c, ticket_documents.c
_TICKET = select(
    _T.id, _T.project_id, _T.key, _T.stage, _T.rank, _T.version, _T.card_version, _T.created_at, _T.created_by,
    _T.updated_at, _T.entered_stage_at, _T.iterations, _T.card, _T.begun_at,
    _D.content, _D.lock, _D.decision, _D.attestations, _D.overrides,
).join_from(tickets, ticket_documents, _D.ticket_id == _T.id)  # fmt: skip
_SAME = and_(_T.id == bindparam("the_id"), _T.version == bindparam("the_version"))
_RAISED = {"version": _T.version + 1, "card_version": _T.card_version + 1}

BY_KEY = Statement(_TICKET.where(_T.project_id == bindparam("the_project"), _T.key == bindparam("the_key")))
BY_ID = Statement(_TICKET.where(_T.id == bindparam("the_id")))
BY_KEYS = Statement(
    lambda engine: _TICKET.where(
        _T.project_id == bindparam("the_project"), in_list(engine, _T.key, "keys")
    ).order_by(_T.number, _T.id)
)
IN_COLUMNS = Statement(
    lambda engine: (
        select(_T.key, _T.type)
        .where(_T.project_id == bindparam("the_project"), in_list(engine, _T.stage, "stages"))
        .order_by(_T.number, _T.id)
    )
)
OF_PROJECT = Statement(_TICKET.where(_T.project_id == bindparam("the_project")).order_by(_T.number, _T.id))
COUNTS = Statement(
    select(stage_counts.c.stage, stage_counts.c.count).where(
        stage_counts.c.project_id == bindparam("the_project"), stage_counts.c.count != 0
    )
)
LOCKED_COUNTS = Statement(
    select(tickets.c.stage, func.count())
    .where(tickets.c.project_id == bindparam("the_project"), tickets.c.locked == 1)
    .group_by(tickets.c.stage)
)
_IN_COLUMN = and_(_T.project_id == bindparam("the_project"), _T.stage == bindparam("the_stage"))
RANK_OF = Statement(select(_T.rank, _T.key).where(_IN_COLUMN, _T.key == bindparam("the_key")))
RANK_ABOVE = Statement(
    select(_T.rank)
    .where(
        _IN_COLUMN,
        _T.rank <= bindparam("the_rank"),
        (_T.rank < bindparam("the_rank")) | (_T.key < bindparam("the_key")),
    )
    .order_by(_T.rank.desc(), _T.key.desc())
    .limit(1)
)
_ORDERED = (
    select(_T.id, (func.row_number().over(order_by=(_T.rank, _T.key)) * 1024.0).label("place"))
    .where(_IN_COLUMN)
    .subquery()
)
SPREAD_RANKS = Statement(update(tickets).where(_T.id == _ORDERED.c.id).values(rank=_ORDERED.c.place))
RANK_LAST = Statement(select(_T.rank).where(_IN_COLUMN).order_by(_T.rank.desc(), _T.key.desc()).limit(1))

NEXT_NUMBER = Statement(
    update(projects)
    .where(projects.c.id == bindparam("the_id"))
    .values(next_number=projects.c.next_number + 1)
    .returning(projects.c.next_number - 1)
)
PASS_NUMBER = Statement(
    update(projects)
    .where(projects.c.id == bindparam("the_id"), projects.c.next_number <= bindparam("taken"))
    .values(next_number=bindparam("taken") + 1)
)
_FACTS = ("type", "title", "owner", "priority", "axis", "mode", "budget_gpu_hours", "budget_cost_usd")
ADD = Statement(
    insert(tickets).values(version=1, card_version=1, iterations=0, locked=0, card="{}").returning(_T.id),
    (
        "project_id",
        "key",
        "number",
        *_FACTS,
        "stage",
        "rank",
        "created_at",
        "created_by",
        "updated_at",
        "entered_stage_at",
        "begun_at",
    ),
)
ADD_DOCUMENT = Statement(
    insert(ticket_documents).values(attestations="[]", overrides="[]"), ("ticket_id", "content")
)
EDIT = Statement(update(tickets).where(_SAME).values(_RAISED), (*_FACTS, "updated_at"))
EDIT_DOCUMENT = Statement(update(ticket_documents).where(_D.ticket_id == bindparam("the_id")), ("content",))
PLACE = Statement(
    update(tickets)
    .where(_SAME)
    .values({**_RAISED, "begun_at": func.coalesce(_T.begun_at, bindparam("begun", type_=_T.begun_at.type))}),
    ("stage", "rank", "updated_at", "entered_stage_at", "iterations"),
)
TOUCH = Statement(update(tickets).where(_SAME).values(_RAISED), ("updated_at",))
DELETE = Statement(
    delete(tickets).where(
        _SAME,
        _T.locked == 0,
        ~exists().where(runs.c.project_id == _T.project_id, runs.c.ticket == _T.key).correlate(tickets),
    )
)
CARD = Statement(select(_T.card).where(_T.id == bindparam("the_id")))
PUT_CARD = Statement(
    update(tickets).where(_T.id == bindparam("the_id")).values(card_version=_T.card_version + 1),
    ("card", "recommendation"),
)
PUT_LOCK = Statement(update(ticket_documents).where(_D.ticket_id == bindparam("the_id")), ("lock",))
MARK_LOCKED = Statement(update(tickets).where(_T.id == bindparam("the_id")).values(locked=1))
SAID = Statement(select(_D.attestations, _D.overrides).where(_D.ticket_id == bindparam("the_id")))
PUT_ATTESTATIONS = Statement(
    update(ticket_documents).where(_D.ticket_id == bindparam("the_id")), ("attestations",)
)
PUT_OVERRIDES = Statement(update(ticket_documents).where(_D.ticket_id == bindparam("the_id")), ("overrides",))
MARK_OVERRIDDEN = Statement(
    update(tickets).where(_T.id == bindparam("the_id")), ("override_stage", "override_at")
)


def _count_statement(engine: str) -> Any:
    if engine == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as upsert
    else:
        from sqlalchemy.dialects.postgresql import insert as upsert  # type: ignore[assignment]
    new = upsert(stage_counts)
    return new.values(
        project_id=bindparam("the_project"), stage=bindparam("the_stage"), count=bindparam("step")
    ).on_conflict_do_update(
        index_elements=["project_id", "stage"], set_={"count": stage_counts.c.count + new.excluded.count}
    )


COUNT = Statement(_count_statement)
MOVE_COUNT = Statement(
    update(stage_counts)
    .where(
        stage_counts.c.project_id == bindparam("the_project"),
        stage_counts.c.stage.in_([bindparam("source"), bindparam("target")]),
    )
    .values(count=stage_counts.c.count + case((stage_counts.c.stage == bindparam("target"), 1), else_=-1))
)


class TicketReader(Session):
    """What is known of tickets?"""

    __slots__ = ()

    def ticket(self, project_id: int, key: str) -> Ticket | None:
        """The ticket with this key."""
        row = self.row(BY_KEY, the_project=project_id, the_key=key)
        return None if row is None else _ticket(row)

    def tickets(self, project_id: int, *, keys: Sequence[str] | None = None) -> Sequence[Ticket]:
        """Tickets of a project by number, all or those with these keys."""
        if keys is None:
            rows = self.rows(OF_PROJECT, the_project=project_id)
        else:
            rows = self.rows(BY_KEYS, the_project=project_id, keys=any_of(self.engine, keys))
        return [_ticket(row) for row in rows]

    def keys_in(self, project_id: int, stages: Sequence[str]) -> Mapping[str, TicketType]:
        """Keys of the tickets that stand in these columns, by number, with what kind of ticket each is."""
        rows = self.rows(IN_COLUMNS, the_project=project_id, stages=any_of(self.engine, stages))
        return {key: TicketType(kind) for key, kind in rows}

    def stage_counts(self, project_id: int) -> Mapping[str, int]:
        """Tickets in each column; empty columns are left out."""
        return dict(self.rows(COUNTS, the_project=project_id))

    def locked_counts(self, project_id: int) -> Mapping[str, int]:
        """Tickets in each column whose registration is locked; columns without any are left out."""
        return dict(self.rows(LOCKED_COUNTS, the_project=project_id))

    def ranks_around(
        self, project_id: int, stage: str, *, before_key: str | None
    ) -> tuple[float | None, float | None]:
        """Ranks of the neighbours of the slot just above `before_key` (None: the end of the column).

        A key that is not in the column counts as None.
        """
        below = None
        if before_key is not None:
            below = self.row(RANK_OF, the_project=project_id, the_stage=stage, the_key=before_key)
        if below is None:
            last = self.row(RANK_LAST, the_project=project_id, the_stage=stage)
            return (None if last is None else last[0], None)
        rank, key = below
        above = self.row(RANK_ABOVE, the_project=project_id, the_stage=stage, the_rank=rank, the_key=key)
        return (None if above is None else above[0], rank)


class TicketWriter(TicketReader, SearchIndex, DataTakers):
    """Changes to tickets. Each raises the versions that depend on it."""

    __slots__ = ()

    def add_ticket(
        self,
        project: Project,
        content: TicketContent,
        *,
        stage: str,
        rank: float,
        by: str,
        at: datetime,
        number: int | None = None,
        entered_stage_at: datetime | None = None,
        begun_at: datetime | None = None,
    ) -> Ticket:
        """A new ticket under the project's next number, or under `number`.

        Raises:
            Conflict: the key is taken.
        """
        if number is None:
            (number,) = self.one(NEXT_NUMBER, the_id=project.id)
        else:
            self.execute(PASS_NUMBER, the_id=project.id, taken=number)
        key = ticket_key(content.type, number)
        if self.row(BY_KEY, the_project=project.id, the_key=key) is not None:
            raise Conflict(
                f"cannot create ticket {key!r}: the key is taken (expected a free number)",
                hint=f"assay ticket show {key}",
                code="ticket-exists",
                field="key",
            )
        text = documents.text_of(content)
        (ticket_id,) = self.one(
            ADD, project_id=project.id, key=key, number=number, stage=stage, rank=rank, created_at=at, created_by=by,
            updated_at=at, entered_stage_at=entered_stage_at or at, begun_at=begun_at, **_facts(content),
        )  # fmt: skip
        self.execute(ADD_DOCUMENT, ticket_id=ticket_id, content=text)
        self.execute(COUNT, the_project=project.id, the_stage=stage, step=1)
        self.index_ticket(ticket_id, key, content)
        return Ticket(
            id=ticket_id, project_id=project.id, key=key, content=content, stage=stage, rank=rank, version=1,
            card_version=1, created_at=at, created_by=by, updated_at=at, entered_stage_at=entered_stage_at or at,
            begun_at=begun_at,
        )  # fmt: skip

    def edit_ticket(self, ticket: Ticket, content: TicketContent, *, at: datetime) -> Ticket | None:
        """New content where the version still is `ticket.version`; None when somebody was faster."""
        text = documents.text_of(content)
        same = {"the_id": ticket.id, "the_version": ticket.version}
        if self.execute(EDIT, **same, updated_at=at, **_facts(content)) != 1:
            return None
        self.execute(EDIT_DOCUMENT, the_id=ticket.id, content=text)
        if content.type is TicketType.DATA:
            self.change_takers(ticket.id)
        if _searched(content) != _searched(ticket.content):
            self.index_ticket(ticket.id, ticket.key, content)
        return _raised(ticket, at, content=content)

    def place_ticket(
        self, ticket: Ticket, *, stage: str, rank: float, at: datetime, iterations: int | None = None
    ) -> Ticket | None:
        """New column and rank where the version still is `ticket.version`; keeps the column counts."""
        moved = stage != ticket.stage
        entered = at if moved else ticket.entered_stage_at
        times = ticket.iterations if iterations is None else iterations
        changed = self.execute(
            PLACE, the_id=ticket.id, the_version=ticket.version, stage=stage, rank=rank, updated_at=at,
            entered_stage_at=entered, iterations=times, begun=at if moved else None,
        )  # fmt: skip
        if changed != 1:
            return None
        if moved:
            self._count_move(ticket.project_id, ticket.stage, stage)
        begun = ticket.begun_at or (at if moved else None)
        return _raised(
            ticket, at, stage=stage, rank=rank, entered_stage_at=entered, iterations=times, begun_at=begun
        )

    def touch_ticket(self, ticket: Ticket, *, at: datetime) -> Ticket | None:
        """Raise the version for a change kept elsewhere (decision, lock, attestation); None when stale."""
        if self.execute(TOUCH, the_id=ticket.id, the_version=ticket.version, updated_at=at) != 1:
            return None
        return _raised(ticket, at)

    def delete_ticket(self, ticket: Ticket) -> bool:
        """Remove a ticket that was never locked and has no evidence; False when it may not go or has changed."""
        if ticket.content.type is TicketType.DATA:
            self.change_takers(ticket.id)
        if self.execute(DELETE, the_id=ticket.id, the_version=ticket.version) != 1:
            return False
        self.execute(COUNT, the_project=ticket.project_id, the_stage=ticket.stage, step=-1)
        self.unindex_ticket(ticket.id)
        return True

    def spread_ranks(self, project_id: int, stage: str) -> None:
        """Give the cards of a column even ranks in their present order, where no number fits between two of them."""
        self.execute(SPREAD_RANKS, the_project=project_id, the_stage=stage)

    def put_card(self, ticket_id: int, card: Mapping[str, Any]) -> bool:
        """What the card shows of evidence and verdict; raises `card_version` only when it differs, and says so."""
        text = to_json(dict(card))
        row = self.row(CARD, the_id=ticket_id)
        if row is None or row[0] == text:
            return False
        self.execute(PUT_CARD, the_id=ticket_id, card=text, recommendation=card.get("recommendation"))
        return True

    def put_lock(self, ticket_id: int, lock: Lock) -> None:
        """Write the pre-registration; raise the version with `touch_ticket` or a move."""
        self.execute(PUT_LOCK, the_id=ticket_id, lock=documents.text_of(lock))
        self.execute(MARK_LOCKED, the_id=ticket_id)

    def put_attestation(self, ticket_id: int, attestation: Attestation) -> None:
        """Write what a person vouches for, in place of what was said of the same item."""
        others = [item for item in self._attestations(ticket_id) if item.item != attestation.item]
        text = documents.text_of_attestations((*others, attestation))
        self.execute(PUT_ATTESTATIONS, the_id=ticket_id, attestations=text)

    def remove_attestation(self, ticket_id: int, item: str) -> None:
        """Take an attestation back."""
        kept = tuple(said for said in self._attestations(ticket_id) if said.item != item)
        self.execute(PUT_ATTESTATIONS, the_id=ticket_id, attestations=documents.text_of_attestations(kept))

    def add_override(self, ticket_id: int, override: Override) -> None:
        """Write that a gate was passed by a person's word."""
        _, text = self.one(SAID, the_id=ticket_id)
        items = (*documents.overrides(text), override)
        self.execute(PUT_OVERRIDES, the_id=ticket_id, overrides=documents.text_of_overrides(items))
        self.execute(
            MARK_OVERRIDDEN, the_id=ticket_id, override_stage=override.to_stage, override_at=override.at
        )

    def _attestations(self, ticket_id: int) -> tuple[Attestation, ...]:
        text, _ = self.one(SAID, the_id=ticket_id)
        return documents.attestations(text)

    def _count_move(self, project_id: int, source: str, target: str) -> None:
        if self.execute(MOVE_COUNT, the_project=project_id, source=source, target=target) != 2:
            # The target column has no row yet: the statement above changed the source alone.
            self.execute(COUNT, the_project=project_id, the_stage=target, step=1)


def _ticket(row: Row) -> Ticket:
    (
        number, project_id, key, stage, rank, version, card_version, created_at, created_by, updated_at, entered,
        iterations, card, begun, content, lock, decision, attestations, overrides,
    ) = row  # fmt: skip
    return Ticket(
        id=number, project_id=project_id, key=key, content=documents.content(content), stage=stage, rank=rank,
        version=version, card_version=card_version, created_at=created_at, created_by=created_by,
        updated_at=updated_at, entered_stage_at=entered, iterations=iterations,
        lock=None if lock is None else documents.lock(lock),
        decision=None if decision is None else documents.decision(decision),
        attestations=documents.attestations(attestations), overrides=documents.overrides(overrides),
        card=from_json(card), begun_at=begun,
    )  # fmt: skip


def _raised(ticket: Ticket, at: datetime, **changes: Any) -> Ticket:
    return replace(
        ticket, version=ticket.version + 1, card_version=ticket.card_version + 1, updated_at=at, **changes
    )


def _facts(content: TicketContent) -> dict[str, Any]:
    """The parts of the content that lists sort and filter by."""
    hours, money = content.budget.gpu_hours, content.budget.cost_usd
    return {
        "type": content.type.value,
        "title": content.title,
        "owner": content.owner,
        "priority": content.priority,
        "axis": None if content.axis is None else content.axis.value,
        "mode": None if content.mode is None else content.mode.value,
        "budget_gpu_hours": None if hours is None else float(hours),
        "budget_cost_usd": None if money is None else float(money),
    }


def _searched(content: TicketContent) -> tuple[str, str, str]:
    return content.title, content.hypothesis, content.method
