"""Where does a pipeline's job stand that trains or measures for a ticket?

A pipeline tells of each run of a job by events. They come more than once, late and out of order, so what is known after a set
of events is the same whatever their order: times decide, never arrival. A job that failed says nothing of a hypothesis: it is
shown, and no verdict looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

MOST_LEVELS = 20
"""A job is looked for this far below the pipeline it belongs to."""


class JobState(StrEnum):
    """Where a run of a job stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    UNKNOWN = "unknown"
    """It was told of, but neither its beginning nor its end."""

    @property
    def is_over(self) -> bool:
        """It ended, in whatever way."""
        return self in _ENDS


_ENDS = (JobState.COMPLETED, JobState.ABORTED, JobState.FAILED)
"""Of two ends told of for one moment the later one here counts: trouble is never hidden by chance of arrival."""
_TELLING = (JobState.FAILED, JobState.ABORTED, JobState.RUNNING, JobState.COMPLETED, JobState.UNKNOWN)
"""What a card shows first."""


class JobNews(StrEnum):
    """What an event says of a run."""

    BEGUN = "begun"
    GOING = "going"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One event about one run of a job."""

    run_id: str
    namespace: str
    job: str
    news: JobNews
    at: datetime
    ticket: str | None = None
    """Key of the ticket that the run, its job or what started it names."""
    parent: str | None = None
    """Id of the run that started it."""
    error: str = ""
    """First line of why it failed."""
    url: str = ""
    """Where its log can be read."""
    tool: str = ""
    """What ran it, such as AIRFLOW."""


@dataclass(frozen=True, slots=True)
class PipelineJob:
    """One run of a job of a pipeline, as its events tell it."""

    run_id: str
    namespace: str
    job: str
    state: JobState
    started_at: datetime | None
    """When it last began; None while no event said so."""
    ended_at: datetime | None
    """None while it is not over."""
    event_at: datetime
    """Time of the newest event."""
    ticket: str | None = None
    parent: str | None = None
    error: str = ""
    url: str = ""
    tool: str = ""

    @property
    def tells(self) -> dict[str, str | None]:
        """What a journal says of it: all but the time of its newest event, which sends no news."""
        return {
            "run": self.run_id,
            "namespace": self.namespace,
            "job": self.job,
            "state": self.state.value,
            "started_at": _text(self.started_at),
            "ended_at": _text(self.ended_at),
            "parent": self.parent,
            "error": self.error,
            "url": self.url,
            "tool": self.tool,
        }


def after_event(job: PipelineJob | None, event: JobEvent) -> PipelineJob:
    """What is known of a run after one more event? The same event twice, or events in another order, change nothing.

    A run that begins again after its end (a retry under the same id) is running again. A sign of life from after an end
    does not open it: only a beginning does.
    """
    if job is None:
        job = PipelineJob(
            event.run_id, event.namespace, event.job, JobState.UNKNOWN, None, None, event.at, event.ticket
        )
    newest = event.at >= job.event_at
    job = replace(
        job,
        event_at=max(job.event_at, event.at),
        ticket=(event.ticket or job.ticket) if newest else (job.ticket or event.ticket),
        parent=job.parent or event.parent,
        url=(event.url or job.url) if newest else (job.url or event.url),
        tool=job.tool or event.tool,
    )
    if event.news is JobNews.BEGUN:
        return _begun(job, event.at)
    if event.news is JobNews.GOING:
        return replace(job, state=JobState.RUNNING) if job.state is JobState.UNKNOWN else job
    if event.news is JobNews.OTHER:
        return job
    return _ended(job, JobState(event.news.value), event)


def _begun(job: PipelineJob, at: datetime) -> PipelineJob:
    started = at if job.started_at is None else max(job.started_at, at)
    if job.ended_at is not None and job.ended_at >= started:
        return replace(job, started_at=started)
    return replace(job, state=JobState.RUNNING, started_at=started, ended_at=None, error="")


def _ended(job: PipelineJob, state: JobState, event: JobEvent) -> PipelineJob:
    if job.started_at is not None and event.at < job.started_at:
        return job  # of an earlier try: it began again since
    told = (event.at, _ENDS.index(state), event.error)
    if job.ended_at is not None and (job.ended_at, _ENDS.index(job.state), job.error) >= told:
        return job
    return replace(job, state=state, ended_at=event.at, error=event.error)


def telling_job(jobs: Iterable[PipelineJob]) -> PipelineJob | None:
    """Which job says best where a ticket's pipeline stands? None where there is none.

    Of the newest pipeline, the job that is no parent of others: one that failed, else one that is running, else the last one.
    A try that was tried again does not count any more.
    """
    found = {job.run_id: job for job in jobs}
    if not found:
        return None
    newest = max(found.values(), key=lambda job: (begun(job), job.run_id))
    top = _top(newest, found)
    together = [job for job in found.values() if _top(job, found) == top]
    parents = {job.parent for job in together}
    leaves = _last_tries(job for job in together if job.run_id not in parents) or [newest]
    whole = found[top]
    if whole.state in (JobState.FAILED, JobState.ABORTED) and not any(job.state in _BAD for job in leaves):
        return whole
    return min(leaves, key=lambda job: (_TELLING.index(job.state), -begun(job).timestamp(), job.run_id))


_BAD = (JobState.FAILED, JobState.ABORTED)


def begun(job: PipelineJob) -> datetime:
    """By which moment is a run put in order? Its beginning, or where that is unknown the newest news of it."""
    return job.started_at or job.event_at


def _top(job: PipelineJob, found: Mapping[str, PipelineJob]) -> str:
    for _ in range(MOST_LEVELS):
        if job.parent is None or job.parent not in found or job.parent == job.run_id:
            break
        job = found[job.parent]
    return job.run_id


def _last_tries(jobs: Iterable[PipelineJob]) -> Sequence[PipelineJob]:
    last: dict[tuple[str | None, str, str], PipelineJob] = {}
    for job in sorted(jobs, key=lambda one: (begun(one), one.run_id)):
        last[job.parent, job.namespace, job.job] = job
    return list(last.values())


def where_it_broke(jobs: Iterable[PipelineJob]) -> Sequence[PipelineJob]:
    """Of jobs that failed those where it began: a pipeline that failed because a job of it did is the same trouble."""
    found = list(jobs)
    parents = {job.parent for job in found}
    return [job for job in found if job.run_id not in parents]


def in_tree(jobs: Iterable[PipelineJob]) -> Sequence[tuple[int, PipelineJob]]:
    """Every job below the one that started it, with its level: the newest pipeline first, its jobs in the order in which they began."""
    found = {job.run_id: job for job in jobs}
    below: dict[str | None, list[PipelineJob]] = {}
    for job in sorted(found.values(), key=lambda one: (begun(one), one.run_id)):
        below.setdefault(job.parent if job.parent in found else None, []).append(job)
    told: list[tuple[int, PipelineJob]] = []
    waiting = [(0, job) for job in below.get(None, ())]  # the newest is taken first
    seen: set[str] = set()
    while waiting or len(seen) < len(found):
        # Jobs that name one another as parents in a circle hang from nothing: they are shown all the same.
        level, job = (
            waiting.pop() if waiting else (0, next(j for j in found.values() if j.run_id not in seen))
        )
        if job.run_id in seen:
            continue
        seen.add(job.run_id)
        told.append((min(level, MOST_LEVELS), job))
        waiting += [(level + 1, one) for one in reversed(below.get(job.run_id, ()))]
    return told


def job_text(job: PipelineJob) -> str:
    """The state of a job in words that stay true.

    >>> from datetime import UTC
    >>> at = datetime(2026, 5, 12, 14, 2, tzinfo=UTC)
    >>> job_text(PipelineJob("r", "ml", "train_model", JobState.FAILED, at, at, at, error="CUDA out of memory"))
    'train_model: failed at 14:02 UTC on 12 May: CUDA out of memory'
    """
    at = {JobState.RUNNING: job.started_at}.get(job.state, job.ended_at)
    word = "since" if job.state is JobState.RUNNING else "at"
    moment = "" if at is None else f" {word} {at:%H:%M} UTC on {at.day} {at:%B}"
    state = "neither begun nor ended" if job.state is JobState.UNKNOWN else job.state.value
    return f"{job.job}: {state}{moment}" + (f": {job.error}" if job.error else "")


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
