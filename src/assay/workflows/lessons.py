"""What did the past runs of a project teach about those under way? Asked by verdicts and beside a training; learned once."""

from __future__ import annotations

from collections.abc import Callable

from assay.domain.experiments.evidence import Evidence
from assay.domain.gates.outlook import wants_past
from assay.domain.stopping.backtest import MayStop, RecommendsOnly
from assay.domain.stopping.history import History, history_of
from assay.domain.stopping.learned import Learned, learn, stop_record
from assay.workflows.judging import judging_settings
from assay.workflows.past_runs import NEWEST_RUNS, past_runs
from assay.workflows.ports import ReadTransaction, Workspace
from assay.workflows.records import Project, Ticket


def past_for(
    ws: Workspace, tx: ReadTransaction, project: Project, ticket: Ticket, evidence: Evidence
) -> Callable[[], Learned] | None:
    """What past runs taught, where the verdict on this ticket asks; to be called once the transaction is over."""
    if ticket.lock is None or not wants_past(ticket.lock, evidence, judging_settings(project, ticket)):
        return None
    return learned_of(ws, tx, project)


def learned_of(ws: Workspace, tx: ReadTransaction, project: Project) -> Callable[[], Learned]:
    """What the past runs of a project taught: read in the transaction where it is not known, learned when it is called."""
    kept = ws.lessons.of(project.id, _key(tx, project))
    if kept.learned is not None:
        known = kept.learned
        return lambda: known
    past = _read(tx, project)

    def taught() -> Learned:
        kept.learned = learn(past)
        return kept.learned

    return taught


def stop_record_of(
    ws: Workspace, tx: ReadTransaction, project: Project, level: float
) -> Callable[[], MayStop | RecommendsOnly]:
    """Whether the rule for futility at this level may stop runs of the project by itself: the same way."""
    kept = ws.lessons.of(project.id, _key(tx, project))
    if level in kept.records:
        known = kept.records[level]
        return lambda: known
    past = _read(tx, project)

    def tested() -> MayStop | RecommendsOnly:
        kept.records[level] = stop_record(past, level)
        return kept.records[level]

    return tested


def _read(tx: ReadTransaction, project: Project) -> History:
    return history_of(past_runs(tx, project.id, NEWEST_RUNS).found)


def _key(tx: ReadTransaction, project: Project) -> str:
    """Changes when a run that is learned from changes, when another one is over, and when a target does."""
    return tx.past_digest(project.id, limit=NEWEST_RUNS)
