"""The ticket page as it travels."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from assay.api.schemas.tickets import TicketDocument, ticket_document
from assay.domain.board.blockers import Blocker
from assay.domain.experiments.criteria.rules import Problem
from assay.domain.experiments.experiment import Decision
from assay.domain.kernel.metrics import Metric
from assay.domain.kernel.verdicts import VerdictRecord
from assay.workflows.job_views import JobTree
from assay.workflows.records import Attachment
from assay.workflows.run_views import RunRow
from assay.workflows.views import (
    AttestableItem,
    CriterionLine,
    CurvePoints,
    ExitGateView,
    JournalRow,
    KillView,
    SearchHit,
    SpikeClock,
    TicketView,
)


class TicketPageDocument(TypedDict):
    """Everything the ticket page shows."""

    project: str
    ticket: TicketDocument
    stage_title: str
    criteria: tuple[CriterionLine, ...]
    problems: tuple[Problem, ...]
    metrics: tuple[Metric, ...]
    verdict: VerdictRecord | None
    verdict_digest: str | None
    runs: tuple[RunRow, ...]
    chart_metric: str | None
    curves: tuple[CurvePoints, ...]
    links: tuple[Any, ...]
    notes: tuple[Any, ...]
    decisions: tuple[Decision, ...]
    similar: tuple[SearchHit, ...]
    blockers: tuple[Blocker, ...]
    jobs: JobTree
    exits: tuple[ExitGateView, ...]
    attestable: tuple[AttestableItem, ...]
    history: tuple[JournalRow, ...]
    gpu_hours: float | None
    runs_without_gpu_hours: int
    cost_usd: float | None
    runs_without_cost: int
    days_used: int | None
    spike: SpikeClock | None
    watchers: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    kills: tuple[KillView, ...]


def ticket_page_document(view: TicketView) -> TicketPageDocument:
    """The ticket page as the API tells it."""
    return TicketPageDocument(
        project=view.project.slug,
        ticket=ticket_document(view.ticket),
        stage_title=view.stage_title,
        criteria=view.criteria,
        problems=view.problems,
        metrics=view.metrics.metrics,
        verdict=view.verdict,
        verdict_digest=view.verdict_digest,
        runs=view.runs,
        chart_metric=view.chart_metric,
        curves=view.curves,
        links=view.links,
        notes=view.notes,
        decisions=view.decisions,
        similar=view.similar,
        blockers=view.blockers,
        jobs=view.jobs,
        exits=view.exits,
        attestable=view.attestable,
        history=view.history,
        gpu_hours=view.gpu_hours,
        runs_without_gpu_hours=view.runs_without_gpu_hours,
        cost_usd=view.cost_usd,
        runs_without_cost=view.runs_without_cost,
        days_used=view.days_used,
        spike=view.spike,
        watchers=view.watchers,
        attachments=view.attachments,
        kills=view.kills,
    )
