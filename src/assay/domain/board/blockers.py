"""What keeps work from going on, for how long, and which kind of it costs most?

A blocker is opened once and closed once: what comes back is a new one. Its age is counted from opening to closing, or to the
moment asked for while it is open, so every figure can be asked for a past moment. Days are blocker-days: two blockers on one
ticket count twice, for each has to be removed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import NamedTuple

_DAY_S = 86_400.0


class BlockerCategory(StrEnum):
    """What kind of thing is in the way."""

    DATA_QUALITY = "data_quality"
    GPU_SHORTAGE = "gpu_shortage"
    TRAINING_DIVERGED = "training_diverged"
    CLARITY = "clarity"
    REVIEW = "review"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The category in words.

        >>> BlockerCategory.GPU_SHORTAGE.label
        'GPU shortage'
        """
        return _LABELS[self]


_LABELS = {
    BlockerCategory.DATA_QUALITY: "Data quality",
    BlockerCategory.GPU_SHORTAGE: "GPU shortage",
    BlockerCategory.TRAINING_DIVERGED: "Training diverged",
    BlockerCategory.CLARITY: "Clarity",
    BlockerCategory.REVIEW: "Review",
    BlockerCategory.OTHER: "Other",
}


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something that is or was in the way of a ticket."""

    ticket: str
    """Key of the ticket."""
    number: int
    """Counts within the ticket, from 1."""
    category: BlockerCategory
    owner: str
    """Who sees to it that it goes away."""
    text: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    closed_by: str = ""
    resolution: str = ""
    """What took it away; empty while it is open."""
    title: str = field(default="", compare=False)
    """Title of the ticket."""

    @property
    def is_open(self) -> bool:
        """It is still in the way."""
        return self.closed_at is None


class BlockerOpened(NamedTuple):
    """Something came in the way of an item."""

    at: datetime
    item: str
    number: int
    category: BlockerCategory


class BlockerClosed(NamedTuple):
    """It is out of the way; without a number, all that was in the way of the item is, for the item is gone."""

    at: datetime
    item: str
    number: int | None


class BlockedSpan(NamedTuple):
    """From when to when something was in the way of an item."""

    item: str
    number: int
    category: BlockerCategory
    opened_at: datetime
    closed_at: datetime | None
    """None while it is open."""


@dataclass(frozen=True, slots=True)
class DaysOpen:
    """For how many days a blocker in the middle was open."""

    days: float
    is_at_least: bool
    """Too many are still open to say more: in the end it will have been so many days or more."""
    of: int


@dataclass(frozen=True, slots=True)
class CategoryCost:
    """What one kind of blocker cost between two moments."""

    category: BlockerCategory
    blockers: int
    """How many were open at some time between them."""
    days: float
    """For how long in all, counted between the two moments only."""
    open: int
    """How many of them were open at the end."""
    items: tuple[str, ...]
    """What they were in the way of, the longest first."""


def days_open(opened_at: datetime, closed_at: datetime | None, at: datetime) -> float:
    """For how many days was something open at this moment?

    >>> from datetime import UTC
    >>> opened = datetime(2026, 5, 1, tzinfo=UTC)
    >>> days_open(opened, None, datetime(2026, 5, 4, 12, tzinfo=UTC))
    3.5
    """
    end = at if closed_at is None else min(closed_at, at)
    return max(0.0, (end - opened_at).total_seconds() / _DAY_S)


def blocked_spans(
    events: Iterable[BlockerOpened | BlockerClosed], *, until: datetime | None = None
) -> tuple[BlockedSpan, ...]:
    """What was in the way from when to when, as known at this moment (it included)? In the order of opening.

    Args:
        events: in journal order.
        until: None takes all.
    """
    found: list[BlockedSpan] = []
    places: dict[str, dict[int, int]] = defaultdict(dict)
    for event in events:
        if until is not None and event.at > until:
            continue
        if isinstance(event, BlockerOpened):
            places[event.item][event.number] = len(found)
            found.append(BlockedSpan(event.item, event.number, event.category, event.at, None))
            continue
        open_here = places[event.item]
        for number in list(open_here) if event.number is None else [event.number]:
            place = open_here.pop(number, None)
            if place is not None:
                found[place] = found[place]._replace(closed_at=event.at)
    return tuple(found)


def open_at(spans: Iterable[BlockedSpan], at: datetime) -> tuple[BlockedSpan, ...]:
    """What was in the way at this moment, the oldest first?"""
    found = [s for s in spans if s.opened_at <= at and (s.closed_at is None or s.closed_at > at)]
    return tuple(sorted(found, key=lambda span: (span.opened_at, span.item, span.number)))


def opened_between(spans: Iterable[BlockedSpan], start: datetime, end: datetime) -> tuple[BlockedSpan, ...]:
    """What came in the way from `start` on and before `end`?"""
    return tuple(span for span in spans if start <= span.opened_at < end)


def median_days_open(spans: Sequence[BlockedSpan], at: datetime) -> DaysOpen | None:
    """For how many days was the one in the middle open? None of none.

    Those that are open count with their age so far. Where they could still move the middle, the figure is the least that it can
    become: to leave them out would make a team look fast that removes the easy ones only.

    >>> from datetime import UTC, timedelta
    >>> day = datetime(2026, 5, 1, tzinfo=UTC)
    >>> spans = [BlockedSpan("EXP-1", n, BlockerCategory.REVIEW, day, day + timedelta(days=n)) for n in (1, 2)]
    >>> found = median_days_open([*spans, BlockedSpan("EXP-2", 1, BlockerCategory.CLARITY, day, None)], day + timedelta(days=9))
    >>> found.days, found.is_at_least
    (2.0, False)
    """
    if not spans:
        return None
    least = median(days_open(span.opened_at, span.closed_at, at) for span in spans)
    most = median(_final_days(span, at) for span in spans)
    return DaysOpen(days=least, is_at_least=most > least, of=len(spans))


def _final_days(span: BlockedSpan, at: datetime) -> float:
    is_open = span.closed_at is None or span.closed_at > at
    return float("inf") if is_open else days_open(span.opened_at, span.closed_at, at)


def pareto(spans: Iterable[BlockedSpan], start: datetime, end: datetime) -> tuple[CategoryCost, ...]:
    """Which kinds of blockers cost most between two moments: by days, then by how many? Kinds without any are left out."""
    by_category: dict[BlockerCategory, list[tuple[float, BlockedSpan]]] = defaultdict(list)
    for span in spans:
        if span.opened_at <= end and (span.closed_at is None or span.closed_at >= start):
            days = days_open(max(span.opened_at, start), span.closed_at, end)
            by_category[span.category].append((days, span))
    costs = [_cost(category, found, end) for category, found in by_category.items()]
    return tuple(sorted(costs, key=lambda cost: (-cost.days, -cost.blockers, cost.category.value)))


def _cost(
    category: BlockerCategory, found: Sequence[tuple[float, BlockedSpan]], end: datetime
) -> CategoryCost:
    longest = sorted(found, key=lambda one: (-one[0], one[1].item, one[1].number))
    return CategoryCost(
        category=category,
        blockers=len(found),
        days=sum(days for days, _ in found),
        open=len(open_at([span for _, span in found], end)),
        items=tuple(dict.fromkeys(span.item for _, span in longest)),
    )
