"""Why does a team not ship? Each usual cause, held against the team's own data.

A cause *holds* or *does not hold* where the data says so, and is *not known* where it does not: too few decisions, nothing
written down. What stands on the board now is counted, for it is all there is. What happens again and again (kills, bounces) is a
habit of which a few cases were seen, so its rate counts only with its exact 95% interval. Nobody is counted by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from assay.domain.board.blockers import BlockedSpan
from assay.domain.board.flow import FlowRules, ItemFlow
from assay.domain.board.readiness import DataAnswer


class Cause(StrEnum):
    """What usually keeps a team from shipping."""

    RUN_AND_FAIL = "run_and_fail"
    DO_NOT_START = "do_not_start"
    NOBODY_KILLS = "nobody_kills"
    TOO_MUCH_IN_PROGRESS = "too_much_in_progress"
    DATA_NOT_READY = "data_not_ready"
    SCOPE_ADDED = "scope_added"
    LATE_FAILURES = "late_failures"
    NOISE = "noise"
    NO_TIME_BOX = "no_time_box"
    LONG_PLANNING = "long_planning"
    PHASE_MIX = "phase_mix"
    STUCK_IN_PHASE = "stuck_in_phase"

    @property
    def claim(self) -> str:
        """The cause as a sentence that may be true.

        >>> Cause.NOBODY_KILLS.claim
        'Nobody kills: experiments go on past their time box'
        """
        return _WORDS[self][0]

    @property
    def fix(self) -> str:
        """What to do where it is true."""
        return _WORDS[self][1]


_WORDS = {
    Cause.RUN_AND_FAIL: (
        "Experiments run, and most ideas do not work out",
        "This is healthy: show kills as answers at the review, and make the next ones cheaper to ask",
    ),
    Cause.DO_NOT_START: (
        "Experiments do not start",
        "Free what is blocked before anything new is written: one owner and one day for each blocker",
    ),
    Cause.NOBODY_KILLS: (
        "Nobody kills: experiments go on past their time box",
        "Decide each overdue experiment this week: kill it with what it taught, or amend its time box with a reason",
    ),
    Cause.TOO_MUCH_IN_PROGRESS: (
        "Too much is in progress",
        "Finish before starting: lower the limits of the fullest columns until cards leave them again",
    ),
    Cause.DATA_NOT_READY: (
        "Data is not ready when experiments need it",
        "Plan data tickets a sprint ahead, and commit to no experiment whose data has no date",
    ),
    Cause.SCOPE_ADDED: (
        "Scope is added in the middle of sprints",
        "Take nothing in after the start unless something of the same size goes out, and say why",
    ),
    Cause.LATE_FAILURES: (
        "Work fails late: it comes back from production",
        "Ask the questions of production earlier: a gate with latency, safety and slices on the way out of Evaluation",
    ),
    Cause.NOISE: (
        "There are too few decisions to see a change",
        "Look at a longer window before changing anything, and make experiments smaller so that more are decided",
    ),
    Cause.NO_TIME_BOX: (
        "Work is always almost done: it has no time box",
        "Give every card in progress a time box, at whose end it is decided",
    ),
    Cause.LONG_PLANNING: (
        "Planning takes longer than experimenting",
        "Ask planning for hypothesis, criteria and needs only, and start with the smallest run that can kill the idea",
    ),
    Cause.PHASE_MIX: (
        "The sprint's mix of exploring and exploiting does not fit the phase",
        "Take in what the phase asks for, or say openly that the project is in another phase",
    ),
    Cause.STUCK_IN_PHASE: (
        "The project is stuck in its phase",
        "Take the way out that stands beside each sign, this sprint",
    ),
}


_TOO_MUCH = (
    "Nearly everything is killed: ask smaller questions closer to what has worked, and look again at targets and "
    "at the chances that were given"
)


class Standing(StrEnum):
    """What the data says of a cause."""

    HOLDS = "holds"
    NOT_KNOWN = "not_known"
    DOES_NOT_HOLD = "does_not_hold"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the team's data says of one cause."""

    cause: Cause
    standing: Standing
    weight: float = 0.0
    """How much of the work it concerns, 0 to 1; ranks what holds."""
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()
    missing: str = ""
    """What is not known, and what would tell; empty where it is known."""
    items: tuple[str, ...] = ()
    """The tickets behind it."""

    is_too_much: bool = False
    """There is more of it than is healthy."""

    @property
    def is_healthy(self) -> bool:
        """It explains why nothing ships, and nothing is wrong with it."""
        return self.cause is Cause.RUN_AND_FAIL and not self.is_too_much

    @property
    def fix(self) -> str:
        """What to do where it is true."""
        return _TOO_MUCH if self.is_too_much else self.cause.fix

    @property
    def is_to_mend(self) -> bool:
        """It holds, and something is wrong."""
        return self.standing is Standing.HOLDS and not self.is_healthy


