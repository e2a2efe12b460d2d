"""How long do cards usually stay in each column of a board?"""

from __future__ import annotations

from collections.abc import Mapping

from assay.domain.board.flow import Crossing, flow_rules, item_flows
from assay.workflows.actor import Actor, Permission
from assay.workflows.flow import usual_stays
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace


def usual_days(ws: Workspace, actor: Actor, slug: str) -> Mapping[str, float]:
    """By column, the days within which 85% of its finished stays were over; columns with too few of them are left out.

    Raises:
        NotFound: no such project.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        board = project.settings.board
        events = ws.memory.flow(tx, project.slug, first_stage=board.first.key)
    crossings = [event for event in events if isinstance(event, Crossing)]
    return usual_stays(item_flows(crossings, flow_rules(board), until=ws.clock()))
