"""Verdicts and what people decide on them."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from assay.api.answers import gives
from assay.api.documents import answer
from assay.api.permissions import actor_of, requires, workspace_of
from assay.api.preconditions import ExpectedVersion, SentBody, etag, remembered
from assay.api.schemas.moves import DecisionDocument
from assay.api.schemas.tickets import DecisionBody, ticket_document
from assay.api.schemas.verdicts import BasisDocument, PastDocument, VerdictDocument, VerdictHistory
from assay.api.versioned import v1_router
from assay.domain.experiments.display_findings import shown_findings
from assay.domain.gates.decide import EXIT_CODE, row_of
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.kernel.verdicts import VerdictRecord
from assay.domain.stopping.learned_bytes import learned_bytes
from assay.errors import AssayError, NotFound
from assay.workflows.actor import Permission
from assay.workflows.decisions import DecisionResult, decide
from assay.workflows.kill_cards import kill_views
from assay.workflows.replays import ReplayReport, replay_verdict
from assay.workflows.tickets import get_ticket
from assay.workflows.unjudged import unjudged_type
from assay.workflows.verdict_basis import verdict_basis
from assay.workflows.verdicts import (
    get_standing_verdict,
    recompute_verdict,
    verdict_history,
)
from assay.workflows.views import VerdictSince

router = v1_router("verdicts")


@router.get(
    "/projects/{slug}/tickets/{key}/verdict",
    dependencies=[requires(Permission.READ)],
    **gives(VerdictDocument),
)
def show_verdict(request: Request, slug: str, key: str) -> Response:
    """The verdict as stored, of a killed ticket the one it was killed on. 404 before the lock, for there is nothing to judge by."""
    standing = get_standing_verdict(workspace_of(request), actor_of(request), slug, key)
    if standing is None:
        raise _no_verdict(request, slug, key)
    return answer(_document(request, slug, key, standing.record, standing.since))


@router.post(
    "/projects/{slug}/tickets/{key}/verdict",
    dependencies=[requires(Permission.ADD_EVIDENCE)],
    **gives(VerdictDocument),
)
def compute_verdict(request: Request, slug: str, key: str) -> Response:
    """Compute the verdict from what is known now, and keep it when it differs."""
    record = recompute_verdict(workspace_of(request), actor_of(request), slug, key)
    return answer(_document(request, slug, key, record))


def _document(
    request: Request, slug: str, key: str, record: VerdictRecord, since: VerdictSince | None = None
) -> VerdictDocument:
    ws = workspace_of(request)
    ticket = get_ticket(ws, actor_of(request), slug, key)
    lock = ticket.lock
    metrics = MetricCatalog(metrics=lock.registration.metrics) if lock is not None else MetricCatalog()
    findings = record.verdict.findings
    return VerdictDocument(
        key=key,
        record=record,
        exit_code=EXIT_CODE[row_of(findings)[0]],
        shown=shown_findings(findings, metrics),
        since_kill=since,
        kills=kill_views(ticket, record.verdict, ws.clock()),
    )


@router.get(
    "/projects/{slug}/tickets/{key}/verdict/basis",
    dependencies=[requires(Permission.READ)],
    **gives(BasisDocument),
)
def show_verdict_basis(request: Request, slug: str, key: str) -> Response:
    """What a verdict would be computed from now: lock, runs with curves, settings. 404 before the lock."""
    basis = verdict_basis(workspace_of(request), actor_of(request), slug, key)
    if basis is None:
        raise _no_verdict(request, slug, key)
    known, dossier = basis.past, base64.b64encode(basis.dossier).decode("ascii")
    past = None
    if known is not None:
        learned = base64.b64encode(learned_bytes(known.learned)).decode("ascii")
        past = PastDocument(learned=learned, may_stop=known.may_stop, why=known.why)
    return answer(
        BasisDocument(
            key=key, dossier=dossier, settings=basis.settings, snoozes=basis.snoozes, past=past, at=basis.at
        )
    )


def _no_verdict(request: Request, slug: str, key: str) -> AssayError:
    ticket = get_ticket(workspace_of(request), actor_of(request), slug, key)
    return unjudged_type(ticket, "show") or NotFound(
        f"cannot show verdict of {key!r}: none is stored yet (expected a ticket in Experiment or later)",
        hint=f"assay move {key} experiment",
        code="verdict-none",
    )


@router.get(
    "/projects/{slug}/tickets/{key}/verdicts",
    dependencies=[requires(Permission.READ)],
    **gives(VerdictHistory),
)
def show_verdict_history(request: Request, slug: str, key: str) -> Response:
    """Every verdict this ticket had, oldest first."""
    rows = verdict_history(workspace_of(request), actor_of(request), slug, key)
    return answer(VerdictHistory(key=key, rows=rows))


@router.get(
    "/projects/{slug}/tickets/{key}/verdict/replay",
    dependencies=[requires(Permission.AUDIT)],
    **gives(ReplayReport),
)
def replay(
    request: Request, slug: str, key: str, digest: Annotated[str | None, Query(max_length=80)] = None
) -> Response:
    """Does a stored verdict come out again, byte for byte? The latest one, or the one with this digest."""
    return answer(replay_verdict(workspace_of(request), actor_of(request), slug, key, digest=digest))


@router.post(
    "/projects/{slug}/tickets/{key}/decisions",
    dependencies=[requires(Permission.DECIDE)],
    **gives(DecisionDocument, 201),
)
def record_decision(
    request: Request, slug: str, key: str, body: DecisionBody, version: ExpectedVersion, sent: SentBody
) -> Response:
    """Record what was decided, with learnings, and move the card where it leads. Needs If-Match."""
    result = decide(
        workspace_of(request),
        actor_of(request),
        slug,
        key,
        kind=body.kind,
        learnings=body.learnings,
        reason=body.reason,
        expected_version=version,
        move=body.move,
        remember=remembered(request, sent, _decided),
    )
    return _decided(result)


def _decided(result: object) -> Response:
    assert isinstance(result, DecisionResult)
    document = DecisionDocument(
        ticket=ticket_document(result.ticket),
        decision=result.decision,
        moved_to=result.moved_to,
        not_moved_because=result.not_moved_because,
    )
    return answer(document, 201, {"etag": etag(result.ticket.version)})
