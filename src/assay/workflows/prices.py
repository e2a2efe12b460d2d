"""What an hour of a device costs a project: read it, set it."""

from __future__ import annotations

from assay.domain.experiments.prices import PriceList
from assay.domain.kernel.events import Event
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project
from assay.workflows.settings_parts import save_part
from assay.workflows.verdicts import refresh_due_verdicts


def set_prices(
    ws: Workspace, actor: Actor, slug: str, prices: PriceList, *, expected_version: int | None = None
) -> Project:
    """Set the prices of a project. What runs cost, cards and verdicts that look at money follow at once.

    Raises:
        NotFound: no such project.
        StaleVersion: its settings changed meanwhile.
    """
    actor.require(Permission.CONFIGURE)

    def work(tx: WriteTransaction) -> Project:
        project = required_project(tx, slug)
        before = project.settings.prices
        if before == prices:
            return project
        event = Event.of(
            "prices.set",
            project=slug,
            before=before.model_dump(mode="json"),
            after=prices.model_dump(mode="json"),
        )
        after = save_part(tx, ws, actor, project, "prices", prices, event, expected_version=expected_version)
        locked = [ticket.key for ticket in tx.tickets(project.id) if ticket.lock is not None]
        tx.mark_evidence(project.id, locked, seq=tx.head()[0])
        return after

    project = ws.store.write(work)
    refresh_due_verdicts(ws, slug)
    return project
