"""Do blockers still say what the journal says they said?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from assay.domain.board.blockers import Blocker
from assay.workflows.journaled import rows_of_kind
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project
from assay.workflows.views import JournalRow

Name = tuple[str | None, object]


def blocker_faults(
    tx: ReadTransaction, project: Project, tickets: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Which ticket is it, and in which way is a blocker of it not the one in the journal? Over all that still has a ticket."""
    deleted = {row.subject: row.seq for row in rows_of_kind(tx, project, "ticket.deleted")}
    opened, closed = (_told(tx, project, kind, deleted) for kind in ("blocker.opened", "blocker.closed"))
    for blocker in tx.blockers(project.id):
        name = (blocker.ticket, blocker.number)
        reasons = _reasons(blocker, opened.pop(name, None), closed.get(name))
        yield from ((blocker.ticket, f"blocker {blocker.number}: {reason}") for reason in reasons)
    for key, number in opened:
        if key is not None and key in tickets:
            yield key, f"blocker {number}: the journal tells of it, and it is gone"


def _told(
    tx: ReadTransaction, project: Project, kind: str, deleted: Mapping[str | None, int]
) -> dict[Name, JournalRow]:
    """What was said since the ticket of this key was deleted, where one was: an imported one may have its key again."""
    return {
        (row.subject, row.payload.get("number")): row
        for row in rows_of_kind(tx, project, kind)
        if row.seq > deleted.get(row.subject, 0)
    }


def _reasons(blocker: Blocker, opened: JournalRow | None, closed: JournalRow | None) -> Iterator[str]:
    if opened is None:
        yield "it is not in the journal"
        return
    said = opened.payload
    expected = {
        "category": (said.get("category"), blocker.category.value),
        "owner": (said.get("owner"), blocker.owner),
        "text": (said.get("text"), blocker.text),
        "opened_at": (opened.at, blocker.opened_at),
        "opened_by": (opened.actor, blocker.opened_by),
        "closed_at": (closed.at if closed else None, blocker.closed_at),
        "closed_by": (closed.actor if closed else "", blocker.closed_by),
        "resolution": (closed.payload.get("resolution") if closed else "", blocker.resolution),
    }
    other = [name for name, (journaled, stored) in expected.items() if journaled != stored]
    if other:
        yield f"it is not the one in the journal: it differs in {', '.join(other)}"
