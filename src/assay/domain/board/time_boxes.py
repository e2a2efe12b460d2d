"""Were experiments decided within their time boxes?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple


class BoxTold(NamedTuple):
    """From this moment on an item has this time box."""

    at: datetime
    item: str
    days: int | None


def boxes_at(told: Iterable[BoxTold], moments: Mapping[str, datetime]) -> dict[str, int]:
    """How many days did each item have, as its time box stood at its moment? Items without one are left out.

    >>> from datetime import UTC
    >>> day = [datetime(2026, 5, number, tzinfo=UTC) for number in range(1, 9)]
    >>> boxes_at([BoxTold(day[0], "EXP-1", 5), BoxTold(day[6], "EXP-1", 10)], {"EXP-1": day[3]})
    {'EXP-1': 5}
    """
    found: dict[str, int | None] = {}
    for box in told:
        moment = moments.get(box.item)
        if moment is not None and box.at <= moment:
            found[box.item] = box.days
    return {item: days for item, days in found.items() if days is not None}


def is_within(begun_at: datetime, decided_at: datetime, days: int) -> bool:
    """Was it decided before its time box was over, which begins with the lock?

    >>> from datetime import UTC
    >>> day = [datetime(2026, 5, number, tzinfo=UTC) for number in range(1, 9)]
    >>> is_within(day[0], day[3], 3), is_within(day[0], day[3], 2)
    (True, False)
    """
    return decided_at <= begun_at + timedelta(days=days)
