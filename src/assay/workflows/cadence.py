"""The cadence a project works in: Scrum, Kanban or Scrumban."""

from __future__ import annotations

from collections.abc import Sequence

from assay.domain.kernel.events import Event
from assay.domain.sprints.cadence import Cadence
from assay.errors import Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.settings_parts import save_part


def set_cadence(
    ws: Workspace, actor: Actor, slug: str, cadence: Cadence, *, expected_version: int | None = None
) -> Project:
    """Choose the cadence of a project. Sprints that there are stay as they are; the same one again is no change.

    Raises:
        NotFound: no such project.
        StaleVersion: its settings changed meanwhile.
    """
    actor.require(Permission.CONFIGURE)

    def work(tx: WriteTransaction) -> Project:
        project = required_project(tx, slug)
        before = project.settings.cadence
        if before is cadence:
            return project
        event = Event.of("cadence.set", project=slug, before=before.value, after=cadence.value)
        return save_part(tx, ws, actor, project, "cadence", cadence, event, expected_version=expected_version)

    return ws.store.write(work)


def must_belong_in_sprints(project: Project, tickets: Sequence[Ticket], number: int) -> None:
    """Refused where some of these tickets flow over the board in this project's cadence."""
    cadence = project.settings.cadence
    flowing = [ticket.key for ticket in tickets if cadence.flows(ticket.content.type)]
    if flowing:
        raise Refused(
            f"cannot commit {', '.join(flowing[:5])} to sprint {number}: the project works in {cadence.label}, where experiments and "
            "spikes flow over the board (expected product, infrastructure or data work)",
            hint=f"assay move {flowing[0]} COLUMN, or choose another cadence: assay project cadence scrum",
            code="commitment-flows",
            field="tickets",
        )
