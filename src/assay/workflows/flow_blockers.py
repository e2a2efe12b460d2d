"""What was in the way of work in a window, as a part of its flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.domain.board.blockers import (
    BlockedSpan,
    blocked_spans,
    days_open,
    median_days_open,
    open_at,
    opened_between,
    pareto,
)
from assay.domain.board.flow_events import FlowEvents


@dataclass(frozen=True, slots=True)
class BlockerCost:
    """What one kind of blocker cost in the window."""

    category: str
    label: str
    """The category in words."""
    blockers: int
    """How many were open at some time in the window."""
    days: float
    """For how long in all, within the window: two on one ticket count twice."""
    open: int
    """How many of them are open at the end."""
    tickets: tuple[str, ...]
    """The longest blocked first."""


@dataclass(frozen=True, slots=True)
class OpenBlocker:
    """What is in the way at the moment asked for."""

    key: str
    title: str
    number: int
    category: str
    label: str
    days: float


@dataclass(frozen=True, slots=True)
class BlockersView:
    """How often work is blocked, for how long, and by what."""

    opened: int
    """In the window."""
    opened_before: int | None
    """In as many days before the window; None where the journal does not go back so far."""
    median_days_open: float | None
    """Of those opened in the window, open ones with their age so far; None when none was."""
    median_is_at_least: bool
    """So many of them are still open that the figure can only grow."""
    costs: tuple[BlockerCost, ...]
    """The kind that cost most days first."""
    open: tuple[OpenBlocker, ...]
    """The oldest first."""


def blockers_in_window(
    events: FlowEvents, titles: Mapping[str, str], begin: datetime, at: datetime
) -> BlockersView:
    """What was in the way in a window that ends at this moment?"""
    spans = blocked_spans(events.about_blockers, until=at)
    end = at + timedelta(microseconds=1)
    opened = opened_between(spans, begin, end)
    before = begin - (end - begin)
    goes_back = bool(events) and events[0].at <= before
    middle = median_days_open(opened, at)
    return BlockersView(
        opened=len(opened),
        opened_before=len(opened_between(spans, before, begin)) if goes_back else None,
        median_days_open=None if middle is None else middle.days,
        median_is_at_least=middle is not None and middle.is_at_least,
        costs=tuple(
            BlockerCost(
                category=cost.category.value,
                label=cost.category.label,
                blockers=cost.blockers,
                days=cost.days,
                open=cost.open,
                tickets=cost.items,
            )
            for cost in pareto(spans, begin, at)
        ),
        open=tuple(_open_blocker(span, titles, at) for span in open_at(spans, at)),
    )


def _open_blocker(span: BlockedSpan, titles: Mapping[str, str], at: datetime) -> OpenBlocker:
    return OpenBlocker(
        key=span.item,
        title=titles.get(span.item, ""),
        number=span.number,
        category=span.category.value,
        label=span.category.label,
        days=days_open(span.opened_at, span.closed_at, at),
    )
