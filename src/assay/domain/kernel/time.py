"""Moments are aware and UTC; the core never asks what time it is."""

from __future__ import annotations

from datetime import UTC, datetime
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
