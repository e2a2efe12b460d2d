"""Read models of sprints: what each ceremony shows, computed; faces only lay them out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from assay.domain.board.blockers import CategoryCost
from assay.domain.experiments.experiment import DecisionKind
from assay.domain.experiments.pipeline_jobs import PipelineJob
from assay.domain.sprints.progress import HalfTime, LateKill, Progress, RunNews
from assay.domain.sprints.sprint import Retro
from assay.workflows.flow_shares import ShareView
from assay.workflows.job_views import UnreadOrchestrator


class Decided(NamedTuple):
    """A decision on a ticket."""

    key: str
    kind: DecisionKind
    at: datetime
    learnings: str


class AtHand(NamedTuple):
    """A ticket that could be taken into a sprint."""

    key: str
    title: str
    type: str
    priority: int
    rank: float


@dataclass(frozen=True, slots=True)
class TicketAt:
    """A committed ticket as it stood at a moment."""

    key: str
    title: str
    type: str
    owner: str
    stage: str
    """Title of its column."""
    progress: Progress
    headline: str
    """What the verdict said by then; empty while nothing was said."""
    figures: str
    """The primary metric between baseline and target, as the card shows it; empty where it does not."""
    learnings: str
    decided_at: datetime | None
    after_start: bool
    """It came in when the sprint was running already."""
    extension_reason: str
    last_sign_at: datetime | None
    """Its last run, note or move by then."""
    gpu_hours: float
    """Compute of its runs that began in the sprint, as far as known."""
    runs_without_gpu_hours: int
    chance: str = ""
    """What past runs say of its runs under way; told on the stand-up alone, and empty where nothing is known."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a sprint is on its way."""

    number: int
    name: str
    goal: str
    state: str
    starts_on: date
    ends_on: date
    day: int
    """Day of the sprint, 1 on its first; 0 before it, and not beyond its last."""
    days: int
    half_time: date


@dataclass(frozen=True, slots=True)
class ScopeChange:
    """A ticket that came in or went out while the sprint was running, or a change of its days or its goal."""

    at: datetime
    key: str
    """Empty where the plan was changed."""
    title: str
    """Of the ticket; what was changed in the plan."""
    came_in: bool
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunLine:
    """What happened to a run."""

    run_id: str
    name: str
    ticket: str
    title: str
    news: RunNews
    text: str
    at: datetime
    overnight: bool
    """Between 18:00 and 08:00 UTC."""
    runs: int = 1
    """How many runs of the ticket this tells of; `run_id` is the last of them."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned about a ticket: a decision, or what its verdict says now."""

    key: str
    title: str
    at: datetime
    word: str
    """killed, promoted, iterating, or the verdict's recommendation."""
    text: str


@dataclass(frozen=True, slots=True)
class AdvisedStop:
    """A rule that says to stop an experiment under way, or asks a person whether it shall go on."""

    key: str
    title: str
    rule: str
    """Name of the rule of thumb, or the text of the ticket's own kill criterion."""
    reason: str
    criterion: bool
    """It is the ticket's own kill criterion."""
    advises_kill: bool
    """False where a budget is overrun: that asks for a person, and is no kill."""
    snoozed: str
    """Until when, by whom and why it is not pressed; empty where it is."""


@dataclass(frozen=True, slots=True)
class StandupView:
    """The stand-up, prepared."""

    stand: Stand | None
    """None while no sprint runs: then it is about everything in progress."""
    at: datetime
    since: datetime
    runs: tuple[RunLine, ...]
    """Overnight first, trouble before success."""
    loose_runs: int
    """Runs that began since and belong to no ticket."""
    stops: tuple[AdvisedStop, ...]
    """Kills that are recommended and budgets that are overrun, those that somebody snoozed last."""
    learned: tuple[Learned, ...]
    next: TicketAt | None
    """The first committed question without a run: one that is being prepared before one that still waits."""
    stuck: tuple[Stuck, ...]
    """Open blockers, oldest first."""
    failed_jobs: tuple[PipelineJob, ...]
    """Jobs of pipelines that failed since, the newest first."""
    unread: tuple[UnreadOrchestrator, ...]
    """Orchestrators that cannot be read now: what failed there since they were is not known."""
    silent: tuple[TicketAt, ...]
    """Started, undecided, and without a run, a note or a move for days."""
    tickets: tuple[TicketAt, ...]
    scope: tuple[ScopeChange, ...]


@dataclass(frozen=True, slots=True)
class Stuck:
    """An open blocker of a ticket."""

    key: str
    number: int
    title: str
    category: str
    text: str
    owner: str
    days: float


@dataclass(frozen=True, slots=True)
class CheckView:
    """The mid-sprint check, prepared."""

    stand: Stand
    at: datetime
    is_due: bool
    """Half time has come."""
    half_time: HalfTime
    neither: tuple[TicketAt, ...]
    """Questions without preliminary results that nobody flagged for extension."""
    tickets: tuple[TicketAt, ...]
    scope: tuple[ScopeChange, ...]


