"""What only a person can know, said by one: agreed, data ready, serving, monitored, signed off."""

from __future__ import annotations

from datetime import datetime

from assay.domain.board.exit_policies import ATTESTABLE
from assay.domain.kernel.events import Event
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import check_version, required_project, required_ticket, stale
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Attestation, Project, Ticket


def attest(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    item: str,
    note: str = "",
    expected_version: int | None,
) -> Ticket:
    """Confirm what only a person can know, such as that the team agreed to run this experiment.

    Raises:
        Invalid: the item is not one that people confirm.
    """
    actor.require(Permission.WRITE_TICKETS)
    _check_attestable(item)

    def work(tx: WriteTransaction) -> Ticket:
        project = required_project(tx, slug)
        before = required_ticket(tx, project, key)
        check_version(before, expected_version)
        at = ws.clock()
        tx.put_attestation(before.id, Attestation(item=item, by=actor.name, at=at, note=note[:2000]))
        event = Event.of("ticket.confirmed", project=slug, subject=key, item=item, note=note[:2000])
        return _touched(tx, actor, project, before, event, at=at)

    return ws.store.write(work)


def withdraw_attestation(
    ws: Workspace, actor: Actor, slug: str, key: str, *, item: str, expected_version: int | None
) -> Ticket:
    """Take a confirmation back."""
    actor.require(Permission.WRITE_TICKETS)
    _check_attestable(item)

    def work(tx: WriteTransaction) -> Ticket:
        project = required_project(tx, slug)
        before = required_ticket(tx, project, key)
        check_version(before, expected_version)
        tx.remove_attestation(before.id, item)
        event = Event.of("ticket.confirmation_withdrawn", project=slug, subject=key, item=item)
        return _touched(tx, actor, project, before, event, at=ws.clock())

    return ws.store.write(work)


def _check_attestable(item: str) -> None:
    names = sorted(i.value for i in ATTESTABLE)
    if item not in names:
        raise Invalid(
            f"cannot confirm {item[:60]!r}: not an item that people confirm (expected one of: {', '.join(names)})",
            hint="assay ticket confirm --help",
            code="item-not-confirmable",
            field="item",
        )


def _touched(
    tx: WriteTransaction, actor: Actor, project: Project, before: Ticket, event: Event, *, at: datetime
) -> Ticket:
    if tx.touch_ticket(before, at=at) is None:
        raise stale(required_ticket(tx, project, before.key))
    tx.append(event, actor=actor, at=at)
    return required_ticket(tx, project, before.key)
