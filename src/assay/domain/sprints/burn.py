"""Burn-up and burn-down of a sprint: what was committed, what was decided, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from assay.domain.sprints.progress import Over


class Committed(NamedTuple):
    """From when to when a ticket was in a sprint."""

    key: str
    added_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class BurnDay:
    """How a sprint stood at the end of a day (UTC)."""

    day: date
    committed: int | None
    """Tickets in it; None for a day that has not come."""
    decided: int | None
    """Those of them that were decided by then."""

    @property
    def left(self) -> int | None:
        """Still to be decided."""
        return None if self.committed is None or self.decided is None else self.committed - self.decided


def burn(
    commitments: Iterable[Committed],
    over: Mapping[str, Sequence[Over]],
    *,
    first: date,
    last: date,
    until: datetime,
) -> tuple[BurnDay, ...]:
    """How did scope and decisions grow from the first to the last day of a sprint? Today is shown as it is now.

    Args:
        commitments: everything ever taken in; a ticket that came in twice stands twice.
        over: by ticket, when work on it was over: killed, promoted, or for a task at its end.
        first: day the sprint begins.
        last: its last day.
        until: what came later is not known; days after it are None.

    >>> noon = datetime(2026, 5, 25, 12, tzinfo=UTC)
    >>> [one] = burn([Committed("EXP-1", noon, None)], {"EXP-1": [Over(noon, None)]}, first=noon.date(), last=noon.date(), until=noon)
    >>> one.committed, one.decided, one.left
    (1, 1, 0)
    """
    made = list(commitments)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return tuple(_day(day, made, over, until) for day in days)


def _day(day: date, made: list[Committed], over: Mapping[str, Sequence[Over]], until: datetime) -> BurnDay:
    if day > until.date():
        return BurnDay(day, None, None)
    end = min(until, datetime.combine(day, time.max, tzinfo=UTC))
    inside = {one.key for one in made if _holds(one.added_at, one.removed_at, end)}
    decided = sum(any(_holds(*span, end) for span in over.get(key, ())) for key in inside)
    return BurnDay(day, len(inside), decided)


def _holds(since: datetime, until: datetime | None, at: datetime) -> bool:
    return since <= at and (until is None or until > at)
