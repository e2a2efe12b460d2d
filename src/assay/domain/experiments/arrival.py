"""When data is expected: a day, or from one day to another, as people write it."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, StringConstraints

_WRITTEN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\s+to\s+([0-9]{4}-[0-9]{2}-[0-9]{2}))?", re.ASCII)
EXPECTED = "a day such as 2026-06-02, or days such as '2026-06-02 to 2026-06-05'"


class Arrival(NamedTuple):
    """The days on which data may come."""

    first: date
    last: date
    """The same as the first where one day is expected."""


def arrival_of(text: str) -> Arrival | None:
    """Which days does this mean? None where nothing is written.

    Raises:
        ValueError: it names no days, or not in order.

    >>> arrival_of("2026-06-02 to 2026-06-05").last.isoformat()
    '2026-06-05'
    """
    if not text.strip():
        return None
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"names no days (expected {EXPECTED})")
    try:
        first = date.fromisoformat(found[1])
        last = first if found[2] is None else date.fromisoformat(found[2])
    except ValueError:
        raise ValueError(f"names a day that no calendar has (expected {EXPECTED})") from None
    if first.year < 1970 or last < first or last.year > 9998:
        raise ValueError(f"names days that are not in order, or out of reach (expected {EXPECTED})")
    return Arrival(first, last)


def _as_written(text: str) -> str:
    days = arrival_of(text)
    if days is None:
        return ""
    return f"{days.first}" if days.first == days.last else f"{days.first} to {days.last}"


Arrives = Annotated[str, StringConstraints(max_length=60), AfterValidator(_as_written)]
"""Days as text in one form; empty where nobody said when."""
