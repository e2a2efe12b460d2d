"""Which phase is a project in, does its sprint explore as much as that phase asks for, and which decisions are due?"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from assay.domain.experiments.texts import Line, Title
from assay.domain.kernel.model import Value
from assay.domain.portfolio.canvas import SprintNumber
from assay.domain.sprints.mix import Measure, Mix

TOLERANCE_POINTS = 20
"""A real mix further off than this is warned about."""
MOST_GATES = 50


class Phase(StrEnum):
    """How far a project is from searching to shipping."""

    DISCOVERY = "discovery"
    CONVERGENCE = "convergence"
    OPTIMIZATION = "optimization"
    PRODUCTIONIZATION = "productionization"

    @property
    def explore_percent(self) -> int:
        """How much of a sprint explores; the rest exploits."""
        return _EXPLORE[self]

    @property
    def weeks(self) -> str:
        """Which weeks of a project it typically takes."""
        return _WEEKS[self]

    @property
    def first_week(self) -> int:
        """After how many weeks of a project it typically begins."""
        return int(self.weeks.partition("-")[0])

    @property
    def focus(self) -> str:
        """What a sprint is about."""
        return _FOCUS[self]


_EXPLORE = {Phase.DISCOVERY: 90, Phase.CONVERGENCE: 50, Phase.OPTIMIZATION: 10, Phase.PRODUCTIONIZATION: 5}
_WEEKS = {
    Phase.DISCOVERY: "0-4",
    Phase.CONVERGENCE: "4-8",
    Phase.OPTIMIZATION: "8-12",
    Phase.PRODUCTIONIZATION: "12-16",
}
_FOCUS = {
    Phase.DISCOVERY: "Search widely: try five approaches, kill four.",
    Phase.CONVERGENCE: "Two or three approaches compete.",
    Phase.OPTIMIZATION: "One approach: tuning and edge cases.",
    Phase.PRODUCTIONIZATION: "Latency, reliability, monitoring, deployment.",
}


WEEKS_IN_ALL = 16


def week_of(phase: Phase, since: date | None, today: date) -> int | None:
    """In which week of the project is it, counted from where its phase typically begins? None where nobody said since when, or not yet.

    >>> week_of(Phase.CONVERGENCE, date(2026, 5, 4), date(2026, 5, 12)), week_of(Phase.DISCOVERY, None, date(2026, 5, 12))
    (6, None)
    """
    if since is None or since > today:
        return None
    return phase.first_week + (today - since).days // 7 + 1


class DecisionGate(Value):
    """A decision with a date: `we pick one approach` by sprint 5."""

    question: Title
    by_sprint: SprintNumber | None = None
    by_day: date | None = None
    settled: Line = ""
    """What was decided; empty while it is open."""

    @model_validator(mode="after")
    def _has_one_date(self) -> DecisionGate:
        if (self.by_sprint is None) == (self.by_day is None):
            raise ValueError("one of by_sprint and by_day")
        return self


class ProjectPhase(Value):
    """Where a project is on its way."""

    phase: Phase = Phase.DISCOVERY
    since: date | None = None
    """First day of the phase; None while nobody said."""
    measure: Measure = Measure.COUNT
    gates: Annotated[tuple[DecisionGate, ...], Field(max_length=MOST_GATES)] = ()


class GateState(StrEnum):
    """Whether a decision is awaited."""

    SETTLED = "settled"
    AHEAD = "ahead"
    DUE = "due"
    """Its sprint is running, or it is due within a week."""
    OVERDUE = "overdue"


def gate_state(gate: DecisionGate, *, running: int | None, last_ended: int | None, today: date) -> GateState:
    """Is a decision awaited now?

    Args:
        gate: the decision.
        running: number of the sprint that runs; None when none does.
        last_ended: number of the last sprint that ended.
        today: the day.

    >>> pick = DecisionGate(question="We pick one approach", by_sprint=5)
    >>> gate_state(pick, running=5, last_ended=4, today=date(2026, 5, 12)).value
    'due'
    """
    if gate.settled:
        return GateState.SETTLED
    if gate.by_sprint is not None:
        if (last_ended or 0) >= gate.by_sprint or (running or 0) > gate.by_sprint:
            return GateState.OVERDUE
        return GateState.DUE if running == gate.by_sprint else GateState.AHEAD
    assert gate.by_day is not None
    days = (gate.by_day - today).days
    if days < 0:
        return GateState.OVERDUE
    return GateState.DUE if days < 7 else GateState.AHEAD


def mix_warning(phase: Phase, mix: Mix) -> str | None:
    """Why does the sprint not fit its phase? None when it does, or when its mix is not known.

    >>> from decimal import Decimal
    >>> one = Mix(Measure.COUNT, Decimal(1), Decimal(3), (), ())
    >>> mix_warning(Phase.DISCOVERY, one)
    'the sprint explores 25%, discovery asks for 90%: 65 points too little'
    """
    real = mix.explore_percent
    if real is None or abs(real - phase.explore_percent) <= TOLERANCE_POINTS:
        return None
    off = real - phase.explore_percent
    words = "too much" if off > 0 else "too little"
    return f"the sprint explores {real:.0f}%, {phase.value} asks for {phase.explore_percent}%: {abs(off):.0f} points {words}"
