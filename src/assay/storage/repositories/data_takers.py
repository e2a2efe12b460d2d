"""Cards say how their data stands: what changes a data ticket changes the cards of those that wait for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, union_all, update

from assay.domain.experiments.experiment import LinkKind
from assay.domain.kernel.ids import TicketType
from assay.storage.session import Session, Statement
from assay.storage.tables import links, tickets


def _takers(taker: Any, giver: Any, kind: LinkKind) -> Any:
    return (
        select(taker)
        .join_from(links, tickets, tickets.c.id == giver)
        .where(
            giver == bindparam("the_giver"),
            links.c.kind == kind.value,
            tickets.c.type == TicketType.DATA.value,
        )
    )


CHANGE_CARDS = Statement(
    update(tickets)
    .where(
        tickets.c.id.in_(
            union_all(
                _takers(links.c.ticket_id, links.c.other_id, LinkKind.NEEDS_DATA),
                _takers(links.c.other_id, links.c.ticket_id, LinkKind.BLOCKS),
            )
        )
    )
    .values(card_version=tickets.c.card_version + 1)
)


class DataTakers(Session):
    """Who shows how this data stands?"""

    __slots__ = ()

    def change_takers(self, ticket_id: int) -> None:
        """Raise `card_version` of every ticket that needs this data ticket or is blocked by it; nothing for another type."""
        self.execute(CHANGE_CARDS, the_giver=ticket_id)
