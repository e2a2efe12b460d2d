"""What a verdict is computed from, for whoever asks the same rules elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from assay.domain.experiments.dossier import dossier_bytes
from assay.domain.experiments.experiment import Lock
from assay.domain.gates.past_targets import past_target
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.snoozes import Snooze
from assay.domain.gates.stop_advice import PastLessons
from assay.domain.kernel.kill_rules import KillRuleName
from assay.domain.stopping.backtest import MayStop
from assay.domain.stopping.learned import record_text
from assay.workflows.actor import Actor, Permission
from assay.workflows.gathering import evidence_rows
from assay.workflows.judging import judging_settings
from assay.workflows.kill_cards import snoozes_of
from assay.workflows.lessons import learned_of, stop_record_of
from assay.workflows.lock_integrity import lock_faults
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project
from assay.workflows.verdicts import check_lock


@dataclass(frozen=True, slots=True)
class VerdictBasis:
    """What a verdict would be computed from now, for whoever asks the same rules elsewhere, such as beside a training."""

    dossier: bytes
    """Lock and runs with their curves (`assay.domain.experiments.dossier`); per-example scores are named by digest."""
    settings: VerdictSettings
    snoozes: tuple[Snooze, ...]
    """Recommended kills that somebody overruled for now."""
    past: PastLessons | None
    """What past runs taught; None where the rule for futility is off, or the ticket names no number to reach."""
    at: datetime


def verdict_basis(ws: Workspace, actor: Actor, slug: str, key: str) -> VerdictBasis | None:
    """What is a verdict on this ticket computed from now? None before the lock.

    Raises:
        Refused: the lock was altered.
    """
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        ticket = required_ticket(tx, project, key)
        if ticket.lock is None:
            return None
        evidence = evidence_rows(tx, project, ticket)
        altered = lock_faults(tx, project, ticket)
        past = _past(ws, tx, project, ticket.lock, judging_settings(project, ticket))
    check_lock(ticket.key, altered)
    return VerdictBasis(
        dossier_bytes(ticket.lock, evidence),
        judging_settings(project, ticket),
        snoozes_of(ticket),
        None if past is None else past(),
        ws.clock(),
    )


def _past(
    ws: Workspace, tx: ReadTransaction, project: Project, lock: Lock, settings: VerdictSettings
) -> Callable[[], PastLessons] | None:
    target = past_target(lock.registration)
    if target is None or KillRuleName.FUTILITY not in settings.kill_rules.enabled:
        return None
    learned = learned_of(ws, tx, project)
    record = stop_record_of(ws, tx, project, float(settings.kill_rules.futility))

    def taught() -> PastLessons:
        said = record()
        return PastLessons(learned().about(target.subject), isinstance(said, MayStop), record_text(said))

    return taught
