"""Verdicts: compute from a ticket's evidence, and keep."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from assay.domain.experiments.evidence import Evidence, RunStatus
from assay.domain.experiments.experiment import LinkKind, Lock
from assay.domain.gates.sources import read_once
from assay.domain.gates.summary import card_evidence
from assay.domain.gates.verdict import compute_verdict, unjudged, verdict_bytes, verdict_digest
from assay.domain.kernel.events import Event
from assay.domain.kernel.findings import Role
from assay.domain.kernel.verdicts import VerdictRecord
from assay.errors import AssayError, NotFound, Refused, Unavailable
from assay.workflows.actor import SYSTEM, Actor, Permission
from assay.workflows.board_gates import card_gate
from assay.workflows.card_figures import figures_text
from assay.workflows.gathering import gather_evidence
from assay.workflows.judging import judging_settings
from assay.workflows.kill_cards import looked_at_again
from assay.workflows.lessons import past_for
from assay.workflows.lock_integrity import lock_faults
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project, StoredVerdict, Ticket
from assay.workflows.standing_verdicts import (
    StandingVerdict,
    figures_at_kill,
    read_otherwise,
    read_record,
    standing_verdict,
    with_estimate,
)
from assay.workflows.unjudged import unjudged_type
from assay.workflows.views import CardEvidence

MOST_SAID = 200
_COUNTED = ("metric", "runs", "running", "finished", "baseline_runs", "decision", "learnings")
"""What a card may still show when its ticket could not be judged."""
log = logging.getLogger("assay.verdicts")


def refresh_verdict(ws: Workspace, slug: str, key: str) -> VerdictRecord | None:
    """Compute the verdict from what is known now and keep it when it differs; None before the lock.

    A verdict that cannot be computed is kept as an undecided one that says why, so that no ticket stands in another's way.

    Raises:
        NotFound: no such ticket.
        Unavailable: the store is away.
    """
    try:
        return _computed(ws, slug, key)
    except (NotFound, Unavailable):
        raise
    except AssayError as error:
        return _not_judged(ws, slug, key, why=error.message, hint=error.hint or "mend what it names")
    except Exception as error:  # whatever a computation stumbles over, the page has to say so
        why = f"its verdict cannot be computed: unexpected {type(error).__name__}: {str(error)[:MOST_SAID]}"
        log.warning("%s: %s", key, why, exc_info=log.isEnabledFor(logging.DEBUG))
        return _not_judged(ws, slug, key, why=why, hint="report this with the runs that it came with")


def _computed(ws: Workspace, slug: str, key: str) -> VerdictRecord | None:
    """The computation runs outside the writer; a lock amended meanwhile makes it start again."""
    while True:
        kept, record = _refresh_once(ws, slug, key)
        if kept:
            return record


def _not_judged(ws: Workspace, slug: str, key: str, *, why: str, hint: str) -> VerdictRecord | None:
    said = [text.encode("utf-8", "replace").decode() for text in (why, hint)]
    while True:
        kept, record = _keep_unjudged(ws, slug, key, why=said[0], hint=said[1])
        if kept:
            return record


def _keep_unjudged(
    ws: Workspace, slug: str, key: str, *, why: str, hint: str
) -> tuple[bool, VerdictRecord | None]:
    with ws.store.read() as tx:
        seen, _ = tx.head()
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
    if ticket.lock is None:
        ws.store.write(lambda tx: tx.clear_due(ticket.id, seq=seen))
        return True, None
    record = unjudged(ticket.lock, judging_settings(project, ticket), why=why, hint=hint)
    unknown = CardEvidence(recommendation="undecided", chip="Not judged", foot=why[:MOST_SAID], invalid=True)
    card = asdict(unknown) | {name: ticket.card[name] for name in _COUNTED if name in ticket.card}
    return ws.store.write(lambda tx: _keep(tx, ws, project, ticket, record, card, seen=seen)), record


def _refresh_once(ws: Workspace, slug: str, key: str) -> tuple[bool, VerdictRecord | None]:
    with ws.store.read() as tx:
        seen, _ = tx.head()
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        evidence = gather_evidence(ws, tx, project, ticket)
        altered = lock_faults(tx, project, ticket)
        past = past_for(ws, tx, project, ticket, evidence)
    check_lock(ticket.key, altered)
    if ticket.lock is None:
        counts = asdict(_counts(CardEvidence(), ticket, evidence))
        ws.store.write(lambda tx: _show(tx, ws, project, ticket, counts, seen=seen))
        return True, None
    marked = with_late_amendments_marked(ticket.lock, evidence)
    if marked != ticket.lock:
        ws.store.write(lambda tx: _mark_amendments(tx, ws, project, ticket, marked))
        return False, None
    settings = judging_settings(project, ticket)
    taught = None if past is None else past()
    record = compute_verdict(ticket.lock, evidence, settings=settings, now=ws.clock(), past=taught)
    summary = card_evidence(record, ticket.lock, evidence)
    card = asdict(with_estimate(_counts(CardEvidence(**asdict(summary)), ticket, evidence), record, evidence))
    card |= read_otherwise(ticket.lock)
    return ws.store.write(lambda tx: _keep(tx, ws, project, ticket, record, card, seen=seen)), record


def check_lock(key: str, altered: Sequence[str]) -> None:
    """Refused when the lock is not the one in the journal (see `lock_faults`): somebody changed it in the database."""
    if altered:
        raise Refused(
            f"cannot judge ticket {key!r}: {altered[0]} (expected the lock as the journal tells it)",
            hint="assay audit verify, then restore a backup",
            code="lock-altered",
        )


def with_late_amendments_marked(lock: Lock, evidence: Evidence) -> Lock:
    """Amendments made after a run had begun were made when results could be seen, synced or not."""
    begun = [run.started_at for run in evidence.runs if run.started_at is not None and run.curves]
    marked = tuple(
        a
        if a.after_results or not any(moment < a.at for moment in begun)
        else a.model_copy(update={"after_results": True})
        for a in lock.amendments
    )
    return lock.model_copy(update={"amendments": marked})


def _mark_amendments(
    tx: WriteTransaction, ws: Workspace, project: Project, ticket: Ticket, lock: Lock
) -> None:
    fresh = required_ticket(tx, project, ticket.key)
    if fresh.lock is None or fresh.lock != ticket.lock:
        return
    tx.put_lock(ticket.id, lock)
    numbers = [a.number for a, old in zip(lock.amendments, fresh.lock.amendments, strict=True) if a != old]
    event = Event.of(
        "amendment.marked", project=project.slug, subject=ticket.key, numbers=numbers, after_results=True
    )
    tx.append(event, actor=SYSTEM, at=ws.clock())


def _keep(
    tx: WriteTransaction,
    ws: Workspace,
    project: Project,
    ticket: Ticket,
    record: VerdictRecord,
    card: dict[str, Any],
    *,
    seen: int,
) -> bool:
    fresh = required_ticket(tx, project, ticket.key)
    if fresh.lock is None or ticket.lock is None or fresh.lock.digest != ticket.lock.digest:
        return False
    digest = verdict_digest(record)
    stored, at = tx.verdict(ticket.id), ws.clock()
    before = None if stored is None else read_record(stored).verdict
    if stored is None or stored.digest != digest:
        seq = tx.append(
            Event.of(
                "verdict.computed",
                project=project.slug,
                subject=ticket.key,
                recommendation=record.verdict.recommendation.value,
                headline=record.verdict.headline,
                figures=figures_text(card),
                digest=digest,
                digest_before=stored.digest if stored else None,
            ),
            actor=SYSTEM,
            at=at,
        )
        tx.put_verdict(
            ticket.id,
            StoredVerdict(
                digest=digest,
                body=verdict_bytes(record),
                library_versions=dict(record.library_versions),
                at=at,
                seq=seq,
            ),
        )
    card = looked_at_again(tx, project, fresh, card, record.verdict, before, at=at)
    if fresh.decision is not None:
        card |= {"decision": fresh.decision.kind.value, "learnings": fresh.decision.learnings}
        card |= figures_at_kill(tx, project, fresh)
    _show(tx, ws, project, ticket, card, seen=seen)
    return True


def _show(
    tx: WriteTransaction, ws: Workspace, project: Project, ticket: Ticket, card: dict[str, Any], *, seen: int
) -> None:
    """Every change that a page shows stands in the journal, or live pages would miss it."""
    tx.clear_due(ticket.id, seq=seen)
    if any(stage.gate is not None for stage in project.settings.board.stages):
        card |= card_gate(tx, project, required_ticket(tx, project, ticket.key))
    if tx.put_card(ticket.id, card):
        shown = {name: card[name] for name in ("runs", "running", "finished", "chip")}
        event = Event.of("ticket.evidence_seen", project=project.slug, subject=ticket.key, **shown)
        tx.append(event, actor=SYSTEM, at=ws.clock())


def _counts(card: CardEvidence, ticket: Ticket, evidence: Evidence) -> CardEvidence:
    evidence = read_once(evidence).evidence
    alive = [run for run in evidence.runs if not run.deleted]
    own = [run for run in alive if run.arm != "baseline"]
    finished = [run for run in own if run.status is RunStatus.FINISHED]
    primary = {c.metric for c in ticket.content.criteria if c.role is Role.PRIMARY and c.metric}
    baseline = [
        r for r in (*alive, *evidence.baseline_runs) if not r.deleted and r.status is RunStatus.FINISHED
    ]
    return replace(
        card,
        runs=len(alive),
        running=sum(run.status in (RunStatus.RUNNING, RunStatus.SCHEDULED) for run in alive),
        finished=len(finished),
        primary_logged=any(primary <= run.curves.keys() | run.scores.keys() for run in finished)
        and bool(primary),
        baseline_runs=sum(run.arm == "baseline" or run.ticket != ticket.key for run in baseline),
        amended_after_results=any(a.after_results for a in ticket.lock.amendments) if ticket.lock else False,
    )


def refresh_verdicts(ws: Workspace, slug: str, keys: Sequence[str]) -> tuple[str, ...]:
    """Refresh the verdicts of these tickets and of every ticket whose baseline is one of them."""
    wanted = set(keys)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        for key in keys:
            ticket = tx.ticket(project.id, key)
            if ticket is not None:
                wanted.update(
                    link.key
                    for link in tx.links(ticket.id)
                    if link.kind is LinkKind.USES_BASELINE_OF and not link.outgoing
                )
        present = [key for key in sorted(wanted) if tx.ticket(project.id, key) is not None]
    _refresh_each(ws, slug, present)
    return tuple(present)


def _refresh_each(ws: Workspace, slug: str, keys: Sequence[str]) -> None:
    """Every ticket gets its turn; a store that was away, or that holds what cannot be read, is told of at the end."""
    failure: Exception | None = None
    for key in keys:
        try:
            refresh_verdict(ws, slug, key)
        except NotFound:
            continue  # deleted meanwhile
        except Exception as error:  # noqa: BLE001 - the next ticket may well be readable
            failure = failure or error
    if failure is not None:
        raise failure


def refresh_due_verdicts(ws: Workspace, slug: str) -> tuple[str, ...]:
    """Refresh every ticket with evidence that no verdict has seen, also what an interrupted sync left behind."""
    with ws.store.read() as tx:
        keys = tx.verdicts_due(required_project(tx, slug).id)
    return refresh_verdicts(ws, slug, keys) if keys else ()


def refresh_open_verdicts(ws: Workspace, slug: str) -> None:
    """Refresh every locked ticket on its way (time boxes run out), and closed ones whose card is too old to tell of money."""
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        closed = {stage.key for stage in project.settings.board.stages if stage.terminal or stage.hidden}
        locked = [one for one in tx.tickets(project.id) if one.lock is not None]
        keys = [one.key for one in locked if one.stage not in closed or "money_text" not in one.card]
    _refresh_each(ws, slug, keys)


def get_verdict(ws: Workspace, actor: Actor, slug: str, key: str) -> VerdictRecord | None:
    """The verdict as stored, of a killed ticket the one it was killed on; None before the lock."""
    standing = get_standing_verdict(ws, actor, slug, key)
    return None if standing is None else standing.record


def get_standing_verdict(ws: Workspace, actor: Actor, slug: str, key: str) -> StandingVerdict | None:
    """The same, with what came after the kill."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return standing_verdict(tx, project, required_ticket(tx, project, key))


