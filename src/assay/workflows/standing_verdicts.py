"""What stands of an experiment that is closed by a kill: the verdict it was killed on, whatever its tag brings in later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from assay.domain.experiments.dossier import dossier_from_bytes
from assay.domain.experiments.evidence import Evidence
from assay.domain.experiments.experiment import Decision, DecisionKind, Lock
from assay.domain.gates.candidates import primary_metric_of
from assay.domain.gates.summary import card_evidence
from assay.domain.kernel.findings import Outcome, with_outcome
from assay.domain.kernel.readings import LAST
from assay.domain.kernel.time import timestamp
from assay.domain.kernel.verdicts import VerdictRecord
from assay.workflows.ports import ReadTransaction
from assay.workflows.records import Project, StoredVerdict, Ticket
from assay.workflows.views import CardEvidence, VerdictSince

_STANDING = (
    "metric", "baseline_text", "current_text", "target_text", "bar", "recommendation", "claim", "chip", "foot", "estimate",
    "measured_at", "invalid",
)  # fmt: skip
"""What a card says of the evidence; compute and the number of runs go on, for they were spent."""


@dataclass(frozen=True, slots=True)
class StandingVerdict:
    """The verdict that a ticket shows."""

    record: VerdictRecord
    digest: str
    since: VerdictSince | None = None
    """What came after the kill it is closed by; None while nothing did, and for every other ticket."""


def standing_verdict(tx: ReadTransaction, project: Project, ticket: Ticket) -> StandingVerdict | None:
    """The verdict on which a closed ticket was killed, else the latest one; None before any was computed."""
    kill = closed_by(project, ticket)
    computed = () if kill is None else tx.verdicts(ticket.id)
    latest = tx.verdict(ticket.id) if kill is None else computed[-1] if computed else None
    if latest is None:
        return None
    now = read_record(latest)
    stored = _killed_on(computed, kill)
    if stored is None:
        return StandingVerdict(now, latest.digest)
    then = read_record(stored)
    came = {run.row.run_id for run in tx.runs_of(project.id, ticket.key) if not run.row.deleted}
    came -= then.run_digests.keys()
    if now.run_digests:
        came &= now.run_digests.keys()
    if stored.digest == latest.digest and not came:
        return StandingVerdict(then, stored.digest)
    since = VerdictSince(len(came), now.verdict.recommendation.value, now.verdict.headline, latest.digest)
    return StandingVerdict(then, stored.digest, since)


def figures_at_kill(tx: ReadTransaction, project: Project, ticket: Ticket) -> Mapping[str, Any]:
    """What the card of a closed ticket said of its evidence when it was killed; nothing for every other ticket."""
    kill = closed_by(project, ticket)
    stored = None if kill is None else _killed_on(tx.verdicts(ticket.id), kill)
    content = None if kill is None or kill.evidence_digest is None else tx.blob(kill.evidence_digest)
    if stored is None or content is None:
        return {}
    (lock, evidence), record = dossier_from_bytes(content), read_record(stored)
    summary = card_evidence(record, lock, evidence)
    card = asdict(with_estimate(CardEvidence(**asdict(summary)), record, evidence))
    return {name: card[name] for name in _STANDING} | read_otherwise(lock)


def closed_by(project: Project, ticket: Ticket) -> Decision | None:
    """The decision to kill that closed this ticket; None while it can be worked on."""
    stage, decision = project.settings.board.stage(ticket.stage), ticket.decision
    is_closed = stage is not None and stage.terminal
    return decision if is_closed and decision is not None and decision.kind is DecisionKind.KILL else None


def _killed_on(computed: Sequence[StoredVerdict], kill: Decision | None) -> StoredVerdict | None:
    return (
        None if kill is None else next((one for one in computed if one.digest == kill.verdict_digest), None)
    )


def with_estimate(card: CardEvidence, record: VerdictRecord, evidence: Evidence) -> CardEvidence:
    """The candidate's mean and when it was measured; unknown while any evidence is broken."""
    if with_outcome(record.verdict.findings, Outcome.INVALID):
        return replace(card, invalid=True)
    group = next((group for group in record.verdict.groups if group.is_candidate), None)
    ended = [run.ended_at for run in evidence.runs if group is not None and run.run_id in group.run_ids]
    known = [moment for moment in ended if moment is not None]
    if group is None or group.mean is None or not known:
        return card
    return replace(card, estimate=group.mean, measured_at=timestamp(max(known)))


def read_otherwise(lock: Lock) -> dict[str, str]:
    """Which value of the runs the estimate of a card is, where that is not the last one: `reading`."""
    primary = primary_metric_of(lock.registration)
    return {} if primary is None or primary[1].reading == LAST else {"reading": primary[1].reading.text}


def read_record(stored: StoredVerdict) -> VerdictRecord:
    """The record that these stored bytes say."""
    return VerdictRecord.model_validate(
        json.loads(stored.body) | {"library_versions": stored.library_versions}
    )
