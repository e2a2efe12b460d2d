"""The sprint: a goal, dates, capacity, and a commitment to running experiments, never to how they turn out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from assay.domain.experiments.experiment import Mode, TicketContent
from assay.domain.experiments.texts import Prose, Title
from assay.domain.kernel.ids import TICKET_KEY, TicketType
from assay.domain.kernel.model import NUMBER, Value

LONGEST_SPRINT_DAYS = 366
DEFAULT_LENGTH_DAYS = 14
LONGEST_QUOTE = 120
MOST_COMMITTED = 1000
DEBT_LABELS = frozenset({"debt", "cleaning", "technical debt"})
Key = Annotated[str, StringConstraints(pattern=TICKET_KEY.pattern.removesuffix(r"\Z") + "$")]
Percent = Annotated[int, NUMBER, Field(ge=0, le=100)]
Amount = Annotated[Decimal, NUMBER, Field(ge=0, le=10**9, allow_inf_nan=False)]


FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""A sprint lies between these: beyond them is a slip of the pen."""


class Work(StrEnum):
    """What capacity goes into."""

    EXPLORATION = "exploration"
    OPTIMISATION = "optimisation"
    DATA = "data"
    ENGINEERING = "engineering"
    RESERVED = "reserved"
    """Cleaning data and technical debt, which teams underestimate."""


class SprintState(StrEnum):
    """Where a sprint stands."""

    PLANNED = "planned"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"
    """Planned and never begun: it counts nowhere."""

    @property
    def is_open(self) -> bool:
        """Whether its plan may still change."""
        return self in {SprintState.PLANNED, SprintState.ACTIVE}


class Split(Value):
    """How one resource is shared out over the kinds of work."""

    available: Amount | None = None
    """Person-days or GPU-hours in all; None while nobody said."""
    percent: dict[Work, Percent] = Field(default_factory=dict)

    @property
    def shared_out(self) -> int:
        """Percent given to some kind of work; above 100 more is promised than there is."""
        return sum(self.percent.values())

    def amount(self, work: Work) -> Decimal | None:
        """What one kind of work gets; None while it is not known how much there is.

        >>> Split(available=Decimal(36), percent={Work.DATA: 25}).amount(Work.DATA)
        Decimal('9')
        """
        if self.available is None:
            return None
        return (self.available * self.percent.get(work, 0) / 100).normalize()


class Capacity(Value):
    """What the team can put into a sprint."""

    person_days: Split = Split()
    gpu_hours: Split = Split()


