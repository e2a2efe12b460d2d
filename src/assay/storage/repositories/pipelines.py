"""Jobs that pipelines run for tickets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from assay.domain.experiments.pipeline_jobs import JobState, PipelineJob
from assay.storage.session import Row, Session, Statement
from assay.storage.tables import pipeline_jobs, sources, tickets
from assay.workflows.job_views import UnreadOrchestrator

_J = pipeline_jobs.c
JOB = (
    _J.run_id, _J.namespace, _J.job, _J.state, _J.started_at, _J.ended_at, _J.event_at, _J.ticket, _J.parent, _J.error, _J.url,
    _J.tool,
)  # fmt: skip
"""The columns that `pipeline_job` reads."""
UNREAD = (sources.c.name, sources.c.last_sync_at, sources.c.last_sync_error)
"""The columns that `unread_orchestrator` reads."""
IS_UNREAD = and_(sources.c.id == _J.source_id, or_(sources.c.last_sync_error != "", sources.c.connected == 0))
"""Which source was asked about a job and cannot be read now, or is no longer read."""
_OURS = _J.project_id == bindparam("the_project")
_ONE = (_OURS, _J.run_id == bindparam("the_run"))
ONE = Statement(select(*JOB).where(*_ONE))
NUMBER = Statement(select(_J.id).where(*_ONE))
OF_TICKET = Statement(
    select(*JOB)
    .where(_OURS, _J.ticket == bindparam("the_ticket"))
    .order_by(_J.event_at.desc(), _J.id.desc())
    .limit(bindparam("most"))
)
WITH_TICKET = Statement(select(*JOB).where(_OURS, _J.ticket.is_not(None)).order_by(_J.id))
_later = pipeline_jobs.alias("later")
_TRIED_AGAIN = (
    select(_later.c.id)
    .where(
        _later.c.project_id == _J.project_id,
        _later.c.ticket == _J.ticket,
        _later.c.namespace == _J.namespace,
        _later.c.job == _J.job,
        func.coalesce(_later.c.parent, "") == func.coalesce(_J.parent, ""),
        _later.c.started_at > _J.started_at,
    )
    .exists()
)
FAILED = Statement(
    select(*JOB)
    .where(
        _OURS,
        _J.ticket.is_not(None),
        or_(_J.state == JobState.FAILED.value, _J.state == JobState.ABORTED.value),
        _J.ended_at >= bindparam("since"),
        ~_TRIED_AGAIN,
    )
    .order_by(_J.ended_at.desc(), _J.id.desc())
)
LOOSE_BELOW = Statement(
    select(*JOB).where(_OURS, _J.parent == bindparam("the_parent"), _J.ticket.is_(None)).order_by(_J.id)
)
UNREAD_OF_TICKET = Statement(
    select(*UNREAD)
    .join_from(pipeline_jobs, sources, IS_UNREAD)
    .where(_OURS, _J.ticket == bindparam("the_ticket"))
    .distinct()
    .order_by(sources.c.name)
)
UNREAD_OF_PROJECT = Statement(
    select(*UNREAD)
    .where(
        sources.c.project_id == bindparam("the_project"),
        sources.c.connected == 1,
        sources.c.last_sync_error != "",
        select(_J.id).where(_J.source_id == sources.c.id).exists(),
    )
    .order_by(sources.c.name)
)
_OF_SOURCE = select(_J.id).where(_J.source_id == bindparam("the_source"))
RENEW = Statement(
    update(tickets).where(tickets.c.job_id.in_(_OF_SOURCE)).values(card_version=tickets.c.card_version + 1)
)
READ_FROM = Statement(update(pipeline_jobs).where(*_ONE), ("source_id",))
_SET = ("ticket", "parent", "state", "started_at", "ended_at", "event_at", "error", "url", "tool")
ADD = Statement(insert(pipeline_jobs), ("project_id", "run_id", "namespace", "job", *_SET))
SAVE = Statement(update(pipeline_jobs).where(*_ONE), _SET)
FORGET = Statement(delete(pipeline_jobs).where(_OURS, _J.ticket.is_(None), _J.event_at < bindparam("before")))
SHOW = Statement(
    update(tickets)
    .where(tickets.c.id == bindparam("the_ticket"))
    .values(card_version=tickets.c.card_version + 1),
    ("job_id",),
)


class PipelineReader(Session):
    """Where do the jobs of a ticket stand?"""

    __slots__ = ()

    def pipeline_job(self, project_id: int, run_id: str) -> PipelineJob | None:
        """One run of a job."""
        row = self.row(ONE, the_project=project_id, the_run=run_id)
        return None if row is None else pipeline_job(row)

    def pipeline_jobs(self, project_id: int, key: str, *, limit: int) -> Sequence[PipelineJob]:
        """The jobs of a ticket, those with the newest events first."""
        rows = self.rows(OF_TICKET, the_project=project_id, the_ticket=key, most=limit)
        return [pipeline_job(row) for row in rows]

    def jobs_with_tickets(self, project_id: int) -> Sequence[PipelineJob]:
        """Every job of a project that belongs to a ticket."""
        return [pipeline_job(row) for row in self.rows(WITH_TICKET, the_project=project_id)]

    def failed_jobs(self, project_id: int, *, since: datetime) -> Sequence[PipelineJob]:
        """Jobs of tickets that did not end well since then and were not tried again, the newest first."""
        return [pipeline_job(row) for row in self.rows(FAILED, the_project=project_id, since=since)]

    def unread_orchestrators(self, project_id: int, key: str | None) -> Sequence[UnreadOrchestrator]:
        """Orchestrators that cannot be read now, of those that were asked about jobs of this ticket; of all jobs without one."""
        if key is None:
            rows = self.rows(UNREAD_OF_PROJECT, the_project=project_id)
        else:
            rows = self.rows(UNREAD_OF_TICKET, the_project=project_id, the_ticket=key)
        return [unread_orchestrator(row) for row in rows]

    def jobs_without_ticket(self, project_id: int, parent: str) -> Sequence[PipelineJob]:
        """Jobs that this run started and that no ticket has."""
        rows = self.rows(LOOSE_BELOW, the_project=project_id, the_parent=parent)
        return [pipeline_job(row) for row in rows]


class PipelineWriter(PipelineReader):
    """Changes to what is known of jobs."""

    __slots__ = ()

    def put_pipeline_job(self, project_id: int, job: PipelineJob) -> None:
        """Write what is known of a run of a job."""
        known = {
            "ticket": job.ticket, "parent": job.parent, "state": job.state.value, "started_at": job.started_at,
            "ended_at": job.ended_at, "event_at": job.event_at, "error": job.error, "url": job.url, "tool": job.tool,
        }  # fmt: skip
        if self.execute(SAVE, the_project=project_id, the_run=job.run_id, **known) == 0:
            self.execute(
                ADD, project_id=project_id, run_id=job.run_id, namespace=job.namespace, job=job.job, **known
            )

    def job_read_from(self, project_id: int, run_id: str, source_id: int) -> None:
        """This source was asked about the job."""
        self.execute(READ_FROM, the_project=project_id, the_run=run_id, source_id=source_id)

    def renew_cards(self, source_id: int) -> int:
        """Cards that show a job of this source are drawn anew: whether it can be read is on them. Returns how many."""
        return self.execute(RENEW, the_source=source_id)

    def show_job(self, ticket_id: int, project_id: int, run_id: str | None) -> None:
        """The card of the ticket shows this job from now on, as it stands."""
        row = None if run_id is None else self.row(NUMBER, the_project=project_id, the_run=run_id)
        self.execute(SHOW, the_ticket=ticket_id, job_id=None if row is None else row[0])

    def forget_loose_jobs(self, project_id: int, *, before: datetime) -> int:
        """Drop jobs that belong to no ticket and were silent since; returns how many."""
        return self.execute(FORGET, the_project=project_id, before=before)


def unread_orchestrator(row: Row) -> UnreadOrchestrator:
    """A row of `UNREAD`."""
    name, read_at, why = row
    return UnreadOrchestrator(name=name, read_at=read_at, why=why)


def pipeline_job(row: Row) -> PipelineJob:
    """A row of `JOB` as a job."""
    run_id, namespace, job, state, started_at, ended_at, event_at, ticket, parent, error, url, tool = row
    return PipelineJob(
        run_id=run_id, namespace=namespace, job=job, state=JobState(state), started_at=started_at, ended_at=ended_at,
        event_at=event_at, ticket=ticket, parent=parent, error=error, url=url, tool=tool,
    )  # fmt: skip
