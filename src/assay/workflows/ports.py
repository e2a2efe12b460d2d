"""What workflows need from the outside, as Protocols that live with their consumer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from assay.workflows.back_test_ports import BackTestReads
from assay.workflows.blocker_ports import BlockerReads, BlockerWrites
from assay.workflows.board_ports import BoardReads
from assay.workflows.company_ports import CompanyReads, InboxReads
from assay.workflows.diagnosis_ports import DiagnosisReads
from assay.workflows.gate_ports import GateReads, GateWrites
from assay.workflows.journal_memory import EventReads, JournalMemory
from assay.workflows.journal_ports import CheckpointSigner, JournalReads
from assay.workflows.kept_ports import KeptReads, KeptWrites
from assay.workflows.lesson_memory import Lessons
from assay.workflows.pipeline_ports import PipelineReads, PipelineWrites
from assay.workflows.planning_ports import PlanningReads
from assay.workflows.run_artifacts import ArtifactLister
from assay.workflows.run_ports import RunReads
from assay.workflows.sprint_ports import SprintReads, SprintWrites
from assay.workflows.webhook_ports import WebhookReads, WebhookTools, WebhookWrites

if TYPE_CHECKING:
    from assay.domain.board.saved_compute import KilledWork
    from assay.domain.experiments.evidence import Run, Scores
    from assay.domain.experiments.experiment import Decision, LinkKind, Lock, TicketContent
    from assay.domain.experiments.pipeline_jobs import JobEvent
    from assay.domain.governance.journal import JournalHead, RememberedHead
    from assay.domain.kernel.events import Event
    from assay.domain.kernel.ids import TicketType
    from assay.domain.kernel.metrics import Metric, MetricCatalog
    from assay.workflows.actor import Actor
    from assay.workflows.gate_ports import IdListReader, LeakSearch, UploadReader
    from assay.workflows.overview_views import Measured, OverviewView
    from assay.workflows.records import (
        Attachment,
        Attestation,
        JournalEntry,
        Link,
        Note,
        Override,
        Project,
        ProjectSettings,
        PutRuns,
        Source,
        StoredAnswer,
        StoredVerdict,
        Ticket,
    )
    from assay.workflows.run_views import RunListPage
    from assay.workflows.views import (
        BacklogRow,
        SearchHit,
    )

T = TypeVar("T")


class ReadTransaction(
    BlockerReads,
    BoardReads,
    GateReads,
    KeptReads,
    PlanningReads,
    SprintReads,
    EventReads,
    CompanyReads,
    InboxReads,
    JournalReads,
    RunReads,
    DiagnosisReads,
    PipelineReads,
    BackTestReads,
    WebhookReads,
    Protocol,
):
    """One consistent view of everything remembered."""

    # projects and metrics
    def projects(self) -> Sequence[Project]: ...
    def project(self, slug: str) -> Project | None: ...
    def metrics(self, project_id: int) -> MetricCatalog: ...

    # tickets
    def ticket(self, project_id: int, key: str) -> Ticket | None: ...
    def tickets(self, project_id: int, *, keys: Sequence[str] | None = None) -> Sequence[Ticket]: ...
    def keys_in(self, project_id: int, stages: Sequence[str]) -> Mapping[str, TicketType]: ...
    def stage_counts(self, project_id: int) -> Mapping[str, int]: ...
    def locked_counts(self, project_id: int) -> Mapping[str, int]: ...
    def ranks_around(
        self, project_id: int, stage: str, *, before_key: str | None
    ) -> tuple[float | None, float | None]:
        """Ranks of the neighbours of the slot just above `before_key` (None: the end of the column)."""
        ...

    def links(self, ticket_id: int) -> Sequence[Link]: ...
    def project_links(self, project_id: int) -> Sequence[tuple[str, LinkKind, str]]:
        """Every relation of a project once, as (from, how, to), by number."""
        ...

    def notes(self, ticket_id: int) -> Sequence[Note]: ...
    def decisions(self, ticket_id: int) -> Sequence[Decision]: ...
    def verdict(self, ticket_id: int) -> StoredVerdict | None: ...
    def verdicts(self, ticket_id: int) -> Sequence[StoredVerdict]: ...

    # evidence
    def sources(self, project_id: int) -> Sequence[Source]: ...
    def runs(self, project_id: int, ticket_key: str, *, with_curves: bool = True) -> Sequence[Run]:
        """Runs of a ticket, deleted ones included, ordered by run id. Scores are not loaded (see `blob`)."""
        ...

    def run(self, project_id: int, run_id: str) -> Run | None: ...
    def detached_runs(self, project_id: int, ticket_key: str) -> Sequence[Run]:
        """Runs off this ticket that were on it with something to show, or whose tag names it, ordered by run id."""
        ...

    def source_stands_at(self, source_id: int, cursor: Mapping[str, Any]) -> bool:
        """Is this where the last sync of the source stopped?"""
        ...

    def verdicts_due(self, project_id: int) -> Sequence[str]:
        """Tickets with evidence that no verdict has seen."""
        ...

    def results_since(self, ticket_id: int) -> int:
        """Journal number at which the ticket first had a run; 0 for never."""
        ...

    def run_digests(self, source_id: int) -> Mapping[str, str]:
        """External id to digest for every run of a source that is not marked deleted.

        So a run that is back is new to the reader, and one that stays away is not reported again.
        """
        ...

    def blob(self, digest: str) -> bytes | None: ...

    # journal
    def head(self) -> tuple[int, bytes]:
        """Last sequence number and its hash; (0, genesis) when empty."""
        ...

    def journal_head(self) -> JournalHead:
        """Head and Merkle frontier as they are remembered: all a checkpoint needs, without reading the journal.

        Raises Refused where they do not end with the newest entry.
        """
        ...

    def remembered_head(self) -> RememberedHead:
        """What the next entry would be appended to, as it stands in the store."""
        ...

    def entries(self, *, after: int = 0, until: int | None = None) -> Iterator[JournalEntry]: ...
    def raw_entries(
        self, *, after: int = 0, until: int | None = None
    ) -> Iterator[tuple[int, bytes, bytes]]: ...
    def miscopied(self) -> Iterator[int]:
        """Numbers of entries whose columns say something else than the body that is hashed."""
        ...

    def checkpoints(self) -> Sequence[bytes]:
        """Signed checkpoint documents, oldest first."""
        ...

    # answers
    def answer(self, scope: str, key: str) -> StoredAnswer | None: ...

    # read models, one a page
    def backlog(
        self, project_id: int, stage: str, *, types: Sequence[TicketType], limit: int
    ) -> tuple[Sequence[BacklogRow], int]:
        """The first tickets of these types in a column, by rank, and how many there are."""
        ...

    def run_list(
        self, project: Project, *, after: str | None, limit: int, filters: Mapping[str, str]
    ) -> RunListPage: ...
    def overview(self, project: Project) -> OverviewView: ...
    def awaited_keys(self, project: Project) -> frozenset[str]:
        """Every ticket that waits for a person, by key; the overview lists the first."""
        ...

    def killed_work(self, project_id: int, *, since: datetime) -> Sequence[KilledWork]:
        """The experiments killed from then on that still are, with what their runs had used by then, in no order."""
        ...

    def measured(self, project_id: int) -> Sequence[Measured]:
        """What every locked ticket with intact evidence measured, in no order."""
        ...

    def search(self, project_id: int, text: str, *, limit: int) -> Sequence[SearchHit]:
        """Full text over keys, titles, hypotheses, learnings and notes, best first."""
        ...

    def similar(self, project_id: int, text: str, *, exclude: str | None, limit: int) -> Sequence[SearchHit]:
        """Past tickets that share telling words with this text, most words first."""
        ...


class WriteTransaction(
    ReadTransaction,
    BlockerWrites,
    GateWrites,
    KeptWrites,
    PipelineWrites,
    SprintWrites,
    WebhookWrites,
    Protocol,
):
    """Changes that become durable together with their journal entries, or not at all."""

    def append(self, event: Event, *, actor: Actor, at: datetime) -> int:
        """Write one fact to the journal; returns its sequence number."""
        ...

    def put_head(self, head: JournalHead) -> None:
        """From here on the journal ends so, whatever is remembered of its end."""
        ...

    def add_project(self, *, slug: str, name: str, settings: ProjectSettings, at: datetime) -> Project: ...
    def save_project(self, project: Project) -> bool:
        """Write name and settings where the version still is `project.version`; False when it is not."""
        ...

    def put_metric(self, project_id: int, metric: Metric) -> None: ...
    def remove_metric(self, project_id: int, name: str) -> None: ...

    def add_ticket(
        self,
        project: Project,
        content: TicketContent,
        *,
        stage: str,
        rank: float,
        by: str,
        at: datetime,
        number: int | None = None,
        entered_stage_at: datetime | None = None,
        begun_at: datetime | None = None,
    ) -> Ticket:
        """A new ticket under the project's next number (or `number`, for imports; raises Conflict when taken)."""
        ...

    def edit_ticket(self, ticket: Ticket, content: TicketContent, *, at: datetime) -> Ticket | None:
        """New content where the version still is `ticket.version`; None when somebody was faster."""
        ...

    def place_ticket(
        self, ticket: Ticket, *, stage: str, rank: float, at: datetime, iterations: int | None = None
    ) -> Ticket | None:
        """New column and rank where the version still is `ticket.version`; keeps the column counts."""
        ...

    def spread_ranks(self, project_id: int, stage: str) -> None:
        """Give the cards of a column even ranks in their present order."""
        ...

    def touch_ticket(self, ticket: Ticket, *, at: datetime) -> Ticket | None:
        """Raise the version for a change kept elsewhere (decision, lock, attestation); None when stale."""
        ...

    def delete_ticket(self, ticket: Ticket) -> bool:
        """Remove a ticket that was never locked and has no evidence; the journal keeps that it existed."""
        ...

    def put_card(self, ticket_id: int, card: Mapping[str, Any]) -> bool:
        """What the card shows of evidence and verdict; raises `card_version` only when it differs, and says so."""
        ...

    def put_lock(self, ticket_id: int, lock: Lock) -> None: ...
    def add_decision(self, ticket_id: int, decision: Decision) -> None: ...
    def put_attestation(self, ticket_id: int, attestation: Attestation) -> None: ...
    def remove_attestation(self, ticket_id: int, item: str) -> None: ...
    def add_override(self, ticket_id: int, override: Override) -> None: ...
    def add_note(self, ticket_id: int, *, text: str, by: str, at: datetime) -> Note: ...
    def watch(self, ticket_id: int, name: str, *, at: datetime) -> bool: ...
    def unwatch(self, ticket_id: int, name: str) -> bool: ...
    def mark_read(self, project_id: int, name: str, seq: int) -> int: ...
    def add_attachment(self, ticket_id: int, attachment: Attachment) -> None: ...
    def remove_attachment(self, ticket_id: int, digest: str) -> bool: ...
    def add_link(self, ticket_id: int, kind: LinkKind, other_ticket_id: int) -> bool: ...
    def remove_link(self, ticket_id: int, kind: LinkKind, other_ticket_id: int) -> bool: ...
    def add_source(
        self,
        project_id: int,
        *,
        name: str,
        kind: str,
        uri: str,
        experiment_filter: Sequence[str],
        qualified: bool = False,
    ) -> Source: ...
    def remove_source(self, source_id: int) -> None:
        """Stop reading a source; its runs stay as evidence."""
        ...

    def mark_evidence(self, project_id: int, keys: Sequence[str], *, seq: int) -> None:
        """These tickets have evidence as of this journal number that no verdict has seen."""
        ...

    def clear_due(self, ticket_id: int, *, seq: int) -> None:
        """A verdict has seen everything up to this journal number."""
        ...

    def save_source(self, source: Source) -> None: ...
    def note_look(self, source_id: int, at: datetime) -> None: ...
    def put_runs(self, source: Source, runs: Iterable[Run], *, seq: int) -> PutRuns:
        """Insert or update runs by external id; returns what differs from what was stored.

        `seen_seq` is kept, and what a run was is remembered where a verdict has to know it (`Run.past`).
        """
        ...

    def mark_deleted(self, source_id: int, external_ids: Sequence[str], *, seq: int) -> Sequence[str]:
        """Mark runs gone from the tracker, as of this journal number; returns the ticket keys touched."""
        ...

    def attach_run(self, project_id: int, run_id: str, ticket_key: str | None, *, seq: int) -> bool:
        """Attach a run to a ticket by hand (None: detach); the hand wins over tags in later syncs."""
        ...

    def put_blob(self, digest: str, content: bytes, *, only_attached: bool = False) -> None: ...
    def drop_unattached(self, digest: str) -> bool:
        """Forget a file that was kept for tickets alone and that none of them has any more; says whether it did."""
        ...

    def put_verdict(self, ticket_id: int, verdict: StoredVerdict) -> None: ...
    def put_checkpoint(self, *, size: int, document: bytes, at: datetime) -> None: ...
    def put_answer(self, scope: str, key: str, answer: StoredAnswer, *, at: datetime) -> None: ...
    def forget_answers(self, *, before: datetime) -> int:
        """Drop answers older than this; returns how many."""
        ...


