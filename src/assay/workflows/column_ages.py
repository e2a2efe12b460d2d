"""How long do cards usually stay in each column of a board?"""

from __future__ import annotations

from collections.abc import Mapping

from assay.workflows.actor import Actor, Permission
from assay.workflows.flow import usual_stays
from assay.workflows.flow_facts import flow_facts
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace

PASSED_THROUGH_DAYS = 1.0 / 24.0


def usual_days(ws: Workspace, actor: Actor, slug: str) -> Mapping[str, float]:
    """By column, the days within which 85% of its finished stays were over.

    Columns with too few of them are left out, and so are those that cards only pass through: nothing is late there.

    Raises:
        NotFound: no such project.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        facts = flow_facts(ws, tx, required_project(tx, slug), ws.clock())
    stays = usual_stays(facts.flows)
    return {stage: days for stage, days in stays.items() if days >= PASSED_THROUGH_DAYS}
