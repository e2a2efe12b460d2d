"""Gathering: which runs may a verdict look at, with curves and scores?"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TypeVar

from assay.domain.experiments.evidence import Evidence, Past, Run
from assay.domain.experiments.prices import priced_evidence
from assay.domain.gates.configurations import configured_evidence
from assay.errors import Invalid
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Ticket

One = TypeVar("One", Run, Past)


def gather_evidence(ws: Workspace, tx: ReadTransaction, project: Project, ticket: Ticket) -> Evidence:
    """Every run a verdict on this ticket may look at, per-example scores included."""
    return with_all_scores(ws, tx, evidence_rows(tx, project, ticket))


def evidence_rows(tx: ReadTransaction, project: Project, ticket: Ticket) -> Evidence:
    """The same without the per-example scores, which are named by digest."""
    named = ticket.lock.registration.baseline if ticket.lock else ticket.content.baseline
    keys = sorted({b.ticket for b in named if b.ticket is not None and b.ticket != ticket.key})
    found = Evidence(
        runs=tuple(tx.runs(project.id, ticket.key)),
        baseline_runs=tuple(run for key in keys for run in tx.runs(project.id, key)),
        detached=tuple(tx.detached_runs(project.id, ticket.key)),
        baseline_detached=tuple(run for key in keys for run in tx.detached_runs(project.id, key)),
        ticket=ticket.key,
    )
    return configured_evidence(
        priced_evidence(found, project.settings.prices), ignored_parameters(project, ticket)
    )


def ignored_parameters(project: Project, ticket: Ticket | None) -> tuple[str, ...]:
    """Which parameters set no configuration apart? Those of the lock; before it, and without a ticket, those of the project."""
    if ticket is not None and ticket.lock is not None:
        return ticket.lock.ignored_parameters
    return project.settings.verdicts.ignored_parameters


def with_all_scores(ws: Workspace, tx: ReadTransaction, evidence: Evidence) -> Evidence:
    """The evidence with per-example scores read in; a file that cannot be read is said so on its run."""
    read = partial(_with_scores, ws, tx)
    return replace(
        evidence,
        runs=tuple(map(read, evidence.runs)),
        baseline_runs=tuple(map(read, evidence.baseline_runs)),
        detached=tuple(map(read, evidence.detached)),
        baseline_detached=tuple(map(read, evidence.baseline_detached)),
    )


def _with_scores(ws: Workspace, tx: ReadTransaction, run: Run) -> Run:
    known = _with_file(ws, tx, run)
    if not run.past:
        return known
    return replace(known, past=tuple(_before(ws, tx, past, known) for past in run.past))


def _before(ws: Workspace, tx: ReadTransaction, past: Past, run: Run) -> Past:
    """What it had been; a file that is still the one of the run is not read again."""
    if past.scores_digest != run.scores_digest:
        return _with_file(ws, tx, past)
    if past.scores_digest is None:
        return past
    return replace(past, scores=run.scores, scores_error=past.scores_error or run.scores_error)


def _with_file(ws: Workspace, tx: ReadTransaction, one: One) -> One:
    if not one.scores_digest or one.scores:
        return one
    content = tx.blob(one.scores_digest)
    if content is None:
        return replace(one, scores_error=one.scores_error or "the score file is missing from the store")
    try:
        return replace(one, scores=ws.read_scores(content))
    except Invalid as error:
        return replace(one, scores_error=error.message)