@dataclass(frozen=True, slots=True)
class Item:
    """A ticket as it stands."""

    key: str
    stage: str
    is_experiment: bool
    time_box_ends: datetime | None = None
    """None without a time box, and before it began."""
    time_box_days: int | None = None
    verdict_says_kill: bool = False
    """The evidence says kill, and nobody has decided, or overruled it for now."""
    names_data: bool = False
    has_data: bool = False
    """All data that it names is ready."""
    data_due: bool = False
    """It has begun, or a day on which it needs data has come."""
    is_over: bool = False
    """Work on it has ended: it needs nothing more."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column with a limit."""

    key: str
    title: str
    limit: int | None
    count: int
    locks: bool


@dataclass(frozen=True, slots=True)
class SprintScope:
    """What was taken into a sprint that was started."""

    number: int
    taken_in: int
    after_start: int


@dataclass(frozen=True, slots=True)
class PhaseFit:
    """How the running sprint fits the phase of the project, and what says that it is stuck there."""

    phase: str
    is_said: bool
    """Somebody said that this is the phase."""
    target_percent: int
    """How much of a sprint should explore."""
    sprint: int | None
    """None while none is running."""
    explore_percent: float | None
    """How much of it does; None where nobody knows."""
    warning: str | None
    """What does not fit; None where it fits, or nobody knows."""
    too_many: tuple[str, ...] = ()
    """The tickets of which there is too much."""
    unmarked: tuple[str, ...] = ()
    """Those that say neither: they count for nothing."""
    signs: tuple[StuckSign, ...] = ()


@dataclass(frozen=True, slots=True)
class StuckSign:
    """One sign that the project is stuck."""

    text: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that causes are held against."""

    start: datetime
    """Begin of the window, or of the journal where that is later: before it nothing is known."""
    end: datetime
    """The moment asked at; the window ends with it."""
    flows: Sequence[ItemFlow]
    rules: FlowRules
    items: Mapping[str, Item]
    columns: Sequence[Column]
    blocked: Sequence[BlockedSpan]
    sprints: Sequence[SprintScope]
    data: Sequence[DataAnswer] = ()
    """Experiments whose data was due in the window."""
    phase: PhaseFit | None = None

    @property
    def experiments(self) -> tuple[ItemFlow, ...]:
        """The ways of experiments alone."""
        return tuple(flow for flow in self.flows if flow.is_experiment)

    @property
    def days(self) -> float:
        """Length of the window."""
        return (self.end - self.start).total_seconds() / 86_400.0


_ORDER = {Standing.HOLDS: 0, Standing.NOT_KNOWN: 1, Standing.DOES_NOT_HOLD: 2}


def worst_first(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """What holds by weight, what is wrong before what is healthy; then what is not known; then what does not hold.

    >>> found = [Answer(Cause.NOISE, Standing.NOT_KNOWN), Answer(Cause.NOBODY_KILLS, Standing.HOLDS, 0.4)]
    >>> [answer.cause.value for answer in worst_first(found)]
    ['nobody_kills', 'noise']
    """
    places = {cause: place for place, cause in enumerate(Cause)}
    return tuple(
        sorted(
            answers,
            key=lambda one: (_ORDER[one.standing], one.is_healthy, -one.weight, places[one.cause]),
        )
    )
