"""A planned sprint that will not be run is cancelled, and planned again where that was a mistake. Nothing of it is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from assay.domain.kernel.events import Event
from assay.domain.sprints.sprint import SprintState
from assay.workflows.actor import Actor, Permission
from assay.workflows.carrying_over import about, let_go, take_in
from assay.workflows.commitments import checked_reason
from assay.workflows.open_tickets import is_over
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project, Sprint
from assay.workflows.sprint_conflicts import CANCELLED, planned_elsewhere
from assay.workflows.sprints import SprintPlan, change_of_sprint, must_be, saved_sprint


def cancel_sprint(
    ws: Workspace, actor: Actor, slug: str, number: int, *, reason: str = "", expected_version: int | None
) -> SprintPlan:
    """Give up a planned sprint: what was committed goes out, and planning turns to another. It stays in the list.

    Raises:
        Refused: it is not planned any more.
        StaleVersion: somebody changed it meanwhile.
    """
    actor.require(Permission.WRITE_TICKETS)
    said = checked_reason(reason)

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        must_be(sprint, SprintState.PLANNED, "cancel")
        standing = [made for made in tx.commitments(sprint.id) if made.stands]
        for made in standing:
            let_go(tx, actor, at, project, sprint, made, reason=f"{CANCELLED}: {said}" if said else CANCELLED)
        saved = saved_sprint(tx, replace(sprint, state=SprintState.CANCELLED))
        keys = [made.key for made in standing]
        event = Event.of("sprint.cancelled", **about(project, sprint), reason=said, tickets=keys)
        tx.append(event, actor=actor, at=at)
        return saved

    return change_of_sprint(ws, slug, number, expected_version, change)


def restore_sprint(
    ws: Workspace, actor: Actor, slug: str, number: int, *, expected_version: int | None
) -> SprintPlan:
    """Plan a cancelled sprint again, with those of its tickets that are still open and in no other planned sprint.

    What stands in its way by now, it says (`SprintPlan.conflicts`), as a new sprint does.

    Raises:
        Refused: it was not cancelled.
        StaleVersion: somebody changed it meanwhile.
    """
    actor.require(Permission.WRITE_TICKETS)

    def change(tx: WriteTransaction, project: Project, sprint: Sprint, at: datetime) -> Sprint:
        must_be(sprint, SprintState.CANCELLED, "restore")
        saved = saved_sprint(tx, replace(sprint, state=SprintState.PLANNED))
        tx.append(Event.of("sprint.restored", **about(project, sprint)), actor=actor, at=at)
        elsewhere = planned_elsewhere(tx, project, sprint)
        keys = [key for key in _tickets_before(tx, project, sprint) if key not in elsewhere]
        for ticket in tx.tickets(project.id, keys=keys) if keys else ():
            flows = project.settings.cadence.flows(ticket.content.type)
            if not flows and not is_over(project, ticket):
                take_in(tx, actor, at, project, saved, ticket, confirmed="")
        return saved

    return change_of_sprint(ws, slug, number, expected_version, change)


def _tickets_before(tx: ReadTransaction, project: Project, sprint: Sprint) -> list[str]:
    """What was in it when it was cancelled."""
    told = tx.told_of(project.slug, [sprint.subject], ("sprint.cancelled",))
    return [str(key) for key in told[-1].payload["tickets"]] if told else []
