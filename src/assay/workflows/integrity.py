"""Do locks and verdicts still say what the journal says they said?

The journal's own chain cannot see a change of the tables beside it. Every lock, amendment and verdict is journaled with its
digest, so what stands in the tables can be held against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.domain.experiments.preregistration import registration_digest
from assay.domain.kernel.canonical import digest_bytes
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project, Ticket


@dataclass(frozen=True, slots=True)
class RecordFault:
    """Something in the tables that is not what the journal says."""

    project: str
    ticket: str
    reason: str


def record_faults(tx: ReadTransaction) -> tuple[RecordFault, ...]:
    """Every lock and latest verdict that differs from its journal entry, over all projects."""
    return tuple(
        RecordFault(project=project.slug, ticket=ticket.key, reason=reason)
        for project in tx.projects()
        for ticket in tx.tickets(project.id)
        if ticket.lock is not None
        for reason in _reasons(tx, project, ticket)
    )


def _reasons(tx: ReadTransaction, project: Project, ticket: Ticket) -> Iterator[str]:
    assert ticket.lock is not None
    if registration_digest(ticket.lock.registration) != ticket.lock.digest:
        yield "the locked registration was changed in the database: it no longer has the digest it was locked with"
    journaled = _latest(tx, project, ticket, "ticket.amended", "digest_after") or _latest(
        tx, project, ticket, "ticket.locked", "digest"
    )
    if journaled != ticket.lock.digest:
        yield "the lock is not the one in the journal"
    stored = tx.verdict(ticket.id)
    if stored is None:
        return
    if digest_bytes(stored.body) != stored.digest:
        yield "the stored verdict was changed in the database: its bytes do not have its digest"
    if _latest(tx, project, ticket, "verdict.computed", "digest") != stored.digest:
        yield "the stored verdict is not the last one in the journal"


def _latest(tx: ReadTransaction, project: Project, ticket: Ticket, kind: str, name: str) -> str | None:
    page = tx.journal_page(
        project=project.slug, before=None, limit=1, kind=kind, subject=ticket.key, actor=None
    )
    return str(page.rows[0].payload.get(name)) if page.rows else None
