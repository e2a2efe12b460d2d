"""Who follows a ticket: by their own wish, or because somebody mentioned them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from assay.domain.experiments.mentions import mentioned
from assay.domain.experiments.texts import clean_text
from assay.domain.kernel.events import Event
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket

MOST_MENTIONS = 50
"""So many names of one note become watchers."""
_LONGEST_NAME = 80


def watch(ws: Workspace, actor: Actor, slug: str, key: str, name: str) -> tuple[str, ...]:
    """Somebody follows a ticket from now on; twice is once. Returns everybody who does."""
    return _change(ws, actor, slug, key, name, begins=True)


def unwatch(ws: Workspace, actor: Actor, slug: str, key: str, name: str) -> tuple[str, ...]:
    """Somebody follows a ticket no longer. Returns everybody who still does."""
    return _change(ws, actor, slug, key, name, begins=False)


def _change(ws: Workspace, actor: Actor, slug: str, key: str, name: str, *, begins: bool) -> tuple[str, ...]:
    actor.require(Permission.WRITE_TICKETS)
    called = checked_name(name)

    def work(tx: WriteTransaction) -> tuple[str, ...]:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        if begins:
            follow(tx, actor, project, ticket, [called], at=ws.clock())
        elif tx.unwatch(ticket.id, called):
            event = Event.of("ticket.unwatched", project=slug, subject=key, watcher=called)
            tx.append(event, actor=actor, at=ws.clock())
        return tuple(tx.watchers(ticket.id))

    return ws.store.write(work)


def follow(
    tx: WriteTransaction,
    actor: Actor,
    project: Project,
    ticket: Ticket,
    names: Iterable[str],
    *,
    at: datetime,
) -> None:
    """The transaction part of `watch`, for several at once."""
    for name in names:
        if tx.watch(ticket.id, name, at=at):
            event = Event.of("ticket.watched", project=project.slug, subject=ticket.key, watcher=name)
            tx.append(event, actor=actor, at=at)


def follow_mentioned(
    tx: WriteTransaction, actor: Actor, project: Project, ticket: Ticket, text: str, *, at: datetime
) -> None:
    """Whoever is mentioned follows the ticket, from this text on."""
    follow(tx, actor, project, ticket, mentioned(text)[:MOST_MENTIONS], at=at)


def checked_name(name: str) -> str:
    """The name of a person as it is kept; Invalid where it has nothing that can be shown."""
    called = name.strip().removeprefix("@")
    try:
        fact = "" if clean_text(called) else "no name"
    except ValueError as error:
        fact = str(error)
    if not fact and (len(called) > _LONGEST_NAME or not called.isprintable()):
        fact = f"{len(called)} characters" if called.isprintable() else "characters that cannot be shown"
    if fact:
        raise Invalid(
            f"cannot watch: found {fact} (expected a name of 1 to {_LONGEST_NAME} characters)",
            hint="give the name of a person",
            code="watcher-name",
            field="name",
        )
    return called