class Store(Protocol):
    """The one door to what is remembered."""

    def write(self, work: Callable[[WriteTransaction], T]) -> T:
        """Run `work` in one transaction; returns after it is durable.

        It may run again after a serialization failure, so it must touch nothing but its transaction. An exception rolls
        everything back and is raised here.
        """
        ...

    def submit(self, work: Callable[[WriteTransaction], T]) -> Future[T]:
        """As `write`, answered through a future once durable: an async face awaits it without holding a thread."""
        ...

    def read(self) -> AbstractContextManager[ReadTransaction]: ...

    def last_seq(self) -> int:
        """Sequence number of the last durable journal entry (cheap, for live pages)."""
        ...

    def wait_for_change(self, after: int, *, timeout_s: float) -> int:
        """Block until the journal is longer than `after` or the time is over; returns the last sequence number."""
        ...

    def announce(self, server_url: str) -> None:
        """Tell other processes that find the database in use where this one serves."""
        ...

    def close(self) -> None:
        """Finish what waits and let go."""
        ...

    def instance_id(self) -> str:
        """Random name of this store, made once; the origin of its checkpoints."""
        ...


@dataclass(frozen=True, slots=True)
class SyncBatch:
    """One portion of a sync: runs that changed, runs that are gone, and where to go on."""

    runs: tuple[Run, ...]
    gone: tuple[str, ...]
    """External ids no longer in the tracker."""
    cursor: dict[str, Any]
    done: int
    """Runs handled so far in this sync."""
    total: int | None
    """Runs to handle in all, None while unknown."""
    blobs: Mapping[str, bytes]
    """Score files of these runs, by digest."""
    note: str = ""
    """How it was read: `tables` or `rest`, with the reason."""
    jobs: tuple[JobEvent, ...] = ()
    """What an orchestrator tells of the jobs it runs; they are no evidence."""


