"""The inbox: what others did on the tickets that somebody follows, and how far they have read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.domain.experiments.notices import speaks_to
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.lookup import required_project
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project
from assay.workflows.views import JournalRow
from assay.workflows.watching import checked_name

PAGE = 50


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened on a followed ticket."""

    row: JournalRow
    title: str
    """Of the ticket."""
    mentions: bool
    """It speaks to the reader by name."""
    is_new: bool
    """It came after what the reader has read."""


@dataclass(frozen=True, slots=True)
class InboxView:
    """What is new for somebody, newest first."""

    name: str
    rows: tuple[Notice, ...]
    next_before: int | None
    unread: int
    read_up_to: int
    """Journal number up to which they have read; 0 before they ever said so."""
    last_seq: int
    """Newest number of the journal: what reading everything means."""
    follows: int
    """Tickets that they follow."""
    people: tuple[str, ...]
    """Everybody who follows some ticket of the project."""


@dataclass(frozen=True, slots=True)
class Marked:
    """How far somebody has read now, and had before: saying the latter takes it back."""

    name: str
    read_up_to: int
    before: int


def inbox(
    ws: Workspace,
    actor: Actor,
    slug: str,
    *,
    who: str | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> InboxView:
    """What did others do on the tickets that somebody follows, since they follow them?

    Args:
        ws: the workspace.
        actor: who asks.
        slug: the project.
        who: whose inbox; None is that of the one who asks.
        before: the journal number to go on below; None is the newest.
        limit: rows of the page.

    Raises:
        Invalid: the name is none.
        NotFound: no such project.
    """
    actor.require(Permission.READ)
    name = _reader(actor, who)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        heard, older = tx.heard(project, name, before=before, limit=limit)
        read_up_to, unread = tx.unread(project, name)
        followers = tx.followers(project.id)
        last_seq, _ = tx.head()
    return InboxView(
        name=name,
        rows=tuple(
            Notice(
                one.row,
                one.title,
                mentions=speaks_to(name, one.row.kind, one.row.payload),
                is_new=one.row.seq > read_up_to,
            )
            for one in heard
        ),
        next_before=older,
        unread=unread,
        read_up_to=read_up_to,
        last_seq=last_seq,
        follows=dict(followers).get(name, 0),
        people=tuple(one for one, _ in followers),
    )


def mark_read(ws: Workspace, actor: Actor, slug: str, *, up_to: int, who: str | None = None) -> Marked:
    """Somebody has read everything up to this journal number. An earlier number makes what came after it new again.

    Raises:
        Invalid: the journal has no such number, or the name is none.
    """
    actor.require(Permission.WRITE_TICKETS)
    name = _reader(actor, who)

    def work(tx: WriteTransaction) -> Marked:
        project = required_project(tx, slug)
        last, _ = tx.head()
        if not 0 <= up_to <= last:
            raise Invalid(
                f"cannot mark as read up to {str(up_to)[:30]}: the journal ends at {last} (expected 0 to {last})",
                hint="assay inbox",
                code="inbox-mark",
                field="read_up_to",
            )
        return Marked(name, read_up_to=up_to, before=tx.mark_read(project.id, name, up_to))

    return ws.store.write(work)


def around_a_page(ws: Workspace, actor: Actor, project: Project) -> tuple[Sequence[Project], int]:
    """Every project, and how much is new for the one who looks at this one; both in one statement, for every page asks."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        return tx.projects_and_unread(project, actor.name)


def _reader(actor: Actor, who: str | None) -> str:
    return actor.name if who is None else checked_name(who)
