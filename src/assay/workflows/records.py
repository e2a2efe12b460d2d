"""What the store hands to workflows and takes back: whole things with their version."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints

from assay.domain.board.board import Board
from assay.domain.experiments.experiment import Decision, LinkKind, Lock, TicketContent
from assay.domain.experiments.prices import PriceList
from assay.domain.gates.settings import VerdictSettings
from assay.domain.kernel.canonical import digest_bytes
from assay.domain.kernel.model import Value
from assay.domain.kernel.zones import DEFAULT_TIME_ZONE, TimeZoneName
from assay.domain.sprints.cadence import Cadence
from assay.domain.sprints.sprint import CommitmentLimits, Retro, SprintContent, SprintState

TEMPLATE_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+){0,9}", re.ASCII)


class TicketTemplate(Value):
    """What a kind of ticket usually says."""

    name: Annotated[str, StringConstraints(max_length=40)]
    text: Annotated[str, StringConstraints(max_length=20_000)]
    """YAML as somebody wrote it: a ticket file without key."""


class SavedFilter(Value):
    """What somebody often looks for, under a name that everybody in the project sees."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    filters: dict[str, str]
    """Filters of the list of tickets, such as owner and blocked."""


class ProjectSettings(Value):
    """What a project may set; every default is the product's default."""

    board: Board = Field(default_factory=Board.default)
    verdicts: VerdictSettings = VerdictSettings()
    commitments: CommitmentLimits = CommitmentLimits()
    cadence: Cadence = Cadence.SCRUM
    time_zone: TimeZoneName = DEFAULT_TIME_ZONE
    """Whose nights and weekends the stand-up means; days of sprints and of flow are those of UTC."""
    templates: tuple[TicketTemplate, ...] = ()
    """By name."""
    filters: tuple[SavedFilter, ...] = ()
    """By name."""
    prices: PriceList = PriceList()
    """What an hour of a device costs."""


@dataclass(frozen=True, slots=True)
class Project:
    """One project of the instance."""

    id: int
    slug: str
    name: str
    settings: ProjectSettings
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Attestation:
    """What only a person can know, said by one: `agreed`, `dataset_ready`, `serving`, `monitored`, `signed_off`, `rollback_tested`."""

    item: str
    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """A gate or limit passed by a person's word."""

    from_stage: str
    to_stage: str
    reason: str
    unmet: tuple[str, ...]
    by: str
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person wrote on a ticket."""

    id: int
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to a ticket."""

    digest: str
    """Of its content, `sha256:` and 64 hex digits."""
    name: str
    """For people alone."""
    size: int
    """Bytes."""
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """How a ticket relates to another one of its project."""

    kind: LinkKind
    key: str
    title: str = ""
    outgoing: bool = True


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it stands."""

    id: int
    project_id: int
    key: str
    content: TicketContent
    stage: str
    rank: float
    """Order in its column, ascending."""
    version: int
    """Changes with every edit, move and decision: the ETag."""
    card_version: int
    """Changes with everything the card shows, verdicts included: the cache key."""
    created_at: datetime
    created_by: str
    updated_at: datetime
    entered_stage_at: datetime
    begun_at: datetime | None = None
    """When it first left the first column; None before that."""
    iterations: int = 0
    """How often it entered Iteration."""
    lock: Lock | None = None
    decision: Decision | None = None
    """The latest decision."""
    attestations: tuple[Attestation, ...] = ()
    overrides: tuple[Override, ...] = ()
    card: dict[str, Any] = field(default_factory=dict)
    """What the card shows of evidence and verdict (see `workflows.views.CardEvidence`)."""


@dataclass(frozen=True, slots=True)
class Sprint:
    """A sprint as it stands."""

    id: int
    project_id: int
    number: int
    state: SprintState
    content: SprintContent
    retro: Retro
    version: int
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def subject(self) -> str:
        """How the journal names it."""
        return f"sprint-{self.number}"


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """Something a project keeps one of, or one of each name: its canvas, its phase, a choice."""

    id: int
    project_id: int
    kind: str
    name: str
    version: int
    body: str
    """What it says, as JSON."""
    by: str
    at: datetime

    @property
    def digest(self) -> str:
        """Of what it says, for the journal."""
        return digest_bytes(self.body.encode())


@dataclass(frozen=True, slots=True)
class Commitment:
    """A ticket taken into a sprint. Taking it out keeps the commitment, with the reason."""

    id: int
    sprint_id: int
    key: str
    added_at: datetime
    added_by: str
    after_start: bool
    """The sprint was running already: a change of its scope."""
    removed_at: datetime | None = None
    removed_by: str = ""
    removed_reason: str = ""
    extension_reason: str = ""
    """Why it is flagged for extension; empty when it is not."""

    @property
    def stands(self) -> bool:
        """Whether it is still in."""
        return self.removed_at is None


class CommitmentCount(NamedTuple):
    """How many tickets were ever taken into a sprint."""

    made: int
    standing: int
    """Those that are still in."""
    after_start: int


@dataclass(frozen=True, slots=True)
class Source:
    """A tracker a project reads from."""

    id: int
    project_id: int
    name: str
    """Unique in the project; prefix of its run ids."""
    kind: str
    """`mlflow`."""
    uri: str
    experiment_filter: tuple[str, ...] = ()
    """Tracker experiments to read; empty reads all."""
    qualified: bool = False
    """Only runs whose tags name the project belong to its tickets: several projects read this tracker."""
    cursor: dict[str, Any] = field(default_factory=dict)
    """Where the last sync stopped; opaque to all but the reader."""
    last_sync_at: datetime | None = None
    last_sync_status: str = ""
    last_sync_error: str = ""


@dataclass(frozen=True, slots=True)
class PutRuns:
    """What putting runs into the store changed."""

    changed: int
    """Runs that differ from what was stored."""
    tickets: frozenset[str]
    """Tickets that such a run was on, or is on now."""
    named: frozenset[str] = frozenset()
    """What such runs name as their ticket now, whether there is one or not: a key, or what their tag says instead."""
    gone: int = 0
    """Runs that were in the tracker and are now listed there as deleted; they are not among the changed."""


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A verdict record with its exact bytes."""

    digest: str
    body: bytes
    """Canonical JSON of the record; the digest covers it."""
    library_versions: dict[str, str]
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a POST with an Idempotency-Key was answered, so that a repeat gets the same."""

    request_digest: str
    status: int
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One journal entry: the stored bytes are what the hash covers."""

    seq: int
    at: datetime
    actor: str
    kind: str
    project: str | None
    subject: str | None
    body: bytes
    hash: bytes
