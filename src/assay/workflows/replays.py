"""Does a stored verdict come out again?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.experiments.dossier import dossier_from_bytes
from assay.domain.experiments.evidence import Evidence
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.replay import replay
from assay.errors import NotFound, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.gathering import evidence_rows, with_all_scores
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, StoredVerdict, Ticket
from assay.workflows.unjudged import unjudged_type


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """Whether a stored verdict comes out again, byte for byte."""

    key: str
    same: bool
    differences: tuple[str, ...]
    stored_digest: str
    other_versions: tuple[str, ...]
    """Libraries whose version changed since, such as "numpy 2.3.1 is now 2.4.6"."""


def replay_verdict(
    ws: Workspace, actor: Actor, slug: str, key: str, *, digest: str | None = None
) -> ReplayReport:
    """Does a stored verdict come out again, byte for byte? The latest one, or the one with this digest.

    A verdict that somebody decided on is computed from the evidence kept with the decision, whatever became of the runs.

    Raises:
        NotFound: no verdict of this ticket has this digest.
        Refused: there is no stored verdict, or the runs it saw have changed and nobody decided on it.
    """
    actor.require(Permission.AUDIT)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        stored = _stored_verdict(tx, ticket, digest)
        lock, evidence = _as_decided(tx, ticket, stored) or _as_now(tx, project, ticket, stored)
        evidence = with_all_scores(ws, tx, evidence)
    again = replay(stored.body, lock, evidence, stored_versions=stored.library_versions)
    return ReplayReport(
        key=key,
        same=again.same,
        differences=again.differences,
        stored_digest=stored.digest,
        other_versions=again.other_versions,
    )


def _stored_verdict(tx: ReadTransaction, ticket: Ticket, digest: str | None) -> StoredVerdict:
    if digest is None:
        latest = tx.verdict(ticket.id)
        if latest is not None and ticket.lock is not None:
            return latest
        raise unjudged_type(ticket, "replay") or Refused(
            f"cannot replay verdict of {ticket.key!r}: none is stored (expected a locked ticket with a verdict)",
            hint=f"assay verdict {ticket.key}",
            code="verdict-missing",
        )
    for stored in reversed(tx.verdicts(ticket.id)):
        if stored.digest == digest:
            return stored
    raise NotFound(
        f"cannot replay verdict {digest[:80]!r}: {ticket.key!r} has no verdict with this digest",
        hint=f"assay verdict {ticket.key} --json",
        code="verdict-unknown",
        field="digest",
    )


def _as_decided(tx: ReadTransaction, ticket: Ticket, stored: StoredVerdict) -> tuple[Lock, Evidence] | None:
    for decision in tx.decisions(ticket.id):
        if decision.verdict_digest == stored.digest and decision.evidence_digest is not None:
            content = tx.blob(decision.evidence_digest)
            if content is not None:
                return dossier_from_bytes(content)
    return None


def _as_now(
    tx: ReadTransaction, project: Project, ticket: Ticket, stored: StoredVerdict
) -> tuple[Lock, Evidence]:
    assert ticket.lock is not None
    latest = tx.verdict(ticket.id)
    if latest is None or latest.digest != stored.digest:
        raise Refused(
            f"cannot replay verdict {stored.digest[:19]!r} of {ticket.key!r}: its runs have changed since and nobody "
            "decided on it (expected the latest verdict, or one with a decision)",
            hint=f"assay replay {ticket.key}",
            code="verdict-superseded",
        )
    return ticket.lock, evidence_rows(tx, project, ticket)
