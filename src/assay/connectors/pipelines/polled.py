"""Reading an orchestrator over its own API: what is the same for all of them.

A reader says which runs changed since a moment, and how the jobs of a run stand; this module turns that into the portions of a sync. It
keeps, in the cursor, since when it is to be asked, a mark of every run in that time, and which jobs were open: so an unchanged
run is not told again, and a run that is deleted while it runs does not run for ever.

Times in the cursor are the server's. They overlap by `MARGIN`, for a server may write a run some time after it dated it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from assay.connectors.pipelines.api_client import ApiClient
from assay.connectors.pipelines.told_jobs import ToldJob, ToldRun, closed, digest_of, time_in
from assay.connectors.tracked.folder import PROBLEMS_TOLD
from assay.connectors.tracked.marks import Marks
from assay.connectors.tracked.told import kept_text
from assay.connectors.tracked.wire import Malformed
from assay.domain.experiments.pipeline_jobs import JobEvent, JobNews
from assay.workflows.ports import SyncBatch
from assay.workflows.records import Source

CURSOR_VERSION = 1
FIRST_LOOK = timedelta(days=7)
"""So far back goes the first sync."""
MARGIN = timedelta(minutes=2)
WINDOW = timedelta(minutes=5)
"""Where nothing changed, the time since when it is asked is written this often."""
AHEAD = timedelta(days=1)
BATCH_EVENTS = 500
MOST_RUNS = 20_000
"""So many runs are looked through in a sync."""
MOST_JOBS = 2_000
"""So many jobs of one run are read."""
MOST_OPEN = 5_000
"""So many jobs are remembered as not over."""
Open = dict[str, dict[str, list[str]]]
"""By key of a run: of its jobs that were not over, namespace and name by their id."""
Client = TypeVar("Client", bound=ApiClient)


@dataclass(frozen=True, slots=True)
class Look:
    """What a reader is asked for."""

    since: datetime
    """Runs that changed after this moment, by the server's clock."""
    open: Sequence[str]
    """Keys of runs that were not over, whether they changed or not."""
    only: Sequence[str]
    """Names of the pipelines to read; empty for all."""


class Runs(Protocol):
    """The runs of one orchestrator."""

    def of(self, look: Look) -> Iterator[ToldRun]:
        """Each run that is to be looked at; one may come twice. Raises Unavailable."""
        ...


