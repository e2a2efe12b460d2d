"""Which cards are stale now: one rule for filters, board, flow and command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from assay.domain.board.flow import flow_rules
from assay.domain.board.staleness import Staleness, WorkSigns, staleness
from assay.domain.kernel.ids import key_order
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project


@dataclass(frozen=True, slots=True)
class StaleCard:
    """A card that waits to be decided or to be taken up again."""

    key: str
    title: str
    why: Staleness
    days: float
    """Since its time box was over, or since its last sign of life."""


def stale_cards(tx: ReadTransaction, project: Project, at: datetime) -> Mapping[str, Staleness]:
    """Which cards in progress are stale at this moment, by key, and why?

    In progress is what has left the columns where work waits, and is in none where it is over.
    """
    return {work.key: why for work, why in _stale(tx, project, at)}


def list_stale(ws: Workspace, actor: Actor, slug: str) -> tuple[StaleCard, ...]:
    """The stale cards of a project as it stands, the longest first."""
    actor.require(Permission.READ)
    at = ws.clock()
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        found = _stale(tx, project, at)
        titles = tx.titles(project.id)
    cards = [StaleCard(work.key, titles[work.key], why, _days(work, why, at)) for work, why in found]
    return tuple(sorted(cards, key=lambda card: (-card.days, key_order(card.key))))


def _stale(tx: ReadTransaction, project: Project, at: datetime) -> list[tuple[WorkSigns, Staleness]]:
    rules = flow_rules(project.settings.board)
    at_work = [
        stage.key
        for stage in project.settings.board.stages
        if stage.key not in rules.waiting and stage.key not in rules.ended
    ]
    found = ((work, staleness(work, at)) for work in tx.work_signs(project.id, at_work))
    return [(work, why) for work, why in found if why is not None]


def _days(work: WorkSigns, why: Staleness, at: datetime) -> float:
    since = work.time_box_ends if why is Staleness.OVERDUE else work.last_sign_at
    assert since is not None
    return (at - since).total_seconds() / 86_400.0
