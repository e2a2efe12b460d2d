"""Read models of the overview: where a project stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from assay.domain.board.saved_compute import NOTHING_SAVED, SavedCompute
from assay.domain.kernel.readings import LAST
from assay.workflows.views import ExperimentRow


@dataclass(frozen=True, slots=True)
class Measured:
    """What a ticket measured, for the best value over time."""

    key: str
    metric: str
    estimate: float
    measured_at: datetime
    reading: str = LAST.text
    """Which value of its runs that is, as its lock declares it."""


@dataclass(frozen=True, slots=True)
class BestPoint:
    """The best value of the headline metric up to a moment, with the ticket that reached it."""

    at: datetime
    value: float
    key: str


@dataclass(frozen=True, slots=True)
class Learning:
    """What a decided experiment taught."""

    key: str
    title: str
    decision: str
    learnings: str
    at: datetime


class Why(StrEnum):
    """What of a ticket waits for a person."""

    DECISION = "decision"
    BROKEN = "broken"
    """Some evidence has to be mended."""
    OVER_BUDGET = "over_budget"


@dataclass(frozen=True, slots=True)
class AwaitedRow(ExperimentRow):
    """A ticket that waits for a person."""

    why: Why


@dataclass(frozen=True, slots=True)
class OverviewView:
    """What a leader wants to see first. Decided, in progress and not begun mean what they mean in flow."""

    stage_counts: dict[str, int]
    experiments: int
    """All that were ever written and are there."""
    decided: int
    """Experiments that were killed or promoted: the sum of the two, each experiment once, by its first such decision."""
    killed: int
    promoted: int
    active: int
    """Tickets of every type in progress: `iterating`, `ready`, `undecided` and `other_work` add up to them."""
    iterating: int
    """Experiments in progress that a decision told to go on, and that stand where it led."""
    ready: int
    """Those whose verdict says promote, iterate or kill."""
    undecided: int
    """Those without a verdict, or with one that is undecided."""
    other_work: int
    """Tickets in progress that are no experiments."""
    reopened: int
    """Tickets in progress that were decided before, and moved on since: the experiments among them are counted in `decided`, too."""
    waiting: int
    """Tickets that nobody has begun: in the first column."""
    runs: int
    gpu_hours: float | None
    """None when no run says what it used; a lower bound while some do not."""
    runs_without_gpu_hours: int
    """Runs that do not say what they used."""
    gpu_hours_budget: float | None
    cost_usd: float | None
    """What the runs cost that have a price; None when none has."""
    runs_without_cost: int
    cost_usd_budget: float | None
    learnings: tuple[Learning, ...]
    attention: tuple[AwaitedRow, ...]
    """The first of the active tickets that wait for a person, the most urgent first: a decision, broken evidence, over budget.

    A decision is awaited on a verdict that is ready, anew on what came back from where a decision had led it, and anew on what
    was told to go on and whose verdict now says to promote or to kill; `decision` is empty there.
    """
    attention_total: int
    """All that wait for a person."""
    last_sync_at: datetime | None
    sync_error: str
    seq: int
    best_metric: str | None = None
    """The metric most tickets claim something about; None before anything was measured."""
    best: tuple[BestPoint, ...] = ()
    """Each step up of the best value, oldest first."""
    measured_otherwise: int = 0
    """Tickets that measured this metric, but by another value of their runs than the project declares now: not compared."""
    saved: SavedCompute = NOTHING_SAVED
    """What the experiments killed in the last 90 days left of their budgets."""