class PolledOrchestrator(Generic[Client]):
    """Reads the jobs of one kind of orchestrator (implements `assay.connectors.tracked.reader.TrackerReader`)."""

    tells_jobs = True
    how: str
    """How it is read, in a few words."""

    @abstractmethod
    def client(self, source: Source) -> AbstractContextManager[Client]:
        """Who asks it. Raises Invalid where the address is none."""

    @abstractmethod
    def runs(self, client: Client) -> Runs:
        """Its runs. Raises Unavailable."""

    @abstractmethod
    def told(self, client: Client) -> str:
        """What it says of itself, such as its version. Raises Unavailable."""

    def changes(
        self,
        source: Source,
        known: Callable[[], Mapping[str, str]],  # noqa: ARG002 - for trackers of runs
    ) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says (see `TrackerReader`)."""
        with self.client(source) as client:
            runs = self.runs(client)
            if not client.has_answered:
                self.told(client)  # by its answer the server's clock is known
            yield from _Sync(self.how, source, client).batches(runs)

    def check(self, source: Source) -> str:
        """One line about the connection, for which a run is asked for as well: who may not see runs is told so."""
        with self.client(source) as client:
            said = self.told(client)
            look = Look(client.now - MARGIN, (), source.experiment_filter)
            next(iter(self.runs(client).of(look)), None)
            return f"{said} at {client.where.base}: its runs can be read"


class _Sync:
    """One sync of one orchestrator."""

    def __init__(self, how: str, source: Source, client: ApiClient) -> None:
        self.how, self.source, self.client = how, source, client
        self.now = client.now
        header = {"version": CURSOR_VERSION, "how": how, "filter": list(source.experiment_filter)}
        self.header = {**header, "namespace": client.where.namespace}
        cursor = (
            source.cursor if all(source.cursor.get(name) == it for name, it in self.header.items()) else {}
        )
        since = time_in(cursor.get("since"))
        self.since = max(since, self.now - FIRST_LOOK) if since is not None else self.now - FIRST_LOOK
        self.marks = Marks.from_text(cursor.get("marks", ""))
        self.open: Open = dict(cursor.get("open") or {})
        self.is_new = not cursor
        self.open_jobs = sum(map(len, self.open.values()))
        self.seen: set[str] = set()
        self.problems: list[str] = []

    def batches(self, runs: Runs) -> Iterator[SyncBatch]:
        """What changed, some runs at a time; at the end an error that names what could not be read."""
        look = Look(
            max(self.since - MARGIN, self.now - FIRST_LOOK), tuple(self.open), self.source.experiment_filter
        )
        before = (set(self.open), len(self.marks))
        waiting: list[JobEvent] = []
        told = False
        for run in runs.of(look):
            if run.key in self.seen:
                continue
            self.seen.add(run.key)
            waiting += self._events(run)
            if len(waiting) >= BATCH_EVENTS:
                yield self._batch(waiting, self.since, self.marks)
                waiting, told = [], True
            if len(self.seen) >= MOST_RUNS:
                self.problems.append(
                    f"more than {MOST_RUNS} runs changed: those beyond them were not looked at (expected fewer; read some of "
                    "its pipelines with --experiment NAME)"
                )
                break
        else:
            waiting += self._vanished()
        marks = self.marks.without_others(self.seen)
        late = self.now - self.since > WINDOW
        if waiting or told or late or self.is_new or (set(self.open), len(marks)) != before:
            yield self._batch(waiting, self.now, marks)
        if self.problems:
            raise self.client.unavailable(
                "; ".join(self.problems[:PROBLEMS_TOLD])
                + (
                    f"; and {len(self.problems) - PROBLEMS_TOLD} more"
                    if len(self.problems) > PROBLEMS_TOLD
                    else ""
                ),
                hint="every other run was read; look at these runs there, then: assay sync",
            )

    def _events(self, run: ToldRun) -> list[JobEvent]:
        """What is new of a run."""
        if not run.is_open and run.key not in self.open and self.marks.same(run.key, run.head):
            return []
        try:
            jobs = _at_most(run.jobs())
        except Malformed as error:
            self.problems.append(f"run '{kept_text(run.key)[:80]}': {kept_text(error)}")
            return []
        if jobs and not run.is_open:
            jobs = closed(jobs)
        mark = digest_of(jobs) if run.is_open else run.head
        was_open = self._note_open(run, jobs)
        if run.is_open and self.marks.same(run.key, mark):
            return []
        self.marks.put(run.key, mark)
        told = {job.run_id for job in jobs}
        gone = [self._aborted(it, *names) for it, names in was_open.items() if it not in told]
        found = [event for job in jobs for event in job.events(self.now)]
        if any(event.at > self.now + AHEAD for event in found):
            self.problems.append(
                f"run '{kept_text(run.key)[:80]}': its time lies in the future (expected one that has come)"
            )
            return []
        return found + gone

    def _note_open(self, run: ToldRun, jobs: Sequence[ToldJob]) -> dict[str, list[str]]:
        """Remember which of its jobs are not over; returns those that were not."""
        was_open = self.open.pop(run.key, {})
        now_open = {job.run_id: [job.namespace, job.job] for job in jobs if not job.state.is_over}
        self.open_jobs -= len(was_open)
        if run.is_open and jobs and self.open_jobs + len(now_open) <= MOST_OPEN:
            self.open[run.key] = now_open
            self.open_jobs += len(now_open)
        return was_open

    def _vanished(self) -> list[JobEvent]:
        """Runs that were open and that the orchestrator has no longer."""
        gone = [key for key in self.open if key not in self.seen]
        jobs = [(it, *names) for key in gone for it, names in self.open.pop(key).items()]
        return [self._aborted(*job) for job in jobs]

    def _aborted(self, run_id: str, namespace: str, job: str) -> JobEvent:
        return JobEvent(
            run_id, namespace, job, JobNews.ABORTED, self.now,
            error=f"deleted in {self.client.title} before its end was told",
        )  # fmt: skip

    def _batch(self, events: Sequence[JobEvent], since: datetime, marks: Marks) -> SyncBatch:
        cursor: dict[str, Any] = {**self.header, "since": since.isoformat(), "marks": marks.to_text()}
        cursor["open"] = self.open
        return SyncBatch(
            runs=(), gone=(), cursor=dict(cursor, open=dict(self.open)), done=len(self.seen), total=None, blobs={},
            note=self.how, jobs=tuple(events),
        )  # fmt: skip


def _at_most(jobs: Sequence[ToldJob]) -> Sequence[ToldJob]:
    if len(jobs) > MOST_JOBS:
        raise Malformed(f"more than {MOST_JOBS} jobs (expected fewer)")
    return jobs
