"""A spike ends with its time box: it is rescoped with a reason or stopped, never prolonged in silence."""

from __future__ import annotations

from datetime import datetime, timedelta

from assay.domain.experiments.experiment import TicketContent
from assay.domain.kernel.events import Event
from assay.domain.kernel.ids import TicketType
from assay.errors import Refused
from assay.workflows.actor import Actor
from assay.workflows.ports import ReadTransaction, WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.views import SpikeClock


def spike_clock(tx: ReadTransaction, project: Project, ticket: Ticket, now: datetime) -> SpikeClock | None:
    """How much of its time box has a spike used since it first left the first column? None before that, and for others."""
    if ticket.content.type is not TicketType.SPIKE:
        return None
    moves = tx.journal_about(project.slug, ticket.key, ("ticket.moved",))
    if not moves:
        return None
    begun, days = moves[0].at, ticket.content.time_box_days
    return SpikeClock(
        begun_at=begun,
        days=days,
        used_days=max(0, (now - begun).days),
        over=days is not None and now - begun > timedelta(days=days),
    )


def note_rescoping(
    tx: WriteTransaction,
    actor: Actor,
    project: Project,
    before: Ticket,
    content: TicketContent,
    *,
    reason: str | None,
    at: datetime,
) -> None:
    """Write down that a begun spike gets more time, or refuse it where nobody says why.

    Raises:
        Refused: the time box of a begun spike would grow and no reason was given.
    """
    was, now = before.content.time_box_days, content.time_box_days
    if was is None or (now is not None and now <= was):
        return
    clock = spike_clock(tx, project, before, at)
    if clock is None:
        return
    if not (reason or "").strip():
        raise Refused(
            f"cannot give spike {before.key!r} more time: it was begun on {clock.begun_at:%d %B %Y} for {was} days "
            "(expected a reason, which makes it a new scope)",
            hint=f'assay ticket edit {before.key} ... --amend "what we will leave out", or stop it: assay decide {before.key} kill',
            code="spike-begun",
            field="amendment_reason",
        )
    tx.append(
        Event.of(
            "ticket.rescoped",
            project=project.slug,
            subject=before.key,
            before=was,
            after=now,
            used_days=clock.used_days,
            reason=(reason or "").strip(),
        ),
        actor=actor,
        at=at,
    )
