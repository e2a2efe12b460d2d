"""Moments are aware and UTC; the core never asks what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; ValueError for a naive one, whose moment is unknown."""
    if moment.tzinfo is None:
        raise ValueError("has no time zone (expected an aware time such as 2026-05-12T09:00:00Z)")
    return moment.astimezone(UTC)


UtcDatetime = Annotated[datetime, AfterValidator(utc)]


def timestamp(moment: datetime) -> str:
    """How a moment is written in the journal and in JSON.

    >>> timestamp(datetime(2026, 5, 12, 9, tzinfo=UTC))
    '2026-05-12T09:00:00.000000Z'
    """
    return utc(moment).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


FIRST_YEAR, LAST_YEAR = 1900, 9000


def day_or_time(text: str) -> date:
    """Which day, or which aware moment, does a text name?

    Raises:
        ValueError: neither; the message says what is expected.

    >>> day_or_time("2026-05-12"), day_or_time("2026-05-12T09:00:00Z").hour
    (datetime.date(2026, 5, 12), 9)
    """
    expected = "a day such as 2026-05-12, or a time with its zone such as 2026-05-12T09:00:00Z"
    try:
        is_day = len(text) == len("2026-05-12")
        found = date.fromisoformat(text) if is_day else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(expected) from None
    is_naive = isinstance(found, datetime) and found.tzinfo is None
    if is_naive or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(expected)
    return found
