"""What stands in the way of a planned sprint: another one that runs in its days, and tickets that went elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from assay.domain.sprints.sprint import SprintState
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Commitment, Project, Sprint

CANCELLED = "the sprint was cancelled"
"""Why a commitment ended that nobody took out by itself."""


def conflicts_of(
    tx: ReadTransaction, project: Project, sprint: Sprint, commitments: Sequence[Commitment]
) -> tuple[str, ...]:
    """Of a planned sprint, in whole sentences; none of any other."""
    if sprint.state is not SprintState.PLANNED:
        return ()
    others = [one for one in tx.sprints(project.id) if one.id != sprint.id]
    running = next((one for one in others if one.state is SprintState.ACTIVE), None)
    found = []
    if running is not None and _share_days(running, sprint):
        found.append(
            f"Sprint {running.number} runs until {running.content.ends_on:%d %B %Y}, in days of this one: "
            "one runs at a time, so change the days of one or end the other first."
        )
    gone = {one.key for one in commitments if not one.stands and one.removed_reason.startswith(CANCELLED)} - {
        one.key for one in commitments if one.stands
    }
    if gone:
        went = defaultdict(list)
        for key, number in planned_elsewhere(tx, project, sprint).items():
            if key in gone:
                went[number].append(key)
        found += [
            f"{', '.join(keys)} stayed in sprint {number} when this one was planned again."
            for number, keys in sorted(went.items())
        ]
    return tuple(found)


def _share_days(one: Sprint, other: Sprint) -> bool:
    return one.content.starts_on <= other.content.ends_on and other.content.starts_on <= one.content.ends_on


def planned_elsewhere(tx: ReadTransaction, project: Project, sprint: Sprint) -> dict[str, int]:
    """Tickets that stand in another planned sprint, each with its number. Those of a running one go on anyway once it ends."""
    planned = {
        one.id: one.number
        for one in tx.sprints(project.id)
        if one.state is SprintState.PLANNED and one.id != sprint.id
    }
    made = tx.all_commitments(project.id) if planned else ()
    return {one.key: planned[one.sprint_id] for one in made if one.stands and one.sprint_id in planned}
