"""What a verdict is computed from, for whoever asks the same rules elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from assay.domain.experiments.dossier import dossier_bytes
from assay.domain.gates.settings import VerdictSettings
from assay.domain.gates.snoozes import Snooze
from assay.workflows.actor import Actor, Permission
from assay.workflows.gathering import evidence_rows
from assay.workflows.integrity import lock_faults
from assay.workflows.kill_cards import snoozes_of
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import Workspace
from assay.workflows.verdicts import check_lock, judging_settings


@dataclass(frozen=True, slots=True)
class VerdictBasis:
    """What a verdict would be computed from now, for whoever asks the same rules elsewhere, such as beside a training."""

    dossier: bytes
    """Lock and runs with their curves (`assay.domain.experiments.dossier`); per-example scores are named by digest."""
    settings: VerdictSettings
    snoozes: tuple[Snooze, ...]
    """Recommended kills that somebody overruled for now."""
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
    check_lock(ticket.key, altered)
    return VerdictBasis(
        dossier_bytes(ticket.lock, evidence),
        judging_settings(project, ticket),
        snoozes_of(ticket),
        ws.clock(),
    )