@dataclass(frozen=True, slots=True)
class VerdictVersion:
    """One of the verdicts a ticket had."""

    digest: str
    recommendation: str
    headline: str
    at: datetime
    seq: int


def verdict_history(ws: Workspace, actor: Actor, slug: str, key: str) -> tuple[VerdictVersion, ...]:
    """Every verdict a ticket had, oldest first."""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        stored = tx.verdicts(required_ticket(tx, project, key).id)
    return tuple(_version(one) for one in stored)


def _version(stored: StoredVerdict) -> VerdictVersion:
    verdict = read_record(stored).verdict
    return VerdictVersion(
        digest=stored.digest,
        recommendation=verdict.recommendation.value,
        headline=verdict.headline,
        at=stored.at,
        seq=stored.seq,
    )


def recompute_verdict(ws: Workspace, actor: Actor, slug: str, key: str) -> VerdictRecord:
    """Compute the verdict now.

    Raises:
        NotFound: a ticket of this type never has one.
        Refused: nothing is locked yet, so there is nothing to judge by.
    """
    actor.require(Permission.ADD_EVIDENCE)
    record = _computed(ws, slug, key)
    if record is None:
        with ws.store.read() as tx:
            never = unjudged_type(required_ticket(tx, required_project(tx, slug), key), "compute")
        if never is not None:
            raise never
        raise Refused(
            f"cannot compute verdict of {key!r}: its criteria are not locked (expected a ticket in Experiment or later)",
            hint=f"move {key} to Experiment first",
            code="ticket-not-locked",
        )
    return record
