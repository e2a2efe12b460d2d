"""Whether plans held: was data there when it was needed, and how long did ideas take until they were in use?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from assay.domain.board.flow import EXPERIMENTS, ItemFlow
from assay.domain.board.flow_events import FlowEvents
from assay.domain.board.lead_time import LeadTime, lead_quantiles, lead_times
from assay.domain.board.readiness import (
    DataAnswer,
    data_answers,
    due_text,
    readiness_text,
    ready_share,
)
from assay.workflows.flow_shares import ShareView
from assay.workflows.records import Commitment, Sprint

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class DataPoint:
    """One experiment whose data was due."""

    key: str
    title: str
    due_at: datetime
    """When its data was needed."""
    on_time: bool | None
    """None: nobody said which data it needs."""
    days_late: float | None
    """How long it waited, or has waited so far; 0 on time, None where nobody knows."""
    is_missing: bool
    """It is not there yet."""


@dataclass(frozen=True, slots=True)
class DataView:
    """The data readiness rate of a window."""

    ready: ShareView
    """Of experiments whose data was due in these days, those whose data was ready on time."""
    unknown: int
    """Experiments that began, and of whose data nobody said anything: they are in no rate."""
    points: tuple[DataPoint, ...]
    """In the order of when it was due."""


@dataclass(frozen=True, slots=True)
class LeadPoint:
    """One ticket that came into use."""

    key: str
    title: str
    deployed_at: datetime
    days: float | None
    """From the idea; None where the history that was brought in begins later."""


@dataclass(frozen=True, slots=True)
class LeadView:
    """The lead time of a window: from the idea to its deployment."""

    column: str | None
    """Title of the column of what is in use; None where the board has none."""
    deployed: int
    days_median: float | None
    days_p85: float | None
    """None where nothing came into use, or of nothing that did the day of the idea is known."""
    days_median_before: float | None
    """In as many days before the window."""
    points: tuple[LeadPoint, ...]


def sprint_ends(sprints: Iterable[Sprint], commitments: Iterable[Commitment]) -> dict[str, list[datetime]]:
    """The ends of the sprints that each ticket was committed to, and not taken out of before."""
    started = {one.id: one for one in sprints if one.started_at is not None}
    found: dict[str, list[datetime]] = defaultdict(list)
    for made in commitments:
        sprint = started.get(made.sprint_id)
        if sprint is not None:
            end = end_of(sprint)
            if made.removed_at is None or made.removed_at > end:
                found[made.key].append(end)
    return found


def end_of(sprint: Sprint) -> datetime:
    """When a sprint ended, else the end of its last day."""
    return sprint.ended_at or datetime.combine(sprint.content.ends_on, time.max, tzinfo=UTC)


def data_known(
    events: FlowEvents,
    flows: Sequence[ItemFlow],
    due: Mapping[str, Sequence[datetime]],
    at: datetime,
) -> tuple[DataAnswer, ...]:
    """Of which experiments was the data due by this moment, and was it there?"""
    asked = [flow for flow in flows if flow.is_experiment]
    return data_answers(
        events.about_data,
        {flow.item: flow.begun_at for flow in asked if flow.begun_at is not None},
        until=at,
        due={key: min(ends) for key, ends in due.items() if key.startswith(EXPERIMENTS)},
        over={flow.item: flow.done_at for flow in asked if flow.done_at is not None},
    )


def data_in_window(
    answers: Sequence[DataAnswer], titles: Mapping[str, str], begin: datetime, at: datetime
) -> DataView:
    """The data readiness rate of the days from `begin` to this moment."""
    inside = [one for one in answers if begin <= one.due_at <= at]
    return DataView(
        ready=ready_view(inside),
        unknown=sum(one.on_time is None for one in inside),
        points=tuple(_point(one, titles, at) for one in inside),
    )


def ready_view(answers: Sequence[DataAnswer]) -> ShareView:
    """Of how many of these was the data ready on time, and is that healthy?"""
    share = ready_share(answers)
    interval = share.interval
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return ShareView(share.count, share.of, share.rate, low, high, due_text(share), readiness_text(share))


def _point(one: DataAnswer, titles: Mapping[str, str], at: datetime) -> DataPoint:
    late = None
    if one.on_time is not None:
        late = 0.0 if one.on_time else ((one.ready_at or at) - one.due_at).total_seconds() / _DAY_S
    return DataPoint(
        key=one.item,
        title=titles.get(one.item, ""),
        due_at=one.due_at,
        on_time=one.on_time,
        days_late=late,
        is_missing=one.on_time is False and one.ready_at is None,
    )


def lead_in_window(
    flows: Sequence[ItemFlow], column: str | None, titles: Mapping[str, str], begin: datetime, at: datetime
) -> LeadView:
    """How long did what came into use from `begin` to this moment take, from the idea on? `column` is where it came to."""
    end = at + timedelta(microseconds=1)
    known = lead_times(flows, begin - (end - begin), end)
    times = [one for one in known if one.deployed_at >= begin]
    before = lead_quantiles(one for one in known if one.deployed_at < begin)
    usual = lead_quantiles(times) or (None, None)
    return LeadView(
        column=column,
        deployed=len(times),
        days_median=usual[0],
        days_p85=usual[1],
        days_median_before=None if before is None else before[0],
        points=tuple(_lead_point(one, titles) for one in times),
    )


def _lead_point(one: LeadTime, titles: Mapping[str, str]) -> LeadPoint:
    return LeadPoint(key=one.item, title=titles.get(one.item, ""), deployed_at=one.deployed_at, days=one.days)
