"""What pipelines tell of their jobs: kept with the ticket they run for, shown on its card, and no evidence of anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from assay.domain.experiments.pipeline_jobs import (
    MOST_LEVELS,
    JobEvent,
    PipelineJob,
    after_event,
    telling_job,
)
from assay.domain.kernel.events import Event
from assay.errors import Invalid
from assay.workflows.actor import Actor, Permission
from assay.workflows.idempotency import Remember, write_once
from assay.workflows.job_views import MOST_SHOWN, JobTree, tree_of
from assay.workflows.lookup import required_project, required_ticket
from assay.workflows.ports import Workspace, WriteTransaction
from assay.workflows.records import Project

AHEAD = timedelta(days=1)
"""Clocks differ; an event from further in the future would outlast every later one."""
KEPT_LOOSE = timedelta(days=7)
"""So long a job waits for the event that names its ticket."""


@dataclass(frozen=True, slots=True)
class Received:
    """What was done with an event."""

    kept: bool
    """False for an event that is not about a run."""
    changed: bool
    """False where everything in it was known."""
    job: PipelineJob | None


def receive_event(
    ws: Workspace, actor: Actor, slug: str, event: JobEvent | None, *, remember: Remember | None = None
) -> Received:
    """Keep what an event says of a run. The same event twice, or events out of order, end in the same.

    Raises:
        NotFound: no such project.
        Invalid: the event is from the future.
    """
    actor.require(Permission.ADD_EVIDENCE)

    def work(tx: WriteTransaction) -> Received:
        project = required_project(tx, slug)
        if event is None:
            return Received(kept=False, changed=False, job=None)
        _check_time(ws, event)
        before = tx.pipeline_job(project.id, event.run_id)
        job = _with_ticket(tx, project, after_event(before, _of_project(project, event)))
        if job == before:
            return Received(kept=True, changed=False, job=job)
        told = before is None or job.tells != before.tells or job.ticket != before.ticket
        tx.put_pipeline_job(project.id, job)
        touched = [job] if told else []
        if job.ticket is None:
            tx.forget_loose_jobs(project.id, before=ws.clock() - KEPT_LOOSE)
        elif before is None or before.ticket != job.ticket:
            touched += _give_below(tx, project, job)
        _tell(tx, ws, actor, project, touched)
        if before is not None and before.ticket not in (None, job.ticket):
            _show(tx, project, {before.ticket})
        return Received(kept=True, changed=told, job=job)

    return write_once(ws, remember, work)


def ticket_jobs(ws: Workspace, actor: Actor, slug: str, key: str) -> JobTree:
    """Where do the jobs stand that pipelines run for this ticket?"""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return tree_of(
            tx.pipeline_jobs(project.id, required_ticket(tx, project, key).key, limit=MOST_SHOWN + 1)
        )


def _check_time(ws: Workspace, event: JobEvent) -> None:
    if event.at > ws.clock() + AHEAD:
        raise Invalid(
            f"cannot keep OpenLineage event of {event.job[:60]!r}: its eventTime {event.at.isoformat()} lies in the future "
            "(expected a time that has come)",
            hint="set the clock of the machine that sends it",
            code="lineage-event-ahead",
            field="eventTime",
        )


def _of_project(project: Project, event: JobEvent) -> JobEvent:
    """SLUG/EXP-7 names the project too: a ticket of another one is none of ours."""
    named, slash, key = (event.ticket or "").rpartition("/")
    if not slash:
        return event
    return replace(event, ticket=key if named == project.slug else None)


def _with_ticket(tx: WriteTransaction, project: Project, job: PipelineJob) -> PipelineJob:
    if job.ticket is not None or job.parent is None:
        return job
    parent = tx.pipeline_job(project.id, job.parent)
    return job if parent is None else replace(job, ticket=parent.ticket)


def _give_below(tx: WriteTransaction, project: Project, job: PipelineJob) -> list[PipelineJob]:
    """What came before the event that names the ticket gets it now."""
    given, parents = [], [job]
    for _ in range(MOST_LEVELS):
        below = [one for parent in parents for one in tx.jobs_without_ticket(project.id, parent.run_id)]
        parents = [replace(one, ticket=job.ticket) for one in below]
        for one in parents:
            tx.put_pipeline_job(project.id, one)
        given += parents
        if not parents:
            break
    return given


def _tell(
    tx: WriteTransaction, ws: Workspace, actor: Actor, project: Project, jobs: Iterable[PipelineJob]
) -> None:
    """Journal what a page shows; a job of no ticket is shown nowhere."""
    of_tickets = [job for job in jobs if job.ticket is not None]
    _show(tx, project, {job.ticket for job in of_tickets if job.ticket is not None})
    for job in of_tickets:
        event = Event.of("job.changed", project=project.slug, subject=job.ticket, **job.tells)
        tx.append(event, actor=actor, at=ws.clock())


def _show(tx: WriteTransaction, project: Project, keys: Iterable[str | None]) -> None:
    for key in sorted(key for key in keys if key is not None):
        ticket = tx.ticket(project.id, key)
        if ticket is not None:
            telling = telling_job(tx.pipeline_jobs(project.id, key, limit=MOST_SHOWN))
            tx.show_job(ticket.id, project.id, None if telling is None else telling.run_id)
