"""Is there room in a column for this ticket?"""

from __future__ import annotations

from collections.abc import Mapping

from assay.domain.board.board import LimitBy
from assay.domain.board.wip import WipState, gpus_taken
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project, Ticket


def wip_state(
    tx: ReadTransaction, project: Project, ticket: Ticket, to: str, counts: Mapping[str, int] | None
) -> WipState:
    """What a column holds against its limit, and what this ticket would take. `counts` are the cards of each, where they are known."""
    goal = project.settings.board.stage(to)
    if goal is not None and goal.wip_limit is not None and goal.limit_by is LimitBy.GPUS:
        taken, asks = tx.gpus_taken(project.id, [to]).get(to, 0), gpus_taken(ticket.content)
        return WipState(stage=to, count=taken, limit=goal.wip_limit, by=goal.limit_by, asks=asks)
    counts = tx.stage_counts(project.id) if counts is None else counts
    return WipState(stage=to, count=counts.get(to, 0), limit=None if goal is None else goal.wip_limit)