class SprintContent(Value):
    """All that people write about a sprint."""

    name: Title
    goal: Prose = ""
    starts_on: date
    ends_on: date
    """The last day of the sprint."""
    capacity: Capacity = Capacity()
    demo: Key | None = None
    """Key of the one feature or experiment shown at the review."""

    @model_validator(mode="after")
    def _in_order(self) -> SprintContent:
        days = (self.ends_on - self.starts_on).days + 1
        if not 1 <= days <= LONGEST_SPRINT_DAYS:
            raise ValueError(f"lasts {days} days from {self.starts_on} to {self.ends_on}")
        return self

    @property
    def days(self) -> int:
        """Calendar days, first and last among them."""
        return (self.ends_on - self.starts_on).days + 1

    @property
    def half_time(self) -> date:
        """First day of the second half: the day of the mid-sprint check.

        >>> SprintContent(name="Six", starts_on=date(2026, 5, 25), ends_on=date(2026, 6, 7)).half_time
        datetime.date(2026, 6, 1)
        """
        return self.starts_on + timedelta(days=self.days // 2)


def changed_plan(before: SprintContent, after: SprintContent) -> tuple[str, ...]:
    """What is changed in what a sprint is for and how long it lasts, one sentence each?

    >>> planned = SprintContent(name="Six", starts_on=date(2026, 5, 25), ends_on=date(2026, 6, 7))
    >>> changed_plan(planned, planned.model_copy(update={"ends_on": date(2026, 6, 21)}))
    ('the last day is 2026-06-21, it was 2026-06-07; half time is 2026-06-08, it was 2026-06-01',)
    """
    days = [
        f"{noun} is {now}, it was {was}"
        for noun, was, now in (
            ("the first day", before.starts_on, after.starts_on),
            ("the last day", before.ends_on, after.ends_on),
            ("half time", before.half_time, after.half_time),
        )
        if was != now
    ]
    goal = (
        f"the goal is {_quoted(after.goal)}, it was {_quoted(before.goal)}"
        if after.goal != before.goal
        else ""
    )
    return tuple(one for one in ("; ".join(days), goal) if one)


def _quoted(goal: str) -> str:
    line = " ".join(goal.split())
    if not line:
        return "empty"
    return f"“{line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + '…'}”"


class KillCall(StrEnum):
    """How a kill looks afterwards."""

    GOOD = "good"
    TOO_LATE = "too_late"
    """It should have come earlier."""
    TOO_EARLY = "too_early"


class Retro(Value):
    """What a team took from a sprint."""

    went_well: Prose = ""
    to_change: Prose = ""
    data_and_tooling: Prose = ""
    """Check of data quality and tooling."""
    improvement: Key | None = None
    """Key of the ticket of the one improvement picked."""
    kill_calls: Annotated[dict[Key, KillCall], Field(max_length=1000)] = Field(default_factory=dict)
    """By ticket."""


class CommitmentLimits(Value):
    """So much a team commits to before it is asked whether it is sure."""

    experiments: Annotated[int, NUMBER, Field(ge=0, le=MOST_COMMITTED)] = 3
    product_tasks: Annotated[int, NUMBER, Field(ge=0, le=MOST_COMMITTED)] = 2


PRODUCT_TYPES = frozenset({TicketType.ENGINEERING, TicketType.FEATURE, TicketType.INCIDENT})


def is_product_task(kind: TicketType) -> bool:
    """Does a ticket of this type belong to the product backlog? The others ask questions or make data for them."""
    return kind in PRODUCT_TYPES


def needs_confirmation(types: Iterable[TicketType], limits: CommitmentLimits) -> str | None:
    """Why does committing to tickets of these types ask for a second word? None when it does not.

    Data tasks count as neither: they serve the experiments.

    >>> needs_confirmation([TicketType.EXPERIMENT] * 4, CommitmentLimits())
    '4 experiments are more than the 3 a team usually finishes'
    """
    listed = list(types)
    tasks = sum(map(is_product_task, listed))
    experiments = sum(kind in (TicketType.EXPERIMENT, TicketType.SPIKE) for kind in listed)
    over = [
        f"{count} {name} are more than the {most} a team usually finishes"
        for count, most, name in (
            (experiments, limits.experiments, "experiments"),
            (tasks, limits.product_tasks, "product tasks"),
        )
        if count > most
    ]
    return "; ".join(over) or None


def work_of(content: TicketContent) -> Work | None:
    """Which kind of work is a ticket? None for an experiment that says neither explore nor exploit.

    >>> work_of(TicketContent(title="Distil", mode=Mode.EXPLOIT)).value
    'optimisation'
    """
    if {label.lower() for label in content.labels} & DEBT_LABELS:
        return Work.RESERVED
    if content.type is TicketType.DATA:
        return Work.DATA
    if is_product_task(content.type):
        return Work.ENGINEERING
    if content.mode is None:
        return Work.EXPLORATION if content.type is TicketType.SPIKE else None
    return Work.EXPLORATION if content.mode is Mode.EXPLORE else Work.OPTIMISATION


def gpu_hours_of(content: TicketContent) -> Decimal | None:
    """How many GPU-hours does a ticket ask for: those predicted, else its budget? None where nobody said it of an experiment; other work asks for none."""
    if content.prediction is not None and content.prediction.gpu_hours is not None:
        return content.prediction.gpu_hours
    if content.budget.gpu_hours is not None:
        return content.budget.gpu_hours
    return None if content.type is TicketType.EXPERIMENT else Decimal()


def offered_order(priority: int, rank: float, key: str) -> tuple[int, float, str]:
    """Where does a ticket stand among those that a sprint could take in? The urgent come first, then as the board has them.

    >>> sorted(["EXP-1", "EXP-2"], key=lambda key: offered_order(0 if key == "EXP-2" else 2, 1.0, key))
    ['EXP-2', 'EXP-1']
    """
    return priority, rank, key


def following(
    last: SprintContent | None, *, number: int, today: date, ended_on: date | None = None
) -> SprintContent:
    """What does the next sprint look like if nobody says otherwise? As long as the last, right after it, with its capacity.

    ended_on: the day the last one was ended, where that was before its last day.

    >>> following(None, number=1, today=date(2026, 5, 25)).ends_on
    datetime.date(2026, 6, 7)
    """
    name = f"Sprint {number}"
    if last is None:
        end = today + timedelta(days=DEFAULT_LENGTH_DAYS - 1)
        return SprintContent(name=name, starts_on=today, ends_on=end)
    end = last.ends_on if ended_on is None else min(last.ends_on, ended_on)
    # A day that could not be planned is no beginning, though an older version took it.
    start = max(end + timedelta(days=1), today) if end <= LAST_DAY else today
    return SprintContent(
        name=name, starts_on=start, ends_on=start + timedelta(days=last.days - 1), capacity=last.capacity
    )


def is_plannable(content: SprintContent) -> bool:
    """Are the days of a sprint such that a team could have meant them?

    >>> is_plannable(SprintContent(name="Six", starts_on=date(9999, 5, 25), ends_on=date(9999, 6, 7)))
    False
    """
    return content.starts_on >= FIRST_DAY and content.ends_on <= LAST_DAY


def overcommitted(capacity: Capacity) -> tuple[str, ...]:
    """What is promised twice? One sentence for each resource of which more than all is shared out.

    >>> overcommitted(Capacity(person_days=Split(percent={Work.DATA: 60, Work.EXPLORATION: 60})))
    ('120% of the person-days are shared out: 20% too much',)
    """
    return tuple(
        f"{split.shared_out}% of the {name} are shared out: {split.shared_out - 100}% too much"
        for name, split in (("person-days", capacity.person_days), ("GPU-hours", capacity.gpu_hours))
        if split.shared_out > 100
    )
