"""What is or was in the way of tickets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update

from assay.domain.board.blockers import Blocker, BlockerCategory
from assay.storage.session import Row, Session, Statement
from assay.storage.tables import blockers, tickets

_B = blockers.c
_BLOCKER = select(
    tickets.c.key, _B.number, _B.category, _B.owner, _B.text, _B.opened_at, _B.opened_by, _B.closed_at, _B.closed_by,
    _B.resolution, tickets.c.title,
).join_from(blockers, tickets, tickets.c.id == _B.ticket_id)  # fmt: skip
_OF_PROJECT = _BLOCKER.where(tickets.c.project_id == bindparam("the_project")).order_by(_B.opened_at, _B.id)
OF_PROJECT = Statement(_OF_PROJECT)
OPEN_OF_PROJECT = Statement(_OF_PROJECT.where(_B.closed_at.is_(None)))
OF_TICKET = Statement(_BLOCKER.where(_B.ticket_id == bindparam("the_ticket")).order_by(_B.number))
NEXT_NUMBER = Statement(
    select(func.coalesce(func.max(_B.number), 0) + 1).where(_B.ticket_id == bindparam("the_ticket"))
)
ADD = Statement(
    insert(blockers), ("ticket_id", "number", "category", "owner", "text", "opened_at", "opened_by")
)
CLOSE = Statement(
    update(blockers).where(
        _B.ticket_id == bindparam("the_ticket"), _B.number == bindparam("the_number"), _B.closed_at.is_(None)
    ),
    ("closed_at", "closed_by", "resolution"),
)
CHANGE_CARD = Statement(
    update(tickets)
    .where(tickets.c.id == bindparam("the_ticket"))
    .values(card_version=tickets.c.card_version + 1)
)


class BlockerReader(Session):
    """What is in the way?"""

    __slots__ = ()

    def blockers(self, project_id: int, *, open_only: bool = False) -> Sequence[Blocker]:
        """Blockers of all tickets of a project, the oldest first."""
        statement = OPEN_OF_PROJECT if open_only else OF_PROJECT
        return [blocker(row) for row in self.rows(statement, the_project=project_id)]

    def blockers_of(self, ticket_id: int) -> Sequence[Blocker]:
        """Blockers of one ticket by number."""
        return [blocker(row) for row in self.rows(OF_TICKET, the_ticket=ticket_id)]


class BlockerWriter(BlockerReader):
    """Changes to what is in the way; each raises the card's version, for the card shows it."""

    __slots__ = ()

    def open_blocker(
        self, ticket_id: int, *, category: BlockerCategory, owner: str, text: str, by: str, at: datetime
    ) -> int:
        """A new blocker of a ticket; returns its number."""
        (number,) = self.one(NEXT_NUMBER, the_ticket=ticket_id)
        self.execute(
            ADD, ticket_id=ticket_id, number=number, category=category.value, owner=owner, text=text, opened_at=at,
            opened_by=by,
        )  # fmt: skip
        self.execute(CHANGE_CARD, the_ticket=ticket_id)
        return int(number)

    def close_blocker(self, ticket_id: int, number: int, *, resolution: str, by: str, at: datetime) -> bool:
        """It is out of the way; False when there is none of this number that is open."""
        closed = self.execute(
            CLOSE, the_ticket=ticket_id, the_number=number, closed_at=at, closed_by=by, resolution=resolution
        )
        if closed != 1:
            return False
        self.execute(CHANGE_CARD, the_ticket=ticket_id)
        return True


def blocker(row: Row) -> Blocker:
    """A row as a blocker."""
    key, number, category, owner, text, opened_at, opened_by, closed_at, closed_by, resolution, title = row
    return Blocker(
        ticket=key, number=number, category=BlockerCategory(category), owner=owner, text=text, opened_at=opened_at,
        opened_by=opened_by, closed_at=closed_at, closed_by=closed_by, resolution=resolution, title=title,
    )  # fmt: skip
