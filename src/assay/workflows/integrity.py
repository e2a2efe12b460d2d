"""Does what stands in the tables still say what the journal says it said?

The journal's own chain cannot see a change of the tables beside it. Every ticket, confirmation, lock, amendment, decision, verdict,
blocker, snooze, sprint, commitment, gate, canvas, phase, comparison, job of a pipeline and webhook is journaled, so it can be held against that, field by field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.domain.kernel.canonical import digest_bytes
from assay.workflows.blocker_integrity import blocker_faults
from assay.workflows.gate_integrity import gate_faults
from assay.workflows.kept_integrity import kept_faults
from assay.workflows.lock_integrity import KINDS_OF_LOCKS, Told, lock_reasons
from assay.workflows.pipeline_integrity import job_faults
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.snooze_integrity import snooze_faults
from assay.workflows.sprint_integrity import sprint_faults
from assay.workflows.ticket_integrity import ticket_faults
from assay.workflows.views import JournalRow
from assay.workflows.webhook_integrity import webhook_faults

_KINDS = (*KINDS_OF_LOCKS, "decision.recorded")


@dataclass(frozen=True, slots=True)
class RecordFault:
    """Something in the tables that is not what the journal says."""

    project: str
    ticket: str
    """Key of the ticket; of anything else, what it is: `gate answers version 2`, `gate run 7`, `sprint 3`, `canvas`."""
    reason: str


def record_faults(tx: ReadTransaction) -> tuple[RecordFault, ...]:
    """Everything in the tables that differs from its journal entries, over all projects."""
    return tuple(fault for project in tx.projects() for fault in _project_faults(tx, project))


def _project_faults(tx: ReadTransaction, project: Project) -> Iterator[RecordFault]:
    told = _told(tx, project)
    tickets = {ticket.key: ticket for ticket in tx.tickets(project.id)}
    for key in sorted({*told, *(key for key, ticket in tickets.items() if ticket.lock is not None)}):
        ticket, of_ticket = tickets.get(key), told.get(key, Told({}))
        if ticket is None:
            continue  # told of by what is said of tickets that are gone
        reasons = [*lock_reasons(ticket.lock, of_ticket), *_decision_reasons(ticket, of_ticket)]
        if ticket.lock is not None:
            reasons += _verdict_reasons(tx, project, ticket)
        yield from (RecordFault(project.slug, key, reason) for reason in reasons)
    for found in (
        ticket_faults(tx, project, tickets),
        blocker_faults(tx, project, tickets),
        snooze_faults(tx, project, tickets),
        sprint_faults(tx, project, tickets),
        gate_faults(tx, project),
        kept_faults(tx, project),
        job_faults(tx, project),
        webhook_faults(tx, project),
    ):
        yield from (RecordFault(project.slug, what, reason) for what, reason in found)


def _told(tx: ReadTransaction, project: Project) -> dict[str, Told]:
    found: dict[str, dict[str, list[JournalRow]]] = {}
    for row in tx.told(project.slug, _KINDS):
        if row.subject is not None:
            found.setdefault(row.subject, {}).setdefault(row.kind, []).append(row)
    return {key: Told(rows) for key, rows in found.items()}


def _decision_reasons(ticket: Ticket, told: Told) -> Iterator[str]:
    rows, decision = told.of("decision.recorded"), ticket.decision
    if decision is None:
        if rows:
            yield "the journal tells of a decision, and it is gone"
        return
    if not rows:
        yield "the decision is not in the journal"
        return
    row = rows[-1]
    expected = {
        "kind": row.payload.get("decision"),
        "verdict": row.payload.get("verdict"),
        "verdict_digest": row.payload.get("verdict_digest"),
        "evidence_digest": row.payload.get("evidence_digest"),
        "reason": row.payload.get("reason"),
        "learnings": row.payload.get("learnings"),
        "by": row.actor,
        "seq": row.seq,
    }
    other = [name for name, value in expected.items() if getattr(decision, name) != value]
    if other:
        yield f"the decision is not the one in the journal: it differs in {', '.join(other)}"


def _verdict_reasons(tx: ReadTransaction, project: Project, ticket: Ticket) -> Iterator[str]:
    page = tx.journal_page(
        project=project.slug, before=None, limit=1, kind="verdict.computed", subject=ticket.key, actor=None
    )
    journaled = page.rows[0].payload.get("digest") if page.rows else None
    stored = tx.verdict(ticket.id)
    if stored is None:
        if journaled is not None:
            yield "the journal tells of a verdict, and it is gone"
        return
    if digest_bytes(stored.body) != stored.digest:
        yield "the stored verdict was changed in the database: its bytes do not have its digest"
    if journaled != stored.digest:
        yield "the stored verdict is not the last one in the journal"
