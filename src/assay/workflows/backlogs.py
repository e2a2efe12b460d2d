"""The two backlogs side by side: what the product needs, and what is to be tried; each in its order."""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.kernel.ids import TicketType
from assay.domain.sprints.sprint import is_product_task
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace
from assay.workflows.views import BacklogRow

SHOWN = 200
"""So many tickets of each are listed."""
PRODUCT = tuple(kind for kind in TicketType if is_product_task(kind))
EXPERIMENT = tuple(kind for kind in TicketType if not is_product_task(kind))


@dataclass(frozen=True, slots=True)
class Backlog:
    """One of the two."""

    rows: tuple[BacklogRow, ...]
    """In the order in which they are to be taken, at most 200."""
    total: int


@dataclass(frozen=True, slots=True)
class Backlogs:
    """What nobody has begun, by kind of work."""

    stage: str
    """Key of the column they wait in, the first of the board; to change the order is to move a card within it."""
    product: Backlog
    """Features, engineering, incidents."""
    experiment: Backlog
    """Hypotheses, data and questions."""


def backlogs(ws: Workspace, actor: Actor, slug: str) -> Backlogs:
    """What waits in the first column of a project, by backlog."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        stage = project.settings.board.first.key

        def read(types: tuple[TicketType, ...]) -> Backlog:
            rows, total = tx.backlog(project.id, stage, types=types, limit=SHOWN)
            return Backlog(rows=tuple(rows), total=total)

        return Backlogs(stage=stage, product=read(PRODUCT), experiment=read(EXPERIMENT))
