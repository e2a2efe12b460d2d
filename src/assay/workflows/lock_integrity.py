"""Is the lock of a ticket the one that the journal tells of? Asked before every verdict, so apart from what an audit asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assay.domain.experiments.experiment import Amendment, Lock
from assay.domain.experiments.prediction import Prediction
from assay.domain.experiments.preregistration import registration_digest
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.views import JournalRow

KINDS_OF_LOCKS = ("ticket.locked", "ticket.amended", "amendment.marked")


@dataclass(frozen=True, slots=True)
class Told:
    """What the journal tells of one ticket, by kind, oldest first."""

    rows: Mapping[str, Sequence[JournalRow]]

    def of(self, kind: str) -> Sequence[JournalRow]:
        return self.rows.get(kind, ())


def lock_faults(tx: ReadTransaction, project: Project, ticket: Ticket) -> tuple[str, ...]:
    """In which way is the lock of this ticket not the one in the journal? Empty when it is. Costs one statement."""
    rows: dict[str, list[JournalRow]] = {}
    for row in tx.journal_about(project.slug, ticket.key, KINDS_OF_LOCKS):
        rows.setdefault(row.kind, []).append(row)
    return tuple(lock_reasons(ticket.lock, Told(rows)))


def lock_reasons(lock: Lock | None, told: Told) -> Iterator[str]:
    """What differs between a lock and what the journal tells of it?"""
    locked = told.of("ticket.locked")
    if lock is None:
        if locked:
            yield "the journal says that it was locked, and the lock is gone"
        return
    if not locked:
        yield "the lock is not the one in the journal: no entry tells of it"
        return
    if registration_digest(lock.registration) != lock.digest:
        yield "the locked registration was changed in the database: it no longer has the digest it was locked with"
    row = locked[-1]
    expected = {
        "original_digest": row.payload.get("digest"),
        "alpha": row.payload.get("alpha"),
        "strictness": row.payload.get("strictness"),
        "ignored_parameters": tuple(row.payload.get("ignored_parameters", ())),
        "locked_at": row.at,
        "locked_by": row.actor,
        "seq": row.seq,
        "digest": _last_digest(told),
        "prediction": _journaled_prediction(row),
    }
    other = [name for name, value in expected.items() if getattr(lock, name) != value]
    if other:
        yield f"the lock is not the one in the journal: it differs in {', '.join(other)}"
    yield from _amendment_reasons(lock.amendments, told)


def _journaled_prediction(row: JournalRow) -> Prediction | None:
    """What is scored afterwards: an entry from before there were predictions names none."""
    said = row.payload.get("prediction")
    return None if said is None else Prediction.model_validate(said)


def _last_digest(told: Told) -> object:
    amended = told.of("ticket.amended")
    return (
        amended[-1].payload.get("digest_after")
        if amended
        else told.of("ticket.locked")[-1].payload.get("digest")
    )


def _amendment_reasons(amendments: Sequence[Amendment], told: Told) -> Iterator[str]:
    rows = told.of("ticket.amended")
    if len(rows) != len(amendments):
        yield f"it has {len(amendments)} amendments, the journal tells of {len(rows)}"
        return
    late = {number for row in told.of("amendment.marked") for number in row.payload.get("numbers", ())}
    for amendment, row in zip(amendments, rows, strict=True):
        expected = {
            "number": row.payload.get("number"),
            "reason": row.payload.get("reason"),
            "changes": tuple(row.payload.get("changes", ())),
            "loosens": row.payload.get("loosens"),
            "after_results": bool(row.payload.get("after_results")) or amendment.number in late,
            "digest": row.payload.get("digest_after"),
            "author": row.actor,
            "at": row.at,
        }
        other = [name for name, value in expected.items() if getattr(amendment, name) != value]
        if other:
            yield f"amendment {amendment.number} is not the one in the journal: it differs in {', '.join(other)}"
