"""What an orchestrator's API says of a run now, and the events that say the same.

An API tells how a run stands, not what happened. So a state becomes the events that lead to it: what is known of a job is one function
of events, whoever told of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from assay.connectors.tracked.told import kept_text
from assay.domain.experiments.pipeline_jobs import JobEvent, JobNews, JobState
from assay.domain.kernel.plain_text import without_control
from assay.domain.kernel.time import utc

MOST_NAME = 1000
MOST_ERROR = 280
LONGEST_TIME = 40
_EARLIEST, _LATEST = 1990, 9998


@dataclass(frozen=True, slots=True)
class ToldJob:
    """A run of a job as its orchestrator tells it."""

    run_id: str
    """A UUID."""
    namespace: str
    job: str
    state: JobState
    queued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ticket: str | None = None
    parent: str | None = None
    error: str = ""
    url: str = ""
    tool: str = ""

    def events(self, now: datetime) -> tuple[JobEvent, ...]:
        """The events that lead to what is told.

        Args:
            now: the time of what the orchestrator gives no time for.
        """
        first = self.started_at or self.queued_at or self.ended_at or now
        said = JobEvent(
            run_id=self.run_id, namespace=self.namespace, job=self.job, news=JobNews.OTHER, at=first, ticket=self.ticket,
            parent=self.parent, url=self.url, tool=self.tool,
        )  # fmt: skip
        found = []
        if self.started_at is not None:
            found.append(replace(said, news=JobNews.BEGUN))
        if self.state.is_over:
            ended = max(self.ended_at or first, first)
            found.append(replace(said, news=JobNews(self.state.value), at=ended, error=self.error))
        elif not found:
            found.append(
                replace(said, news=JobNews.GOING if self.state is JobState.RUNNING else JobNews.OTHER)
            )
        return tuple(found)


@dataclass(frozen=True, slots=True)
class ToldRun:
    """One run of a pipeline: itself and the jobs it started."""

    key: str
    """By which the orchestrator is asked for it again."""
    is_open: bool
    """It can change without being begun again."""
    head: bytes
    """What is told of the run itself; the same bytes mean that a run which is over did not change."""
    jobs: Callable[[], Sequence[ToldJob]]
    """Asks for its jobs; none where it is of no ticket. The run itself comes first."""


def head_of(told: Mapping[str, Any], *names: str) -> bytes:
    """These fields of what is told of a run: its head."""
    return repr([told.get(name) for name in names]).encode("utf-8", "replace")


def digest_of(jobs: Iterable[ToldJob]) -> bytes:
    """The same for the same jobs."""
    return hashlib.blake2b(repr([astuple(job) for job in jobs]).encode("utf-8", "replace")).digest()


def closed(jobs: Sequence[ToldJob]) -> Sequence[ToldJob]:
    """The jobs of a run that is over: one that never came to its end ended with it."""
    whole = jobs[0]
    return [
        replace(job, state=JobState.ABORTED, ended_at=job.ended_at or whole.ended_at)
        if job.state is JobState.RUNNING
        else job
        for job in jobs
    ]


def id_below(run_id: str, *names: object) -> str:
    """A constant id for what an orchestrator gives none of its own, within one of its runs.

    >>> id_below("3b452093-782c-4ef2-9c0c-aafe2aa6f34d", "train", 1) == id_below("3b452093-782c-4ef2-9c0c-aafe2aa6f34d", "train", 1)
    True
    """
    return str(uuid5(UUID(run_id), "\x00".join(map(str, names)).encode("utf-8", "replace").decode()))


def uuid_in(value: object) -> str | None:
    """The UUID that stands here; None where none does."""
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) <= LONGEST_TIME else None
    except ValueError:
        return None


def time_in(value: object) -> datetime | None:
    """The moment that stands here, as ISO 8601 with its zone or as seconds since 1970; None where none does.

    >>> time_in("2026-11-22T12:00:00Z") == time_in(1795348800), time_in("soon"), time_in("2026-11-22T12:00:00")
    (True, None, None)
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, tz=UTC)
        elif isinstance(value, str) and len(value) <= LONGEST_TIME:
            found = datetime.fromisoformat(value)
        else:
            return None
        if found.tzinfo is None or not _EARLIEST <= found.year <= _LATEST:
            return None
        return utc(found)
    except (ValueError, OverflowError, OSError):
        return None


def name_in(value: object) -> str:
    """A name as it is kept; empty where none stands here."""
    return without_control(kept_text(value[:MOST_NAME]).strip()) if isinstance(value, str) else ""


def reason_in(text: object) -> str:
    """The first line that says something."""
    lines = text[:20_000].splitlines() if isinstance(text, str) else ()
    return next((without_control(kept_text(line.strip()))[:MOST_ERROR] for line in lines if line.strip()), "")


def object_in(value: object) -> Mapping[str, Any]:
    """An object, empty where none stands here."""
    return value if isinstance(value, dict) else {}


def objects_in(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
