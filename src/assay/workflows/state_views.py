"""Where a project stands, for those who steer the sprint and for everyone else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from assay.domain.experiments.display import format_value
from assay.domain.forecasting.best_ahead import HIGH, BestAhead, ConePoint, NothingAhead
from assay.domain.gates.wording import count
from assay.domain.kernel.metrics import Direction
from assay.domain.portfolio.phases import GateState

if TYPE_CHECKING:
    from assay.domain.kernel.findings import Finding
    from assay.domain.kernel.metrics import Metric
    from assay.workflows.overview_views import BestPoint
    from assay.workflows.phases import GateLine, PhaseView
    from assay.workflows.records import Project
    from assay.workflows.sprint_views import TicketAt


@dataclass(frozen=True, slots=True)
class StateTicket:
    """One ticket of the sprint in a line.

    Attributes:
        at: how far it is.
        hypothesis: what it claims.
        metric: its primary metric; empty where it has none.
        best: what it measured, ready to print; empty while nothing is known.
        target: what it has to reach.
        gap: from the one to the other in the metric's unit, positive where the target is not reached; None where either is unknown.
        is_shown: its bound clears the target too, or its estimate where the ticket was locked so.
        declared: the metric, as it was declared.
        recommendation: what its verdict says; empty before one.
        gpu_hours_budget: None where none is set.
        data: ready, at risk or blocked; None where it waits for none.
    """

    at: TicketAt
    hypothesis: str
    metric: str
    best: str
    target: str
    gap: float | None
    is_shown: bool
    declared: Metric | None
    recommendation: str
    gpu_hours_budget: float | None
    data: str | None


@dataclass(frozen=True, slots=True)
class Headline:
    """The metric that most tickets claim something about, by the ticket that measured it best.

    steps: how the best came to be where it is, oldest first; the last is `best`. finding: of that ticket's primary criterion on it;
    None where its verdict has none. change: since 30 days before now, in the metric's unit; None where nothing was measured before
    that. ahead: how good the best may be in some weeks, or why that is not known.
    """

    metric: Metric
    steps: tuple[BestPoint, ...]
    finding: Finding | None
    change: float | None
    ahead: BestAhead | NothingAhead

    @property
    def best(self) -> BestPoint:
        """The best so far."""
        return self.steps[-1]


def best_text(one: Headline) -> str:
    """The best value of the headline metric, and which ticket reached it."""
    value = f"{format_value(one.metric, one.best.value)}{one.metric.reading.beside}"
    return f"{one.metric.name}: {value}, by {one.best.key}"


def nothing_text(measured_otherwise: int) -> str:
    """Why there is no headline metric.

    >>> nothing_text(0), nothing_text(1)
    ('nothing was measured yet', 'nothing can be compared yet: 1 ticket was locked before it was declared which value of a run counts now')
    """
    if not measured_otherwise:
        return "nothing was measured yet"
    return f"nothing can be compared yet: {otherwise_text(measured_otherwise)}"


def otherwise_text(tickets: int) -> str:
    """Why so many tickets are not compared with the others: their lock is older than what the project declares to count."""
    were = f"{count(tickets, 'ticket')} {'was' if tickets == 1 else 'were'}"
    return f"{were} locked before it was declared which value of a run counts now"


def ahead_text(one: Headline) -> str:
    """What may come of the headline metric, in a sentence."""
    if isinstance(one.ahead, NothingAhead):
        return f"Where it may go is not known: {one.ahead.reason}."
    end, chance = one.ahead.points[-1], one.ahead.chance_of_better
    edge = f", 9 chances in 10 that it stays {edge_text(one.metric, end)}" if chance > 1 - HIGH else ""
    return (
        f"By {end.at.day} {end.at:%b %Y}, with experiments like the {one.ahead.experiments} so far and {one.ahead.a_week:.2g} a week: "
        f"{chance:.0%} that one beats {format_value(one.metric, one.best.value)}{edge}."
    )


def edge_text(metric: Metric, point: ConePoint) -> str:
    """Which side of which value is the best at this moment, with nine chances in ten?"""
    if metric.direction is Direction.HIGHER:
        return f"at or below {format_value(metric, point.high)}"
    return f"at or above {format_value(metric, point.low)}"


@dataclass(frozen=True, slots=True)
class StateView:
    """Where a project stands.

    Attributes:
        week: of the project, counted from where its phase typically begins; None where nobody said since when.
        sprint: number of the running sprint; None where none runs, and the tickets are those in progress.
        total, promoted, killed, active: of the experiments among these tickets.
        gpu_hours: used by the runs begun in the sprint; None where no run says.
        gpu_hours_budget: of the tickets that set one.
        next_gate: the open decision that is due first; None where none has a date.
        measured_otherwise: tickets that measured the headline metric, or any where there is none, by another value of their
            runs than the project declares now.
    """

    project: Project
    phase: PhaseView
    week: int | None
    headline: Headline | None
    next_gate: GateLine | None
    sprint: int | None
    tickets: tuple[StateTicket, ...]
    total: int
    promoted: int
    killed: int
    active: int
    gpu_hours: float | None
    runs_without_gpu_hours: int
    gpu_hours_budget: float | None
    at: datetime
    measured_otherwise: int = 0

    @property
    def completed(self) -> int:
        """Those promoted and those killed: each is an answer."""
        return self.promoted + self.killed


@dataclass(frozen=True, slots=True)
class Risk:
    """Something that may go wrong.

    Attributes:
        kind: overdue, a kind of stuck phase, data, mix or compute.
        text: what is known of it.
        ticket: whose it is; empty where it is the project's.
    """

    kind: str
    text: str
    ticket: str = ""


def risks_of(view: StateView) -> tuple[Risk, ...]:
    """What may go wrong, as far as journal, runs and canvas tell: overdue decisions first."""
    found = [
        Risk("overdue", f"{line.gate.question}: {due_text(line)}")
        for line in view.phase.gates
        if line.state is GateState.OVERDUE
    ]
    found += [Risk(one.kind.value, one.evidence) for one in view.phase.stuck]
    found += [
        Risk("data", f"{one.at.key} waits for data and has begun", one.at.key)
        for one in view.tickets
        if one.data == "blocked"
    ]
    if view.phase.warning:
        found.append(Risk("mix", view.phase.warning))
    if view.gpu_hours is not None and view.gpu_hours_budget and view.gpu_hours > view.gpu_hours_budget:
        whose = "of the sprint" if view.sprint else "in progress"
        found.append(Risk("compute", f"the experiments {whose} used more compute than they budget"))
    return tuple(found)


def due_text(line: GateLine) -> str:
    """By when an open decision is due."""
    gate = line.gate
    by = f"by sprint {gate.by_sprint}" if gate.by_sprint is not None else f"by {gate.by_day}"
    return f"{by}{', overdue' if line.state is GateState.OVERDUE else ''}"


@dataclass(frozen=True, slots=True)
class TicketFigures:
    """One ticket of the sprint as data."""

    key: str
    hypothesis: str
    progress: str
    metric: str
    best: str
    target: str
    gap: float | None
    is_shown: bool
    recommendation: str
    data: str | None


@dataclass(frozen=True, slots=True)
class StateFigures:
    """Where a project stands as data."""

    phase: str
    week: int | None
    next_milestone: str | None
    metric: str | None
    best: float | None
    best_text: str
    measured_otherwise: int
    """Tickets that measured it by another value of their runs than the project declares now."""
    """Metric, value and ticket; empty before anything was measured."""
    best_ticket: str | None
    interval: tuple[float | None, float | None] | None
    change_30_days: float | None
    ahead: tuple[ConePoint, ...]
    """The first is now; empty where nothing can be said."""
    ahead_text: str
    """The same in a sentence, or why nothing can be said."""
    chance_of_better: float | None
    risks: tuple[str, ...]
    sprint: int | None
    total: int
    completed: int
    promoted: int
    killed: int
    active: int
    gpu_hours: float | None
    runs_without_gpu_hours: int
    gpu_hours_budget: float | None
    tickets: tuple[TicketFigures, ...]


def figures_of(view: StateView) -> StateFigures:
    """The same as data, for other programs."""
    one = view.headline
    ahead = None if one is None else one.ahead
    shown = None if one is None or one.finding is None else one.finding.interval
    return StateFigures(
        phase=view.phase.phase.phase.value,
        week=view.week,
        next_milestone=None if view.next_gate is None else view.next_gate.gate.question,
        metric=None if one is None else one.metric.name,
        best=None if one is None else one.best.value,
        best_text="" if one is None else best_text(one),
        measured_otherwise=view.measured_otherwise,
        best_ticket=None if one is None else one.best.key,
        interval=None if shown is None else (shown.low, shown.high),
        change_30_days=None if one is None else one.change,
        ahead=ahead.points if isinstance(ahead, BestAhead) else (),
        ahead_text="" if one is None else ahead_text(one),
        chance_of_better=ahead.chance_of_better if isinstance(ahead, BestAhead) else None,
        risks=tuple(one.text for one in risks_of(view)),
        sprint=view.sprint,
        total=view.total,
        completed=view.completed,
        promoted=view.promoted,
        killed=view.killed,
        active=view.active,
        gpu_hours=view.gpu_hours,
        runs_without_gpu_hours=view.runs_without_gpu_hours,
        gpu_hours_budget=view.gpu_hours_budget,
        tickets=tuple(
            TicketFigures(
                key=t.at.key,
                hypothesis=t.hypothesis,
                progress=t.at.progress.value,
                metric=t.metric,
                best=t.best,
                target=t.target,
                gap=t.gap,
                is_shown=t.is_shown,
                recommendation=t.recommendation,
                data=t.data,
            )
            for t in view.tickets
        ),
    )
