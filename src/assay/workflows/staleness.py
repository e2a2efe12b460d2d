"""Which cards are stale now: one rule for filters, board, flow and command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from assay.domain.board.flow import flow_rules
from assay.domain.board.staleness import Staleness, staleness
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project


def stale_cards(tx: ReadTransaction, project: Project, at: datetime) -> Mapping[str, Staleness]:
    """Which cards in progress are stale at this moment, by key, and why?

    In progress is what has left the columns where work waits, and is in none where it is over.
    """
    rules = flow_rules(project.settings.board)
    at_work = [
        stage.key
        for stage in project.settings.board.stages
        if stage.key not in rules.waiting and stage.key not in rules.ended
    ]
    found = {work.key: staleness(work, at) for work in tx.work_signs(project.id, at_work)}
    return {key: why for key, why in found.items() if why is not None}
