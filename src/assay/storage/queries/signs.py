"""What is being worked on, and when did somebody last see a sign of life of it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, case, not_, or_, select

from assay.domain.board.staleness import WorkSigns
from assay.domain.experiments.experiment import Decision, DecisionKind
from assay.domain.kernel.ids import TicketType
from assay.storage import documents
from assay.storage.queries.in_json import json_word
from assay.storage.session import Row, Session, Statement, any_of, from_json, in_list
from assay.storage.tables import journal, projects, ticket_documents, tickets
from assay.workflows.diagnosis_ports import WorkItem

_T, _D = tickets.c, ticket_documents.c
_SIGNS = ("ticket.moved", "ticket.noted", "ticket.edited")
_EVIDENCE = journal.alias("evidence")
_LAST_TOLD = (
    select(journal.c.at)
    .where(
        journal.c.subject == _T.key,
        journal.c.project == projects.c.slug,
        or_(*(journal.c.kind == kind for kind in _SIGNS)),
    )
    .order_by(journal.c.seq.desc())
    .limit(1)
    .correlate(tickets, projects)
    .scalar_subquery()
)
WORK = Statement(
    lambda engine: (
        select(
            _T.key, _T.type, _T.entered_stage_at, _T.begun_at, _D.decision, _D.content, _D.lock, _EVIDENCE.c.at,
            _LAST_TOLD.label("told_at"),
        )
        .join_from(tickets, ticket_documents, _D.ticket_id == _T.id)
        .join(projects, projects.c.id == _T.project_id)
        .outerjoin(_EVIDENCE, _EVIDENCE.c.seq == _T.evidence_seq)
        .where(_T.project_id == bindparam("the_project"), in_list(engine, _T.stage, "stages"))
        .order_by(_T.number, _T.id)
    )
)  # fmt: skip


ITEMS = Statement(
    lambda engine: (
        select(
            _T.key, _T.stage, _T.entered_stage_at, _T.recommendation, _D.content, _D.decision,
            # Most of what is stored of a project is locks of experiments that are over.
            case((not_(in_list(engine, _T.stage, "over")), _D.lock)),
            json_word(engine, _T.card, "snoozed").label("snoozed"),
        )
        .join_from(tickets, ticket_documents, _D.ticket_id == _T.id)
        .where(_T.project_id == bindparam("the_project"))
        .order_by(_T.number, _T.id)
    )
)  # fmt: skip


class SignQueries(Session):
    """What happens on work in progress?"""

    __slots__ = ()

    def work_signs(self, project_id: int, stages: Sequence[str]) -> Sequence[WorkSigns]:
        """Every ticket in these columns with its last sign of life, by number."""
        wanted = any_of(self.engine, stages)
        return [_signs(row) for row in self.rows(WORK, the_project=project_id, stages=wanted)]

    def work_items(self, project_id: int, *, over: Sequence[str]) -> Sequence[WorkItem]:
        """Every ticket of a project, by number; `over` are the columns in which work is over."""
        asked = {"the_project": project_id, "over": any_of(self.engine, over)}
        return [_item(row) for row in self.rows(ITEMS, **asked)]


def _item(row: Row) -> WorkItem:
    key, stage, entered_at, recommendation, text, decision, lock, snoozed = row
    stands = None if decision is None else _standing(documents.decision(decision), entered_at)
    return WorkItem(
        key, stage, documents.content(text), stands, recommendation, _locked_at(lock), snoozed is not None
    )


def _locked_at(lock: str | None) -> datetime | None:
    return None if lock is None else datetime.fromisoformat(from_json(lock)["locked_at"])


def _signs(row: Row) -> WorkSigns:
    key, kind, entered_at, begun_at, decision, text, lock, evidence_at, told_at = row
    return WorkSigns(
        key=key,
        type=TicketType(kind),
        last_sign_at=max(at for at in (entered_at, evidence_at, told_at) if at is not None),
        begun_at=begun_at,
        locked_at=_locked_at(lock),
        time_box_days=documents.content(text).time_box_days,
        decision=None if decision is None else _standing(documents.decision(decision), entered_at),
    )


def _standing(decision: Decision, entered_at: datetime) -> DecisionKind | None:
    """What was decided, unless the ticket was moved on afterwards: then work on it goes on."""
    return None if entered_at > decision.at else decision.kind
