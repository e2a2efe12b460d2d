"""What people said and decided about tickets, and how tickets relate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, insert, literal, select, union_all, update

from assay.domain.experiments.experiment import Decision, LinkKind
from assay.storage import documents
from assay.storage.repositories.data_takers import DataTakers
from assay.storage.repositories.search_index import SearchIndex
from assay.storage.session import Session, Statement
from assay.storage.tables import decisions, links, notes, ticket_documents, tickets
from assay.workflows.records import Link, Note

DECISIONS = Statement(
    select(decisions.c.body).where(decisions.c.ticket_id == bindparam("the_ticket")).order_by(decisions.c.id)
)
ADD_DECISION = Statement(insert(decisions), ("ticket_id", "kind", "learnings", "at", "body"))
KEEP_DECISION = Statement(
    update(ticket_documents).where(ticket_documents.c.ticket_id == bindparam("the_ticket")), ("decision",)
)
MARK_DECIDED = Statement(update(tickets).where(tickets.c.id == bindparam("the_ticket")), ("decision",))
NOTES = Statement(
    select(notes.c.id, notes.c.text, notes.c.by, notes.c.at)
    .where(notes.c.ticket_id == bindparam("the_ticket"))
    .order_by(notes.c.id)
)
ADD_NOTE = Statement(insert(notes).returning(notes.c.id), ("ticket_id", "text", "by", "at"))
_PAIR = and_(
    links.c.ticket_id == bindparam("the_ticket"),
    links.c.kind == bindparam("the_kind"),
    links.c.other_id == bindparam("the_other"),
)
LINKS = Statement(
    union_all(
        select(links.c.kind, tickets.c.key, tickets.c.title, literal(1).label("outgoing"), tickets.c.number)
        .join_from(links, tickets, tickets.c.id == links.c.other_id)
        .where(links.c.ticket_id == bindparam("the_ticket")),
        select(links.c.kind, tickets.c.key, tickets.c.title, literal(0), tickets.c.number)
        .join_from(links, tickets, tickets.c.id == links.c.ticket_id)
        .where(links.c.other_id == bindparam("the_ticket")),
    )
)
_OTHER = tickets.alias("other")
PROJECT_LINKS = Statement(
    select(tickets.c.key, links.c.kind, _OTHER.c.key)
    .join_from(links, tickets, tickets.c.id == links.c.ticket_id)
    .join(_OTHER, _OTHER.c.id == links.c.other_id)
    .where(tickets.c.project_id == bindparam("the_project"))
    .order_by(tickets.c.number, links.c.kind, _OTHER.c.number)
)
LINKED = Statement(select(links.c.kind).where(_PAIR))
ADD_LINK = Statement(insert(links), ("ticket_id", "kind", "other_id"))
DROP_LINK = Statement(delete(links).where(_PAIR))


class TalkReader(Session):
    """What was said of a ticket?"""

    __slots__ = ()

    def links(self, ticket_id: int) -> Sequence[Link]:
        """Both directions, outgoing first, by kind and number."""
        rows = sorted(self.rows(LINKS, the_ticket=ticket_id), key=lambda row: (-row[3], row[0], row[4]))
        return [
            Link(kind=LinkKind(kind), key=key, title=title, outgoing=bool(out))
            for kind, key, title, out, _ in rows
        ]

    def project_links(self, project_id: int) -> Sequence[tuple[str, LinkKind, str]]:
        """Every relation of a project once, as (from, how, to), by number."""
        rows = self.rows(PROJECT_LINKS, the_project=project_id)
        return [(key, LinkKind(kind), other) for key, kind, other in rows]

    def notes(self, ticket_id: int) -> Sequence[Note]:
        """Notes, oldest first."""
        return [
            Note(id=number, text=text, by=by, at=at)
            for number, text, by, at in self.rows(NOTES, the_ticket=ticket_id)
        ]

    def decisions(self, ticket_id: int) -> Sequence[Decision]:
        """Decisions, oldest first."""
        return [documents.decision(body) for (body,) in self.rows(DECISIONS, the_ticket=ticket_id)]


class TalkWriter(TalkReader, SearchIndex, DataTakers):
    """Changes to what was said."""

    __slots__ = ()

    def add_decision(self, ticket_id: int, decision: Decision) -> None:
        """Record a decision; the latest is the ticket's."""
        body = documents.text_of(decision)
        self.execute(
            ADD_DECISION,
            ticket_id=ticket_id,
            kind=decision.kind.value,
            learnings=decision.learnings,
            at=decision.at,
            body=body,
        )
        self.execute(KEEP_DECISION, the_ticket=ticket_id, decision=body)
        self.execute(MARK_DECIDED, the_ticket=ticket_id, decision=decision.kind.value)
        self.change_takers(ticket_id)
        if decision.learnings:
            self.index_more(ticket_id, "learnings", decision.learnings)

    def add_note(self, ticket_id: int, *, text: str, by: str, at: datetime) -> Note:
        """Write a note."""
        (number,) = self.one(ADD_NOTE, ticket_id=ticket_id, text=text, by=by, at=at)
        self.index_more(ticket_id, "notes", text)
        return Note(id=number, text=text, by=by, at=at)

    def add_link(self, ticket_id: int, kind: LinkKind, other_ticket_id: int) -> bool:
        """Relate two tickets; False when they already are so."""
        if self.row(LINKED, the_ticket=ticket_id, the_kind=kind.value, the_other=other_ticket_id) is not None:
            return False
        self.execute(ADD_LINK, ticket_id=ticket_id, kind=kind.value, other_id=other_ticket_id)
        self._change_taker(ticket_id, kind, other_ticket_id)
        return True

    def remove_link(self, ticket_id: int, kind: LinkKind, other_ticket_id: int) -> bool:
        """Take a relation back; False when there was none."""
        self._change_taker(ticket_id, kind, other_ticket_id)
        return (
            self.execute(DROP_LINK, the_ticket=ticket_id, the_kind=kind.value, the_other=other_ticket_id) == 1
        )

    def _change_taker(self, ticket_id: int, kind: LinkKind, other_ticket_id: int) -> None:
        if kind is LinkKind.NEEDS_DATA:
            self.change_takers(other_ticket_id)
        elif kind is LinkKind.BLOCKS:
            self.change_takers(ticket_id)
