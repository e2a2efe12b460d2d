"""What pipelines tell of their jobs: kept with the ticket they run for, shown on its card, and no evidence of anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from assay.domain.experiments.pipeline_jobs import (
    MOST_LEVELS,
    JobEvent,
    JobNews,
    JobState,
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
from assay.workflows.ports import ReadTransaction, Workspace, WriteTransaction
from assay.workflows.records import Project, Source

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
        kept = keep_events(tx, actor, project, (event,), at=ws.clock())
        return Received(kept=True, changed=kept.changed > 0, job=tx.pipeline_job(project.id, event.run_id))

    return write_once(ws, remember, work)


@dataclass(frozen=True, slots=True)
class KeptEvents:
    """What was done with events."""

    changed: int
    """Runs of jobs that are told otherwise than before."""
    named: frozenset[str]
    """Tickets that such runs belong to, whether the project has them or not."""


def keep_events(
    tx: WriteTransaction,
    actor: Actor,
    project: Project,
    events: Sequence[JobEvent],
    *,
    at: datetime,
    source: Source | None = None,
) -> KeptEvents:
    """The transaction part of `receive_event`, for several at once; `source` is the orchestrator that was asked for them."""
    befores: dict[str, PipelineJob | None] = {}
    jobs: dict[str, PipelineJob] = {}
    for event in events:
        if event.run_id not in befores:
            befores[event.run_id] = tx.pipeline_job(project.id, event.run_id)
        known = jobs.get(event.run_id, befores[event.run_id])
        if source is None or not _is_known_end(known, event):
            owned = _of_project(project, event, qualified=source is not None and source.qualified)
            jobs[event.run_id] = _with_ticket(tx, project, after_event(known, owned), jobs)
    touched: dict[str, PipelineJob] = {}
    left: set[str | None] = set()
    for job in jobs.values():
        before = befores[job.run_id]
        if job != before:
            told = before is None or job.tells != before.tells or job.ticket != before.ticket
            tx.put_pipeline_job(project.id, job)
            touched |= {job.run_id: job} if told else {}
            left |= {before.ticket} if before is not None and before.ticket != job.ticket else set()
        if source is not None:
            tx.job_read_from(project.id, job.run_id, source.id)
    if any(job.ticket is None for job in touched.values()):
        tx.forget_loose_jobs(project.id, before=at - KEPT_LOOSE)
    for job in list(touched.values()):
        before = befores[job.run_id]
        if job.ticket is not None and (before is None or before.ticket != job.ticket):
            touched |= {one.run_id: one for one in _give_below(tx, project, job)}
    _tell(tx, at, actor, project, touched.values())
    _show(tx, project, left)
    named = frozenset(job.ticket for job in touched.values() if job.ticket is not None)
    return KeptEvents(changed=len(touched), named=named)


def _is_known_end(known: PipelineJob | None, event: JobEvent) -> bool:
    """Does an orchestrator that is asked say of a try that is over what is known, or less?

    An event of the job itself was there, and may know why; that it was aborted may only mean that nobody saw the end.
    """
    if (
        known is None
        or not known.state.is_over
        or event.news in (JobNews.BEGUN, JobNews.GOING, JobNews.OTHER)
    ):
        return False
    if event.news is JobNews.ABORTED:
        return True
    return known.state is JobState(event.news.value) and (known.error != "" or event.error == "")


def ticket_jobs(ws: Workspace, actor: Actor, slug: str, key: str) -> JobTree:
    """Where do the jobs stand that pipelines run for this ticket?"""
    actor.require(Permission.READ)
    with ws.store.read() as tx:
        project = required_project(tx, slug)
        return job_tree(tx, project, required_ticket(tx, project, key).key)


def job_tree(tx: ReadTransaction, project: Project, key: str) -> JobTree:
    """The read part of `ticket_jobs`."""
    found = tx.pipeline_jobs(project.id, key, limit=MOST_SHOWN + 1)
    return tree_of(found, tx.unread_orchestrators(project.id, key) if found else ())


def _check_time(ws: Workspace, event: JobEvent) -> None:
    if event.at > ws.clock() + AHEAD:
        raise Invalid(
            f"cannot keep OpenLineage event of {event.job[:60]!r}: its eventTime {event.at.isoformat()} lies in the future "
            "(expected a time that has come)",
            hint="set the clock of the machine that sends it",
            code="lineage-event-ahead",
            field="eventTime",
        )


def _of_project(project: Project, event: JobEvent, *, qualified: bool) -> JobEvent:
    """SLUG/EXP-7 names the project too: a ticket of another one is none of ours, and where it has to name one nor is EXP-7."""
    named, slash, key = (event.ticket or "").rpartition("/")
    if not slash and not qualified:
        return event
    return replace(event, ticket=key if named == project.slug else None)


def _with_ticket(
    tx: WriteTransaction, project: Project, job: PipelineJob, others: Mapping[str, PipelineJob]
) -> PipelineJob:
    if job.ticket is not None or job.parent is None:
        return job
    parent = others.get(job.parent) or tx.pipeline_job(project.id, job.parent)
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
    tx: WriteTransaction, at: datetime, actor: Actor, project: Project, jobs: Iterable[PipelineJob]
) -> None:
    """Journal what a page shows; a job of no ticket is shown nowhere."""
    of_tickets = [job for job in jobs if job.ticket is not None]
    _show(tx, project, {job.ticket for job in of_tickets if job.ticket is not None})
    for job in of_tickets:
        event = Event.of("job.changed", project=project.slug, subject=job.ticket, **job.tells)
        tx.append(event, actor=actor, at=at)


def _show(tx: WriteTransaction, project: Project, keys: Iterable[str | None]) -> None:
    for key in sorted(key for key in keys if key is not None):
        ticket = tx.ticket(project.id, key)
        if ticket is not None:
            telling = telling_job(tx.pipeline_jobs(project.id, key, limit=MOST_SHOWN))
            tx.show_job(ticket.id, project.id, None if telling is None else telling.run_id)