@dataclass(frozen=True, slots=True)
class GateLine:
    """What a gate said of a ticket of the sprint."""

    number: int
    gate: str
    ticket: str | None
    result: str
    headline: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReviewView:
    """The review, prepared: what was learned comes first."""

    stand: Stand
    at: datetime
    learned: tuple[Learned, ...]
    killed: int
    promoted: int
    tickets: tuple[TicketAt, ...]
    gates: tuple[GateLine, ...]
    """Newest first."""
    demo: TicketAt | None
    scope: tuple[ScopeChange, ...]


@dataclass(frozen=True, slots=True)
class KillLine:
    """A kill of the sprint, looked back on."""

    ticket: TicketAt
    late: LateKill | None
    """None when the verdict did not say kill before the decision."""
    call: str
    """How the team sees it: good, too_late, too_early; empty while it has not said."""


@dataclass(frozen=True, slots=True)
class SprintRate:
    """What was decided in one sprint."""

    number: int
    name: str
    killed: int
    promoted: int
    rate: float | None
    """Share of promotions, the promotion rate; None where nothing was decided."""
    low: float | None
    high: float | None
    kill_rate: float | None
    committed: int
    late_scope: int
    """Tickets that came in after the start."""


@dataclass(frozen=True, slots=True)
class SprintAim:
    """How often were criteria met in one sprint, and how good were the predictions of what was decided?"""

    number: int
    decided: int
    """Experiments decided whose criteria had been locked."""
    hits: int
    """Those whose primary criteria were met."""
    hit_rate: float | None
    """The share of them; None where nothing was decided."""
    hit_low: float | None
    hit_high: float | None
    """Its exact 95% interval."""
    chances: int
    """Experiments decided with a chance given before their lock."""
    said: float | None
    """The mean of those chances; None of none."""
    came_true: float | None
    """The share of them whose criteria were met."""
    brier: float | None
    effects: int
    """Experiments decided with an effect predicted and one measured."""
    effects_inside: int
    """Those measured inside the range that was said to hold 8 in 10."""


@dataclass(frozen=True, slots=True)
class Tooling:
    """How data and tooling did in a sprint."""

    runs: int
    """Runs of its tickets that ended in the sprint."""
    broken_runs: int
    """Among them failed, stopped or diverged."""
    blocked: tuple[CategoryCost, ...]
    """What was in the way of its tickets, the costliest kind first."""


@dataclass(frozen=True, slots=True)
class SprintFlow:
    """The flow of one sprint."""

    number: int
    name: str
    begin: datetime
    end: datetime
    """When it ended; while it runs, the moment asked for."""
    is_over: bool
    decided: int
    """Its throughput: experiments killed or promoted."""
    killed: ShareView
    killed_items: tuple[str, ...]
    """The experiments that the kill rate counts as killed."""
    promoted: ShareView
    with_learnings: ShareView
    cycle_days_median: float | None
    data: ShareView
    """Of the experiments that were committed and whose data was due in it, those whose data was ready on time."""
    data_unknown: int
    """Committed experiments of whose data nobody said anything."""
    data_late: tuple[str, ...]
    """Tickets whose data was not there on time."""
    deployed: tuple[str, ...]
    """Tickets that first came into use."""
    lead_days_median: float | None
    """From the idea to its deployment, of those; None where nothing came into use."""
    blockers_opened: int
    blocker_days_median: float | None
    blocker_median_is_at_least: bool


@dataclass(frozen=True, slots=True)
class Improvement:
    """The one improvement that a retro picked."""

    sprint: int
    key: str
    title: str
    stage: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """What was expected of what was decided in a sprint, and what came of it."""

    chances: str
    """How good the chances were that had been given, in a sentence."""
    ranking: str
    """What those ranked high shipped for their cost, against the others; empty where too few can be ranked."""
    calls: tuple[tuple[str, str], ...]
    """Key and sentence for each experiment that was decided."""


@dataclass(frozen=True, slots=True)
class RetroView:
    """The retro, prepared."""

    stand: Stand
    at: datetime
    version: int
    """Version of the sprint, for a change of its retro."""
    notes: Retro
    last_improvement: Improvement | None
    """What the retro before picked: it opens this one."""
    improvement: Improvement | None
    kills: tuple[KillLine, ...]
    kills_text: str
    """How they differ from what the kill rate counts, and why; empty where they are the same."""
    rates: tuple[SprintRate, ...]
    """By sprint, up to this one."""
    flow: SprintFlow | None
    """How work flowed in this sprint; None before its start."""
    expected: Expected
    aims: tuple[SprintAim, ...]
    """The same sprints: what was predicted against what came."""
    tooling: Tooling
    learned: tuple[Learned, ...]
