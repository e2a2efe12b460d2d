"""Gathering: which runs may a verdict look at, with curves and scores?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assay.domain.experiments.evidence import Evidence, Run
from assay.errors import Invalid
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Ticket


def gather_evidence(ws: Workspace, tx: ReadTransaction, project: Project, ticket: Ticket) -> Evidence:
    """Every run a verdict on this ticket may look at, per-example scores included."""
    return with_all_scores(ws, tx, evidence_rows(tx, project, ticket))


def evidence_rows(tx: ReadTransaction, project: Project, ticket: Ticket) -> Evidence:
    """The same without the per-example scores, which are named by digest."""
    named = ticket.lock.registration.baseline if ticket.lock else ticket.content.baseline
    keys = sorted({b.ticket for b in named if b.ticket is not None and b.ticket != ticket.key})
    return Evidence(
        runs=tuple(tx.runs(project.id, ticket.key)),
        baseline_runs=tuple(run for key in keys for run in tx.runs(project.id, key)),
        detached=tuple(tx.detached_runs(project.id, ticket.key)),
    )


def with_all_scores(ws: Workspace, tx: ReadTransaction, evidence: Evidence) -> Evidence:
    """The evidence with per-example scores read in."""
    return Evidence(
        runs=tuple(with_scores(ws, tx, evidence.runs)),
        baseline_runs=tuple(with_scores(ws, tx, evidence.baseline_runs)),
        detached=tuple(with_scores(ws, tx, evidence.detached)),
    )


def with_scores(ws: Workspace, tx: ReadTransaction, runs: Sequence[Run]) -> list[Run]:
    """The runs with their per-example scores read in; a file that cannot be read is said so on its run."""
    return [_with_scores(ws, tx, run) if run.scores_digest and not run.scores else run for run in runs]


def _with_scores(ws: Workspace, tx: ReadTransaction, run: Run) -> Run:
    content = tx.blob(run.scores_digest or "")
    if content is None:
        return replace(run, scores_error=run.scores_error or "the score file is missing from the store")
    try:
        return replace(run, scores=ws.read_scores(content))
    except Invalid as error:
        return replace(run, scores_error=error.message)
