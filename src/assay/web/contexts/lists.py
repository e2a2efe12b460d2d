"""Lists and the pages around them: overview, experiments, runs, journal, search."""

from __future__ import annotations

from dataclasses import dataclass

from assay.web.contexts.backlog import BulkForm
from assay.web.contexts.board import Fact
from assay.web.contexts.experiment import ChartBox, RunLine
from assay.web.contexts.saved_filters import SavedFilters
from assay.web.contexts.ticket_form import Choice


@dataclass(frozen=True, slots=True)
class LearningLine:
    """What a decided experiment taught."""

    key: str
    href: str
    title: str
    word: str
    tone: str
    icon: str
    learnings: str
    at_iso: str
    day: str


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A ticket that waits for a person."""

    key: str
    href: str
    action_href: str
    action: str
    title: str
    chip: str
    tone: str
    icon: str
    owner: str


@dataclass(frozen=True, slots=True)
class StageBar:
    """How many cards stand in a column, as a bar."""

    title: str
    count: int
    width: str
    href: str


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """Context of pages/overview.html."""

    headline: str
    detail: str
    tone: str
    facts: tuple[Fact, ...]
    chart: ChartBox | None
    chart_note: str
    learnings: tuple[LearningLine, ...]
    waiting: tuple[WaitingLine, ...]
    waiting_note: str
    waiting_href: str
    """All of them, where only the first are shown; else empty."""
    stages: tuple[StageBar, ...]
    compute: str
    compute_width: str | None
    compute_hot: bool
    compute_note: str
    saved: str
    """What kills left of budgets; empty where nothing was killed."""
    money: str
    """What was paid, of what was allowed; empty where neither is known."""
    money_width: str | None
    money_hot: bool
    money_note: str
    sync_iso: str
    sync_text: str
    sync_error: str
    sync_href: str
    board_href: str
    new_href: str
    is_empty: bool


@dataclass(frozen=True, slots=True)
class ExperimentLine:
    """One line of the experiment list."""

    key: str
    version: int
    href: str
    title: str
    kind: str
    stage: str
    owner: str
    axis: str
    runs: str
    metric: str
    current: str
    target: str
    spent: tuple[str, ...]
    chip: str
    tone: str
    icon: str
    updated_iso: str
    updated: str


@dataclass(frozen=True, slots=True)
class SortHead:
    """A column head that sorts."""

    label: str
    href: str
    state: str
    """`ascending`, `descending` or `none`."""
    numeric: bool


@dataclass(frozen=True, slots=True)
class ExperimentsPage:
    """Context of pages/experiments.html."""

    rows: tuple[ExperimentLine, ...]
    total: int
    heads: tuple[SortHead, ...]
    text: str
    owner: str
    stages: tuple[Choice, ...]
    decisions: tuple[Choice, ...]
    axes: tuple[Choice, ...]
    phases: tuple[Choice, ...]
    is_stale: bool
    """Only what is stale is listed."""
    is_waiting: bool
    """Only what waits for a person is listed."""
    saved: SavedFilters
    sort: str
    filtered: bool
    here: str
    next_href: str
    first_href: str
    new_href: str
    compare_href: str
    bulk: BulkForm


@dataclass(frozen=True, slots=True)
class RunListLine:
    """One line of the run list."""

    run_id: str
    line: RunLine
    ticket: str
    ticket_href: str
    unknown_ticket: str
    """What it names as its ticket, where the project has no such ticket; else empty."""
    source: str
    metrics: tuple[tuple[str, str], ...]
    more_metrics: int


@dataclass(frozen=True, slots=True)
class RunsPage:
    """Context of pages/runs.html."""

    rows: tuple[RunListLine, ...]
    total: int
    text: str
    ticket: str
    statuses: tuple[Choice, ...]
    filtered: bool
    here: str
    next_href: str
    first_href: str
    sources_href: str
    has_sources: bool
    compare_href: str
    """These runs side by side: the filter, as it stands."""
    compare_action: str


@dataclass(frozen=True, slots=True)
class MetricLine:
    """The curve of one metric of a run, in numbers."""

    name: str
    counts: str
    """The value that counts, where that is not the last one."""
    last: str
    lowest: str
    highest: str
    points: str
    broken: str


@dataclass(frozen=True, slots=True)
class ArtifactLine:
    """One file of a run."""

    path: str
    size: str
    sha256: str
    note: str
    """Why there is no digest; empty where there is one."""


@dataclass(frozen=True, slots=True)
class ArtifactsPanel:
    """The files of a run."""

    reference: str
    """Where they lie; empty when that is not known."""
    href: str
    """Their page in the tracker; empty where there is none."""
    scores_digest: str
    list_href: str
    """Lists them; empty where they cannot be, or are listed."""
    listed: bool
    files: tuple[ArtifactLine, ...]
    left_out: tuple[str, ...]
    fault: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """Context of pages/run.html."""

    name: str
    status: str
    status_tone: str
    status_icon: str
    deleted: bool
    ticket: str
    ticket_href: str
    unknown_ticket: str
    external_url: str
    compare_href: str
    """The run beside the others of its ticket, else beside all."""
    examples_href: str
    """The examples behind it; empty where it has no scores of any."""
    facts: tuple[tuple[str, str], ...]
    config: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]
    metrics: tuple[MetricLine, ...]
    scores_error: str
    artifacts: ArtifactsPanel
    action: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One journal entry."""

    seq: int
    who: str
    what: str
    kind: str
    subject: str
    subject_href: str
    at_iso: str
    at: str
    payload: str
    hash: str
    short_hash: str


@dataclass(frozen=True, slots=True)
class JournalPageView:
    """Context of pages/journal.html."""

    rows: tuple[JournalLine, ...]
    total: str
    kind: str
    subject: str
    who: str
    kinds: tuple[str, ...]
    filtered: bool
    here: str
    next_href: str
    first_href: str
    verify_action: str
    checkpoint_action: str
    csrf_token: str
    export_href: str


@dataclass(frozen=True, slots=True)
class VerifyPage:
    """Context of pages/verify.html: whether the journal holds."""

    ok: bool
    headline: str
    detail: str
    facts: tuple[tuple[str, str], ...]
    faults: tuple[str, ...]
    back: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of the search."""

    id: str
    key: str
    href: str
    title: str
    stage: str
    outcome: str
    tone: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Jump:
    """A page or an action to jump to."""

    id: str
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Context of pages/search.html and of fragments/search/_palette.html."""

    query: str
    action: str
    palette_href: str
    hits: tuple[Hit, ...]
    jumps: tuple[Jump, ...]
    asked: bool
    new_href: str


@dataclass(frozen=True, slots=True)
class KeysPage:
    """Context of pages/keys.html: what the keyboard does."""

    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
