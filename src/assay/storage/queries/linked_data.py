"""Which data tickets do tickets wait for, and how do those stand?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, union_all

from assay.domain.experiments.experiment import DecisionKind, LinkKind, TicketContent
from assay.domain.experiments.supplies import LinkedData
from assay.domain.kernel.ids import TicketType
from assay.storage.documents import content
from assay.storage.session import Row, Session, Statement, any_of, in_list
from assay.storage.tables import links, ticket_documents, tickets

_GIVER, _TAKER = tickets.alias("giver"), tickets.alias("taker")
_WAYS = (
    (links.c.ticket_id, links.c.other_id, LinkKind.NEEDS_DATA),
    (links.c.other_id, links.c.ticket_id, LinkKind.BLOCKS),
)
"""Who takes and who gives, by how they are related."""


def _given(taker: Any, giver: Any, kind: LinkKind) -> Any:
    """Data tickets; the first column is for whom they are."""
    return (
        select(taker.label("taker"), _GIVER.c.key, _GIVER.c.number.label("number"), _GIVER.c.decision, ticket_documents.c.content)
        .join_from(links, _GIVER, _GIVER.c.id == giver)
        .join(ticket_documents, ticket_documents.c.ticket_id == _GIVER.c.id)
        .where(links.c.kind == kind.value, _GIVER.c.type == TicketType.DATA.value)
    )  # fmt: skip


IN_PROJECT = Statement(
    union_all(
        *(
            _given(_TAKER.c.key, giver, kind)
            .join(_TAKER, _TAKER.c.id == taker)
            .where(_GIVER.c.project_id == bindparam("the_project"))
            for taker, giver, kind in _WAYS
        )
    ).order_by("number")
)
OF_TICKETS = Statement(
    lambda engine: union_all(
        *(_given(taker, giver, kind).where(in_list(engine, taker, "ids")) for taker, giver, kind in _WAYS)
    ).order_by("number")
)


class LinkedDataQueries(Session):
    """What do tickets wait for?"""

    __slots__ = ()

    def data_links(self, project_id: int) -> Mapping[str, tuple[LinkedData, ...]]:
        """The data tickets that tickets of this project need or are blocked by, by key, each once."""
        return _by_taker(self.rows(IN_PROJECT, the_project=project_id))

    def linked_data(self, ids: Sequence[int]) -> Mapping[int, tuple[LinkedData, ...]]:
        """The same for these tickets, by id; those that wait for none are left out."""
        return _by_taker(self.rows(OF_TICKETS, ids=any_of(self.engine, ids))) if ids else {}


def _by_taker(rows: Sequence[Row]) -> dict[Any, tuple[LinkedData, ...]]:
    found: dict[Any, dict[str, LinkedData]] = defaultdict(dict)
    for taker, key, _, decision, text in rows:
        found[taker][key] = _linked(key, decision, content(text))
    return {taker: tuple(given.values()) for taker, given in found.items()}


def _linked(key: str, decision: str | None, said: TicketContent) -> LinkedData:
    return LinkedData(
        key,
        said.title,
        said.data.stage,
        said.data.arrives,
        is_accepted=decision == DecisionKind.PROMOTE,
        is_stopped=decision == DecisionKind.KILL,
    )
