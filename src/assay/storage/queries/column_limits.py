"""What counts against the limits of columns, where that is not their cards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select

from assay.domain.board.wip import gpus_taken
from assay.storage.documents import content
from assay.storage.session import Session, Statement, any_of, in_list
from assay.storage.tables import ticket_documents, tickets

IN_COLUMNS = Statement(
    lambda engine: (
        select(tickets.c.stage, ticket_documents.c.content)
        .join_from(tickets, ticket_documents, ticket_documents.c.ticket_id == tickets.c.id)
        .where(tickets.c.project_id == bindparam("the_project"), in_list(engine, tickets.c.stage, "stages"))
    )
)
"""A column with a limit holds few cards: their content is read, and mostly known."""


class LimitQueries(Session):
    """How full are columns?"""

    __slots__ = ()

    def gpus_taken(self, project_id: int, stages: Sequence[str]) -> Mapping[str, int]:
        """How many GPUs the cards of these columns run on; columns without cards are left out."""
        taken: dict[str, int] = defaultdict(int)
        if stages:
            asked = {"the_project": project_id, "stages": any_of(self.engine, stages)}
            for stage, text in self.rows(IN_COLUMNS, **asked):
                taken[stage] += gpus_taken(content(text))
        return taken
