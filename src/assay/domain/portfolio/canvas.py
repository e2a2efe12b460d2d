"""The canvas: on one page, what a project is for, what it may spend, and when it should stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from assay.domain.experiments.criteria.model import Criterion, Percentile, Threshold
from assay.domain.experiments.experiment import Budget
from assay.domain.experiments.texts import Line, Prose, Title
from assay.domain.kernel.findings import Role
from assay.domain.kernel.model import NUMBER, Value

MOST_LINES = 20
SprintNumber = Annotated[int, NUMBER, Field(ge=1, le=1000)]


def _about_a_number(criterion: Criterion) -> Criterion:
    if not isinstance(criterion.test, Threshold | Percentile):
        raise ValueError("a metric against a number, such as accuracy >= 85% or p95 of latency_ms < 500 ms")  # noqa: TRY004
    return criterion


class SuccessMetric(Value):
    """A number the project wants to reach."""

    criterion: Criterion
    why: Prose = ""
    """What it is worth to the business."""

    _compares = field_validator("criterion")(_about_a_number)


class DataSet(Value):
    """Data the project builds on."""

    name: Title
    available: Prose = ""
    """How much of it, since when, from whom."""
    gaps: Prose = ""
    """What is known to be missing."""


class Constraints(Value):
    """What the solution has to fit into."""

    budget: Budget = Budget()
    latency: Criterion | None = None
    privacy: Prose = ""
    infrastructure: Prose = ""

    @field_validator("latency")
    @classmethod
    def _compares(cls, criterion: Criterion | None) -> Criterion | None:
        return None if criterion is None else _about_a_number(criterion)


class Risk(Value):
    """What may go wrong, and what is done about it."""

    risk: Title
    mitigation: Prose = ""


class TimeBox(Value):
    """How long the project may search, and when it ships. None while nobody said."""

    discovery_sprints: SprintNumber | None = None
    ship_by_sprint: SprintNumber | None = None

    @model_validator(mode="after")
    def _in_order(self) -> TimeBox:
        if None not in (first := self.discovery_sprints, last := self.ship_by_sprint) and first > last:  # type: ignore[operator]
            raise ValueError(f"discovery ends before sprint {last}, by which it ships")
        return self


class KillCriterion(Value):
    """When the project stops or turns: `accuracy < 80%` after sprint 3, then pivot."""

    criterion: Criterion
    after_sprint: SprintNumber | None = None
    """It counts once this sprint has ended; None: from the start."""
    then: Line = ""
    """What is done when it is met, such as "pivot to retrieval"."""

    _compares = field_validator("criterion")(_about_a_number)


class Canvas(Value):
    """One page about one project. Everything may be empty: it is filled before the first sprint."""

    objective: Prose = ""
    """The business objective."""
    success: Annotated[tuple[SuccessMetric, ...], Field(max_length=MOST_LINES)] = ()
    """In order of priority."""
    data: Annotated[tuple[DataSet, ...], Field(max_length=MOST_LINES)] = ()
    constraints: Constraints = Constraints()
    risks: Annotated[tuple[Risk, ...], Field(max_length=MOST_LINES)] = ()
    time_box: TimeBox = TimeBox()
    kill: Annotated[tuple[KillCriterion, ...], Field(max_length=MOST_LINES)] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nobody wrote anything yet."""
        return self == Canvas()


def criteria_of(canvas: Canvas) -> Iterator[tuple[str, Criterion]]:
    """Every number on the canvas, with its place: `success[0]`, `constraints.latency`, `kill[0]`."""
    for number, metric in enumerate(canvas.success):
        yield f"success[{number}]", metric.criterion
    if canvas.constraints.latency is not None:
        yield "constraints.latency", canvas.constraints.latency
    for number, kill in enumerate(canvas.kill):
        yield f"kill[{number}]", kill.criterion


ROLES = {"success": Role.PRIMARY, "latency": Role.BLOCKING, "kill": Role.KILL}
"""The role a number plays by its place."""
