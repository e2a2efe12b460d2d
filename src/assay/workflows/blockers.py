"""What is in the way of tickets: open a blocker, close it with what took it away, list them by age.

Nothing is closed silently. A ticket that goes where work ends takes its open blockers along: they are closed then, with an
entry of their own that says so, for nothing is in the way of what nobody goes on with. A ticket that comes back later begins
without any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from assay.domain.board.blockers import Blocker, BlockerCategory, days_open
from assay.domain.board.board import Stage
from assay.domain.experiments.texts import clean_text
from assay.domain.kernel.events import Event
from assay.errors import Conflict, Invalid, NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket

MAX_TEXT_LENGTH = 2000
MAX_OWNER_LENGTH = 80
MOST_OPEN = 20
"""More at once on one ticket say that it is not one piece of work."""


class BlockerState(StrEnum):
    """Which blockers are asked for."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class BlockerView:
    """A blocker with its age at the moment it was asked for."""

    ticket: str
    title: str
    """Title of the ticket."""
    number: int
    category: BlockerCategory
    owner: str
    text: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str
    resolution: str
    days_open: float
    """From its opening to its closing; to now while it is open."""


@dataclass(frozen=True, slots=True)
class BlockerList:
    """Blockers, open ones first, the oldest first."""

    at: datetime
    """The moment to which ages are counted."""
    rows: tuple[BlockerView, ...]


def open_blocker(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    category: BlockerCategory,
    text: str,
    owner: str = "",
    remember: Remember | None = None,
) -> BlockerView:
    """Say what is in the way of a ticket; without an owner it is the ticket's, or else whoever says so.

    Raises:
        Invalid: text or owner is empty, too long or cannot be shown.
        Refused: the ticket is where work ends, or too much is in its way already.
    """
    actor.require(Permission.WRITE_TICKETS)
    said = _checked(text, key, what="text", most=MAX_TEXT_LENGTH)
    named = _checked(owner, key, what="owner", most=MAX_OWNER_LENGTH) if owner.strip() else ""

    def work(tx: WriteTransaction) -> BlockerView:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        _check_may_be_blocked(tx, project, ticket)
        at, who = ws.clock(), named or ticket.content.owner or actor.name
        number = tx.open_blocker(ticket.id, category=category, owner=who, text=said, by=actor.name, at=at)
        told = {"number": number, "category": category.value, "owner": who, "text": said}
        tx.append(Event.of("blocker.opened", project=slug, subject=key, **told), actor=actor, at=at)
        opened = Blocker(key, number, category, who, said, at, actor.name, title=ticket.content.title)
        return _view(opened, at)

    return write_once(ws, remember, work)


def close_blocker(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    number: int | None = None,
    *,
    resolution: str,
    remember: Remember | None = None,
) -> BlockerView:
    """Say what took a blocker away; without a number it is the only open one.

    Raises:
        Invalid: the resolution is empty, too long or cannot be shown, or several are open and none was named.
        NotFound: the ticket has no such blocker.
        Conflict: it was closed before.
    """
    actor.require(Permission.WRITE_TICKETS)
    said = _checked(resolution, key, what="resolution", most=MAX_TEXT_LENGTH)

    def work(tx: WriteTransaction) -> BlockerView:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        found = _named(tx.blockers_of(ticket.id), key, number)
        at = ws.clock()
        return _view(_close(tx, actor, project, ticket, found, said, at=at), at)

    return write_once(ws, remember, work)


def list_blockers(
    ws: Workspace, actor: Actor, slug: str, *, state: BlockerState = BlockerState.OPEN, key: str | None = None
) -> BlockerList:
    """What is in the way in a project, or of one of its tickets?"""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        if key is None:
            found = tx.blockers(project.id, open_only=state is BlockerState.OPEN)
        else:
            found = tx.blockers_of(required_ticket(tx, project, key).id)
    at = ws.clock()
    asked = [one for one in found if state is BlockerState.ALL or one.is_open == (state is BlockerState.OPEN)]
    return BlockerList(at=at, rows=tuple(_view(one, at) for one in by_age(asked)))


def by_age(blockers: Iterable[Blocker]) -> tuple[Blocker, ...]:
    """Open ones first, the oldest first."""
    return tuple(sorted(blockers, key=lambda blocker: (not blocker.is_open, blocker.opened_at)))


