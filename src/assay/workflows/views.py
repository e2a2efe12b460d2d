"""Read models: what pages, API and CLI show, frozen and computed; faces only lay them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from assay.domain.board.blockers import Blocker, BlockerCategory
from assay.domain.board.moves import MoveAssessment
from assay.domain.board.roles import ColumnRole
from assay.domain.experiments.criteria.rules import Problem
from assay.domain.experiments.experiment import Budget, Decision, DecisionKind
from assay.domain.experiments.pipeline_jobs import PipelineJob
from assay.domain.gates.snoozes import Snooze
from assay.domain.gates.summary import CardSummary
from assay.domain.kernel.metrics import MetricCatalog
from assay.domain.kernel.verdicts import VerdictRecord
from assay.workflows.job_views import JobTree, UnreadOrchestrator
from assay.workflows.run_views import RunRow

if TYPE_CHECKING:
    from assay.workflows.records import Attachment, Link, Note, Project, Ticket


@dataclass(frozen=True, slots=True)
class CardBlocker:
    """What is in the way of a card, since when."""

    number: int
    category: BlockerCategory
    text: str
    since: datetime


@dataclass(frozen=True, slots=True)
class CardView:
    """One card. Everything in `evidence` is a `CardEvidence` as JSON; times are absolute, never 'ago'."""

    key: str
    type: str
    title: str
    owner: str
    stage: str
    rank: float
    version: int
    card_version: int
    priority: int
    entered_stage_at: datetime
    hypothesis: str
    evidence: dict[str, Any]
    overridden: bool
    """Entered its column by an override."""
    locked: bool
    locked_at: datetime | None = None
    """When its time box began."""
    time_box_days: int | None = None
    begun_at: datetime | None = None
    """When a spike first left the first column; None before that, and for other types."""
    data: str | None = None
    """ready, at risk or blocked; None where it names no data."""
    data_due: datetime | None = None
    """First day on which data that is not ready is needed."""
    blockers: tuple[CardBlocker, ...] = ()
    """Open ones, the oldest first."""
    role: ColumnRole = ColumnRole.OTHER
    """What its column is for, whatever it is called."""
    success: tuple[str, ...] = ()
    """Its primary criteria in their short form, while it is prepared."""
    budget: Budget = field(default_factory=Budget)
    iterations: int = 0
    """How often it was taken up for refining."""
    confirmed: tuple[str, ...] = ()
    """What people vouch for, such as `serving`."""
    model: str = ""
    """Which model it brings, where it says so."""
    reason: str = ""
    """Why it was decided as it was, where somebody said so."""
    decided_at: datetime | None = None
    """When that was; None while nobody has decided."""
    job: PipelineJob | None = None
    """The job of a pipeline that says best where its training stands; None where no pipeline runs for it."""
    job_unread: UnreadOrchestrator | None = None
    """The orchestrator that was asked about this job and cannot be read now; None where what is told is up to date."""

    @property
    def is_over(self) -> bool:
        """A decision to kill or to promote stands: the card lies where one leads, or nobody has moved it on since."""
        if self.evidence.get("decision") not in (DecisionKind.KILL, DecisionKind.PROMOTE):
            return False
        since = self.decided_at
        return self.role in _REACHED or since is None or self.entered_stage_at <= since


_REACHED = frozenset({ColumnRole.DEPLOYING, ColumnRole.LIVE, ColumnRole.KILLED})
"""Columns that a decision leads to after which nothing is tried any more."""


@dataclass(frozen=True, slots=True)
class CardEvidence(CardSummary):
    """What a card shows of evidence and verdict, and what its gates ask; stored as JSON with the ticket, strings ready to print."""

    finished: int = 0
    primary_logged: bool = False
    """Some finished run logged every primary metric."""
    baseline_runs: int = 0
    estimate: float | None = None
    """Mean of the candidate group in the primary metric's unit; None when unknown or the evidence is broken."""
    measured_at: str | None = None
    """When the last run behind `estimate` ended, UTC."""
    invalid: bool = False
    """Some evidence is broken and waits to be mended."""
    gate: str = ""
    """What the gate of the card's column says of it, in one line; empty where the column names none."""
    gate_stage: str = ""
    """The column that `gate` is about: anywhere else it says nothing."""


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column of the board, first page of its cards."""

    key: str
    title: str
    wip_limit: int | None
    """Of what is `taken`: cards, or the GPUs they run on."""
    count: int
    gate: str
    cards: tuple[CardView, ...]
    next_cursor: str | None
    taken: int


@dataclass(frozen=True, slots=True)
class BoardView:
    """The board of a project."""

    columns: tuple[ColumnView, ...]
    seq: int
    """Journal sequence number this view reflects."""


class CardSlot(NamedTuple):
    """Where one card stands. `(id, card_version)` names its content for good: the key for cached HTML."""

    id: int
    key: str
    stage: str
    rank: float
    card_version: int


@dataclass(frozen=True, slots=True)
class ColumnSlots:
    """One column of the board with the places of its first cards, without what they show."""

    key: str
    title: str
    wip_limit: int | None
    count: int
    gate: str
    slots: tuple[CardSlot, ...]
    next_cursor: str | None
    taken: int


@dataclass(frozen=True, slots=True)
class BoardSlots:
    """Which cards stand where. What they show comes from `ReadTransaction.cards`, for those not seen before."""

    columns: tuple[ColumnSlots, ...]
    seq: int
    """Journal sequence number this view reflects."""


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """More cards of one column."""

    cards: tuple[CardView, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """One line of the experiment list."""

    key: str
    type: str
    title: str
    stage: str
    owner: str
    axis: str | None
    mode: str | None
    decision: str | None
    recommendation: str | None
    updated_at: datetime
    created_at: datetime
    runs: int
    metric: str | None
    current_text: str
    target_text: str
    compute_text: str
    """What its runs used, of what was allowed; empty where neither is known."""
    money_text: str
    chip: str
    version: int
    priority: int


@dataclass(frozen=True, slots=True)
class ExperimentListPage:
    """A page of experiments."""

    rows: tuple[ExperimentRow, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One journal entry as the journal page shows it."""

    seq: int
    at: datetime
    actor: str
    kind: str
    project: str | None
    subject: str | None
    payload: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class JournalPage:
    """A page of the journal, newest first."""

    rows: tuple[JournalRow, ...]
    next_before: int | None
    total: int
    """Entries that match, counted up to 10,000."""
    more_than_total: bool = False
    """There are more: a journal of a million lines is not counted to show fifty of them."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One answer of the search."""

    key: str
    type: str
    title: str
    stage: str
    decision: str | None
    excerpt: str
    """Plain text around the match."""
    score: float = field(default=0.0)
    shared: tuple[str, ...] = ()
    """Telling words that it shares with a draft, where similar tickets were asked for."""
    matches: tuple[tuple[int, int], ...] = ()
    """Where the matched words stand in the excerpt: first character and the one after the last, counted from 0."""