class EvidenceSource(Protocol):
    """A tracker that can be read incrementally. It never writes to the tracker."""

    def changes(self, source: Source, known: Callable[[], Mapping[str, str]]) -> Iterator[SyncBatch]:
        """Everything that differs from what the cursor says. An unchanged tracker yields nothing at all.

        known: asks for the digests already stored (external id to digest), only when needed.
        Raises Unavailable, naming tracker and URI, when it cannot be read.
        """
        ...

    def check(self, source: Source) -> str:
        """One line about the connection (kind, version, runs found), for `assay connect` and `assay doctor`."""
        ...


class ScoreReader(Protocol):
    """Per-example scores from a file's bytes (Parquet, long form)."""

    def __call__(self, content: bytes) -> Mapping[str, Scores]:
        """Scores by metric. Raises Invalid naming row and column, what was found and what is expected."""
        ...


@dataclass(frozen=True, slots=True)
class Workspace:
    """All that a workflow needs, joined by bootstrap."""

    store: Store
    clock: Callable[[], datetime]
    sources: Mapping[str, EvidenceSource]
    """By kind, such as `mlflow`."""
    read_scores: ScoreReader
    read_upload: UploadReader
    read_ids: IdListReader
    search_leaks: LeakSearch
    list_artifacts: ArtifactLister
    signer: CheckpointSigner
    instance_id: str
    webhooks: WebhookTools
    memory: JournalMemory = field(default_factory=JournalMemory)
    lessons: Lessons = field(default_factory=Lessons)
