"""The backlog: tickets of some types in one column, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from assay.domain.kernel.ids import TicketType
from assay.storage.documents import content
from assay.storage.session import Session
from assay.storage.tables import ticket_documents, tickets
from assay.workflows.views import BacklogRow

_T = tickets.c


class BacklogQueries(Session):
    """What waits?"""

    __slots__ = ()

    def backlog(
        self, project_id: int, stage: str, *, types: Sequence[TicketType], limit: int
    ) -> tuple[Sequence[BacklogRow], int]:
        """The first tickets of these types in a column, by rank, and how many there are."""
        conditions = (
            _T.project_id == project_id,
            _T.stage == stage,
            _T.type.in_([kind.value for kind in types]),
        )
        ((total,),) = self.select(select(func.count()).select_from(tickets).where(*conditions))
        rows = self.select(
            select(
                _T.key, _T.type, _T.title, _T.owner, _T.priority, _T.axis, _T.mode, _T.version,
                ticket_documents.c.content,
            )
            .join_from(tickets, ticket_documents, ticket_documents.c.ticket_id == _T.id)
            .where(*conditions)
            .order_by(_T.rank, _T.key)
            .limit(limit)
        )  # fmt: skip
        found = []
        for key, kind, title, owner, priority, axis, mode, version, text in rows:
            written = content(text)
            hours = written.budget.gpu_hours
            found.append(
                BacklogRow(
                    key=key, type=kind, title=title, owner=owner, priority=priority, axis=axis, mode=mode, version=version,
                    labels=written.labels, gpu_hours=None if hours is None else float(hours),
                    time_box_days=written.time_box_days,
                )
            )  # fmt: skip
        return found, int(total)