@dataclass(frozen=True, slots=True)
class CurvePoints:
    """One run's curve of one metric, thinned for drawing; extremes are kept, non-finite points are listed."""

    run_id: str
    name: str
    arm: str
    group: str
    seed: int | str | None
    exploratory: bool
    steps: tuple[int, ...]
    values: tuple[float | None, ...]
    """None where the logged value is NaN or infinite."""
    late: bool = False
    """It came after the kill that closed the ticket: the verdict shown has not seen it."""


@dataclass(frozen=True, slots=True)
class CriterionLine:
    """One criterion as text, with its role."""

    role: str
    text: str
    metric: str | None


@dataclass(frozen=True, slots=True)
class ExitGateView:
    """What stands between a ticket and one of its next columns."""

    target: str
    title: str
    assessment: MoveAssessment


@dataclass(frozen=True, slots=True)
class AttestableItem:
    """An exit item that a person confirms, with who did."""

    item: str
    title: str
    by: str
    at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class BacklogRow:
    """A ticket that nobody has begun."""

    key: str
    type: str
    title: str
    owner: str
    priority: int
    axis: str | None
    mode: str | None
    version: int
    labels: tuple[str, ...]
    gpu_hours: float | None
    """Budget, None when not set."""
    time_box_days: int | None


@dataclass(frozen=True, slots=True)
class SpikeClock:
    """How a spike that was begun stands to its time box."""

    begun_at: datetime
    """When it first left the first column."""
    days: int | None
    used_days: int
    """Whole days since then."""
    over: bool

    @property
    def text(self) -> str:
        """Such as "day 6 of 5"."""
        return f"day {self.used_days + 1} of {self.days or 'no limit'}"


@dataclass(frozen=True, slots=True)
class VerdictSince:
    """What the evidence of a killed ticket would say with what came after the kill."""

    runs: int
    """Runs that came; none where others were changed or are gone."""
    recommendation: str
    headline: str
    digest: str
    """Of the verdict on all there is now."""


@dataclass(frozen=True, slots=True)
class KillView:
    """A recommended kill, and who overruled it until when."""

    rule: str
    reason: str
    criterion: bool
    """The ticket's own kill criterion; False: a rule of thumb."""
    snooze: Snooze | None
    """None while it is pressed."""


@dataclass(frozen=True, slots=True)
class TicketView:
    """Everything the ticket page shows."""

    project: Project
    ticket: Ticket
    stage_title: str
    criteria: tuple[CriterionLine, ...]
    problems: tuple[Problem, ...]
    """What keeps it from being registered; empty once it is."""
    metrics: MetricCatalog
    verdict: VerdictRecord | None
    verdict_digest: str | None
    runs: tuple[RunRow, ...]
    chart_metric: str | None
    curves: tuple[CurvePoints, ...]
    links: tuple[Link, ...]
    notes: tuple[Note, ...]
    decisions: tuple[Decision, ...]
    similar: tuple[SearchHit, ...]
    blockers: tuple[Blocker, ...]
    """Open ones first, the oldest first."""
    jobs: JobTree
    exits: tuple[ExitGateView, ...]
    attestable: tuple[AttestableItem, ...]
    history: tuple[JournalRow, ...]
    gpu_hours: float | None
    """Spent so far by runs that say so; None when none does."""
    runs_without_gpu_hours: int
    cost_usd: float | None
    """What the runs cost that say so; None when none does."""
    runs_without_cost: int
    days_used: int | None
    """Whole days since the lock, or since a spike was begun; None before that."""
    spike: SpikeClock | None = None
    watchers: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    since_kill: VerdictSince | None = None
    """What came after the kill it is closed by; `verdict` is the one it was killed on. None while nothing came."""
    kills: tuple[KillView, ...] = ()
    """The kills that the verdict recommends, with who overruled which until when; none where work has ended."""


@dataclass(frozen=True, slots=True)
class DraftCheck:
    """What a draft still lacks, and what was tried before."""

    problems: tuple[Problem, ...]
    similar: tuple[SearchHit, ...]
