"""Decisions: what a person recorded on a verdict, with learnings, and where the card went."""

from __future__ import annotations

from dataclasses import dataclass

from assay.domain.experiments.dossier import dossier_bytes
from assay.domain.experiments.experiment import Decision, DecisionKind
from assay.domain.experiments.learnings import checked_learnings
from assay.domain.gates.shown import Shown, shown_of
from assay.domain.kernel.canonical import digest_bytes
from assay.domain.kernel.events import Event
from assay.domain.kernel.ids import TicketType
from assay.domain.kernel.verdicts import Verdict
from assay.errors import Invalid, Refused
from assay.workflows.actor import Actor, Permission
from assay.workflows.board import Moved, place_card
from assay.workflows.gathering import evidence_rows
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.lookup import check_version, required_project, required_ticket, stale
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, Ticket
from assay.workflows.standing_verdicts import read_record


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """The decision, and what became of the card."""

    ticket: Ticket
    decision: Decision
    moved_to: str | None
    not_moved_because: str


def decide(
    ws: Workspace,
    actor: Actor,
    slug: str,
    key: str,
    *,
    kind: DecisionKind,
    learnings: str,
    reason: str = "",
    expected_version: int | None,
    move: bool = True,
    remember: Remember | None = None,
) -> DecisionResult:
    """Record what was decided on a ticket's verdict, and move its card where the decision leads.

    Raises:
        Invalid: learnings are missing, or the decision differs from the verdict and no reason is given.
        Refused: nothing is locked, or the ticket is closed.
        StaleVersion: somebody changed the ticket meanwhile.
    """
    actor.require(Permission.DECIDE)
    lesson = checked_learnings(learnings)

    def work(tx: WriteTransaction) -> DecisionResult:
        project = required_project(tx, slug)
        return record_decision(
            tx,
            ws,
            actor,
            project,
            key,
            kind=kind,
            lesson=lesson,
            reason=reason,
            expected_version=expected_version,
            move=move,
        )

    return write_once(ws, remember, work)


def record_decision(
    tx: WriteTransaction,
    ws: Workspace,
    actor: Actor,
    project: Project,
    key: str,
    *,
    kind: DecisionKind,
    lesson: str,
    reason: str,
    expected_version: int | None,
    move: bool = True,
) -> DecisionResult:
    """The transaction part of `decide`, for workflows that decide several at once; `lesson` is checked already."""
    before = required_ticket(tx, project, key)
    check_version(before, expected_version)
    refused = may_be_decided(project, before)
    if refused is not None:
        raise refused
    stored = tx.verdict(before.id)
    verdict = None if stored is None else read_record(stored).verdict
    recommendation = _recommendation(before, verdict)
    _reason_given(key, kind, recommendation, reason)
    dossier = None if before.lock is None else dossier_bytes(before.lock, evidence_rows(tx, project, before))
    decision = Decision(
        kind=kind,
        verdict=recommendation,
        verdict_digest=stored.digest if stored else None,
        evidence_digest=None if dossier is None else digest_bytes(dossier),
        reason=reason.strip(),
        learnings=lesson,
        by=actor.name,
        at=ws.clock(),
    )
    if dossier is not None:
        tx.put_blob(digest_bytes(dossier), dossier)
    shown = None if before.lock is None else shown_of(before.lock, verdict)
    decision = _record(tx, actor, project, before, decision, shown=shown)
    ticket = required_ticket(tx, project, key)
    if not move:
        return DecisionResult(ticket=ticket, decision=decision, moved_to=None, not_moved_because="")
    return _follow(tx, ws, actor, project, ticket, decision)


def may_be_decided(project: Project, ticket: Ticket) -> Refused | None:
    """Why nothing can be decided on this ticket now; None where it can."""
    stage = project.settings.board.stage(ticket.stage)
    if stage is not None and stage.terminal:
        return Refused(
            f"cannot decide ticket {ticket.key!r}: it is closed in {stage.title} (expected an open one)",
            hint=f"assay ticket follow-up {ticket.key}",
            code="ticket-closed",
        )
    if ticket.lock is None and ticket.content.type is TicketType.EXPERIMENT:
        return Refused(
            f"cannot decide ticket {ticket.key!r}: its criteria are not locked (expected criteria fixed before "
            "the first run)",
            hint=f"move {ticket.key} to {project.settings.board.locking_title or 'a column that locks criteria'} first; a draft that "
            f"nobody will run is deleted: assay ticket delete {ticket.key}",
            code="ticket-not-locked",
        )
    return None


def _recommendation(ticket: Ticket, verdict: Verdict | None) -> str:
    """What the evidence says; nothing where nothing was registered, which only experiments have to be."""
    if ticket.lock is None:
        return ""
    return "undecided" if verdict is None else verdict.recommendation.value


def _reason_given(key: str, kind: DecisionKind, recommendation: str, reason: str) -> None:
    if recommendation and kind.value != recommendation and len(reason.strip()) < 3:
        raise Invalid(
            f"cannot record decision {kind.value!r} on {key!r}: the verdict says {recommendation} and no reason is "
            "given (expected a reason why the decision differs)",
            hint='add --reason "why"',
            code="decision-needs-reason",
            field="reason",
        )


def _record(
    tx: WriteTransaction,
    actor: Actor,
    project: Project,
    before: Ticket,
    decision: Decision,
    *,
    shown: Shown | None,
) -> Decision:
    measured = {} if shown is None else {"primary": shown.primary.value, "gain": shown.gain}
    seq = tx.append(
        Event.of(
            "decision.recorded",
            project=project.slug,
            subject=before.key,
            decision=decision.kind.value,
            verdict=decision.verdict,
            verdict_digest=decision.verdict_digest,
            evidence_digest=decision.evidence_digest,
            reason=decision.reason,
            learnings=decision.learnings,
            **measured,
        ),
        actor=actor,
        at=decision.at,
    )
    numbered = decision.model_copy(update={"seq": seq})
    tx.add_decision(before.id, numbered)
    if tx.touch_ticket(before, at=decision.at) is None:
        raise stale(required_ticket(tx, project, before.key))
    tx.put_card(before.id, before.card | {"decision": decision.kind.value, "learnings": decision.learnings})
    return numbered


_NOWHERE = "No column of this board stands for the decision to {kind}: the card stays where it is."


def _follow(
    tx: WriteTransaction, ws: Workspace, actor: Actor, project: Project, ticket: Ticket, decision: Decision
) -> DecisionResult:
    target = project.settings.board.column_of(decision.kind)
    if target is None or ticket.stage == target:
        why = "" if target else _NOWHERE.format(kind=decision.kind.value)
        return DecisionResult(ticket=ticket, decision=decision, moved_to=None, not_moved_because=why)
    result = place_card(tx, ws, actor, project, ticket, to=target)
    if isinstance(result, Moved):
        return DecisionResult(ticket=result.ticket, decision=decision, moved_to=target, not_moved_because="")
    return DecisionResult(
        ticket=ticket, decision=decision, moved_to=None, not_moved_because=result.assessment.explanation
    )
