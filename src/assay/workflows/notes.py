"""What people write on a ticket beside its fields."""

from __future__ import annotations

from assay.domain.kernel.events import Event
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Note
from assay.workflows.watching import follow_mentioned

MAX_NOTE_LENGTH = 20_000


def add_note(
    ws: Workspace, actor: Actor, slug: str, key: str, text: str, *, remember: Remember | None = None
) -> Note:
    """Write a note on a ticket. Whoever it mentions (`@ada`) follows the ticket from now on.

    Raises:
        Invalid: the note is empty or too long.
    """
    actor.require(Permission.WRITE_TICKETS)
    shown = text.strip()
    if not shown or len(shown) > MAX_NOTE_LENGTH:
        raise Invalid(
            f"cannot add note to {key!r}: {len(shown)} characters (expected 1 to {MAX_NOTE_LENGTH})",
            hint="assay ticket note KEY TEXT",
            code="note-length",
            field="text",
        )

    def work(tx: WriteTransaction) -> Note:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        at = ws.clock()
        note = tx.add_note(ticket.id, text=shown, by=actor.name, at=at)
        tx.append(Event.of("ticket.noted", project=slug, subject=key, text=shown), actor=actor, at=at)
        follow_mentioned(tx, actor, project, ticket, shown, at=at)
        return note

    return write_once(ws, remember, work)