def end_blockers(
    tx: WriteTransaction, actor: Actor, project: Project, ticket: Ticket, column: Stage, *, at: datetime
) -> bool:
    """Close what is in the way of a ticket that goes where work ends; says whether anything was."""
    still_open = [blocker for blocker in tx.blockers_of(ticket.id) if blocker.is_open]
    for blocker in still_open:
        _close(tx, actor, project, ticket, blocker, f"The ticket went to {column.title}", at=at)
    return bool(still_open)


def _close(
    tx: WriteTransaction,
    actor: Actor,
    project: Project,
    ticket: Ticket,
    blocker: Blocker,
    resolution: str,
    *,
    at: datetime,
) -> Blocker:
    if not tx.close_blocker(ticket.id, blocker.number, resolution=resolution, by=actor.name, at=at):
        raise _closed_before(blocker)
    told = {"number": blocker.number, "category": blocker.category.value, "resolution": resolution}
    tx.append(
        Event.of("blocker.closed", project=project.slug, subject=ticket.key, **told), actor=actor, at=at
    )
    return replace(blocker, closed_at=at, closed_by=actor.name, resolution=resolution)


def _check_may_be_blocked(tx: WriteTransaction, project: Project, ticket: Ticket) -> None:
    stage = project.settings.board.stage(ticket.stage)
    if stage is not None and stage.terminal:
        raise Refused(
            f"cannot open a blocker of {ticket.key!r}: it is in {stage.title}, where work ends (expected a ticket that "
            "somebody works on)",
            hint=f"assay ticket follow-up {ticket.key}",
            code="blocker-of-ended-ticket",
        )
    if sum(blocker.is_open for blocker in tx.blockers_of(ticket.id)) >= MOST_OPEN:
        raise Refused(
            f"cannot open a blocker of {ticket.key!r}: {MOST_OPEN} are open (expected fewer)",
            hint=f"assay blocker list {ticket.key}",
            code="blockers-too-many",
        )


def _named(blockers: Sequence[Blocker], key: str, number: int | None) -> Blocker:
    listing = f"assay blocker list {key}"
    if number is not None:
        found = next((blocker for blocker in blockers if blocker.number == number), None)
        if found is None:
            raise NotFound(
                f"cannot find blocker {number} of {key!r}: it has no such blocker",
                hint=listing,
                code="blocker-unknown",
                field="number",
            )
        if not found.is_open:
            raise _closed_before(found)
        return found
    still_open = [blocker for blocker in blockers if blocker.is_open]
    if not still_open:
        raise NotFound(
            f"cannot close a blocker of {key!r}: none is open", hint=listing, code="blocker-unknown"
        )
    if len(still_open) > 1:
        numbers = ", ".join(str(blocker.number) for blocker in still_open)
        raise Invalid(
            f"cannot close a blocker of {key!r}: {len(still_open)} are open (expected one of the numbers {numbers})",
            hint=listing,
            code="blocker-not-named",
            field="number",
        )
    return still_open[0]


def _closed_before(blocker: Blocker) -> Conflict:
    when = "meanwhile" if blocker.closed_at is None else f"on {blocker.closed_at:%d %B %Y}"
    return Conflict(
        f"cannot close blocker {blocker.number} of {blocker.ticket!r}: it was closed {when} (expected an open one)",
        hint="what came back is a new blocker: open one",
        code="blocker-closed",
    )


def _checked(text: str, key: str, *, what: str, most: int) -> str:
    shown = text.strip()
    fact = f"{len(shown)} characters"
    if 1 <= len(shown) <= most:
        try:
            return clean_text(shown)
        except ValueError as error:
            fact = str(error)
    raise Invalid(
        f"cannot read {what} of a blocker of {key[:40]!r}: {fact} (expected 1 to {most} characters that can be shown)",
        hint="assay blocker open --help",
        code="blocker-text",
        field=what,
    )


def _view(blocker: Blocker, at: datetime) -> BlockerView:
    return BlockerView(
        ticket=blocker.ticket,
        title=blocker.title,
        number=blocker.number,
        category=blocker.category,
        owner=blocker.owner,
        text=blocker.text,
        opened_at=blocker.opened_at,
        opened_by=blocker.opened_by,
        closed_at=blocker.closed_at,
        closed_by=blocker.closed_by,
        resolution=blocker.resolution,
        days_open=days_open(blocker.opened_at, blocker.closed_at, at),
    )
