"""Is there room in a column for this ticket, when it comes and when it asks for more?"""

from __future__ import annotations

from collections.abc import Mapping

from assay.domain.board.board import LimitBy
from assay.domain.board.wip import WipState, gpus_taken, wip_text
from assay.domain.experiments.experiment import TicketContent
from assay.errors import Refused
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


def passed_limit(
    tx: ReadTransaction, project: Project, before: Ticket, content: TicketContent, *, reason: str | None
) -> str:
    """The limit of its column that a card passes for a reason by running on more GPUs from now on; "" where it passes none.

    Raises:
        Refused: the column has no room for them and no reason was given.
    """
    stage, asks = project.settings.board.stage(before.stage), gpus_taken(content)
    more = asks - gpus_taken(before.content)
    if more <= 0 or stage is None or stage.wip_limit is None or stage.limit_by is not LimitBy.GPUS:
        return ""
    taken = tx.gpus_taken(project.id, [stage.key]).get(stage.key, 0)
    if taken + more <= stage.wip_limit:
        return ""
    if not (reason or "").strip():
        raise Refused(
            f"cannot let {before.key!r} run on {asks} GPUs: {stage.title} has no room for {more} more, "
            f"{wip_text(taken, stage.wip_limit, stage.limit_by)} are taken (expected fewer, or a reason, which passes the limit)",
            hint=f'assay ticket edit {before.key} --gpus {asks} --amend "why it cannot wait"',
            code="column-full",
            field="amendment_reason",
        )
    return f"column limit {wip_text(taken + more, stage.wip_limit, stage.limit_by)}"
