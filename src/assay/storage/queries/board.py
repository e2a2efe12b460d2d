"""The board: which cards stand where, and what they show.

Cards of all columns are read in one statement, a limited walk down the index for each column, so the number of tickets in
the database does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select, union_all

from assay.domain.board.blockers import BlockerCategory
from assay.domain.board.board import Stage
from assay.domain.board.roles import ColumnRole, column_roles
from assay.domain.board.wip import limited_by_gpus, taken_of
from assay.domain.experiments.criteria.text import criterion_text
from assay.domain.experiments.experiment import TicketContent
from assay.domain.experiments.supplies import LinkedData, data_state, supplies
from assay.domain.kernel.findings import Role
from assay.domain.kernel.ids import TicketType
from assay.storage.documents import content
from assay.storage.queries.column_limits import LimitQueries
from assay.storage.queries.filters import page_size, ticket_conditions
from assay.storage.queries.linked_data import LinkedDataQueries
from assay.storage.repositories.journal import LAST_SEQ
from assay.storage.repositories.pipelines import IS_UNREAD, JOB, UNREAD, pipeline_job, unread_orchestrator
from assay.storage.repositories.tickets import COUNTS
from assay.storage.session import Row, Statement, any_of, from_json, in_list
from assay.storage.tables import blockers, pipeline_jobs, sources, ticket_documents, tickets
from assay.workflows.asked import Asked
from assay.workflows.records import Project
from assay.workflows.views import (
    BoardSlots,
    BoardView,
    CardBlocker,
    CardSlot,
    CardView,
    ColumnPage,
    ColumnSlots,
    ColumnView,
)

_T = tickets.c
_SLOT = (_T.id, _T.key, _T.stage, _T.rank, _T.card_version)
_CARD = (
    _T.id, _T.key, _T.type, _T.title, _T.owner, _T.stage, _T.rank, _T.version, _T.card_version, _T.priority,
    _T.entered_stage_at, _T.card, _T.override_stage, _T.override_at, _T.locked, ticket_documents.c.content,
    ticket_documents.c.lock, _T.begun_at, _T.iterations, ticket_documents.c.decision, ticket_documents.c.attestations, *JOB, *UNREAD,
)  # fmt: skip
_STAGE = [column.key for column in _CARD].index("stage")
_NOTHING_SAID = "[]"
_OPEN_BLOCKER = (blockers.c.number, blockers.c.category, blockers.c.text, blockers.c.opened_at)
CARDS = Statement(
    lambda engine: (
        select(*_CARD, *_OPEN_BLOCKER)
        .join_from(tickets, ticket_documents, ticket_documents.c.ticket_id == _T.id)
        .outerjoin(pipeline_jobs, pipeline_jobs.c.id == _T.job_id)
        .outerjoin(sources, IS_UNREAD)
        .outerjoin(blockers, and_(blockers.c.ticket_id == _T.id, blockers.c.closed_at.is_(None)))
        .where(in_list(engine, _T.id, "ids"))
        .order_by(blockers.c.opened_at, blockers.c.id)
    )
)
"""A row for each card, and for a card with several open blockers one for each of them."""


class BoardQueries(LimitQueries, LinkedDataQueries):
    """What does the board show?"""

    __slots__ = ()

    def board_slots(self, project: Project, *, per_column: int, filters: Asked) -> BoardSlots:
        """Which cards stand where, without what they show: for pages that keep the HTML of cards they have seen."""
        stages = project.settings.board.stages
        (seq,) = self.one(LAST_SEQ)
        limit = page_size(per_column)
        if any(filters.values()):
            counts, rows = self._filtered(project, limit, filters)
        else:
            counts = dict(self.rows(COUNTS, the_project=project.id))
            statement = _slots_statement(tuple(stage.key for stage in stages))
            rows = self.rows(statement, the_project=project.id, limit=limit + 1)
        slots: dict[str, list[CardSlot]] = {stage.key: [] for stage in stages}
        for row in rows:
            slots[row[2]].append(CardSlot._make(row))
        gpus = self.gpus_taken(project.id, limited_by_gpus(project.settings.board))
        columns = tuple(
            _column(stage, counts.get(stage.key, 0), slots[stage.key], limit, gpus) for stage in stages
        )
        return BoardSlots(columns=columns, seq=seq)

    def cards(self, ids: Sequence[int], roles: Mapping[str, ColumnRole]) -> Mapping[int, CardView]:
        """What these cards show, by ticket id; those that are gone are left out. `roles` says what each column is for."""
        if not ids:
            return {}
        in_the_way: dict[int, list[CardBlocker]] = defaultdict(list)
        rows: dict[int, Row] = {}
        for row in self.rows(CARDS, ids=any_of(self.engine, ids)):
            rows[row[0]] = row[: len(_CARD)]
            number, category, text, since = row[len(_CARD) :]
            if number is not None:
                in_the_way[row[0]].append(CardBlocker(number, BlockerCategory(category), text, since))
        linked = self.linked_data(ids)
        return {
            key: _card(
                row, tuple(in_the_way[key]), roles.get(row[_STAGE], ColumnRole.OTHER), linked.get(key, ())
            )
            for key, row in rows.items()
        }

    def board_view(self, project: Project, *, per_column: int, filters: Asked) -> BoardView:
        """The board, first page of every column."""
        slots = self.board_slots(project, per_column=per_column, filters=filters)
        roles = column_roles(project.settings.board)
        cards = self.cards([slot.id for column in slots.columns for slot in column.slots], roles)
        columns = tuple(
            ColumnView(
                key=column.key,
                title=column.title,
                wip_limit=column.wip_limit,
                count=column.count,
                gate=column.gate,
                cards=tuple(cards[slot.id] for slot in column.slots),
                next_cursor=column.next_cursor,
                taken=column.taken,
            )
            for column in slots.columns
        )
        return BoardView(columns=columns, seq=slots.seq)

    def column_page(
        self,
        project: Project,
        stage: str,
        *,
        after: tuple[float, str] | None,
        limit: int,
        filters: Asked,
    ) -> ColumnPage:
        """More cards of one column, behind the card with this rank and key."""
        limit = page_size(limit)
        conditions = [_T.project_id == project.id, _T.stage == stage, *ticket_conditions(filters)]
        if after is not None:
            rank, key = after
            conditions.append(or_(_T.rank > rank, and_(_T.rank == rank, _T.key > key)))
        chosen = select(*_SLOT).where(*conditions).order_by(_T.rank, _T.key).limit(limit + 1)
        slots = [CardSlot._make(row) for row in self.select(chosen)]
        cards = self.cards([slot.id for slot in slots[:limit]], column_roles(project.settings.board))
        return ColumnPage(
            cards=tuple(cards[slot.id] for slot in slots[:limit]), next_cursor=_next_cursor(slots, limit)
        )

    def _filtered(self, project: Project, limit: int, filters: Asked) -> tuple[dict[str, int], list[Row]]:
        conditions = [_T.project_id == project.id, *ticket_conditions(filters)]
        counted = select(_T.stage, func.count()).where(*conditions).group_by(_T.stage)
        counts: dict[str, int] = dict(self.select(counted))
        shown = [stage.key for stage in project.settings.board.stages if counts.get(stage.key)]
        if not shown:
            return counts, []
        parts = [_first_slots(key, limit + 1).where(*conditions) for key in shown]
        return counts, self.select(_together(parts))


@lru_cache(maxsize=64)
def _slots_statement(stages: tuple[str, ...]) -> Statement:
    parts = [
        _first_slots(key, bindparam("limit")).where(_T.project_id == bindparam("the_project"))
        for key in stages
    ]
    return Statement(_together(parts))


def _first_slots(stage: str, limit: Any) -> Select[Any]:
    return select(*_SLOT).where(_T.stage == stage).order_by(_T.rank, _T.key).limit(limit)


def _together(parts: Sequence[Select[Any]]) -> Any:
    """One statement of several limited ones; each in a subquery, where both engines take ORDER BY and LIMIT."""
    return union_all(*(select(part.subquery()) for part in parts))


def _column(
    stage: Stage, count: int, slots: list[CardSlot], limit: int, gpus: Mapping[str, int]
) -> ColumnSlots:
    return ColumnSlots(
        key=stage.key,
        title=stage.title,
        wip_limit=stage.wip_limit,
        count=count,
        gate=stage.gate_text,
        slots=tuple(slots[:limit]),
        next_cursor=_next_cursor(slots, limit),
        taken=taken_of(stage, count, gpus),
    )


def _next_cursor(slots: Sequence[CardSlot], limit: int) -> str | None:
    return f"{slots[limit - 1].rank!r}~{slots[limit - 1].key}" if len(slots) > limit else None


def _card(
    row: Row, in_the_way: tuple[CardBlocker, ...], role: ColumnRole, linked: tuple[LinkedData, ...]
) -> CardView:
    (
        _, key, kind, title, owner, stage, rank, version, card_version, priority, entered, card,
        override_stage, override_at, locked, text, lock, begun_at, iterations, decided, said, *job,
    ) = row  # fmt: skip
    written = content(text)
    data = data_state(supplies(written.data_needs, linked), begun=bool(locked))
    due = [need.needed_by for need in written.data_needs if need.needed_by and not need.ready]
    decision = None if decided is None else from_json(decided)
    return CardView(
        key=key, type=kind, title=title, owner=owner, stage=stage, rank=rank, version=version,
        card_version=card_version, priority=priority, entered_stage_at=entered, hypothesis=written.hypothesis,
        evidence=from_json(card), overridden=override_stage == stage and override_at >= entered, locked=bool(locked),
        # One field of it: to build the whole lock would cost more than the rest of the card.
        locked_at=None if lock is None else datetime.fromisoformat(from_json(lock)["locked_at"]),
        time_box_days=written.time_box_days, data=None if data is None else data.value, data_due=min(due, default=None),
        blockers=in_the_way, begun_at=begun_at if kind == TicketType.SPIKE.value else None,
        role=role, success=_success(written) if role is ColumnRole.PREPARING else (), budget=written.budget, iterations=iterations, model=written.engineering.model_version or written.candidate or "",
        confirmed=tuple(one["item"] for one in from_json(said)) if said != _NOTHING_SAID else (),
        reason="" if decision is None else decision.get("reason", ""),
        decided_at=None if decision is None else datetime.fromisoformat(decision["at"]),
        job=None if job[0] is None else pipeline_job(tuple(job[: len(JOB)])),
        job_unread=None if job[len(JOB)] is None else unread_orchestrator(tuple(job[len(JOB) :])),
    )  # fmt: skip


def _success(written: TicketContent) -> tuple[str, ...]:
    return tuple(criterion_text(one) for one in written.criteria if one.role is Role.PRIMARY)
