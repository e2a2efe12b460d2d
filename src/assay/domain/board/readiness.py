"""Was the data there when an experiment needed it?

An experiment needs its data on the days that its needs name, and at the latest when its runs begin. It was ready on time when
nothing that was needed by then was missing. One that never says which data it needs, and whose data nobody confirmed, is not
known: it counts in no rate, and is told apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from assay.domain.board.shares import Share, share_text

READY_ENOUGH = 0.8
"""From this share of experiments on, whose data was ready on time, a team plans its data well."""
PLANNING_FAILURE = 0.6
"""Below this share it is planning that fails."""


class Need(NamedTuple):
    """A data set as a ticket names it."""

    needed_by: datetime | None
    is_ready: bool


class NeedsTold(NamedTuple):
    """From this moment on an item says that it needs these data sets."""

    at: datetime
    item: str
    needs: tuple[Need, ...]


class DataConfirmed(NamedTuple):
    """A person said that the data of an item is ready, or took that back."""

    at: datetime
    item: str
    is_ready: bool


@dataclass(frozen=True, slots=True)
class DataAnswer:
    """Whether the data of one experiment was there when it was needed."""

    item: str
    due_at: datetime
    """When it was needed."""
    on_time: bool | None
    """None: nobody said which data it needs, so nobody knows."""
    ready_at: datetime | None
    """When everything was there; None while it is not, or where nobody knows."""


@dataclass(slots=True)
class _Told:
    moments: list[datetime] = field(default_factory=list)
    needs: list[tuple[Need, ...] | None] = field(default_factory=list)
    confirmed: list[bool] = field(default_factory=list)

    def add(
        self, at: datetime, *, needs: tuple[Need, ...] | None = None, confirmed: bool | None = None
    ) -> None:
        before = self.at(at) if self.moments else (None, False)
        self.moments.append(at)
        self.needs.append(before[0] if needs is None else needs)
        self.confirmed.append(before[1] if confirmed is None else confirmed)

    def at(self, moment: datetime) -> tuple[tuple[Need, ...] | None, bool]:
        """What was said by then; None of needs where nothing was."""
        place = bisect_right(self.moments, moment) - 1
        return (None, False) if place < 0 else (self.needs[place], self.confirmed[place])


def data_answers(
    told: Iterable[NeedsTold | DataConfirmed],
    begun: Mapping[str, datetime],
    *,
    until: datetime,
    due: Mapping[str, datetime] | None = None,
    over: Mapping[str, datetime] | None = None,
) -> tuple[DataAnswer, ...]:
    """Of which experiments was the data due by this moment, and was it there? In the order of when it was due.

    Args:
        told: in the order of time.
        begun: when the runs of each experiment began.
        until: what came later is not known.
        due: a last moment for each, such as the end of the sprint it was committed to; None asks for none.
        over: when work on each ended: it needs no data after that.

    >>> from datetime import UTC
    >>> day = [datetime(2026, 5, number, tzinfo=UTC) for number in range(1, 9)]
    >>> needs = NeedsTold(day[0], "EXP-1", (Need(day[3], False),))
    >>> there = NeedsTold(day[5], "EXP-1", (Need(day[3], True),))
    >>> [one] = data_answers([needs, there], {"EXP-1": day[6]}, until=day[7])
    >>> one.on_time, one.due_at == day[3], one.ready_at == day[5]
    (False, True, True)
    """
    by_item: dict[str, _Told] = {}
    for event in told:
        if event.at > until:
            continue
        about = by_item.setdefault(event.item, _Told())
        if isinstance(event, NeedsTold):
            about.add(event.at, needs=event.needs)
        else:
            about.add(event.at, confirmed=event.is_ready)
    ends, gone = due or {}, over or {}
    found = []
    for item in dict.fromkeys((*by_item, *begun, *ends)):
        limit = min(until, gone.get(item, until))
        lasts = [
            moment for moment in (begun.get(item), ends.get(item)) if moment is not None and moment <= limit
        ]
        last = min(lasts, default=None)
        if item in by_item:
            answer = _answer(item, by_item[item], last, limit)
        else:
            answer = None if last is None else DataAnswer(item, last, None, None)
        if answer is not None:
            found.append(answer)
    return tuple(sorted(found, key=lambda one: (one.due_at, one.item)))


def _answer(item: str, told: _Told, last: datetime | None, limit: datetime) -> DataAnswer | None:
    """The first moment at which data was needed and missing; else the last one at which it was needed and there."""
    moments = sorted(
        {
            moment
            for at, needs in zip(told.moments, told.needs, strict=True)
            for need in needs or ()
            # A day that had passed when it was written counts from then on.
            if need.needed_by is not None and (moment := max(need.needed_by, at)) <= (last or limit)
        }
    )
    for moment in moments:
        needs, confirmed = told.at(moment)
        asked = [need for need in needs or () if need.needed_by is not None and need.needed_by <= moment]
        if asked and not is_there((need.is_ready for need in asked), confirmed=confirmed):
            return DataAnswer(item, moment, False, _ready_at(told, moment))
    if last is None and not moments:
        return None
    due = moments[-1] if last is None else last
    needs, confirmed = told.at(due)
    if not needs and not confirmed:
        return None if last is None else DataAnswer(item, due, None, None)
    on_time = is_there((need.is_ready for need in needs or ()), confirmed=confirmed)
    # What has no day is not needed before the runs begin.
    return None if last is None and not on_time else DataAnswer(item, due, on_time, _ready_at(told, due))


def _ready_at(told: _Told, due: datetime) -> datetime | None:
    """Since when everything was there at that moment; else when it first was after it."""
    since = None
    for at, needs, confirmed in zip(told.moments, told.needs, told.confirmed, strict=True):
        said = (need.is_ready for need in needs or ())
        is_ready = bool(needs or confirmed) and is_there(said, confirmed=confirmed)
        if at > due and since is not None:
            return since
        since = (since or at) if is_ready else None
    return since


def confirmed_now(told: Iterable[NeedsTold | DataConfirmed]) -> frozenset[str]:
    """Of which items does the last that was said by a person confirm that all data is there?"""
    last = {event.item: event.is_ready for event in told if isinstance(event, DataConfirmed)}
    return frozenset(item for item, is_ready in last.items() if is_ready)


def is_there(needs: Iterable[bool], *, confirmed: bool) -> bool:
    """Is all data there, by whether each need says so and whether a person confirmed it?

    >>> is_there([True, False], confirmed=False), is_there([True, False], confirmed=True)
    (False, True)
    """
    return confirmed or all(needs)


def ready_share(answers: Iterable[DataAnswer]) -> Share:
    """Of how many experiments was the data ready on time? Those of which nobody knows are left out."""
    known = [one for one in answers if one.on_time is not None]
    return Share(sum(bool(one.on_time) for one in known), len(known))


def readiness_text(share: Share) -> str:
    """How a rate of data that was ready on time stands against what is healthy, in words.

    >>> readiness_text(Share(1, 2)), readiness_text(Share(7, 10)), readiness_text(Share(9, 10))
    ('under 60%: planning fails', 'below the healthy 80%', 'healthy is 80% or more')
    """
    rate = share.rate
    if rate is None or rate >= READY_ENOUGH:
        return f"healthy is {READY_ENOUGH:.0%} or more"
    if rate < PLANNING_FAILURE:
        return f"under {PLANNING_FAILURE:.0%}: planning fails"
    return f"below the healthy {READY_ENOUGH:.0%}"


def due_text(share: Share) -> str:
    """A share of experiments whose data was due, in words.

    >>> due_text(Share(0, 0))
    'no data was due'
    """
    return share_text(share, none="no data was due")
